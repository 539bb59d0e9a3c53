"""The progress of a search, on a terminal and elsewhere."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from evonas.cli.display import LiveDisplay, PlainDisplay, make_display, plain_line
from evonas.cli.words import duration, percent, share
from evonas.progress import Progress

SOME = Progress(
    phase="search",
    run="one",
    committed=60,
    budget=200,
    baselines=6,
    verdicts={"low_quality": 31, "scored": 12, "unstable": 17},
    refused={"no path": 400, "stack": 3000},
    attempts=3460,
    best={"resnet": 0.75, "vit": 0.5},
    best_text="a = x * v1\na / std[bs](a)",
    hypervolume=0.25,
    busy=2,
    workers=2,
    elapsed=125.0,
    rate=0.48,
    time_left=290.0,
)


def console(*, terminal: bool, width: int = 80, **options: object) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, **options)  # type: ignore[arg-type]


def text_of(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_a_plain_line_holds_everything() -> None:
    assert plain_line(SOME) == (
        "search 60/200 | 12 scored, 17 unstable, 31 low quality | 3,460 attempts, 3,400 refused"
        " | best resnet 0.750 vit 0.500 | 0.48/s, 2/2 busy | 2:05 | 4:50 left"
    )


def test_while_workers_start_no_baselines_are_named() -> None:
    starting = replace(SOME, phase="starting", elapsed=5.0)
    assert plain_line(starting) == "starting the workers | 0:05"
    shown = console(terminal=False)
    display = LiveDisplay(shown, lambda: False)
    display.report(starting)
    shown.print(display.draw())
    assert "starting the workers" in text_of(shown)
    assert "busy" not in text_of(shown)


def test_plain_lines_come_every_few_seconds_and_with_each_phase() -> None:
    shown = console(terminal=False)
    with PlainDisplay(shown) as display:
        for committed in (1, 2, 3):
            display.report(replace(SOME, committed=committed))
        display.report(replace(SOME, phase="done", committed=200))
    lines = text_of(shown).splitlines()
    assert [line.split(" |")[0] for line in lines] == ["search 1/200", "done 200/200"]


def test_the_display_suits_the_console() -> None:
    assert isinstance(make_display(console(terminal=False), bool), PlainDisplay)
    assert isinstance(make_display(console(terminal=True), bool), LiveDisplay)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_live_display_shows_the_funnel(width: int) -> None:
    shown = console(terminal=False, width=width)
    display = LiveDisplay(shown, lambda: False)
    display.report(SOME)
    shown.print(display.draw())
    words = " ".join(text_of(shown).split())
    for part in ("60 of 200", "scored 12", "low quality 31", "stack 87%", "resnet 0.750", "2:05"):
        assert part in words
    assert max(map(len, text_of(shown).splitlines())) <= width


def test_the_live_display_says_that_it_drains() -> None:
    shown = console(terminal=False)
    draining = False
    display = LiveDisplay(shown, lambda: draining)
    shown.print(display.draw())
    display.report(SOME)
    draining = True
    shown.print(display.draw())
    assert "Ctrl-C again stops at once" in text_of(shown)


def test_live_and_without_colour() -> None:
    shown = console(terminal=True, no_color=True)
    with LiveDisplay(shown, lambda: False) as display:
        display.report(replace(SOME, phase="done"))
    assert "60 of 200" in text_of(shown)
    assert "\x1b[36m" not in text_of(shown)


def test_numbers_for_people() -> None:
    assert [duration(s) for s in (0, 42.9, 725, 11229)] == ["0:00", "0:42", "12:05", "3:07:09"]
    assert [percent(*p) for p in ((0, 0), (1, 1000), (1, 3))] == ["0%", "<1%", "33%"]
    assert [share(*p) for p in ((999, 1000), (1, 2), (1, 1000))] == ["99.9%", "50%", "0.1%"]
