"""`evonas audit`: how often each check of a run throws out a layer that would have done well."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run

if TYPE_CHECKING:
    from evonas.audit_report import AuditReport, Followed


def audit(
    run: Run = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="List every layer that was followed.")
    ] = False,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show the rejection audit of a run: false rejections of each screen and protocol.

    A search with --set audit.share=0.01 trains that share of the different layers that each check
    throws out to the end all the same. They cost time, no budget, and change nothing in the search.
    A false rejection passes every later protocol and scores, on average over the anchors, at least
    as much as the worst baseline that the protocols accept.
    """
    from evonas.audit_report import audit_report
    from evonas.cli.output import Column, emit, stderr
    from evonas.cli.stored import database_option
    from evonas.runs import latest
    from results_db.store import ResultsDB
    from search_spaces.errors import counted

    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        report = audit_report(results, name)
        where = database_option(results)
    rows = [_layer(f) for f in report.layers] if layers else [asdict(x) for x in report.lines]
    if not report.share and not report.layers:
        stderr().print(
            f"run {name} has no audit; start one with `evonas search --set audit.share=0.01`",
            markup=False,
        )
    elif format is Format.TABLE and not layers:
        print_audit(report)
        waiting = sum(line.waiting for line in report.lines)
        if waiting:
            stderr().print(
                f"{counted(waiting, 'layer')} to be trained yet; `evonas resume {name}{where}` "
                "goes on with it",
                markup=False,
                soft_wrap=True,
            )
    if format is Format.JSON:
        facts = {"run": name, "share": report.share, "bar": report.bar, "bar_of": report.bar_of}
        print(json.dumps({**facts, "seconds": report.seconds, "rows": rows}, indent=2))
    elif format is Format.CSV or layers:
        emit([Column(key) for key in (rows[0] if rows else ())], rows, format, title=name)


def print_audit(report: AuditReport) -> None:
    """The table of checks, and what its words mean, on standard output."""
    from rich.text import Text

    from evonas.cli.output import Column, number, print_table, stdout

    columns = [
        Column("check", "audit of the check"),
        number("refused", "thrown out"),
        number("followed"),
        number("passed", "passed the rest"),
        number("false", "good"),
        number("rate", "false rejections"),
        Column("interval", "95 % interval"),
    ]
    rows = [
        {
            **asdict(line),
            "rate": None if line.rate is None else f"{100 * line.rate:.1f}%",
            "interval": None
            if line.low is None or line.high is None
            else f"{100 * line.low:.1f} to {100 * line.high:.1f}%",
        }
        for line in report.lines
    ]
    print_table(columns, rows)
    console = stdout()
    bar = "no bar yet" if report.bar is None else f"{report.bar:.3f}, {report.bar_of}"
    waiting = sum(line.waiting for line in report.lines)
    failed = sum(line.failed for line in report.lines)
    further = f", {waiting} to be trained yet" if waiting else ""
    further += f", {failed} failed on the machine" if failed else ""
    console.print(
        Text(
            f"good: passes every later protocol, mean score at least {bar}; of different layers, "
            f"{100 * report.share:g}% followed in {report.seconds:.0f} s of workers{further}",
            "dim",
        ),
        soft_wrap=True,
    )


def _layer(followed: Followed) -> dict[str, Any]:
    layer, evaluation = followed.layer, followed.evaluation
    return {
        "number": layer.number,
        "digest": layer.digest,
        "text": layer.text.replace("\n", "; "),
        "check": layer.failed,
        "verdict": evaluation.verdict if evaluation else layer.failure or "waiting",
        "further": ", ".join(evaluation.further) if evaluation else "",
        "reason": evaluation.reason if evaluation else "",
        "mean": followed.mean,
        "passed": followed.passed,
        "good": followed.is_false,
    }
