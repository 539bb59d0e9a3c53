"""Export: a layer as a module of its own that imports torch alone, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evonas.drawing import svg
from evonas.export_header import read_header, write_header
from evonas.exports.card import CARD_NAME, GRAPH_NAME, RESPONSE_NAME, card
from evonas.exports.facts import Scores, facts, scores_of
from evonas.exports.files import WRITTEN_BY, ExportError, write_files
from evonas.exports.measurements import GROUPS, LONG, measure
from evonas.exports.naming import class_name
from evonas.exports.onnx_file import ONNX_NAME, onnx_model, onnx_note
from evonas.exports.parity_test import parity_test
from evonas.exports.pictures import can_draw, response_svg
from evonas.exports.program import PROGRAM_NAME, program_bytes, program_note
from evonas.layers import Layer, short
from evonas.version import version
from results_db.store import ResultsDB
from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_additions import with_additions
from search_spaces.codegen_norm_layer import IMPORTS, norm_layer_block
from search_spaces.codegen_own import obstacles
from search_spaces.codegen_synced import SYNCED_IMPORTS, synced_blocks
from search_spaces.layer import layer_class

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
    """Where the module is, and the hash of its class, equal to that of the class trained.

    files: all that was written, the module first.
    """

    path: Path
    class_name: str
    class_sha256: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Extras:
    """What goes beside the module and its test.

    steps: of the trainings whose behaviour in low precision is measured, None for no measurements.
    channels: of the layers in the ONNX model and in the program, which both are of evaluation mode.
    """

    steps: int | None = LONG
    onnx: bool = False
    program: bool = False
    channels: int = 64

    @property
    def names(self) -> tuple[str, ...]:
        """The files."""
        response = (RESPONSE_NAME,) if can_draw() else ()
        onnx = (ONNX_NAME,) if self.onnx else ()
        program = (PROGRAM_NAME,) if self.program else ()
        return (CARD_NAME, GRAPH_NAME, *response, *onnx, *program)


def export_layer(
    layer: Layer,
    to: Path,
    db: ResultsDB | None = None,
    *,
    name: str | None = None,
    extras: Extras | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write `to`/layer.py and its test; scores come from the runs that found the layer.

    `name`: of the class, by default one that says what it is. `extras`: what to write beside, a
    card at least.
    Raises NotAloneError for a layer that needs more than torch; ExportError if the database holds
    the hash of another class for this layer, if a file that is another layer or none of ours is in
    the way (unless `overwrite`), or if it cannot be written.
    """
    module = export_module(layer, db, name)
    names = (FILE_NAME, TEST_NAME, *(extras.names if extras else ()))
    _check_folder(to)
    if not overwrite:
        _check_free(to, layer, names)
    contents: dict[str, str | bytes] = {
        FILE_NAME: module.source,
        TEST_NAME: parity_test(module.source, module.class_name, layer.digest),
    }
    if extras:
        contents |= _extras(layer, module, extras)
    write_files(to, contents)
    files = tuple(to / name for name in names)
    return Exported(files[0], module.class_name, module.class_sha256, files)


def _extras(layer: Layer, module: Module, extras: Extras) -> dict[str, str | bytes]:
    """The content of the files beside the module and its test."""
    contents: dict[str, str | bytes] = {GRAPH_NAME: svg(layer.graph)}
    notes = []
    if RESPONSE_NAME in extras.names:
        contents[RESPONSE_NAME] = response_svg(layer.graph)
    if extras.onnx or extras.program:
        groups = max(1, min(GROUPS, extras.channels // 2))  # two channels a group
        built = layer_class(layer.graph)(extras.channels, groups=groups)
        if extras.onnx:
            model = onnx_model(built, extras.channels)
            contents[ONNX_NAME] = model.content
            notes.append(onnx_note(model, built, extras.channels))
        if extras.program:
            contents[PROGRAM_NAME] = program_bytes(built, extras.channels)
            notes.append(program_note(built, extras.channels))
    measured = None if extras.steps is None else measure(layer.graph, extras.steps)
    contents[CARD_NAME] = card(
        layer,
        module.class_name,
        module.class_sha256,
        module.scores,
        measured,
        has_response=RESPONSE_NAME in contents,
        notes=notes,
    )
    return contents


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


def _check_folder(folder: Path) -> None:
    """Raises ExportError, before anything is measured, where no folder can be."""
    for there in (folder, *folder.parents):
        if there.exists() and not there.is_dir():
            raise ExportError(f"{there} is a file; give a directory with --to")


def _check_free(folder: Path, layer: Layer, names: Iterable[str]) -> None:
    """Raises ExportError if one of the files is there, and is of another layer or none of ours."""
    module = _read(folder / FILE_NAME)
    header = read_header(module) if module is not None else None
    if header is not None and header.digest != layer.digest:
        raise ExportError(
            f"{folder / FILE_NAME} holds another layer, {short(header.digest)}; "
            "give another directory, or --force"
        )
    for path in (folder / name for name in names):
        content = _read(path)
        says_so = content is not None and WRITTEN_BY.encode() in content[:1000]
        # Pictures and programs do not say who wrote them: those beside a module of ours are ours.
        ours = says_so if path.suffix in (".py", ".md") else header is not None
        if path.name == FILE_NAME:
            ours = header is not None
        if content is not None and not ours:
            raise ExportError(
                f"{path} is there and is no file of an export; give another directory, or --force"
            )


def _read(path: Path) -> bytes | None:
    """The content of a file; None if it is not there."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
