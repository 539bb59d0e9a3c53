"""The typed verdicts: every candidate ends with exactly one of them."""

from enum import StrEnum


class Verdict(StrEnum):
    """How a candidate ended; the value is what the database stores."""

    SCORED = "SCORED"  # every anchor has a score: the only verdict that enters the window
    UNSTABLE = "UNSTABLE"  # the stability protocol drove the gradient norm above its threshold
    LOW_QUALITY = "LOW_QUALITY"  # below the quality threshold at the quality step of an anchor
    DIVERGED = "DIVERGED"  # a non-finite loss, or non-finite outputs in validation
    DUPLICATE = "DUPLICATE"  # computes what an earlier candidate computes
    TIMEOUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    CRASH = "CRASH"
    EXHAUSTED = "EXHAUSTED"  # every attempt of the slot was refused


#: Not the candidate's fault for certain: retried elsewhere, re-evaluated on request.
MACHINE_VERDICTS = frozenset({Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASH})
