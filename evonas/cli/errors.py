"""Which exceptions are the user's to solve: shown in a line or two, without a traceback."""

from __future__ import annotations

import sys

FAILED, USAGE, INTERRUPTED = 1, 2, 130

# (module, its base of such errors, exit code). Only a module that is loaded can have raised one,
# so nothing is imported to look.
_KNOWN = (
    ("evonas.config_errors", "ConfigError", USAGE),
    ("evonas.layers", "LayerError", USAGE),
    ("search_spaces.errors", "GraphError", USAGE),
    ("workers.settings", "SettingsError", USAGE),
    ("workers.data.errors", "DataError", FAILED),
    ("search_spaces.dotted", "DottedNameError", USAGE),
    ("workers.anchors.errors", "AnchorError", USAGE),
    ("workers.unfit", "UnfitLayerError", USAGE),
    ("results_db.errors", "DatabaseError", FAILED),
    ("workers.pools.errors", "PoolError", FAILED),
    ("evonas.exports.files", "ExportError", FAILED),
    ("evonas.runs", "RunError", FAILED),
    ("evonas.driver", "SearchError", FAILED),
    ("evonas.vocabulary", "VocabularyError", FAILED),
    ("evonas.baselines", "BaselineError", FAILED),
    ("evonas.interval_plot", "PlotError", FAILED),
    ("evonas.simulator.errors", "SimulationError", USAGE),
)


def exit_code(error: BaseException) -> int | None:
    """The exit code of an expected error; None for a bug, whose traceback should be seen."""
    for module_name, class_name, code in _KNOWN:
        module = sys.modules.get(module_name)
        if module is not None and isinstance(error, getattr(module, class_name, ())):
            return code
    return None
