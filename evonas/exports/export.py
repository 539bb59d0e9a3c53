"""Export: a layer as a module of its own that imports torch alone, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evonas.export_header import read_header, write_header
from evonas.exports.facts import Scores, facts, scores_of
from evonas.exports.files import WRITTEN_BY, ExportError, write_files
from evonas.exports.naming import class_name
from evonas.exports.parity_test import parity_test
from evonas.layers import Layer, short
from evonas.version import version
from results_db.store import ResultsDB
from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_additions import with_additions
from search_spaces.codegen_norm_layer import IMPORTS, norm_layer_block
from search_spaces.codegen_own import obstacles
from search_spaces.codegen_synced import SYNCED_IMPORTS, synced_blocks

FILE_NAME = "layer.py"
TEST_NAME = "test_layer.py"
_ANY_NAME = "NormAct"  # of the class in every export, beside its own name


class NotAloneError(ExportError):
    """The layer uses a function that cannot stand in a module of its own."""


@dataclass(frozen=True, slots=True)
class Module:
    """The source of an export, the name and the hash of its class, and where that was scored."""

    source: str
    class_name: str
    class_sha256: str
    scores: Scores | None


@dataclass(frozen=True, slots=True)
class Exported:
    """Where the module is, and the hash of its class, equal to that of the class trained."""

    path: Path
    class_name: str
    class_sha256: str


def export_layer(
    layer: Layer,
    to: Path,
    db: ResultsDB | None = None,
    *,
    name: str | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write `to`/layer.py and its test; scores come from the runs that found the layer.

    `name`: of the class, by default one that says what it is.
    Raises NotAloneError for a layer that needs more than torch; ExportError if the database holds
    the hash of another class for this layer, if a file that is another layer or none of ours is in
    the way (unless `overwrite`), or if it cannot be written.
    """
    module = export_module(layer, db, name)
    if not overwrite:
        check_free(to, layer, (FILE_NAME, TEST_NAME))
    test = parity_test(module.source, module.class_name, layer.digest)
    write_files(to, {FILE_NAME: module.source, TEST_NAME: test})
    return Exported(to / FILE_NAME, module.class_name, module.class_sha256)


def export_module(layer: Layer, db: ResultsDB | None = None, name: str | None = None) -> Module:
    """What `export_layer` writes to layer.py; raises its errors."""
    for obstacle in obstacles(layer.graph):
        raise NotAloneError(obstacle)
    name = name or class_name(layer)
    plain = generate(layer.graph)
    _check_trained(layer, plain.class_sha256)
    scores = scores_of(layer, db, plain.class_sha256)
    header = write_header(layer.text, layer.digest, facts(layer, scores, plain.class_sha256))
    try:
        source = generate(layer.graph, name, header).source
    except ValueError as error:
        raise ExportError(f"{error}; give another --name") from None
    synced = synced_blocks(layer.graph, name)
    blocks = [norm_layer_block(name), *synced]
    imports = (*IMPORTS, *(SYNCED_IMPORTS if synced else ()))
    if name != _ANY_NAME:
        blocks.append(f"{_ANY_NAME} = {name}  # the name that every export has")
    source = with_additions(source, blocks, imports)
    if class_sha256(source) != plain.class_sha256:
        raise ExportError(
            f"the class of {layer.name} changed with its docstring; please report this as a bug"
        )
    return Module(source, name, plain.class_sha256, scores)


def _check_trained(layer: Layer, sha256: str) -> None:
    trained = [
        found
        for found in layer.found
        if found.candidate.class_sha256 and found.candidate.duplicate_of is None
    ]
    if trained and all(found.candidate.class_sha256 != sha256 for found in trained):
        other = trained[-1]
        raise ExportError(
            f"run {other.run!r} trained {layer.name} as the class "
            f"{other.candidate.class_sha256[:12]}, this evonas ({version()}) generates "
            f"{sha256[:12]}: what would be written is not what was scored. Export with the "
            "code that ran the search, or write the formula without its scores: give it as text, "
            "with --db sqlite:///another.db"
        )


def check_free(folder: Path, layer: Layer, names: Iterable[str]) -> None:
    """Raises ExportError if one of the files is there, and is of another layer or none of ours."""
    for path in (folder / name for name in names):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            return  # said when it is written
        except OSError as error:
            raise ExportError(f"cannot read {path}: {error.strerror}") from None
        header = read_header(content) if path.name == FILE_NAME else None
        if header is None and (
            path.name == FILE_NAME or WRITTEN_BY not in content[:1000].decode(errors="replace")
        ):
            raise ExportError(
                f"{path} is there and is no file of an export; give another directory, or --force"
            )
        if header is not None and header.digest != layer.digest:
            raise ExportError(
                f"{path} holds another layer, {short(header.digest)}; "
                "give another directory, or --force"
            )
