"""The slots of a run that are under way: each is to become one committed candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evonas.config_sections import EvolutionConfig
from evonas.objectives import costs_of
from evonas.population import Member
from evonas.selection import Ancestors
from results_db.records import CandidateRecord, EvaluationRecord
from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.text_printer import format_graph
from workers.audit import Refusal
from workers.evaluation import Evaluation
from workers.pools.base import Completion
from workers.proposal import Proposal
from workers.verdict import Verdict


@dataclass(slots=True)
class Slot:
    """Candidate `number` on its way: being proposed, then evaluated (or waiting for an equal one),
    then ready.
    """

    number: int
    turns: Iterator[Ancestors]
    ancestors: Ancestors = field(default_factory=Ancestors)  # of this turn
    given_json: str | None = None  # a layer that is taken as it is
    origin: str = ""  # of a given layer or a further seed
    repeat_of: int | None = None  # the candidate that is evaluated again
    seed_index: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    next_attempt: int = 0  # the first one not made yet
    turn_ends: int = 0  # the first attempt that is the next turn's
    exhausted: bool = False  # all attempts are made and none passed
    proposal: Proposal | None = None  # the attempt that passed
    equal: int | None = None  # the committed candidate that computes the same
    asked: bool = False  # for its evaluation
    outcome: EvaluationRecord | None = None
    cached: bool = False
    followed: dict[str, Refusal] = field(default_factory=dict)  # by digest, for the audit

    @property
    def is_proposed(self) -> bool:
        """Whether proposing has ended, one way or the other."""
        return self.proposal is not None or self.exhausted or self.outcome is not None

    @property
    def is_under_evaluation(self) -> bool:
        """Whether its result is still to come."""
        return self.asked and self.outcome is None

    @property
    def digest(self) -> str:
        """Of the attempt that passed; it must be there."""
        assert self.proposal is not None
        assert self.proposal.digest is not None
        return self.proposal.digest

    @property
    def wants(self) -> tuple[str, int]:
        """The layer and the seed index whose evaluation it needs."""
        return self.digest, self.seed_index

    def attempts(self) -> int:
        """Attempts made: the refused ones and the one that passed; none for a further seed."""
        if self.repeat_of is not None:
            return 0
        return sum(self.refused.values()) + (self.proposal is not None)

    def take_turn(self, config: EvolutionConfig) -> bool:
        """Turn to the next ancestors where the attempts with these are spent; whether any attempt
        is left.
        """
        most = 1 if self.given_json else config.max_attempts
        if self.next_attempt >= most:
            return False
        if self.next_attempt >= self.turn_ends:
            self.ancestors = next(self.turns, self.ancestors)
            share = config.attempts_per_parent if self.ancestors.parent else None
            self.turn_ends = min(self.next_attempt + (share or most), most)
        return True

    def record(
        self, duplicate: CandidateRecord | None, costs: Sequence[str] = ()
    ) -> CandidateRecord:
        """The row to commit; `duplicate` is the earlier candidate that this one equals, `costs`
        names what else than scores the run asks for.
        """
        parent, donor = self.ancestors.parent, self.ancestors.donor
        common: dict[str, Any] = {
            "number": self.number,
            "parent": parent.number if parent else None,
            "donor": donor.number if donor and self.proposal and self.proposal.grafted else None,
            "origin": self.origin,
            "repeat_of": self.repeat_of,
            "seed_index": self.seed_index,
            "attempts": self.attempts(),
            "refused": dict(sorted(self.refused.items())),
        }
        if self.proposal is None:
            outcome = self.outcome
            return CandidateRecord(
                **common,
                verdict=outcome.verdict if outcome else Verdict.EXHAUSTED,
                reason=outcome.reason if outcome else f"{self.attempts()} attempts, none passed",
            )
        common |= {
            "graph_json": self.proposal.graph_json,
            "digest": self.proposal.digest,
            "text": self.proposal.text,
            "fingerprint": self.proposal.fingerprint,
        }
        if costs and self.proposal.graph_json is not None:
            common["costs"] = costs_of(Graph.from_json(self.proposal.graph_json), costs)
        if duplicate is not None:
            return CandidateRecord(
                **common,
                verdict=Verdict.DUPLICATE,
                reason=f"computes the same as candidate {duplicate.number}",
                duplicate_of=duplicate.number,
                scores=duplicate.scores,
            )
        assert self.outcome is not None
        return CandidateRecord(
            **common,
            verdict=self.outcome.verdict,
            reason=self.outcome.reason,
            scores=self.outcome.scores,
            seconds=self.outcome.seconds,
            worker=self.outcome.worker,
            cached=self.cached,
            class_sha256=self.outcome.class_sha256,
        )


def repeat_slot(number: int, of: Member, seed_index: int) -> Slot:
    """A slot that evaluates a candidate once more, as it was drawn."""
    simplified, digest = canonical_and_digest(Graph.from_json(of.graph_json))
    text = format_graph(simplified)
    known = Proposal(number, 0, of.graph_json, digest, text, (), {}, 0.0)
    return Slot(
        number,
        iter(()),
        origin="further seed",
        repeat_of=of.number,
        seed_index=seed_index,
        proposal=known,
    )


def evaluation_record(key: str, digest: str, completion: Completion) -> EvaluationRecord:
    """A finished evaluation as it is stored."""
    value = evaluation_of(completion)
    return EvaluationRecord(
        key=key,
        digest=digest,
        verdict=value.verdict,
        reason=value.reason,
        scores=value.scores,
        seconds=value.seconds,
        class_sha256=value.class_sha256,
        worker=completion.worker,
        further=value.further,
    )


def evaluation_of(completion: Completion) -> Evaluation:
    """What a worker found, of a task that did not fail."""
    value = completion.value
    assert isinstance(value, Evaluation)
    return value


def machine_record(digest: str, completion: Completion) -> EvaluationRecord:
    """A failure of the machine; it has no key, so it is never stored as an evaluation."""
    assert completion.failure is not None
    return EvaluationRecord(
        key="",
        digest=digest,
        verdict=completion.failure,
        reason=completion.message,
        seconds=completion.seconds,
        worker=completion.worker,
    )
