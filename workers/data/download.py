"""Fetching an archive once, checked by its checksum, into the folder that EVONAS_HOME names."""

import contextlib
import hashlib
import http.client
import os
import shutil
import tempfile
import urllib.request
from pathlib import Path

from workers.data.errors import DataError

_TIMEOUT = 30.0  # seconds without an answer


def home() -> Path:
    """Where downloads are kept: $EVONAS_HOME, else ~/.cache/evonas."""
    given = os.environ.get("EVONAS_HOME")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "evonas"


def fetch(url: str, md5: str) -> Path:
    """The file behind a URL, downloaded if it is not there yet; its checksum agrees.

    Raises DataError when the network does not allow it, and for content with another checksum.
    """
    target = home() / "data" / url.rpartition("/")[2]
    if target.is_file():
        check_md5(target, md5)  # it may have been put there by hand
        return target
    by_hand = (
        f"download it by other means to {target}, or give the path of a copy as "
        "evaluation.data.path"
    )
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, so that several processes may fetch at once and the last one wins.
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=_TIMEOUT) as web:
            shutil.copyfileobj(web, file)
        check_md5(Path(temporary), md5, url)
        os.chmod(temporary, 0o644)  # mkstemp's is for this user alone, the folder may be shared
        os.replace(temporary, target)
    except (OSError, http.client.HTTPException) as error:  # URLError among them
        reason = getattr(error, "reason", None) or error
        raise DataError(f"cannot download {url}: {reason}; {by_hand}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return target


def check_md5(path: Path, md5: str, source: str | None = None) -> None:
    """Raises DataError if the file's MD5 is another one; `source`: what to call it."""
    found = file_hash(path, "md5")
    if found != md5:
        raise DataError(
            f"{source or path}: its MD5 is {found}, not {md5}: the file is damaged, cut short or "
            "another one; get it again. If it is an archive of your own in the same format, give "
            "its MD5 as evaluation.data.md5"
        )


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Hex digest of a file's content. Raises DataError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
