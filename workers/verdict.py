"""The typed verdicts: every candidate ends with exactly one of them."""

from enum import StrEnum


class Verdict(StrEnum):
    """How a candidate ended; the value is what the database stores."""

    SCORED = "scored"  # every anchor has a score: the only verdict that enters the window
    UNSTABLE = "unstable"  # the stability protocol drove the gradient norm above its threshold
    LOW_QUALITY = "low_quality"  # below the quality threshold at the quality step of an anchor
    DIVERGED = "diverged"  # a non-finite loss, or non-finite outputs in validation
    DUPLICATE = "duplicate"  # computes what an earlier candidate computes
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASH = "crash"
    EXHAUSTED = "exhausted"  # every attempt of the slot was refused


def verdict_word(verdict: str) -> str:
    """A verdict in words: LOW_QUALITY is "low quality"."""
    return verdict.lower().replace("_", " ")


#: Not the candidate's fault for certain: retried elsewhere, re-evaluated on request.
MACHINE_VERDICTS = frozenset({Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASH})
