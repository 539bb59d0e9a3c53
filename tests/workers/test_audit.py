"""What the audit follows: a fixed share of all digests, of what screens throw out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.requirements import unmet_by
from search_spaces.space import get_space
from tests.workers.test_proposal import TASK
from workers.audit import AUDITED_CHECKS, is_followed
from workers.proposal import Proposal, propose
from workers.screening import screen

DIGESTS = [f"c1-{hashlib.md5(str(i).encode()).hexdigest()}" for i in range(20_000)]


@pytest.fixture(scope="module")
def everything() -> Proposal:
    return propose(replace(TASK, audit_share=1.0))


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_the_share_of_all_digests_is_followed(share: float) -> None:
    followed = sum(is_followed(digest, share) for digest in DIGESTS)
    assert abs(followed - share * len(DIGESTS)) < 4 * (share * len(DIGESTS)) ** 0.5


def test_nothing_and_everything() -> None:
    assert not any(is_followed(digest, 0.0) for digest in DIGESTS)
    assert all(is_followed(digest, 1.0) for digest in DIGESTS)


def test_a_larger_share_follows_those_of_a_smaller_one() -> None:
    small = {digest for digest in DIGESTS if is_followed(digest, 0.02)}
    assert small < {digest for digest in DIGESTS if is_followed(digest, 0.1)}


def test_following_changes_no_proposal(everything: Proposal) -> None:
    without = propose(TASK)
    assert without.followed == ()
    assert replace(everything, followed=(), seconds=0) == replace(without, seconds=0)


def test_every_layer_that_a_screen_threw_out_is_handed_back_once(everything: Proposal) -> None:
    digests = [refusal.digest for refusal in everything.followed]
    assert len(set(digests)) == len(digests) > 10
    fell_at = {refusal.failed for refusal in everything.followed}
    assert fell_at == everything.refused.keys() - {"duplicate"}
    assert fell_at <= set(AUDITED_CHECKS)
    for refusal in everything.followed[:20]:
        graph, digest = canonical_and_digest(Graph.from_json(refusal.graph_json))
        assert digest == refusal.digest
        assert screen(graph, TASK.space, TASK.screening) == refusal.failed


def test_a_share_of_them_is_handed_back(everything: Proposal) -> None:
    some = propose(replace(TASK, audit_share=0.2)).followed
    assert some == tuple(r for r in everything.followed if is_followed(r.digest, 0.2))
    assert 0 < len(some) < len(everything.followed)


def test_what_the_run_must_not_find_is_never_followed() -> None:
    task = replace(TASK, space=get_space("evonorm-b").requiring(("causal",)), audit_share=1.0)
    followed = propose(task).followed
    graphs = [canonical_and_digest(Graph.from_json(r.graph_json))[0] for r in followed]
    assert graphs
    assert all(unmet_by(graph, task.space.requirements) is None for graph in graphs)
