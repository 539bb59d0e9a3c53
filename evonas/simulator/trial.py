"""One simulated search: the real loop and a real database, which is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass

from evonas.config import RunConfig
from evonas.config_sections import AuditConfig
from evonas.evolution import Stop, run_search
from evonas.simulator.errors import SimulationError
from evonas.simulator.pool import VirtualPool
from evonas.simulator.workers import SimulatedWorkers, simplify
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.verdict import Verdict

_RUN = "simulated"
RERANKED = 10  # layers of a finished run that would be trained longer, on more seeds


@dataclass(frozen=True, slots=True)
class Trial:
    """How a search did. found: true mean accuracy of the best of its top 10, which a perfect rerank
    would pick; chosen: of the layer with the best score; scored: share of candidates; busy: share
    of the workers' time; hours: on the simulated clock; seconds: real ones.
    """

    setting: str
    seed: int
    found: float
    chosen: float
    scored: float
    busy: float
    hours: float
    seconds: float


def run_trial(
    setting: str,
    config: RunConfig,
    simulated: SimulatedWorkers,
    workers: int,
    seed: int,
    budget: int,
) -> Trial:
    """Search until the budget is spent. Raises SimulationError for own primitives."""
    if config.primitives:
        raise SimulationError("own primitives cannot be simulated; leave `primitives` empty")
    began = time.perf_counter()
    changes = {"seed": seed, "budget": budget, "baselines": (), "max_minutes": None}
    config = config.model_copy(update={**changes, "audit": AuditConfig()})
    pool = VirtualPool(workers, simulated.answer)
    with (
        tempfile.TemporaryDirectory() as folder,
        ResultsDB.open(f"sqlite:///{folder}/simulated.db") as db,
    ):
        db.create_run(_RUN, seed, config.to_dict(), budget=budget)
        run_search(db, _RUN, pool, report=lambda progress: None, stop=Stop())
        top = [ranked.candidate for ranked in db.top(_RUN, RERANKED)]
        verdicts = Counter(row.verdict for row in db.candidates(_RUN))

    def truth(row: CandidateRecord) -> float:
        assert row.graph_json is not None
        return simulated.truth(*simplify(row.graph_json)).mean

    return Trial(
        setting,
        seed,
        max(map(truth, top), default=0.0),
        max(map(truth, top[:1]), default=0.0),
        verdicts[Verdict.SCORED] / budget,
        pool.busy / (pool.now * workers),
        pool.now / 3600,
        time.perf_counter() - began,
    )
