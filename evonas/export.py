"""Export: a layer as a module of its own that imports torch alone."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evonas.export_header import read_header, write_header
from evonas.layers import Layer, short
from evonas.leaderboard import Entry, leaderboard, measured
from evonas.version import version
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_norm_layer import with_norm_layer
from search_spaces.codegen_own import obstacles

FILE_NAME = "layer.py"


class ExportError(RuntimeError):
    """The layer cannot be exported; nothing was written."""


class NotAloneError(ExportError):
    """The layer uses a function that cannot stand in a module of its own."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Where the module is, and the hash of its class, equal to that of the class trained."""

    path: Path
    class_sha256: str


def export_layer(
    layer: Layer, to: Path, db: ResultsDB | None = None, *, overwrite: bool = False
) -> Exported:
    """Write `to`/layer.py, whole or not at all; scores come from the runs that found the layer.

    Raises NotAloneError for a layer that needs more than torch; ExportError if the database holds
    the hash of another class for this layer, if a file that is another layer or none of ours is in
    the way (unless `overwrite`), or if it cannot be written.
    """
    for obstacle in obstacles(layer.graph):
        raise NotAloneError(obstacle)
    plain = generate(layer.graph)
    _check_trained(layer, plain.class_sha256)
    header = write_header(layer.text, layer.digest, _facts(layer, db, plain.class_sha256))
    source = with_norm_layer(generate(layer.graph, docstring=header).source)
    if class_sha256(source) != plain.class_sha256:
        raise ExportError(
            f"the class of {layer.name} changed with its docstring; please report this as a bug"
        )
    path = to / FILE_NAME
    if not overwrite:
        _check_free(path, layer)
    _write(path, source)
    return Exported(path, plain.class_sha256)


def _facts(layer: Layer, db: ResultsDB | None, sha256: str) -> list[str]:
    """What is known of a layer, as paragraphs: the known layer it equals, its run, its scores."""
    paragraphs = [f"Equal to {layer.zoo}, a known layer."] if layer.zoo else []
    if db is None:
        return [*paragraphs, "No run has scored it."]
    scored = [
        found
        for found in layer.found
        if found.candidate.mean_score is not None and found.candidate.class_sha256 == sha256
    ]
    if scored:
        best = max(scored, key=lambda found: found.candidate.mean_score or 0.0)
        number = best.candidate.number
        paragraphs.append(
            f"Candidate {number} of the run {best.run}, scored with groups={_groups(db, best.run)}."
        )
        return [*paragraphs, "\n".join(_score_lines(db, best.run, best.candidate))]
    for run, entry in measured(db, layer.digest):
        if entry.class_sha256 == sha256:
            groups = _groups(db, run)
            known = f"The baseline {entry.name} of the run {run}, scored with groups={groups}."
            return [*paragraphs, known, "\n".join(_score_lines(db, run))]
    return [*paragraphs, "No run has scored it."]


def _groups(db: ResultsDB, run: str) -> int:
    return int(db.run(run).config["evaluation"]["groups"])


def _score_lines(db: ResultsDB, run: str, candidate: CandidateRecord | None = None) -> list[str]:
    """The scores of a candidate, if one is given, and of the run's baselines."""
    board = leaderboard(db, run, 0)
    entries = board.baselines
    if candidate is not None:
        this = Entry(
            name="this layer",
            number=candidate.number,
            digest=candidate.digest or "",
            text=candidate.text,
            verdict=candidate.verdict,
            reason="",
            scores=candidate.scores,
            mean=candidate.mean_score,
        )
        entries = (this, *entries)
    width = max(len(entry.name) for entry in entries) + 2
    columns = (*board.anchors, "mean")
    lines = [
        "Search scores (validation accuracy after one short training each, one seed: noisy):",
        "",
    ]
    lines.append(f"    {'':{width}}" + "".join(f"{column:>11}" for column in columns))
    for entry in entries:
        cells = [*(entry.scores.get(anchor) for anchor in board.anchors), entry.mean]
        mark = f"  rejected: {_words(entry.verdict)}" if entry.rejected else ""
        numbers = "".join(f"{'-' if cell is None else f'{cell:.3f}':>11}" for cell in cells)
        lines.append(f"    {entry.name:{width}}{numbers}{mark}")
    return lines


def _words(verdict: str) -> str:
    return verdict.lower().replace("_", " ")


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


def _check_free(path: Path, layer: Layer) -> None:
    if not path.exists():
        return
    try:
        header = read_header(path.read_bytes())
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
    if header is None:
        raise ExportError(
            f"{path} is there and is no exported layer; give another directory, or --force"
        )
    if header.digest != layer.digest:
        raise ExportError(
            f"{path} holds another layer, {short(header.digest)}; "
            "give another directory, or --force"
        )


def _write(path: Path, source: str) -> None:
    """Replace the file in one step: a reader sees the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(source)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ExportError(
            f"cannot write {path}: {error.strerror}; give another directory with --to"
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
