"""Objects of the user's own by dotted name, `my_package.my_module:name`."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from pathlib import Path
from typing import Any

from search_spaces.errors import nearest

_DOTTED = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.A)


class DottedNameError(ValueError):
    """Nothing can be imported under the name; the message says why."""


def is_dotted(name: str) -> bool:
    """Whether a name has the form `module:object`."""
    return _DOTTED.fullmatch(name) is not None


def load_object(name: str) -> Any:
    """The object. Raises DottedNameError."""
    match = _DOTTED.fullmatch(name)
    if match is None:
        raise DottedNameError(f"{name!r:.80} is no dotted name; write my_package.my_module:name")
    try:
        found: Any = importlib.import_module(match[1])
    except Exception as error:  # whatever the user's module raises when it is imported
        advice = ""
        if isinstance(error, ModuleNotFoundError):
            advice = (
                "; a module of your own is looked for in the working directory, on PYTHONPATH and "
                "among what is installed, on every worker"
            )
        raise DottedNameError(
            f"cannot import {name}: {type(error).__name__}: {error!s:.300}{advice}"
        ) from error
    for part in match[2].split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise DottedNameError(
                f"cannot import {name}: {getattr(found, '__file__', None) or match[1]} has no "
                f"{part!r}{nearest(part, dir(found))}"
            ) from None
    return found


def source_hash(name: str) -> str:
    """The SHA-256 of the file that the object's module comes from.

    Raises DottedNameError; also for a module without a file, whose changes could not be seen.
    """
    load_object(name)
    module = name.partition(":")[0]
    file = getattr(sys.modules[module], "__file__", None)
    if module == "__main__" or file is None:
        raise DottedNameError(
            f"{name}: {module} is no module with a file of its own, which workers could import and "
            "results be known by; put the code in one, my_module.py"
        )
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
