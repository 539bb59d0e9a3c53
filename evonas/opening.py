"""What a slot is for: a layer of the warm start, a further seed of one, or a new layer."""

from __future__ import annotations

from evonas.config import RunConfig
from evonas.history import History
from evonas.selection import WARM_STREAM, choose_ancestors, choose_repeat, stream
from evonas.slots import Slot, repeat_slot
from search_spaces.embedding import embed
from search_spaces.space import SearchSpace
from search_spaces.zoo import zoo_graph


def open_slot(
    number: int, history: History, config: RunConfig, space: SearchSpace, first: int
) -> Slot:
    """The slot, a function of the seed, its number and the history up to exactly `number - lag`.

    first: the first candidate that may be evaluated again.
    """
    if number < len(config.warm_start):
        return _given(number, config, space)
    evolution = config.evolution
    window = history.window(number)
    repeat = choose_repeat(number, window, history.asked, evolution, config.seed, first)
    if repeat is None:
        return Slot(number, choose_ancestors(number, window, evolution, config.seed))
    history.asked[repeat[0].number] += 1
    return repeat_slot(number, *repeat)


def _given(number: int, config: RunConfig, space: SearchSpace) -> Slot:
    name = config.warm_start[number]
    graph = embed(zoo_graph(name), space, stream(config.seed, WARM_STREAM, number))
    return Slot(number, iter(()), given_json=graph.to_json(), origin=f"warm start: {name}")
