"""Which slots of a run are committed, where rows are committed in the order of their arrival.

Slot s is opened as soon as s - lag + 1 rows are committed, whatever slots they were. So its
candidate is a function of the seed, s and those rows, and a slot that a kill left open is opened
again as it was.
"""

from __future__ import annotations

import numpy as np

from results_db.store import ResultsDB


def committed_ahead(db: ResultsDB, run: str) -> tuple[int, dict[int, int | None]]:
    """The first slot that is not committed; and the slots after it that are, each with the number
    of the candidate that it evaluated again, if it did.
    """
    slots = np.fromiter(db.slots(run), np.int64)  # by the number of the row
    is_committed = np.zeros(len(slots) + 1, bool)
    is_committed[slots[slots < len(slots)]] = True
    first = int(is_committed.argmin())
    ahead = np.flatnonzero(slots > first)
    if not ahead.size:
        return first, {}
    rows = db.candidates(run, first=int(ahead[0]))
    return first, {row.opened: row.repeat_of for row in rows if row.opened > first}
