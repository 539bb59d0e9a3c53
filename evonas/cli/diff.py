"""`evonas diff`: what changed from one layer to another, and what that did to the scores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, PrimitiveOption

if TYPE_CHECKING:
    from evonas.layers import Layer
    from results_db.store import ResultsDB

_LAYER = "A digest prefix, a text form, a zoo name, or an exported file."


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=_LAYER)],
    b: Annotated[str, typer.Argument(metavar="B", help=_LAYER)],
    primitive: PrimitiveOption = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show what changed from layer A to layer B: values, properties, scores of a run with both.

    The changes are the fewest that lead from one simplified graph to the other.
    """
    from evonas.cli.output import Column, emit
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_if_any
    from evonas.layers import resolve

    register(primitive)
    with database_if_any(db) as results:
        facts = diff_facts(resolve(a, results), resolve(b, results), results)
    match format:
        case Format.JSON:
            print(json.dumps(facts, indent=2))
        case Format.CSV:
            emit(list(map(Column, ("part", "name", "a", "b", "change"))), _flat(facts), format)
        case Format.TABLE:
            _print(facts)


def diff_facts(one: Layer, other: Layer, db: ResultsDB | None) -> dict[str, Any]:
    """The differences of two layers, JSON-able; `scores` is None unless a run has both."""
    from dataclasses import asdict

    from evonas.cli.property_words import property_facts
    from evonas.difference import changes, compared
    from evonas.layers import one_line
    from search_spaces.edit_distance import edits

    found = edits(one.graph, other.graph)
    left, right = (_properties(property_facts(layer.graph)) for layer in (one, other))
    scored = compared(one, other, db) if db else None
    return {
        "a": {"name": one.name, "text": one_line(one.text), "digest": one.digest},
        "b": {"name": other.name, "text": one_line(other.text), "digest": other.digest},
        "distance": found.distance,
        "is_least": found.is_least,
        "changes": [asdict(change) for change in changes(found)],
        "properties": [
            {"property": name, "a": left.get(name), "b": right.get(name)}
            for name in dict.fromkeys((*left, *right))
            if left.get(name) != right.get(name)
        ],
        "scores": _scores(*scored) if scored else None,
    }


def _properties(facts: dict[str, Any]) -> dict[str, str]:
    """In words, each number of the cost by itself."""
    from evonas.cli.property_words import property_lines

    lines = {name: words for name, words in property_lines(facts) if name not in ("", "cost")}
    return {**lines, **{f"cost: {name}": str(value) for name, value in facts["cost"].items()}}


def _scores(one: Any, other: Any) -> dict[str, Any]:
    both = [anchor for anchor in one.scores if anchor in other.scores]
    rows = [
        {
            "anchor": anchor,
            "a": one.scores[anchor],
            "b": other.scores[anchor],
            "change": other.scores[anchor] - one.scores[anchor],
        }
        for anchor in both
    ]
    return {"run": one.run, "a": one.name, "b": other.name, "anchors": rows}


def _flat(facts: dict[str, Any]) -> list[dict[str, Any]]:
    changed = [
        {"part": "value", "name": c["kind"], "a": c["before"], "b": c["after"]}
        for c in facts["changes"]
    ]
    properties = [
        {"part": "property", "name": p["property"], "a": p["a"], "b": p["b"]}
        for p in facts["properties"]
    ]
    scores = [
        {**row, "part": "score", "name": row["anchor"]}
        for row in (facts["scores"] or {"anchors": ()})["anchors"]
    ]
    distance = {"part": "distance", "name": "edits", "change": facts["distance"]}
    return [distance, *changed, *properties, *scores]


def _print(facts: dict[str, Any]) -> None:
    from rich.text import Text

    from evonas.cli.output import Column, number, print_table, stdout
    from evonas.cli.words import formula
    from search_spaces.errors import counted

    console, a, b = stdout(), facts["a"], facts["b"]
    console.print()
    for side, layer in (("A", a), ("B", b)):
        named = Text.assemble((f"{side}  ", "dim"), (layer["name"], "bold"), "  ")
        console.print(named.append_text(formula(layer["text"])), soft_wrap=True)
    if not facts["distance"]:
        console.print("\nThe same layer: their simplified graphs are equal.")
        return
    count, most = facts["distance"], "" if facts["is_least"] else "at most "
    edits = f"{most}{counted(count, 'edit')} of values and inputs"
    console.print(f"\n{edits} (graph edit distance)\n")
    rows = [
        {**c, "before": _part(c["before"]), "after": _part(c["after"])} for c in facts["changes"]
    ]
    columns = [Column("kind", "change"), Column("before", "in A", fold=True)]
    print_table([*columns, Column("after", "in B", fold=True)], rows)
    if facts["properties"]:
        console.print()
        columns = [Column("property"), Column("a", "A", fold=True), Column("b", "B", fold=True)]
        print_table(columns, facts["properties"])
    console.print()
    scores = facts["scores"]
    if scores is None:
        console.print("No run in this database has scored both.", style="dim")
        return
    said = f"run {scores['run']}: A is {_place(scores['a'])}, B is {_place(scores['b'])}"
    rows = [{**row, "change": f"{row['change']:+.3f}"} for row in scores["anchors"]]
    console.print(said, markup=False)
    print_table([Column("anchor"), number("a", "A"), number("b", "B"), number("change")], rows)
    console.print(
        "Search scores from one seed: differences of a few hundredths are noise.", style="dim"
    )


def _part(text: str | None) -> Any:
    from evonas.cli.words import formula

    return None if text is None else formula(text)


def _place(name: str) -> str:
    return name if name.startswith("candidate ") else f"the baseline {name}"
