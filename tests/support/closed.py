"""A folder in which nothing can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def closed(folder: Path, mode: int = 0o555) -> Iterator[None]:
    """Nothing there can be written meanwhile, by root neither, unless `mode` lets others write."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(mode)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)
