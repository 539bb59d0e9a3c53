"""Who descends from whom, as a networkx graph."""

from __future__ import annotations

import networkx as nx
from sqlalchemy import select

from results_db.database import Database
from results_db.queries import CHUNK
from results_db.records import CandidateRecord
from results_db.rows import candidate_record
from results_db.tables import CandidateRow


def lineage(database: Database, run_id: int, number: int) -> nx.DiGraph[int]:
    """The candidate and its ancestors: nodes are numbers with the attribute `candidate`.

    Edges lead from parent to child; from the parent of whom a piece was grafted with `donor=True`,
    from the original to its duplicate with `duplicate=True`.
    """
    graph: nx.DiGraph[int] = nx.DiGraph()
    wanted = {number}
    while wanted:
        found = _read(database, run_id, sorted(wanted))
        wanted = set()
        for record in found:
            graph.add_node(record.number, candidate=record)
            for name in ("parent", "donor", "duplicate_of"):
                source = getattr(record, name)
                if source is not None:
                    duplicate = name == "duplicate_of"
                    graph.add_edge(
                        source, record.number, donor=name == "donor", duplicate=duplicate
                    )
                    wanted.add(source)
        wanted = {n for n in wanted if "candidate" not in graph.nodes[n]}
    return graph


def _read(database: Database, run_id: int, numbers: list[int]) -> list[CandidateRecord]:
    chosen = select(*CandidateRow.__table__.c).where(
        CandidateRow.run_id == run_id, CandidateRow.number.in_(numbers[:CHUNK])
    )
    with database.read() as connection:
        return [candidate_record(row) for row in connection.execute(chosen)]
