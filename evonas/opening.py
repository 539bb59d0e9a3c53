"""What a slot is for: a layer of the warm start, a further seed of one, or a new layer."""

from __future__ import annotations

from evonas.config import RunConfig
from evonas.history import History
from evonas.population import Population
from evonas.selection import WARM_STREAM, choose_donor, choose_parent, choose_repeat, stream
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
    population = history.population(number - evolution.lag)
    repeat = choose_repeat(number, population, history.asked, evolution, config.seed, first)
    if repeat is None:
        return _bred(number, population, config)
    history.asked[repeat[0].number] += 1
    return repeat_slot(number, *repeat)


def _given(number: int, config: RunConfig, space: SearchSpace) -> Slot:
    name = config.warm_start[number]
    graph = embed(zoo_graph(name), space, stream(config.seed, WARM_STREAM, number))
    return Slot(number, None, graph.to_json(), origin=f"warm start: {name}")


def _bred(number: int, population: Population, config: RunConfig) -> Slot:
    parent = choose_parent(number, population, config.evolution, config.seed)
    if parent is None:
        return Slot(number, None, None)
    slot = Slot(number, parent.number, parent.graph_json)
    if config.evolution.mutation.graft:
        donor = choose_donor(parent, number, population, config.seed)
        slot.donor = donor.number if donor else None
        slot.donor_json = donor.graph_json if donor else None
    return slot
