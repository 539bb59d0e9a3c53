"""What do we know already? Runs, candidates and evaluations, in one database.

ResultsDB (store.py) is the door; RunWriter (writer.py) the only way to add to a history. To read
the package: records.py, tables.py, store.py, writer.py, lease.py, then whatever you need.
"""

from results_db.address import DEFAULT_URL
from results_db.check import check
from results_db.clean import clean, delete_run
from results_db.errors import (
    BadAddress,
    BadRecord,
    CandidateNotFound,
    DamagedDatabase,
    DatabaseError,
    DatabaseNotFound,
    DatabaseUnavailable,
    ForeignDatabase,
    HistoryGap,
    LeaseLost,
    RunExists,
    RunLocked,
    RunNotFound,
    SchemaMismatch,
)
from results_db.holder import Holder
from results_db.migrate import recompute_digests, upgrade
from results_db.records import (
    NOT_STARTED,
    REJECTED,
    SCORED,
    AnchorResult,
    AuditedRecord,
    BaselineRecord,
    CandidateRecord,
    EvaluationRecord,
    FoundLayer,
    Funnel,
    FunnelStep,
    RankedLayer,
    RerankedLayer,
    RerankRecord,
    RunRecord,
)
from results_db.store import ResultsDB
from results_db.transfer import copy_evaluations, copy_run, fork_run, merge
from results_db.writer import RunWriter

__all__ = [
    "DEFAULT_URL",
    "NOT_STARTED",
    "REJECTED",
    "SCORED",
    "AnchorResult",
    "AuditedRecord",
    "BadAddress",
    "BadRecord",
    "BaselineRecord",
    "CandidateNotFound",
    "CandidateRecord",
    "DamagedDatabase",
    "DatabaseError",
    "DatabaseNotFound",
    "DatabaseUnavailable",
    "EvaluationRecord",
    "ForeignDatabase",
    "FoundLayer",
    "Funnel",
    "FunnelStep",
    "HistoryGap",
    "Holder",
    "LeaseLost",
    "RankedLayer",
    "RerankRecord",
    "RerankedLayer",
    "ResultsDB",
    "RunExists",
    "RunLocked",
    "RunNotFound",
    "RunRecord",
    "RunWriter",
    "SchemaMismatch",
    "check",
    "clean",
    "copy_evaluations",
    "copy_run",
    "delete_run",
    "fork_run",
    "merge",
    "recompute_digests",
    "upgrade",
]
