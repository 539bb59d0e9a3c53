"""The evolution loop: propose, evaluate, commit in order.

    until the budget is spent:
        for every slot k with the history up to k - lag committed:
            pick a parent, or none
            a worker draws and screens until a graph passes that equals no candidate up to k - lag
            a worker evaluates it (protocols, proxy training); the result is stored at once
        commit rows in the order of k, whatever order their results arrive in

Candidate k is a function of the seed, k and the committed history up to exactly k - lag, so the
history does not depend on the number of workers, on their speed, or on how often the driver was
killed and resumed. With `commit_order = "arrival"` rows are committed as their results arrive, and
the history up to k - lag is that of the first k - lag + 1 rows: then it depends on the workers, but
each candidate is still the same function of its slot and of the rows before, resumed or not.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from evonas.baselines import Baselines
from evonas.config import config_from_dict
from evonas.driver import Driver, SearchError
from evonas.hardware import Hardware
from evonas.history import History
from evonas.progress import Phase, Progress
from evonas.selection import hypervolume
from evonas.vocabulary import require_primitives
from results_db.store import ResultsDB
from workers.pools.base import Pool
from workers.verdict import Verdict

_REPORT_EVERY = 0.5  # seconds
_MOST_IN_VAIN = 10_000  # attempts
FINISHED, STOPPED, INTERRUPTED = "finished", "stopped", "interrupted"

Report = Callable[[Progress], None]


@dataclass(slots=True)
class Stop:
    """Set `drain` (from a signal handler) to finish what runs, commit what can be, and return."""

    drain: bool = False


def run_search(db: ResultsDB, run: str, pool: Pool, *, report: Report, stop: Stop) -> str:
    """Go on with a run from where its history ends, until its budget is spent.

    Returns the state that is stored with the run: "finished", "stopped" by its time limit, or
    "interrupted". Raises the database's errors (RunNotFound, RunLocked, ...), BaselineError,
    VocabularyError and SearchError.
    """
    require_primitives(run, config_from_dict(db.run(run).config))
    with db.writer(run) as writer:
        record = db.run(run)  # as the last driver left it
        config = config_from_dict(record.config)
        writer.set_state("running")
        state = INTERRUPTED
        try:
            hardware = Hardware(config.evaluation, record.hardware, writer.note_hardware)
            budget = record.budget or config.budget
            driver = Driver(db, writer, run, config, budget, pool, hardware)
            clock = _Clock(run, driver, report, config.max_minutes)
            while not stop.drain and not clock.is_over() and not hardware.is_told:
                hardware.ask(pool, _REPORT_EVERY)
                clock.report("starting")
            baselines = Baselines(db, writer, config, hardware)
            _measure(baselines, pool, clock, stop)
            pool.stop()
            driver.time_limit = baselines.time_limit()
            state = _evolve(driver, clock, stop)
        finally:
            writer.set_state(state)
    return state


def _measure(baselines: Baselines, pool: Pool, clock: _Clock, stop: Stop) -> None:
    """Measure the baselines; if the search is to stop, finish those that run."""
    while not baselines.are_measured:
        if not (stop.drain or clock.is_over()):
            baselines.begin(pool)
        elif not baselines.are_running:
            return
        baselines.take(pool, _REPORT_EVERY)
        clock.report("baselines", baselines.done)


def _evolve(driver: Driver, clock: _Clock, stop: Stop) -> str:
    history = driver.history
    in_vain = _AttemptsInVain(driver.run, history)
    while not driver.is_done:
        draining = stop.drain or clock.is_over()
        if not draining:
            driver.open_slots()
            driver.submit()
        elif not driver.in_flight:
            driver.commit()
            break
        for completion in driver.pool.wait(_REPORT_EVERY):
            driver.take(completion)
        driver.commit()
        in_vain.check()
        searching: Phase = "audit" if driver.is_auditing else "search"
        clock.report("draining" if draining else searching)
    clock.report("done", now=True)
    if driver.is_done:
        return FINISHED
    return INTERRUPTED if stop.drain else STOPPED


class _AttemptsInVain:
    """Ends a search in which nothing has passed since it was started, by many attempts."""

    def __init__(self, run: str, history: History) -> None:
        self._run, self._history = run, history
        self._before = history.committed
        self._exhausted_before = history.verdicts[Verdict.EXHAUSTED]
        self._attempts_before = history.attempts
        self._refused_before = Counter(history.refused)

    def check(self) -> None:
        """Raises SearchError that names the check at which most attempts fell."""
        history = self._history
        exhausted = history.verdicts[Verdict.EXHAUSTED] - self._exhausted_before
        attempts = history.attempts - self._attempts_before
        if exhausted < history.committed - self._before or attempts < _MOST_IN_VAIN:
            return
        refused = history.refused - self._refused_before
        check, times = refused.most_common(1)[0]
        raise SearchError(
            f"none of {attempts:,} attempts gave a layer that passes the screens; {times:,} of "
            f"them were refused for '{check}'. Loosen the requirements, or search another space; "
            f"`evonas status {self._run}` shows all checks, `evonas resume {self._run}` tries "
            "further"
        )


class _Clock:
    """Time since this start of the command: when it is over, and when to report."""

    def __init__(self, run: str, driver: Driver, report: Report, max_minutes: float | None) -> None:
        self._run, self._driver, self._report_to = run, driver, report
        self._limit = None if max_minutes is None else 60 * max_minutes
        self._started = time.monotonic()
        self._last_report = -_REPORT_EVERY
        self._committed_before = driver.history.committed

    def is_over(self) -> bool:
        """Whether the run's time limit has passed."""
        return self._limit is not None and self._elapsed() > self._limit

    def report(self, phase: Phase, baselines: int = 0, *, now: bool = False) -> None:
        """Tell how far the run is, at most every half second unless `now`."""
        elapsed = self._elapsed()
        if not now and elapsed - self._last_report < _REPORT_EVERY:
            return
        self._last_report = elapsed
        driver, history = self._driver, self._driver.history
        rate = (history.committed - self._committed_before) / elapsed if elapsed > 0 else 0.0
        left = (driver.budget - history.committed) / rate if rate > 0 else None
        if left is not None and self._limit is not None:
            left = max(0.0, min(left, self._limit - elapsed))
        self._report_to(
            Progress(
                phase,
                self._run,
                history.committed,
                driver.budget,
                baselines,
                dict(history.verdicts),
                dict(history.refused),
                history.attempts,
                dict(history.best),
                history.best_text,
                hypervolume(driver.writer.front.values()),
                driver.pool.workers if phase == "baselines" else len(driver.in_flight),
                driver.pool.workers,
                elapsed,
                rate,
                left,
                history.repeated,
            )
        )

    def _elapsed(self) -> float:
        return time.monotonic() - self._started
