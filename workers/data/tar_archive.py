"""Reads named members of a .tar.gz into memory; nothing is ever written to a path."""

import gzip
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from workers.data.errors import DataError

# Several times what the CIFAR archives hold: 186 MB in all, 154 MB in one member.
_LARGEST_MEMBER = 400_000_000  # bytes
_LARGEST_ARCHIVE = 1_000_000_000  # bytes, unpacked


class _Limited:
    """A stream that refuses to unpack more than an archive of this kind can hold."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream, self._left = stream, limit

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise DataError("unpacks to far more than a CIFAR archive")
        return data


def read_members(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """Those of the `wanted` members that the archive has, by name.

    Raises DataError for a file that is no sound archive, for a wanted member that is no plain file,
    and for names that lead out of a folder, even of members that nobody wants.
    """
    found: dict[str, bytes] = {}
    try:
        with gzip.open(path, "rb") as unpacked:
            stream = _Limited(unpacked, _LARGEST_ARCHIVE)  # type: ignore[arg-type]
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
                for member in archive:
                    name = _checked_name(member)
                    if name in wanted:
                        found[name] = _content(archive, member)
            while stream.read(1 << 16):  # to the end, where the checksum of the whole is
                pass
    except DataError as error:
        raise DataError(f"{path} {error}; get the archive again from its source") from None
    except FileNotFoundError:
        raise DataError(
            f"there is no archive {path}; give evaluation.data.path, or leave it out to download"
        ) from None
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise DataError(
            f"{path} is no sound .tar.gz archive ({error}); it may have been cut short. Get it "
            "again, and look whether its size is that of the source"
        ) from error
    return found


def _checked_name(member: tarfile.TarInfo) -> str:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise DataError(f"has a member {member.name!r:.80} that leads out of its folder")
    return str(name)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if not member.isreg():
        raise DataError(f"has a member {member.name!r} that is a link or no file")
    if member.size > _LARGEST_MEMBER:
        raise DataError(f"has a member {member.name!r} of {member.size:,} bytes")
    file = archive.extractfile(member)
    assert file is not None  # a plain file
    return file.read()
