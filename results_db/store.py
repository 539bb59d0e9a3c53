"""ResultsDB, the door to everything stored: runs, histories, evaluations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from results_db import audited, evaluations, queries, reranks, runs
from results_db.address import DEFAULT_URL
from results_db.database import Database
from results_db.errors import CandidateNotFound
from results_db.holder import Holder
from results_db.lease import Lease, held_by
from results_db.records import (
    AuditedRecord,
    BaselineRecord,
    CandidateRecord,
    EvaluationRecord,
    FoundLayer,
    Funnel,
    FunnelStep,
    RankedLayer,
    RerankRecord,
    RunRecord,
)
from results_db.rows import json_text
from results_db.schema import open_database
from results_db.writer import RunWriter

if TYPE_CHECKING:
    import networkx as nx

_DIGEST_PREFIX = re.compile(r"(c\d+-)?[0-9a-f]{1,32}")


class ResultsDB:
    """An open results database; also a context manager. Readers never disturb a writer."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str = DEFAULT_URL, *, create: bool = True) -> Self:
        """Opens the database at the URL; with `create`, makes a new one if there is none.

        Raises BadAddress, DatabaseNotFound, ForeignDatabase, DamagedDatabase, SchemaMismatch,
        DatabaseUnavailable.
        """
        return cls(open_database(url, create=create))

    @property
    def address(self) -> str:
        """The file's path, or the server's URL without its password: safe to log and store."""
        return str(self.database.address)

    def close(self) -> None:
        """Closes every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Runs

    def runs(self) -> list[RunRecord]:
        """All runs, oldest first."""
        return runs.all_runs(self.database)

    def run(self, name: str) -> RunRecord:
        """The run of that name; raises RunNotFound, which names the nearest."""
        return runs.run(self.database, self._run_id(name))

    def create_run(
        self,
        name: str,
        seed: int,
        config: dict[str, Any],
        *,
        budget: int | None = None,
        forked: tuple[str, int] | None = None,
    ) -> RunRecord:
        """Makes a run with an empty history; raises RunExists, BadRecord.

        `forked`: from which run, and the last candidate that the two are to share.
        """
        runs.create(self.database, name, seed, config, budget, forked)
        return self.run(name)

    def set_budget(self, name: str, budget: int | None) -> None:
        """Sets how many candidates the run may commit; raising it lets a finished run go on."""
        runs.change(self.database, self._run_id(name), budget=budget)

    def set_config(self, name: str, config: dict[str, Any]) -> None:
        """Replaces the stored config."""
        text = json_text(config, f"config of run {name!r}")
        runs.change(self.database, self._run_id(name), config=text)

    def set_state(self, name: str, state: str) -> None:
        """Sets the state without holding the run (a driver uses RunWriter.set_state)."""
        runs.change(self.database, self._run_id(name), state=state)

    def writer(self, name: str, *, take_over: bool = False) -> RunWriter:
        """The one writer of the run; raises RunLocked, unless `take_over` shuts the holder out."""
        run_id = self._run_id(name)
        return RunWriter(
            self.database, Lease.acquire(self.database, run_id, name, take_over=take_over)
        )

    def holder(self, name: str) -> Holder | None:
        """The process that writes the run, None if there is none."""
        run_id = self._run_id(name)
        with self.database.read() as connection:
            return held_by(connection, run_id)

    # Evaluations

    def find_evaluation(self, key: str) -> EvaluationRecord | None:
        """The finished evaluation under the key, None if there is none."""
        return self.find_evaluations([key]).get(key)

    def find_evaluations(self, keys: Sequence[str]) -> dict[str, EvaluationRecord]:
        """The finished evaluations under these keys, as far as there are any."""
        return evaluations.find_evaluations(self.database, keys)

    def store_evaluation(self, record: EvaluationRecord) -> EvaluationRecord:
        """Stores a finished evaluation; returns what stands under its key: the first wins."""
        return evaluations.store_evaluations(self.database, [record])[0]

    # Reranks

    def store_rerank(self, record: RerankRecord) -> None:
        """Stores a finished rerank, in the place of one under the same key.

        Raises RunNotFound, BadRecord.
        """
        reranks.store(self.database, self._run_id(record.run), record)

    def reranks(self, run: str | None = None) -> list[RerankRecord]:
        """The reranks of a run, or of all runs, oldest first; raises RunNotFound."""
        return reranks.find(self.database, None if run is None else self._run_id(run))

    # Histories

    def candidates(
        self, run: str, *, first: int = 0, last: int | None = None, verdict: str | None = None
    ) -> Iterator[CandidateRecord]:
        """The candidates first..last (both included) in order, read a thousand at a time."""
        return queries.candidates(self.database, self._run_id(run), first, last, verdict)

    def candidate(self, run: str, number: int) -> CandidateRecord:
        """One committed candidate; raises RunNotFound, CandidateNotFound."""
        for record in self.candidates(run, first=number, last=number):
            return record
        raise self._no_candidate(run, number)

    def window(
        self, run: str, *, last: int, size: int, slots: tuple[int, int] = (0, 1)
    ) -> list[CandidateRecord]:
        """The latest `size` scored candidates with a number up to `last`, oldest first; of those
        slots alone that leave the first of `slots` when divided by the second.
        """
        return queries.window(self.database, self._run_id(run), last, size, slots)

    def repeats(
        self, run: str, *, least: int = 0, last: int | None = None, of: int | None = None
    ) -> list[CandidateRecord]:
        """The re-evaluations up to row `last`: of one candidate, or of those from `least` on."""
        return queries.repeats(self.database, self._run_id(run), least, last, of)

    def repeated(self, run: str) -> list[CandidateRecord]:
        """The candidates that were evaluated again, in order."""
        return queries.repeated(self.database, self._run_id(run))

    def fingerprints(
        self,
        run: str,
        *,
        last: int | None = None,
        originals: bool = False,
        head: int | None = None,
    ) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Numbers and fingerprints of the candidates up to `last` that have one, in order.

        `originals` leaves out the duplicates, `head` all but so many numbers of each fingerprint.
        """
        return queries.fingerprints(self.database, self._run_id(run), last, originals, head)

    def fingerprint(self, run: str, number: int) -> tuple[float, ...]:
        """The fingerprint of one committed candidate; raises RunNotFound, CandidateNotFound."""
        found = queries.fingerprint(self.database, run, number)
        if found is None:
            raise self._no_candidate(run, number)
        return found

    def slots(self, run: str) -> Iterator[int]:
        """The slot of every candidate, in the order of committing."""
        return queries.slots(self.database, self._run_id(run))

    def count(self, run: str) -> int:
        """How many candidates are committed."""
        return queries.count(self.database, self._run_id(run))

    def baselines(self, run: str) -> list[BaselineRecord]:
        """The run's baselines, by name."""
        return queries.baselines(self.database, self._run_id(run))

    def audited(self, run: str) -> list[AuditedRecord]:
        """The layers that the run's audit follows, in the order in which they were met."""
        return audited.audited(self.database, self._run_id(run))

    def funnel(self, run: str) -> Funnel:
        """Where the run's candidates and attempts ended."""
        return queries.funnel(self.database, self._run_id(run))

    def funnel_over_time(self, run: str) -> list[FunnelStep]:
        """The funnel of every thousand candidates in turn."""
        return queries.funnel_over_time(self.database, self._run_id(run))

    def top(self, run: str, n: int = 10) -> list[RankedLayer]:
        """The run's best layers by mean score, Pareto members marked."""
        return queries.top(self.database, self._run_id(run), n)

    def pareto(self, run: str) -> list[CandidateRecord]:
        """The run's scored candidates that no other one dominates, oldest first."""
        return queries.pareto(self.database, self._run_id(run))

    def lineage(self, run: str, number: int) -> nx.DiGraph[int]:
        """The candidate and its ancestors, edges from parent to child, records as `candidate`.

        Raises RunNotFound, CandidateNotFound.
        """
        from results_db.lineage import lineage  # here: networkx takes long to import

        self.candidate(run, number)
        return lineage(self.database, self._run_id(run), number)

    def find_layer(self, prefix: str, *, limit: int = 100) -> list[FoundLayer]:
        """The candidates of all runs whose digest starts so, with or without "c1-"."""
        if not _DIGEST_PREFIX.fullmatch(prefix):
            return []
        start = prefix if "-" in prefix else f"c1-{prefix}"
        return queries.find_layer(self.database, start, limit)

    def _no_candidate(self, run: str, number: int) -> CandidateNotFound:
        count = self.count(run)
        return CandidateNotFound(
            f"run {run!r} has {count} candidates, numbered from 0; given {number}."
        )

    def _run_id(self, name: str) -> int:
        return runs.id_of(self.database, name)
