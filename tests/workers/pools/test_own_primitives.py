"""Layers with own primitives in other processes: known there, the same numbers, refused if not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from search_spaces.canonical import digest
from search_spaces.layer import layer_class
from search_spaces.own_registry import registered
from search_spaces.space import SearchSpace
from search_spaces.text import parse
from tests.support.own_functions import HERE
from tests.workers.pools.test_contract import run_all
from tests.workers.tiny import TINY
from workers.evaluation import Evaluation, evaluate, evaluation_key
from workers.fingerprint import fingerprint
from workers.own_primitives import with_primitives
from workers.pools.base import Pool, Task
from workers.probe import probe
from workers.probe_inputs import unit_inputs
from workers.proposal import Proposal, ProposalTask, propose
from workers.screening import ScreeningConfig
from workers.verdict import Verdict

NAMES = ("mish", "geometric", "leaky")
SPACE_WORDS = ("mul", "div", "std[bs]", "rms[s]")


@pytest.fixture
def known() -> Iterator[None]:
    with registered(*(f"{HERE}:{name}" for name in NAMES)):
        yield


def test_proposals_and_evaluations_are_those_of_this_process(pool: Pool) -> None:
    with registered(*(f"{HERE}:{name}" for name in NAMES)) as own:
        pinned = tuple(primitive.pinned for primitive in own)
        space = SearchSpace("own", ("x", "0", "v1"), (*NAMES, *SPACE_WORDS), 5)
        task = ProposalTask(3, 0, 0, 200, space, ScreeningConfig(), None)
        here = propose(task)
        layer = parse("mish(geometric(x, v1)) / std[bs](leaky(x))").to_json()
        expected = evaluate(layer, TINY)
    calls = [(propose, task), (evaluate, layer, TINY)]
    tasks = [Task(str(i), with_primitives, (pinned, *call)) for i, call in enumerate(calls)]
    with registered():  # forgets what the serial pool, which is this process, has registered
        done = sorted(run_all(pool, tasks), key=lambda completion: completion.task_id)
    assert [completion.message for completion in done] == ["", ""]
    there, evaluated = done[0].value, done[1].value
    assert isinstance(there, Proposal)
    assert isinstance(evaluated, Evaluation)
    assert replace(there, seconds=0.0) == replace(here, seconds=0.0)
    assert any(name in there.text for name in NAMES)
    assert replace(evaluated, seconds=0.0) == replace(expected, seconds=0.0)
    assert evaluated.verdict is not Verdict.CRASH


def test_a_worker_that_has_another_function_says_so(pool: Pool) -> None:
    with registered(f"{HERE}:gate") as (own,):
        other = f"{own.reference}@{'0' * 32}"
    (done,) = run_all(pool, [Task("a", with_primitives, ((other,), len, ()))])
    assert done.failure is Verdict.CRASH
    assert "gate has changed: its source has the hash" in done.message


@pytest.mark.usefixtures("known")
def test_probe_and_fingerprint_see_the_function() -> None:
    texts = ("mish(x)", "x * tanh(softplus(x))")
    found = {text: fingerprint(layer_class(parse(text))) for text in texts}
    assert found["mish(x)"] == pytest.approx(found["x * tanh(softplus(x))"], rel=1e-9, abs=1e-9)
    assert fingerprint(layer_class(parse("leaky(x)"))) != pytest.approx(found["mish(x)"], rel=1e-3)
    values = probe(layer_class(parse("leaky(x) / std[bs](x)")), unit_inputs())
    assert float(abs(values.gradient).sum()) > 0


def test_another_function_of_the_name_never_shares_an_evaluation() -> None:
    keys = set()
    for module in (HERE, "tests.support.other_functions"):
        with registered(f"{module}:mish"):
            keys.add(evaluation_key(digest(parse("mish(x)")), TINY, 0, True))
    assert len(keys) == 2
