"""The version of the installed package."""

from __future__ import annotations


def version() -> str:
    """As in pyproject.toml; "unknown" for a checkout that is not installed."""
    from importlib import metadata  # slow to import, and `evonas --help` does not need it

    try:
        return metadata.version("evonas")
    except metadata.PackageNotFoundError:
        return "unknown"
