"""LAYER on the command line: a zoo name, a digest prefix, a text form, or an exported file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from evonas.export_header import read_header
from results_db.records import FoundLayer
from results_db.store import ResultsDB
from search_spaces.canonical import CANONICAL_VERSION, canonical_and_digest
from search_spaces.errors import TextError, UnknownPrimitiveError, nearest
from search_spaces.graph import NAMED_INITIAL, Graph
from search_spaces.own_reference import as_options
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from search_spaces.zoo import ZOO, known_as, zoo_digests, zoo_graph

MAX_FILE_BYTES = 1_000_000
_DIGEST_PREFIX = re.compile(r"(c\d+-)?[0-9a-f]{4,32}")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
# With a slash or a suffix, and nothing that only text forms have.
_PATH = re.compile(r"[^\s()\[\]*+=,;]*(?:/|\.[A-Za-z])[^\s()\[\]*+=,;]*")
_WHAT_IT_MAY_BE = (
    "allowed: a zoo name (`evonas zoo`), 4 or more characters of a digest, "
    "a text form such as 'max(x, 0)', or the path of an exported file"
)


class LayerError(ValueError):
    """Nothing, or more than one thing, has the name given."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A canonical graph; `zoo` names the known layer it equals, `found` where runs committed it."""

    graph: Graph
    digest: str
    zoo: str | None
    found: tuple[FoundLayer, ...] = ()

    @property
    def text(self) -> str:
        """The canonical text form, shared parts on lines of their own."""
        return format_graph(self.graph)

    @property
    def name(self) -> str:
        """What to call it in a sentence: its zoo name, else its short digest."""
        return self.zoo or short(self.digest)


def short(digest: str | None) -> str:
    """The first 8 hex digits, enough to name a layer to a command."""
    return digest.partition("-")[2][:8] if digest else ""


def one_line(text: str) -> str:
    """A text form on one line, which every command reads back."""
    return text.replace("\n", "; ")


def resolve(given: str | Path, db: ResultsDB | None = None) -> Layer:
    """The layer that `given` names, a Path always a file; `db` is asked for digests and for where
    it was found.

    Raises LayerError, and TextError that points at the column.
    """
    if isinstance(given, Path):
        return layer_of(_graph_of_file(given), db)
    if not isinstance(given, str):
        raise not_a_name(given)
    given = given.strip()
    if known_as(given):  # whatever files lie here
        return layer_of(zoo_graph(given), db)
    if given.endswith(".py") or os.path.isfile(given):
        return layer_of(_graph_of_file(Path(given)), db)
    if _DIGEST_PREFIX.fullmatch(given.lower()):
        return _by_digest(given.lower(), db)
    try:
        return layer_of(parse(given), db)
    except TextError:
        if os.path.isdir(given):
            raise LayerError(f"{given} is a folder; give the exported file in it") from None
        if _is_path(given):
            hint = nearest(given, ZOO)
            raise LayerError(f"there is no file {given!r:.200}{hint}\n{_WHAT_IT_MAY_BE}") from None
        if not _WORD.fullmatch(given):
            raise
        raise LayerError(
            f"no layer is called {given!r:.80}{nearest(given, ZOO)}\n{_WHAT_IT_MAY_BE}"
        ) from None


def not_a_name(given: object) -> LayerError:
    """The error for what cannot name a layer, whatever is in it."""
    return LayerError(
        f"a layer is named by a text or the Path of a file, given {type(given).__name__} "
        f"{given!r:.80}\n{_WHAT_IT_MAY_BE}"
    )


def _is_path(given: str) -> bool:
    """Whether what is no text form looks like a path; a slash may divide in a mistaken one."""
    first = re.split(r"[/.]", given)[0]
    is_value = first in NAMED_INITIAL or first.isdecimal()
    return bool(_PATH.fullmatch(given)) and not is_value


def layer_of(graph: Graph, db: ResultsDB | None = None) -> Layer:
    """The layer of a graph, canonical or not."""
    graph, digest = canonical_and_digest(graph)
    found = tuple(db.find_layer(digest)) if db else ()
    return Layer(graph, digest, zoo_digests().get(digest), found)


def _by_digest(given: str, db: ResultsDB | None) -> Layer:
    prefix = given if "-" in given else f"c{CANONICAL_VERSION}-{given}"
    graphs = {
        digest: zoo_graph(name)
        for digest, name in zoo_digests().items()
        if digest.startswith(prefix)
    }
    for found in db.find_layer(prefix) if db else ():
        digest, graph_json = found.candidate.digest, found.candidate.graph_json
        if db and digest and graph_json and digest not in graphs:
            graphs[digest] = _stored_graph(graph_json, found, db)
    if not graphs:
        where = "in the database or the zoo" if db else "in the zoo (there is no database here)"
        raise LayerError(
            f"no digest {where} starts with {given!r}; `evonas top` and `evonas zoo` list some"
        )
    if len(graphs) > 1:
        some = ", ".join(
            digest.partition("-")[2][: len(given) + 4] for digest in sorted(graphs)[:5]
        )
        raise LayerError(
            f"{len(graphs)} layers have digests that start with {given!r}: {some}. "
            "Give more characters"
        )
    ((stored, graph),) = graphs.items()
    layer = layer_of(graph, db)
    same_version = stored.partition("-")[0] == layer.digest.partition("-")[0]
    if same_version and stored != layer.digest:
        raise LayerError(
            f"{given!r} was found with another function behind one of its primitives: the formula "
            f"{one_line(layer.text)} has the digest {short(layer.digest)} now. Give --primitive "
            "with the source that the run used"
        )
    return layer


def _stored_graph(graph_json: str, found: FoundLayer, db: ResultsDB) -> Graph:
    try:
        return Graph.from_json(graph_json)
    except UnknownPrimitiveError as error:
        own = db.run(found.run).config.get("primitives", ())
        if not own:
            raise
        raise LayerError(
            f"run {found.run!r} found layer {short(found.candidate.digest)} with primitives of "
            f"your own, and no code is imported because a database names it; add{as_options(own)}"
        ) from error


def _graph_of_file(path: Path) -> Graph:
    """The graph in the header of an exported file, which is parsed and never executed."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise LayerError(
            f"there is no file {path}; `evonas export LAYER --to DIR` writes one"
        ) from None
    except OSError as error:
        raise LayerError(f"cannot read {path}: {error.strerror}") from None
    if len(source) > MAX_FILE_BYTES:
        raise LayerError(
            f"{path} is larger than {MAX_FILE_BYTES:,} bytes; an exported file is a few kilobytes"
        )
    header = read_header(source)
    if header is None:
        raise LayerError(
            f"{path} has no header of an exported layer; `evonas export LAYER --to DIR` writes one"
        )
    graph = parse(header.text)
    digest = canonical_and_digest(graph)[1]
    same_version = header.digest.partition("-")[0] == digest.partition("-")[0]
    if same_version and header.digest != digest:
        raise LayerError(
            f"the header of {path} was changed: its formula has the digest {short(digest)}, "
            f"its digest line says {short(header.digest)}. Export the layer again"
        )
    return graph
