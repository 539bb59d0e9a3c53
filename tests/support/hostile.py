"""Hostile texts and documents: half made from the grammar or a real document, then mutated."""

from __future__ import annotations

import json

import numpy as np

from search_spaces.text_printer import format_graph
from tests.support.graphs import random_graph

_PIECES = (
    *"+-*/()[],=;\n\t .xabc019_",
    *("x", "v0", "v1", "alpha", "std[bs](", "mean[", "rms(", "max(", "sigmoid(", "sub(", "exp"),
    *("0.5", "1e9", "0x10", "00", "1.", ".5", "999999999", "0.1234567890123456789", "-", "--"),
    *("__import__('os')", "import os", "lambda: 0", "a = x\n", "x = 1;", "bs]", "[sg]", "[zz]"),
    *("\u0445", "\u00d7", "\u2212", "\uff58", "\u0661", "\x00", "\ud800", "\U0001f600", "\r\n"),
    *("nan", "inf", "self.eps", "{0}", "%s", '"', "'", "\\", "#", "@", "**", "//", "a=b=c"),
)
_VALUES = (
    *(None, True, False, 0, 1, -1, 2**70, 1.0, 1e300, float("nan"), float("inf"), "", "x", "add"),
    *([], {}, [[]], ["add", [0, 0]], ["tanh", [True]], ["std[bs]", [0.0]], "0.5", "1e9", "-1"),
    *("\ud800", "\u0445", "__class__", ["add", [0]], [1, 2], "x" * 1000),
)


def hostile_text(rng: np.random.Generator) -> str:
    """A text that may or may not be a layer."""
    if rng.random() < 0.5:
        return "".join(rng.choice(_PIECES) for _ in range(int(rng.integers(1, 30))))
    most = 200 if rng.random() < 0.04 else 12
    seed = int(rng.integers(10_000))
    text = format_graph(random_graph(np.random.default_rng(seed), int(rng.integers(1, most))))
    for _ in range(int(rng.integers(0, 4))):
        at = int(rng.integers(len(text) + 1))
        match int(rng.integers(5)):
            case 0:
                text = text[:at] + str(rng.choice(_PIECES)) + text[at:]
            case 1:
                text = text[:at] + text[at + int(rng.integers(1, 5)) :]
            case 2:
                text = text[:at] + text[: int(rng.integers(len(text) + 1))]
            case 3:
                text = text.replace(str(rng.choice(_PIECES)), str(rng.choice(_PIECES)))
            case _:
                text = _with_other_lines(text.split("\n"), rng)
    return _grown(text, rng)


def _with_other_lines(lines: list[str], rng: np.random.Generator) -> str:
    """One line dropped, repeated or moved, or a new one that nothing reads."""
    at, to = rng.integers(len(lines), size=2).tolist()
    match int(rng.integers(4)):
        case 0:
            lines.pop(at)
        case 1:
            lines.insert(to, lines[at])
        case 2:
            lines[at], lines[to] = lines[to], lines[at]
        case _:
            lines.insert(to, "unread = v0")
    return "\n".join(lines)


def hostile_document(rng: np.random.Generator) -> str:
    """A text that may or may not be the JSON of a graph."""
    graph = random_graph(np.random.default_rng(int(rng.integers(10_000))), int(rng.integers(1, 12)))
    text = graph.to_json()
    for _ in range(int(rng.integers(0, 3))):
        if rng.random() < 0.6:
            text = _with_a_changed_value(text, rng)
        else:
            at = int(rng.integers(len(text) + 1))
            text = text[:at] + str(rng.choice(_PIECES)) + text[at + int(rng.integers(3)) :]
    return _grown(text, rng)


def _grown(text: str, rng: np.random.Generator) -> str:
    """Rarely a part of the text very many times, more than a reader takes."""
    if rng.random() > 0.01:
        return text
    if rng.random() < 0.2:
        return text + " + x" * 1100
    first, last = sorted(rng.integers(len(text) + 1, size=2).tolist())
    return text[:first] + text[first:last] * int(rng.choice((100, 1100, 110_000))) + text[last:]


def _with_a_changed_value(text: str, rng: np.random.Generator) -> str:
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return text
    value = _VALUES[int(rng.integers(len(_VALUES)))]
    at = root
    if rng.random() < 0.05 and isinstance(root, dict):
        name = str(rng.choice(("initial", "nodes")))
        if isinstance(root.get(name), list):
            root[name] = root[name] * int(rng.choice((2, 300)))
            return json.dumps(root)
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = keys[int(rng.integers(len(keys)))]
        if rng.random() < 0.3 or not (isinstance(at[key], dict | list) and at[key]):
            at[key] = value
            break
        at = at[key]
    return json.dumps(root)


# Each is one bad input that costs much if read naively.
HOSTILE_TEXTS = (
    "(" * 50_000 + "x" + ")" * 50_000,
    "-" * 90_000 + "x",
    "sigmoid(" * 10_000 + "x" + ")" * 10_000,
    "+".join("x" * 50_000),
    "x*" * 49_999 + "x",
    ";" * 99_999,
    " " * 99_999 + "\u00e9",
    "x" * 99_999,
    "1" * 99_999,
    "\n".join(f"a{i} = x" for i in range(9_000)),
    "a = x\n" + "\n".join(f"a{i} = a * a" for i in range(5_000)) + "\na",
    "a0 = x\n" + "\n".join(f"a{i + 1} = a{i} * a{i}" for i in range(990)) + "\na990",
    "\n".join(f"{i} + x" for i in range(9_000)),
    "+".join(str(i) for i in range(15_000)),
    "max(" + ",".join("x" * 40_000) + ")",
    "y" * 1_000_000,
)
HOSTILE_DOCUMENTS = (
    "[" * 90_000,
    '{"a":' * 15_000,
    "[" * 900 + "]" * 900,
    '{"version":1,"initial":["x"],"nodes":[' + "[" * 900 + "]" * 900 + "]}",
    '{"version":' + "[" * 950 + "]" * 950 + ',"initial":["x"],"nodes":[]}',
    '{"version":' + "9" * 5_000 + ',"initial":["x"],"nodes":[]}',
    '{"version":' + "9" * 4_000 + ',"initial":["x"],"nodes":[]}',
    '{"version":1e999,"initial":["x"],"nodes":[]}',
    '{"version":NaN,"initial":["x"],"nodes":[]}',
    '{"version":1.0,"initial":["x"],"nodes":[]}',
    '{"version":true,"initial":["x"],"nodes":[]}',
    '{"version":1,"initial":[],"nodes":[]}',
    '{"version":1,"initial":["x","x"],"nodes":[]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[1]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[-1]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[0.0]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[true]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[0,0]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[1e999]]]}',
    '{"version":1,"initial":["x"],"nodes":[["tanh",[' + "9" * 4_000 + "]]]}",
    '{"version":1,"initial":["' + "y" * 90_000 + '"],"nodes":[]}',
    '{"version":1,"initial":[' + ",".join(f'"{i}"' for i in range(9_000)) + '],"nodes":[]}',
    '{"version":1,"initial":["x"],"nodes":[' + ",".join(['["abs",[0]]'] * 8_000) + "]}",
    '{"version":1,"initial":["x"],"nodes":[["__import__",[0]]]}',
    '{"version":1,"initial":["\\ud800"],"nodes":[]}',
    '{"version":1,"initial":["x"],"nodes":[],"extra":0}',
    "null",
    "",
    '"x"',
    "x" * 2_000_000,
)
