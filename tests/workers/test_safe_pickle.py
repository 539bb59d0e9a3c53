"""The restricted unpickler: reads what the archives hold, runs nothing of what else there is."""

import contextlib
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.cifar_archives import batch10, python2_pickle
from workers.data import DataError, safe_pickle


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_reads_arrays_strings_numbers_and_lists(protocol: int) -> None:
    batch = batch10(7, 1)
    assert same(safe_pickle.load(pickle.dumps(batch, protocol=protocol), "batch"), batch)


def test_reads_what_python_2_wrote() -> None:
    batch = batch10(7, 1)
    source = python2_pickle(batch)
    assert b"cnumpy.core.multiarray\n_reconstruct" in source
    found = safe_pickle.load(source, "batch")
    assert same(
        {k: found[k] for k in ("data", "labels")}, {k: batch[k] for k in ("data", "labels")}
    )
    assert found["filenames"] == [name.encode() for name in batch["filenames"]]


def test_reads_arrays_in_column_order() -> None:
    array = np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    assert np.array_equal(safe_pickle.load(python2_pickle({"data": array}), "a")["data"], array)


class _Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_pickle_that_runs_a_command_runs_nothing(
    tmp_path: Path, protocol: int, wrapped: bool
) -> None:
    witness = tmp_path / "witness"
    bad: Any = _Calls(os.system, f"touch {witness}")
    source = pickle.dumps({"data": bad} if wrapped else bad, protocol=protocol)
    with pytest.raises(DataError, match=r"the pickle batch asks for posix\.system; a CIFAR"):
        safe_pickle.load(source, "batch")
    pickle.loads(source)
    assert witness.exists(), "the pickle is hostile indeed"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_Calls(eval, "1"), r"asks for (__builtin__|builtins)\.eval"),
        (_Calls(getattr, "text", "upper"), r"asks for (__builtin__|builtins)\.getattr"),
        (_Calls(np.load, "/etc/passwd"), r"asks for numpy\.load|asks for numpy"),
        ({"data": OrderedDict()}, r"asks for collections\.OrderedDict"),
        ({"data": {1, 2}}, r"asks for|opcode"),
        ([1, 2], r"holds a list and not a dictionary"),
        ({1: 2}, r"has a key that is no string"),
        ({"data": np.zeros(3, np.int64)}, r"something other than bytes"),
        ({"data": np.zeros(3, [("a", "u1")])}, r"something other than bytes"),
    ],
)
def test_what_is_no_data_is_refused(value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        safe_pickle.load(pickle.dumps(value, protocol=2), "batch")


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b".",
        b"garbage",
        b"\x80\x02}q\x01.extra"[:4],
        pickle.dumps({"a": 1}, protocol=2)[:-1],
        b"\x80\x02]r" + struct.pack("<I", 2**31) + b".",  # a memo of eight gigabytes
        b"\x80\x02U\xffshort.",
        b"\x80\x02P1\n.",  # a persistent object
        b"\x80\x02\x82\x01.",  # an extension
        b"\x80\x02cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02(S'true'\nios\nsystem\n.",  # INST
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x02cnumpy\nndarray\n)\x81}b.",
    ],
)
def test_crafted_bytes_are_typed_errors(source: bytes) -> None:
    with pytest.raises(DataError, match=r"the pickle batch .*Get the archive again"):
        safe_pickle.load(source, "batch")


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_one_changed_byte_gives_data_or_a_typed_error(place: int, value: int) -> None:
    source = bytearray(python2_pickle(batch10(2, 1)))
    source[place % len(source)] = value
    with contextlib.suppress(DataError):
        assert isinstance(safe_pickle.load(bytes(source), "batch"), dict)


@given(st.binary(max_size=200))
def test_any_bytes_give_data_or_a_typed_error(source: bytes) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(safe_pickle.load(b"\x80\x02" + source, "batch"), dict)
