"""Character data: windows and successors, split by section, the same vocabulary everywhere."""

from pathlib import Path

import pytest
import torch

from workers.data import DataError, TextConfig, data_identity, load_data


def own(tmp_path: Path, text: str, **settings: object) -> TextConfig:
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return TextConfig(path=str(path), **settings)  # type: ignore[arg-type]


def test_labels_are_the_characters_that_follow() -> None:
    data = load_data(TextConfig(context=32))
    for split in (data.train, data.validation, data.read_test()):
        assert split.inputs.shape == split.labels.shape
        assert torch.equal(split.inputs[:, 1:], split.labels[:, :-1])
        assert int(split.inputs.min()) >= 0
        assert int(split.inputs.max()) < data.classes
    assert data.shape == (32,)
    assert data.classes == 96
    assert len(data.validation) == 256
    assert 0.05 < data.guess < 0.5  # the space


def test_the_splits_share_no_section(tmp_path: Path) -> None:
    sections = [chr(ord("a") + i) * 4000 for i in range(20)]  # one letter a section
    data = load_data(own(tmp_path, "".join(sections), context=10, validation=10_000))
    letters = [
        {c for row in split.inputs.tolist() for c in row}
        for split in (data.train, data.validation, data.read_test())
    ]
    # Letters that training has not seen count as one, unknown.
    assert letters[1] == letters[2] == {0}
    assert len(letters[0]) == 16
    assert 0 not in letters[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_validated_and_tested_was_not_trained_on(seed: int) -> None:
    """The topics of the documentation repeat whole chapters of each other."""
    data = load_data(TextConfig(seed=seed))
    trained = bytes(data.train.inputs.flatten().tolist())
    for split in (data.validation, data.read_test()):
        # Windows of two texts are seldom aligned: what is asked for is their middle, of any place.
        seen = [bytes(row[12:52]) in trained for row in split.inputs.tolist()]
        assert sum(seen) / len(seen) < 0.06  # rules of tables stand everywhere


def test_rare_characters_count_as_one(tmp_path: Path) -> None:
    data = load_data(own(tmp_path, "aaab" * 20_000 + "c", vocabulary=2, context=8))
    assert data.classes == 2
    assert set(data.train.inputs.flatten().tolist()) == {0, 1}
    assert data.guess == pytest.approx(0.75, abs=0.01)


def test_equal_settings_give_equal_tensors_and_other_seeds_others() -> None:
    from workers.data import text

    first, second = text.load(TextConfig()), text.load(TextConfig())
    assert torch.equal(first.train.inputs, second.train.inputs)
    assert not torch.equal(first.train.inputs[:50], text.load(TextConfig(seed=1)).train.inputs[:50])


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the text .*none"):
        load_data(TextConfig(path=str(tmp_path / "none")))
    with pytest.raises(DataError, match=r"too short: no 65 characters for validation"):
        load_data(own(tmp_path, "short " * 100))
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9" * 1000)
    with pytest.raises(DataError, match=r"is not UTF-8 text"):
        load_data(TextConfig(path=str(tmp_path / "latin.txt")))


def test_the_identity_changes_with_the_text(tmp_path: Path) -> None:
    first = data_identity(own(tmp_path, "a" * 100))
    assert first != data_identity(own(tmp_path, "b" * 100))
    assert len(data_identity(TextConfig())) == 64
