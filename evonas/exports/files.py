"""Files of an export, each written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

# In the first lines of every text that an export writes.
WRITTEN_BY = "written by evonas"


class ExportError(RuntimeError):
    """The layer cannot be exported; nothing was written."""


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Write files by name, creating the folder. Raises ExportError."""
    for name, content in contents.items():
        _write(folder / name, content.encode() if isinstance(content, str) else content)


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step: a reader sees the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ExportError(
            f"cannot write {path}: {error.strerror}; give another directory with --to"
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
