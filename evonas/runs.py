"""Runs by name: making one, going on with one, the latest one."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from evonas.config import RunConfig, config_from_dict, with_overrides
from evonas.config_document import differences
from results_db.errors import RunExists, RunNotFound
from results_db.records import RunRecord
from results_db.store import ResultsDB
from results_db.transfer import fork_run
from search_spaces.errors import counted
from search_spaces.space import SPACES
from workers.anchors import ANCHORS
from workers.quality import QualityConfig
from workers.stability import StabilityConfig

# How long a run goes on, not what its history is: these may differ when a run is continued.
EXTENT = ("budget", "max_minutes")


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunError(RuntimeError):
    """A run cannot go on in the way that was asked for."""


def may_go_on(db: ResultsDB, name: str, config: RunConfig) -> bool:
    """Whether there is a run of that name; its budget and time are set to those of the config.

    All else in its config must be the same. Raises RunError that shows the differences, or says
    that the name cannot be a run's.
    """
    known = {run.name: run for run in db.runs()}
    if name not in known:
        check_name(name)
        return False
    # Read and written again, so that settings that came later are there, at their defaults.
    stored = config_from_dict(known[name].config).to_dict()
    changed = differences(_kind(stored), _kind(config.to_dict()))
    if changed:
        raise RunError(
            f"run {name!r} is there with another config; go on with `evonas resume {name}`, "
            "or give another --name. The differences (stored -> given):\n  " + "\n  ".join(changed)
        )
    budget = max(config.budget, db.count(name))  # the same command again is no error
    extend(db, name, budget=budget, max_minutes=config.max_minutes)
    return True


def create(db: ResultsDB, name: str | None, config: RunConfig) -> str:
    """Make a run, and its name if none is given. Raises RunError, RunExists."""
    made = name or _new_name(config.seed, {run.name for run in db.runs()})
    check_name(made)
    try:
        db.create_run(made, config.seed, config.to_dict(), budget=config.budget)
    except RunExists:
        if name is None:  # another command, of the same minute and seed, was faster
            return create(db, None, config)
        raise
    return made


def check_name(name: str) -> None:
    """Raises RunError for a name that could not be a folder's, since exports go to one."""
    if not _NAME.fullmatch(name):
        raise RunError(
            f"a run's name is made of letters, digits, '.', '_' and '-', begins with a letter or a "
            f"digit and has at most 100 of them; given {name!r:.120}. Give another --name"
        )


def extend(db: ResultsDB, name: str, *, budget: int | None, max_minutes: float | None) -> RunRecord:
    """Set how far a run goes; budget None leaves it.

    Raises RunNotFound, and RunError if the budget is spent already, if somebody holds the run, or
    if it is a fork that was cut off.
    """
    run = db.run(name)
    check_free(db, name)
    committed = db.count(name)
    if run.forked_at is not None and committed <= run.forked_at:
        raise RunError(
            f"run {name!r} was cut off while it was made: it has {committed:,} of the "
            f"{counted(run.forked_at + 1, 'candidate')} that it is to share with "
            f"{run.forked_from!r}; give the command that made it again, which finishes it"
        )
    if budget is not None and budget < committed:
        raise RunError(
            f"run {name!r} has committed {counted(committed, 'candidate')} already; "
            f"give a --budget above that, not {budget}"
        )
    if budget is not None and budget != run.budget:
        db.set_budget(name, budget)
    if max_minutes != run.config.get("max_minutes"):
        config = config_from_dict({**run.config, "max_minutes": max_minutes})
        db.set_config(name, config.to_dict())
    return db.run(name)


def fork(
    db: ResultsDB, source: str, name: str, overrides: Sequence[str], at: int | None = None
) -> RunRecord:
    """A run that shares the candidates of `source` up to number `at` (all), with other settings.

    Raises RunNotFound, RunExists, BadRecord, ConfigError, RunError.
    """
    check_name(name)
    stored = db.run(source)
    old, new = config_from_dict(stored.config), with_overrides(stored.config, overrides)
    if old.primitives != new.primitives:
        raise RunError(
            f"a fork keeps the primitives of {source!r}: {', '.join(old.primitives) or 'none'} of "
            "your own; start a new run with `evonas search` for others"
        )
    if (old.evolution.commit_order, new.evolution.commit_order) == ("arrival", "slot"):
        raise RunError(
            f"{source!r} commits in the order of arrival, and so does a fork of it: slots that are "
            "open in the middle of its history cannot be brought into order; start a new run with "
            "`evonas search`"
        )
    for what, kept, given in (
        ("warm start", old.warm_start, new.warm_start),
        ("objectives", old.evolution.objectives, new.evolution.objectives),
    ):
        if kept != given:
            raise RunError(
                f"a fork keeps the {what} of {source!r}: {', '.join(kept) or 'none'}; given "
                f"{', '.join(given) or 'none'}. Start a new run with `evonas search` for others"
            )
    if (old.space, _anchors(old)) != (new.space, _anchors(new)):
        raise RunError(
            f"a fork keeps the space and the anchors of {source!r}: {old.space.name} on "
            f"{', '.join(_anchors(old))}; given {new.space.name} on {', '.join(_anchors(new))}. "
            "Start a new run with `evonas search` for others"
        )
    changed = differences(_scoring(old), _scoring(new))
    if changed:
        raise RunError(
            f"a fork keeps what the scores of {source!r} mean, or the copied ones could not be "
            "compared with new ones; start a new run with `evonas search` for another "
            "evaluation. The differences (stored -> given):\n  " + "\n  ".join(changed)
        )
    shared = db.count(source) if at is None else at + 1
    if not any(override.partition("=")[0].strip() == "budget" for override in overrides):
        new = new.model_copy(update={"budget": max(stored.budget or new.budget, shared)})
    if new.budget < shared:
        raise RunError(
            f"the fork begins with {counted(shared, 'candidate')} of {source!r}; "
            f"give a --budget above that, not {new.budget}"
        )
    return fork_run(db, source, name, config=new.to_dict(), seed=new.seed, budget=new.budget, at=at)


def evaluated_under(db: ResultsDB, name: str, number: int) -> RunConfig:
    """The config that a candidate was evaluated with: of the run, or of one it was forked from.

    Raises RunNotFound, and RunError if that one is not in this database.
    """
    run = db.run(name)
    while run.forked_from is not None and run.forked_at is not None and number <= run.forked_at:
        run = _source(db, run, run.forked_from)
    return config_from_dict(run.config)


def evaluated_from(db: ResultsDB, name: str) -> int:
    """The first candidate that was evaluated with the run's own settings, not with those of a run
    that it was forked from; 0 for a run that evaluates none again, which need not know.

    Raises RunNotFound, and RunError if a run that it was forked from is not in this database.
    """
    run = db.run(name)
    config = config_from_dict(run.config)
    if config.evolution.seeds == 1:
        return 0
    while run.forked_from is not None and run.forked_at is not None:
        first = run.forked_at + 1
        run = _source(db, run, run.forked_from)
        if config_from_dict(run.config).evaluation != config.evaluation:
            return first
    return 0


def _source(db: ResultsDB, fork: RunRecord, name: str) -> RunRecord:
    """The run that a fork was made from; a copy of the fork alone came without it."""
    try:
        return db.run(name)
    except RunNotFound:
        raise RunError(
            f"run {fork.name!r} was forked from {name!r}, whose settings are needed, and "
            f"{db.address} does not hold that run; copy it there too, with `evonas db copy {name}`"
        ) from None


def check_free(db: ResultsDB, name: str) -> None:
    """Raises RunError if a living process on this machine writes the run, before workers start."""
    holder = db.holder(name)
    if holder is not None and holder.alive():
        raise RunError(
            f"run {name!r} is being searched by {holder}; `evonas status {name}` shows how far it "
            "is, Ctrl-C there stops it; if it hangs, "
            f"`evonas resume {name} --take-over` shuts it out"
        )


def latest(db: ResultsDB, name: str | None = None) -> str:
    """The name given, checked, else that of the newest run. Raises RunError, RunNotFound."""
    if name is not None:
        return db.run(name).name
    runs = db.runs()
    if not runs:
        raise RunError(f"{db.address} holds no run yet; start one with `evonas search`")
    return runs[-1].name


def space_name(run: RunRecord) -> str:
    """The name of a run's space, the user's own or not."""
    space = run.config.get("space")
    return str(space["name"] if isinstance(space, Mapping) else space)


def requirements_of(run: RunRecord) -> tuple[str, ...]:
    """What every layer of a run must show: for the space, for the run itself, for its anchors."""
    space = run.config.get("space")
    known = SPACES.get(str(space))
    own = space.get("requirements", ()) if isinstance(space, Mapping) else ()
    of_space = known.requirements if known else own
    anchors = run.config.get("evaluation", {}).get("anchors", ())
    of_anchors = [
        name
        for anchor in anchors
        for name in (ANCHORS[anchor["name"]].requires if anchor["name"] in ANCHORS else ())
    ]
    return tuple(dict.fromkeys((*of_space, *run.config.get("require", ()), *of_anchors)))


def _anchors(config: RunConfig) -> list[str]:
    return [anchor.name for anchor in config.evaluation.anchors]


def _scoring(config: RunConfig) -> dict[str, Any]:
    """What a score depends on: the evaluation without its protocols, which only reject."""
    evaluation = config.evaluation
    anchors = tuple(replace(anchor, quality_step=None) for anchor in evaluation.anchors)
    bare = replace(
        evaluation, anchors=anchors, quality=QualityConfig(), stability=StabilityConfig()
    )
    return {"evaluation": asdict(bare)}


def _new_name(seed: int, taken: Any) -> str:
    """Such as 20250131-2215-s0, with a number behind it if that name is taken."""
    base = f"{time.strftime('%Y%m%d-%H%M')}-s{seed}"
    names = (base, *(f"{base}-{i}" for i in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _kind(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in EXTENT}
