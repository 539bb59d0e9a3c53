"""What is known of a layer, in the words of its exported files."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from evonas.layers import Layer
from evonas.leaderboard import Entry, anchors_of, leaderboard, measured
from evonas.reranked import reranked
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from search_spaces.graph import Graph
from search_spaces.properties import properties
from workers.verdict import verdict_word

NEVER_SCORED = "No run has scored it."
_WIDTH = 92  # of a paragraph in a docstring
_POWERS = {0.0: "", 1.0: "k "}

# What moments do with padding, the widest that a layer has.
_PADDING = {
    "batch": "Moments over the batch average over all that they are given: no mask is taken, and "
    "padded or masked positions enter the statistics of training and, by the running estimates, "
    "evaluation. Take padding out first, for instance with tokens packed as features (N, C).",
    "positions": "Moments over positions average over all of a sample: no mask is taken, and the "
    "output for a sequence depends on how much padding it has. Pad all alike, or take one "
    "sequence at a time.",
    "": "Every position is computed from itself alone: padding and masked positions change no "
    "other.",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Where a layer was scored, how it did in reranks, its scores beside the run's baselines."""

    run: str
    where: str
    anchors: tuple[str, ...]
    entries: tuple[Entry, ...]


def facts(layer: Layer, scores: Scores | None, sha256: str) -> list[str]:
    """Paragraphs of the docstring of an export."""
    paragraphs = [
        f"Class: {sha256}",
        f"Properties: {'; '.join(property_words(layer.graph))}.",
        *([f"Equal to {layer.zoo}, a known layer."] if layer.zoo else []),
        NEVER_SCORED if scores is None else scores.where,
    ]
    wrapped = [textwrap.fill(each, _WIDTH) for each in (*paragraphs, padding(layer.graph))]
    return wrapped if scores is None else [*wrapped[:-1], "\n".join(_lines(scores)), wrapped[-1]]


def property_words(graph: Graph) -> list[str]:
    """What is proved of a layer, in training."""
    found = properties(graph)
    mixed = [what for what in ("positions", "channels") if getattr(found, f"mixes_{what}")]
    words = ["mixes the batch" if found.mixes_batch else "batch-independent"]
    words.append("not causal" if found.mixes_positions else "causal")
    words += [f"mixes {' and '.join(mixed)}"] if mixed else []
    if found.degree is not None:
        power = _POWERS.get(found.degree, f"k^{found.degree:g} ")
        words.append(f"f(k x) = {power}f(x) for k > 0")
    words += ["f(x + c) = f(x)"] if found.shift_invariant else []
    words += ["does not activate"] if found.only_normalizes or found.affine else []
    return words


def padding(graph: Graph) -> str:
    """What a layer does with padded and masked positions."""
    found = properties(graph)
    widest = "batch" if found.mixes_batch else "positions" if found.mixes_positions else ""
    return _PADDING[widest]


def scores_of(layer: Layer, db: ResultsDB | None, sha256: str) -> Scores | None:
    """The best scores of the class with this hash, as a candidate, else as a baseline."""
    if db is None:
        return None
    found = [
        found
        for found in layer.found
        if found.candidate.mean_score is not None and found.candidate.class_sha256 == sha256
    ]
    if found:
        best = max(found, key=lambda found: found.candidate.mean_score or 0.0)
        name = f"Candidate {best.candidate.number} of the run {best.run}"
        return _scores(db, best.run, name, layer.digest, (_entry(best.candidate),))
    for run, entry in measured(db, layer.digest):
        if entry.class_sha256 == sha256:
            return _scores(db, run, f"The baseline {entry.name} of the run {run}", layer.digest)
    return None


def _scores(
    db: ResultsDB, run: str, name: str, digest: str, entries: tuple[Entry, ...] = ()
) -> Scores:
    record = db.run(run)
    groups = int(record.config["evaluation"]["groups"])
    again = "".join(f" Reranked: {each}." for each in reranked(db, digest) if each.run == run)
    again = again.replace("±", "+/-")  # headers are ASCII
    where = f"{name}, scored with groups={groups}.{again}"
    baselines = leaderboard(db, run, 0).baselines
    return Scores(run, where, anchors_of(record), (*entries, *baselines))


def _entry(candidate: CandidateRecord) -> Entry:
    return Entry(
        name="this layer",
        number=candidate.number,
        digest=candidate.digest or "",
        text=candidate.text,
        verdict=candidate.verdict,
        reason="",
        scores=candidate.scores,
        mean=candidate.mean_score,
    )


def rows(scores: Scores) -> list[tuple[str, ...]]:
    """A row for each layer: name, its score on each anchor and their mean, why it was rejected."""
    return [
        (
            entry.name,
            *(
                "-" if cell is None else f"{cell:.3f}"
                for cell in (*map(entry.scores.get, scores.anchors), entry.mean)
            ),
            f"rejected: {verdict_word(entry.verdict)}" if entry.rejected else "",
        )
        for entry in scores.entries
    ]


def _lines(scores: Scores) -> list[str]:
    width = max(len(entry.name) for entry in scores.entries) + 2
    heads = (*scores.anchors, "mean")
    lines = [
        "Search scores (validation accuracy after one short training each, one seed: noisy):",
        "",
        f"    {'':{width}}" + "".join(f"{head:>11}" for head in heads),
    ]
    for name, *cells, rejected in rows(scores):
        numbers = "".join(f"{cell:>11}" for cell in cells)
        lines.append(f"    {name:{width}}{numbers}  {rejected}".rstrip())
    return lines
