"""Reads the pickles of the CIFAR archives without running anything that a pickle asks for.

Nothing a pickle names is ever imported or called: the four names that an array's pickle holds are
answered with the passive stand-ins below, every other name is refused, and so is every opcode that
arrays, strings, numbers, lists and dictionaries do not need.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.data.errors import DataError

_NEEDED = """
    PROTO FRAME STOP MARK POP POP_MARK MEMOIZE
    PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
    NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE
    BINBYTES SHORT_BINBYTES
    TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 LIST EMPTY_LIST APPEND APPENDS
    DICT EMPTY_DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL REDUCE BUILD
"""
_OPCODES = frozenset(_NEEDED.split())
_MEMO_OPCODES = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


class _DType:
    """Stands for numpy.dtype; only unsigned bytes are understood later."""

    def __init__(self, code: Any = None, *_: Any) -> None:
        self.code = code

    def __setstate__(self, state: Any) -> None:
        """Byte order and alignment, which bytes do not have."""


class _Array:
    """Stands for numpy.ndarray; keeps the state that the pickle gives it."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: Any, encoding: Any = None, *_: Any) -> bytes:
    """How Python 3 writes bytes in protocol 2."""
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise DataError("encodes something other than bytes")
    return text.encode("latin1")


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in for the name. Raises DataError for every other."""
        if (module, name) not in _NAMES:
            raise DataError(f"asks for {module}.{name}")
        return _NAMES[module, name]


def load(source: bytes, what: str) -> dict[str, Any]:
    """The dictionary in a pickle, text keys, arrays as NumPy arrays of bytes.

    Raises DataError, whatever is wrong with it; `what` names the pickle.
    """
    try:
        _check_opcodes(source)
        value = _Unpickler(io.BytesIO(source), encoding="bytes").load()
        return _dictionary(value)
    except Exception as error:  # a hostile pickle can raise anything
        reason = str(error) if isinstance(error, DataError) else f"is damaged ({error!r:.200})"
        raise DataError(
            f"the pickle {what} {reason}; a CIFAR archive holds arrays of bytes, strings, numbers, "
            "lists and dictionaries only. Get the archive again from its source"
        ) from None


def _check_opcodes(source: bytes) -> None:
    """Refuses what data do not need, before anything is built."""
    memoized = 0
    for opcode, argument, _ in pickletools.genops(source):
        if opcode.name not in _OPCODES:
            raise DataError(f"uses the opcode {opcode.name}")
        if opcode.name in _MEMO_OPCODES:
            memoized += 1
            # A large index would make the unpickler reserve that much memory.
            if int(argument or 0) > 2 * memoized + 1000:
                raise DataError("numbers its parts without order")


def _dictionary(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise DataError(f"holds a {type(value).__name__} and not a dictionary")
    return {_text(key): _array(v) if type(v) is _Array else v for key, v in value.items()}


def _text(key: Any) -> str:
    if type(key) is bytes:
        return key.decode("latin1")
    if type(key) is not str:
        raise DataError("has a key that is no string")
    return key


def _array(stand_in: _Array) -> NDArray[np.uint8]:
    _version, shape, dtype, fortran, raw = stand_in.state
    if type(dtype) is not _DType or dtype.code not in ("u1", b"u1", "|u1", b"|u1"):
        raise DataError("holds an array of something other than bytes")
    flat = np.frombuffer(raw, dtype=np.uint8)
    return flat.reshape(tuple(int(n) for n in shape), order="F" if fortran else "C")
