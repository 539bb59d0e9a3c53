"""`evonas status`: where the candidates of a run ended, how fast it goes, and its best layers."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run

if TYPE_CHECKING:
    from results_db.store import ResultsDB

_RECENT = 50  # candidates that the speed is taken from
_WATCH_EVERY = 3.0  # seconds


def status(
    run: Run = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it again every few seconds.")
    ] = False,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show where the attempts and candidates of a run ended, and how many pass each protocol.

    --watch only reads, and ends when the run does or at Ctrl-C; the search is not disturbed.
    """
    from evonas.cli.output import Column, emit, number
    from evonas.runs import latest
    from results_db.store import ResultsDB

    if watch and format is not Format.TABLE:
        raise typer.BadParameter(
            "--watch shows tables; leave one of them out", param_hint="--watch"
        )
    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        if watch:
            _watch(results, name)
            return
        facts = run_status(results, name)
        match format:
            case Format.JSON:
                print(json.dumps(facts, indent=2))
            case Format.CSV:
                emit([Column("part"), Column("name"), number("count")], _flat(facts), format)
            case Format.TABLE:
                _print(results, facts)


def _watch(db: ResultsDB, name: str) -> None:
    from evonas.cli.output import stdout

    while True:
        facts = run_status(db, name)
        stdout().clear()
        _print(db, facts)
        if facts["state"] != "running":
            return
        time.sleep(_WATCH_EVERY)


def run_status(db: ResultsDB, name: str) -> dict[str, Any]:
    """The figures of a run, JSON-able; `per_second` is None until two candidates are committed."""
    from evonas.audit_report import audit_report
    from evonas.cli.words import counts, verdict_counts
    from evonas.funnel import stages
    from evonas.remarks import remarks
    from evonas.runs import requirements_of, space_name

    run, funnel, committed = db.run(name), db.funnel(name), db.count(name)
    recent = [row.committed_at for row in db.candidates(name, first=max(0, committed - _RECENT))]
    first, last = (recent[0] or 0.0, recent[-1] or 0.0) if len(recent) > 1 else (0.0, 0.0)
    return {
        "run": name,
        "state": run.state,
        "space": space_name(run),
        "requirements": list(requirements_of(run)),
        "seed": run.seed,
        "committed": committed,
        "budget": run.budget,
        "attempts": funnel.attempts,
        "attempts_per_candidate": funnel.attempts / max(1, funnel.candidates)
        if committed
        else None,
        "cached": funnel.cached,
        "repeated": dict(verdict_counts(funnel.repeated)),
        "refused": dict(counts(funnel.refused)),
        "verdicts": dict(verdict_counts(funnel.verdicts)),
        "stages": [
            {"name": stage.name, "asked": stage.asked, "passed": stage.passed}
            for stage in stages(db, name)
        ],
        "audit": [asdict(line) for line in audit_report(db, name).lines if line.followed],
        "hardware": list(run.hardware),
        "remarks": remarks(db, name),
        "per_second": (len(recent) - 1) / (last - first) if last > first else None,
    }


def _print(db: ResultsDB, facts: dict[str, Any]) -> None:
    from rich.text import Text

    from evonas.audit_report import audit_report
    from evonas.cli.audit import print_audit
    from evonas.cli.next_commands import resume_command
    from evonas.cli.output import Column, number, print_table, stdout
    from evonas.cli.summary import board_columns, board_rows
    from evonas.cli.words import percent, share, verdict_text
    from evonas.evolution import INTERRUPTED
    from evonas.leaderboard import leaderboard
    from results_db.records import NOT_STARTED
    from search_spaces.errors import counted
    from workers.verdict import verdict_word

    console, attempts, committed = stdout(), facts["attempts"], facts["committed"]
    speed = f", {facts['per_second']:.2f} candidates/s lately" if facts["per_second"] else ""
    required = "".join(f", {name}" for name in facts["requirements"])
    required = f"; required: {required[2:]}" if required else ""
    of_all = counted(committed, "candidate")
    if facts["budget"]:
        of_all = f"{committed:,} of {counted(facts['budget'], 'candidate')}"
    console.print(
        Text.assemble(
            (facts["run"], "bold"),
            f"  {facts['state']}, {of_all}{speed}",
            (f"\nspace {facts['space']}, seed {facts['seed']}{required}", "dim"),
        )
    )
    if facts["state"] in (NOT_STARTED, INTERRUPTED) and committed < (facts["budget"] or 0):
        primitives = db.run(facts["run"]).config.get("primitives", ())
        command = resume_command(db, facts["run"], primitives)
        console.print(Text(f"go on with: {command}", "dim"), soft_wrap=True)
    if not committed:
        console.print("\nNo candidate is committed yet.")
        return
    line = (
        f"{counted(attempts, 'attempt')}, {facts['attempts_per_candidate']:,.0f} for each candidate"
    )
    console.print(Text(f"\n{line}"))
    if facts["repeated"]:
        ended = ", ".join(f"{n:,} {verdict_word(v)}" for v, n in facts["repeated"].items())
        total = sum(facts["repeated"].values())
        console.print(Text(f"{total:,} of the budget for further seeds of candidates: {ended}"))
    console.print()
    checks: list[dict[str, Any]] = [
        {"name": name, "count": n, "share": share(n, attempts)}
        for name, n in facts["refused"].items()
    ]
    new = committed - sum(facts["repeated"].values())
    passed = attempts - sum(facts["refused"].values())
    checks.append(
        {"name": Text("passed", "green"), "count": passed, "share": share(passed, attempts)}
    )
    verdicts = [
        {"name": verdict_text(v), "count": n, "share": percent(n, new)}
        for v, n in facts["verdicts"].items()
    ]
    for title, of, rows in (
        ("refused by check", "attempts", checks),
        ("verdict", "candidates", verdicts),
    ):
        columns = [Column("name", title), number("count"), number("share", f"of {of}")]
        print_table(columns, rows)
        console.print()
    asked = [
        {**stage, "share": percent(stage["passed"], stage["asked"])} for stage in facts["stages"]
    ]
    asked[-1]["style"] = "bold"
    columns = [
        Column("name", "protocol"),
        number("asked"),
        number("passed"),
        number("share", "of those asked"),
    ]
    print_table(columns, asked)
    if facts["audit"]:
        console.print()
        print_audit(audit_report(db, facts["run"]))
    board = leaderboard(db, facts["run"], 3)
    if board.found:
        console.print()
        print_table(board_columns(board), board_rows(board))
    for remark in facts["remarks"]:
        console.print(Text(f"\n{remark}", "yellow"))


def _flat(facts: dict[str, Any]) -> list[dict[str, Any]]:
    scalars = [
        {"part": "run", "name": k, "count": v}
        for k, v in facts.items()
        if not isinstance(v, dict | list)
    ]
    counted = [
        {"part": part, "name": name, "count": n}
        for part in ("refused", "verdicts", "repeated")
        for name, n in facts[part].items()
    ]
    passed = [
        {"part": f"stage {what}", "name": stage["name"], "count": stage[what]}
        for stage in facts["stages"]
        for what in ("asked", "passed")
    ]
    audited = [
        {"part": f"audit {what}", "name": line["check"], "count": line[what]}
        for line in facts["audit"]
        for what in ("followed", "passed", "false", "low", "high")
    ]
    machines = [{"part": "hardware", "name": name} for name in facts["hardware"]]
    required = [{"part": "required", "name": name} for name in facts["requirements"]]
    said = [{"part": "remark", "name": remark} for remark in facts["remarks"]]
    return [*scalars, *required, *machines, *counted, *passed, *audited, *said]
