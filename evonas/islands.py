"""Islands: populations that breed apart, so that one early family of layers cannot take them all.

Slot s belongs to island s mod n. Source: the island model of distributed genetic algorithms (Tanese
1989), here without migration.
"""

from __future__ import annotations

from collections.abc import Sequence

from evonas.population import Population, Window
from results_db.records import CandidateRecord


class Islands:
    """The populations of a run after exactly the rows that were taken in.

    size, late: of each population.
    """

    def __init__(self, count: int, size: int, late: int = 0) -> None:
        self._populations = [Population(size, late) for _ in range(count)]
        self.through = -1  # number of the last row taken in

    def take(self, row: CandidateRecord) -> None:
        """Take in the next row of the history; it counts on the island of its slot alone."""
        self._population(row.opened).take(row)
        self.through = row.number

    def window(self, slot: int) -> Window:
        """Who may be drawn for a slot, as of now."""
        return self._population(slot).window()

    def windows(self) -> Sequence[Window]:
        """Who may be drawn on each island."""
        return [population.window() for population in self._populations]

    @property
    def oldest(self) -> int:
        """The smallest number of a candidate that may still be evaluated again; 0 if all may."""
        return min(population.oldest for population in self._populations)

    def _population(self, slot: int) -> Population:
        return self._populations[slot % len(self._populations)]
