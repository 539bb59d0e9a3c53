"""`evonas score`: proxy training of any layer beside the baselines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Address,
    ConfigFile,
    Database,
    Format,
    FormatOption,
    Preset,
    Settings,
    Workers,
    check_pool,
)

if TYPE_CHECKING:
    from evonas.intervals import Interval
    from evonas.scoring import LayerScores, Subject
    from results_db.records import EvaluationRecord


def score(
    layers: Annotated[
        list[str],
        typer.Argument(
            metavar="LAYER...",
            help="A zoo name, a text form such as 'max(x, 0)', a digest prefix, an exported file, "
            "or a class of your own as my_package.my_module:MyNorm. It is called as "
            "MyNorm(num_features), or MyNorm(num_features, apply_act=...) if it names that; its "
            "layers take images (B, C, H, W) and tokens (B, T, C) and return the same shape.",
        ),
    ],
    preset: Preset = "quick",
    config: ConfigFile = None,
    set_: Settings = None,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Trainings of each layer on each anchor.")
    ] = 3,
    baselines: Annotated[
        bool, typer.Option(help="Whether to score the preset's baselines too.")
    ] = True,
    workers: Workers = None,
    address: Address = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Train layers on every anchor, beside the baselines: mean scores and 95 % intervals.

    Evaluations that the database holds under the same settings are not repeated; new ones are
    stored in it as they end: after Ctrl-C the same command goes on. A layer that a protocol rejects
    is trained to the end all the same.
    """
    check_pool(workers, address)
    from evonas.cli.interrupts import stored_as_they_end
    from evonas.cli.output import emit, stderr
    from evonas.cli.running import open_pool
    from evonas.config import load_config
    from evonas.scoring import score_layers, subjects
    from results_db.store import ResultsDB
    from workers.preparation import prepare

    settings = load_config(preset, config, set_ or ())
    console = stderr()

    def report(
        subject: Subject, seed: int, outcome: EvaluationRecord | str, done: int, total: int
    ) -> None:
        console.print(progress(subject, seed, outcome, done, total), markup=False)

    with stored_as_they_end(console.print), ResultsDB.open(db) as results:
        wanted = subjects(layers, settings, results, baselines=baselines)
        prepare(settings.evaluation)
        with open_pool(workers, address, console.print) as pool:
            scores = score_layers(wanted, settings.evaluation, seeds, pool, results, report)
    anchors = [anchor.name for anchor in settings.evaluation.anchors]
    columns, rows = _listing(scores, anchors, seeds, format)
    emit(columns, rows, format)
    if format is Format.TABLE:
        for line in _notes(scores, anchors, seeds):
            console.print(line, markup=False, style="dim")
    if any(layer.failures for layer in scores):
        raise typer.Exit(1)


def progress(
    subject: Subject, seed: int, outcome: EvaluationRecord | str, done: int, total: int
) -> str:
    """One line on one finished evaluation."""
    head = f"[{done}/{total}] {subject.name}, seed {seed}: "
    if isinstance(outcome, str):
        return head + outcome
    numbers = ", ".join(f"{anchor} {value:.3f}" for anchor, value in outcome.scores.items())
    return f"{head}{numbers or outcome.reason} ({outcome.seconds:.1f} s)"


def _notes(scores: list[LayerScores], anchors: list[str], seeds: int) -> Iterator[str]:
    """What the numbers are, and what they are not."""
    if seeds > 1:
        yield f"mean over {seeds} seeds ± half of the 95 % interval (Student's t)"
    if any(0 < len(layer.values(anchor)) < seeds for layer in scores for anchor in anchors):
        yield (
            f"(1 of {seeds}): the seeds that have a score. On the others the training diverged or "
            "the machine failed, so the mean is of the lucky ones."
        )
    searched = [layer.subject.name for layer in scores if layer.searched]
    if searched:
        yield (
            f"A search scored {', '.join(searched)} on seed 0: what it chose it chose for luck on "
            "that seed, too."
        )


def _cell(mean: Interval | None, count: int, seeds: int) -> str | None:
    """Mean and interval, and the number of seeds if some have no score."""
    return None if mean is None else f"{mean}" if count == seeds else f"{mean} ({count} of {seeds})"


def _listing(
    scores: list[LayerScores], anchors: list[str], seeds: int, format: Format
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Columns and rows: the layers given first, each part with the best mean first, below them
    those that protocols reject on most seeds.
    """
    from evonas.cli.output import Column, number
    from evonas.cli.words import formula, verdict_counts
    from evonas.intervals import interval
    from results_db.records import REJECTED
    from workers.verdict import verdict_word

    def mean_of(layer: LayerScores) -> float:
        mean = layer.mean(anchors)
        return mean.mean if mean is not None else -1.0

    def is_rejected(layer: LayerScores) -> bool:
        return 2 * sum(layer.verdicts[verdict] for verdict in REJECTED) > seeds

    def place(layer: LayerScores) -> tuple[bool, bool, float]:
        return layer.subject.is_baseline, is_rejected(layer), -mean_of(layer)

    ordered = sorted(scores, key=place)
    last_given = sum(not layer.subject.is_baseline for layer in ordered) - 1
    rows: list[dict[str, Any]] = []
    for row_number, layer in enumerate(ordered):
        subject, verdicts = layer.subject, verdict_counts(layer.verdicts)
        values = {anchor: layer.values(anchor) for anchor in anchors}
        values["mean"] = layer.means(anchors)
        means = {name: (interval(of_seeds), len(of_seeds)) for name, of_seeds in values.items()}
        row: dict[str, Any] = {"name": subject.name, "text": subject.text, "reason": layer.reason}
        if format is Format.TABLE:
            words = ", ".join(f"{count} {verdict_word(verdict)}" for verdict, count in verdicts)
            row |= {name: _cell(*mean, seeds) for name, mean in means.items()}
            row |= {
                "text": formula(subject.text),
                "verdicts": words,
                "section": row_number == last_given < len(ordered) - 1,
            }
        else:
            row |= {
                "baseline": subject.is_baseline,
                "digest": subject.digest,
                "verdicts": ", ".join(f"{count} {verdict}" for verdict, count in verdicts),
            }
            for name, (mean, count) in means.items():
                row[name] = None if mean is None else mean.mean
                row[f"{name} half"] = None if mean is None else mean.half
                row[f"{name} seeds"] = count
            if format is Format.JSON:
                row["seeds"] = {anchor: layer.values(anchor) for anchor in anchors}
        rows.append(row)
    names = [*anchors, "mean"]
    if format is Format.TABLE:
        columns = [Column("name", "layer", style="bold"), Column("text", "formula", fold=True)]
        columns += [*map(number, names), Column("verdicts"), Column("reason", fold=True)]
        return columns, rows
    plain = ["name", "text", "baseline", "digest", "verdicts", "reason"]
    of_each = [f"{name}{part}" for name in names for part in ("", " half", " seeds")]
    return [Column(key) for key in (*plain, *of_each)], rows
