"""Trials and summaries as plain rows, for tables and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evonas.simulator.study import Summary
from evonas.simulator.trial import Trial


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row a trial."""
    return [asdict(trial) for trial in trials]


def documents(found: Sequence[Summary]) -> list[dict[str, Any]]:
    """One row a setting."""
    return [
        {
            "setting": summary.setting,
            "found": summary.found.mean,
            "half": summary.found.half,
            "difference": summary.difference.mean if summary.difference else None,
            "difference_half": summary.difference.half if summary.difference else None,
            "p": summary.p,
            "better": summary.better,
            "worse": summary.worse,
            "chosen": summary.chosen,
            "scored": summary.scored,
            "busy": summary.busy,
            "hours": summary.hours,
        }
        for summary in found
    ]
