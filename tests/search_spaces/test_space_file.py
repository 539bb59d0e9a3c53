"""Search spaces from TOML files: strict, with errors that name the file and the key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search_spaces.errors import GraphError
from search_spaces.sampling import sample
from search_spaces.space import get_space
from search_spaces.space_file import find_space, read_space

GOOD = """
name = "group-only"
initial = ["x", "0", "v1", "0.5"]
primitives = ["add", "mul", "div", "sigmoid"]
moments = ["mean", "std"]
index_sets = ["s", "sg"]
num_nodes = 6
requirements = ["batch-independent", "reductions<=2"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "space.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_a_space_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    space = find_space(str(path))
    assert space == read_space(path)
    assert space.name == "group-only"
    assert space.moments == ("mean[s]", "mean[sg]", "std[s]", "std[sg]")
    assert space.requirements == ("batch-independent", "reductions<=2")
    assert sample(space, np.random.default_rng(0)).initial == ("x", "0", "v1", "0.5")
    assert find_space("evonorm-s") is get_space("evonorm-s")


def test_moments_and_requirements_may_be_left_out(tmp_path: Path) -> None:
    short = 'name = "a"\ninitial = ["x"]\nprimitives = ["tanh"]\nnum_nodes = 1\n'
    space = read_space(written(tmp_path, short))
    assert space.moments == ()
    assert space.requirements == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("num_nodes", "num_node", "unknown key 'num_node' .did you mean 'num_nodes'..; allowed: "),
        ("num_nodes = 6", "", "missing key 'num_nodes'; needed: name, initial"),
        ("num_nodes = 6", "num_nodes = true", "num_nodes must be a whole number, given True"),
        ("num_nodes = 6", "num_nodes = " + "9" * 5000, "is not a TOML file: "),
        ("num_nodes = 6", "num_nodes = 0", "num_nodes of space 'group-only' must lie in 1..100"),
        ('"group-only"', '"evonorm-b"', "name must be a text of its own, not one of evonorm-b"),
        ('"group-only"', "3", "name must be a text of its own"),
        (
            '"sigmoid"',
            '"sigmod"',
            "unknown primitive 'sigmod' .*.did you mean 'sigmoid'..; `evonas primitives`",
        ),
        ('"sigmoid"', '"os.system"', "unknown primitive 'os.system'"),
        ('"sigmoid"', "3", "primitives must be a list of names"),
        ('["mean", "std"]', '"mean"', "moments must be a list of names, given 'mean'"),
        ('"mean", "std"', '"median"', "unknown name 'median' in moments.*; allowed: mean, rms"),
        ('"sg"]', '"gs"]', "unknown name 'gs' in index_sets.*; allowed: bs, s, sc, sg, c, g"),
        ('moments = ["mean", "std"]', "", "moments and index_sets go together"),
        ('"0.5"', "0.5", "initial must be a list of names, given .*; each stands in quotes"),
        ('"0.5"', '"1e5"', "unknown initial node '1e5'"),
        ("batch-independent", "batch-free", "unknown requirement 'batch-free'"),
        ("name = ", "name == ", "is not a TOML file: "),
        ("group", "\udcff", "is not a TOML file: "),
        ("\n", "\n#" + "x" * 200_000 + "\n", "more than 100000 bytes"),
        ("\n", "\na = " + "[" * 5000 + "\n", "is not a TOML file: "),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(GraphError, match=message) as caught:
        read_space(path)
    assert str(path) in str(caught.value)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"cannot read the search space .*none\.toml: No such"):
        find_space(str(tmp_path / "none.toml"))
    with pytest.raises(GraphError, match="is not a TOML file: embedded null byte"):
        find_space("a\0.toml")
    with pytest.raises(GraphError, match=r"cannot read the search space .*: Is a directory"):
        read_space(tmp_path)
