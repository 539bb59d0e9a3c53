"""The classes of machines that evaluate for a run: scores are equal bit for bit only within one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from workers.evaluation import Evaluation, evaluation_key, hardware_class
from workers.pools.base import Pool, Task
from workers.settings import EvaluationConfig
from workers.survey import Survey, remarks, survey

logger = logging.getLogger(__name__)


class Hardware:
    """Under which keys results are looked for, and under which one each is stored.

    `known`: classes that have evaluated before. `note` is called with each class that evaluates and
    is not known yet.
    """

    def __init__(
        self,
        config: EvaluationConfig,
        known: Iterable[str] = (),
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._here = hardware_class(config.device)
        self._known = list(known)
        self._told: list[str] = []  # what a worker said before it evaluated anything
        self._note = note
        self._has_warned = False
        self._asking = False
        self.is_told = False  # a worker has answered, or failed

    def ask(self, pool: Pool, timeout: float) -> None:
        """Wait up to `timeout` seconds for a worker to tell its class, so that what such a machine
        made before is found; warns of settings that are hardly meant. Nothing else may be in
        flight. Raises AnchorError for a network that cannot be built, DataError for data that
        cannot be used, DottedNameError.
        """
        if not self._asking:
            self._asking = True
            pool.submit(Task("survey", survey, (self._config,)))
        for completion in pool.wait(timeout):
            self.is_told = True
            if completion.failure is None:
                found = completion.value
                assert isinstance(found, Survey)
                if found.problem is not None:
                    raise found.problem
                self._told.append(found.hardware)
                for remark in remarks(self._config, found):
                    logger.warning("%s", remark)

    def find(
        self, db: ResultsDB, wanted: Iterable[tuple[str, int, bool]]
    ) -> list[EvaluationRecord | None]:
        """What is stored of each (digest, seed, stops at a rejection), of a known class or ours."""
        keys = [[self._key(*one, hardware) for hardware in self.classes] for one in wanted]
        stored = db.find_evaluations([key for several in keys for key in several])
        return [next((stored[k] for k in several if k in stored), None) for several in keys]

    def first_key(self, digest: str, seed: int, stops: bool) -> str:
        """The key of an evaluation yet to come, if a machine of the first known class makes it."""
        return self._key(digest, seed, stops, self.classes[0])

    def key(self, evaluation: Evaluation, digest: str, seed: int, stops: bool) -> str:
        """The key of an evaluation, by the machine that made it; notes its class."""
        return self._key(digest, seed, stops, self.noted(evaluation))

    def noted(self, evaluation: Evaluation) -> str:
        """The class of the machine that made an evaluation; one that is new is noted."""
        hardware = evaluation.hardware or self._here
        if hardware not in self._known:
            self._warn(hardware)
            self._known.append(hardware)
            self._note(hardware)
        return hardware

    def _warn(self, hardware: str) -> None:
        others = self._known or [self._here]
        # Of the driver's class beside others it was said when they came.
        if hardware not in others and not (hardware == self._here and self._has_warned):
            self._has_warned = True
            logger.warning(
                "a worker is of another hardware class, %s, than %s: the same training may give "
                "other numbers there, so that scores compare less well and the run cannot be "
                "repeated bit for bit",
                hardware,
                ", ".join(others),
            )

    @property
    def classes(self) -> list[str]:
        """Those that results are looked for of: known ones, a worker's, ours."""
        return list(dict.fromkeys((*self._known, *self._told, self._here)))

    def _key(self, digest: str, seed: int, stops: bool, hardware: str) -> str:
        return evaluation_key(digest, self._config, seed, stops, hardware)
