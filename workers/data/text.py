"""Characters to predict: the documentation that is part of CPython, or a text file of your own."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from workers.data.dataset import Dataset, Split
from workers.data.errors import DataError

_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}  # of the characters, by section
_SECTION = 4000  # characters of a section of a text file
_BREAK = re.compile(r"\n\s*\n")  # between paragraphs
_UNKNOWN = 0  # stands for every character that is not among the commonest


@dataclass(frozen=True, slots=True)
class TextConfig:
    """path: a UTF-8 text file; None: the language documentation inside CPython, about 370,000
    characters that differ from version to version, without paragraphs that stood in it before.

    context: characters in one input; vocabulary: the commonest characters of the training sections,
    all others count as one; validation: at most so many inputs. Sections (topics of the
    documentation, stretches of a file) are dealt to the splits by `seed`, so no input crosses two.
    A file that repeats itself has inputs in validation that were in training, too.
    """

    kind: Literal["text"] = "text"
    path: str | None = None
    context: int = 64
    vocabulary: int = 96
    validation: int = 256
    seed: int = 0


def load(config: TextConfig) -> Dataset:
    """Inputs of `context` characters; the labels are the characters that follow each of them.

    Raises DataError.
    """
    dealt = _deal(_sections(config), config.seed)
    counts = Counter("".join(dealt["train"]))
    commonest = sorted(counts, key=lambda c: (-counts[c], c))[: config.vocabulary - 1]
    codes = {character: number for number, character in enumerate(commonest, start=1)}

    def split(name: str, most: int | None = None) -> Split:
        return _windows(dealt[name], codes, config, name, most)

    return Dataset(
        split("train"),
        split("validation", config.validation),
        len(codes) + 1,
        lambda: split("test"),
    )


def identity(config: TextConfig) -> str:
    """The SHA-256 of the text. Raises DataError."""
    text = "\0".join(_sections(config))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _sections(config: TextConfig) -> list[str]:
    if config.path is None:
        from pydoc_data import topics

        return _once([text for _, text in sorted(topics.topics.items())])
    path = Path(config.path).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read the text {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error}); convert it first") from error
    return [text[i : i + _SECTION] for i in range(0, len(text), _SECTION)]


def _once(sections: Sequence[str]) -> list[str]:
    """Without paragraphs that stood in an earlier section, however they were broken into lines."""
    seen: set[str] = set()
    found = []
    for section in sections:
        new = []
        for paragraph in _BREAK.split(section):
            words = " ".join(paragraph.split())
            if words not in seen:
                seen.add(words)
                new.append(paragraph)
        found.append("\n\n".join(new))
    return [section for section in found if section]


def _deal(sections: Sequence[str], seed: int) -> dict[str, list[str]]:
    """The sections of each split: each goes to the split that is furthest below its share."""
    dealt: dict[str, list[str]] = {name: [] for name in _SHARES}
    held = dict.fromkeys(_SHARES, 0)
    for index in np.random.default_rng([seed, 0]).permutation(len(sections)):
        name = min(_SHARES, key=lambda split: held[split] / _SHARES[split])
        dealt[name].append(sections[index])
        held[name] += len(sections[index])
    return dealt


def _windows(
    sections: Sequence[str], codes: dict[str, int], config: TextConfig, name: str, most: int | None
) -> Split:
    """(N, context) characters and their successors, side by side, a section's rest left out."""
    step = config.context
    rows: list[list[int]] = []
    for text in sections:
        numbers = [codes.get(character, _UNKNOWN) for character in text]
        ends = range(step, len(numbers), step)  # one more character is needed for the last label
        rows += [numbers[end - step : end + 1] for end in ends]
    if not rows:
        raise DataError(
            f"the text is too short: no {step + 1} characters for {name}; give at least "
            f"{20 * _SECTION:,} characters, or lower evaluation.data.context"
        )
    if most is not None and len(rows) > most:  # from all over the split
        rows = [rows[i * len(rows) // most] for i in range(most)]
    table = torch.tensor(rows)
    return Split(table[:, :-1].contiguous(), table[:, 1:].contiguous())
