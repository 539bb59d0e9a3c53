"""A rerank as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from evonas.cli.options import Format
from evonas.cli.output import Column, emit, number, print_table, stdout
from evonas.cli.words import formula
from evonas.paired import LEVEL
from evonas.standings import (
    Comparison,
    Standing,
    anchors_of,
    best,
    comparisons,
    references,
    standings,
    title,
)
from results_db.records import RerankRecord
from search_spaces.errors import counted


def show_rerank(record: RerankRecord, format: Format) -> None:
    """Write the listing; as a table, what it means too, and the best layer's comparisons."""
    if format is not Format.TABLE:
        _emit_plain(record, format)
        return
    compared, chosen = comparisons(record), best(record)
    _print_layers(record, compared, chosen)
    console = stdout()
    if chosen is None:
        console.print("\nNo layer found was tested on every anchor.")
    else:
        _print_best(record, chosen, [c for c in compared if c.layer == chosen.layer])
    console.print()
    for line in _explanation(record, len(compared)):
        console.print(Text(line, style="dim"))


def _print_layers(
    record: RerankRecord, compared: Sequence[Comparison], chosen: Standing | None
) -> None:
    anchors, layers = anchors_of(record), standings(record)
    failed = any(standing.failures for standing in layers)
    rows: list[dict[str, Any]] = []
    for standing, following in zip(layers, [*layers[1:], None], strict=True):
        layer = standing.layer
        own = [c for c in compared if c.layer == layer]
        row: dict[str, Any] = {
            "name": title(layer),
            "text": formula(layer.text),
            "mean": None if standing.mean is None else str(standing.mean),
            "better": references([c for c in own if c.is_better], anchors),
            "worse": references([c for c in own if c.is_worse], anchors),
            "failures": "; ".join(standing.failures),
            "section": following is not None and following.layer.kind != layer.kind,
            "style": "bold" if chosen is not None and chosen.layer == layer else None,
        }
        for anchor in anchors:
            test, rate = standing.tests.get(anchor), layer.results[anchor].rate
            row[anchor] = "failed" if test is None else f"{test} x{rate:g}"
        rows.append(row)
    columns = [
        Column("name", "layer"),
        Column("text", "formula", fold=True),
        *map(number, anchors),
        number("mean"),
        Column("better", "better than", fold=True),
        Column("worse", "worse than", fold=True),
        Column("failures", "failed", fold=True, table=failed),
    ]
    print_table(columns, rows, record.run)


def _print_best(record: RerankRecord, chosen: Standing, compared: Sequence[Comparison]) -> None:
    """The difference of the best layer to every reference, on each anchor."""
    anchors = anchors_of(record)
    rows: dict[str, dict[str, Any]] = {}
    for comparison in compared:
        difference = comparison.difference
        half = "" if difference.half is None else f" ± {difference.half:.3f}"
        mark = " *" if comparison.is_significant else "  "
        row = rows.setdefault(comparison.reference.name, {"name": comparison.reference.name})
        row[comparison.anchor] = f"{difference.mean:+.3f}{half}{mark}"
    if not rows:
        return
    stdout().print(Text(f"\n{title(chosen.layer)}, the best by validation", style="bold"))
    columns = [Column("name", "minus"), *map(number, anchors)]
    print_table(columns, list(rows.values()))


def _explanation(record: RerankRecord, compared: int) -> list[str]:
    settings = record.settings
    rates = ", ".join(f"x{rate:g}" for rate in settings["rates"])
    others = counted(settings["rate_seeds"], "other seed")
    return [
        f"Test accuracy: mean over {settings['seeds']} seeds ± half of the 95 % interval "
        "(Student's t). The intervals speak of seeds (weights, batches), not of other data.",
        f"The rate of each layer is the best of {rates} by validation accuracy, on "
        f"{others}. So is the order, but what failed comes last: no test accuracy had a say in it.",
        f"Better, worse, *: paired t-test over the seeds, {counted(compared, 'comparison')}, "
        f"Holm's correction, level {LEVEL:g}.",
    ]


def _emit_plain(record: RerankRecord, format: Format) -> None:
    anchors, compared, chosen = anchors_of(record), comparisons(record), best(record)
    rows: list[dict[str, Any]] = []
    for place, standing in enumerate(standings(record), 1):
        layer = standing.layer
        row: dict[str, Any] = {
            "place": place,
            "name": layer.name,
            "kind": layer.kind,
            "number": layer.number,
            "best": chosen is not None and chosen.layer == layer,
            "digest": layer.digest,
            "text": layer.text,
            "validation": standing.validation,
            "mean": None if standing.mean is None else standing.mean.mean,
            "mean half": None if standing.mean is None else standing.mean.half,
        }
        for anchor in anchors:
            test, result = standing.tests.get(anchor), layer.results[anchor]
            row[anchor] = None if test is None else test.mean
            row[f"{anchor} half"] = None if test is None else test.half
            row[f"{anchor} rate"] = result.rate
            row[f"{anchor} failure"] = result.failure
        if format is Format.JSON:
            row["test"] = {anchor: layer.results[anchor].test for anchor in anchors}
            row["failed rates"] = {a: layer.results[a].failed_rates for a in anchors}
            row["comparisons"] = [_plain(c) for c in compared if c.layer == layer]
        rows.append(row)
    nested = ("test", "failed rates", "comparisons")
    emit([Column(key) for key in rows[0] if key not in nested] if rows else [], rows, format)


def _plain(comparison: Comparison) -> dict[str, Any]:
    return {
        "reference": comparison.reference.name,
        "anchor": comparison.anchor,
        "difference": comparison.difference.mean,
        "half": comparison.difference.half,
        "p": comparison.p,
        "adjusted p": comparison.adjusted,
        "significant": comparison.is_significant,
    }
