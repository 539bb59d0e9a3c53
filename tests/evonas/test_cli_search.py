"""`evonas search` and `evonas resume`, with the loop itself replaced."""

from __future__ import annotations

import signal
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evonas.config import RunConfig, config_from_dict, load_config
from evonas.config_sections import EvolutionConfig
from evonas.evolution import Stop
from evonas.progress import Progress
from results_db import ResultsDB
from results_db.records import AuditedRecord, CandidateRecord
from tests.evonas.command_line import run, succeed
from tests.evonas.small_database import HISTORY, RUN

URL = "sqlite:///evonas.db"
Body = Callable[[Stop], None]


class FakeLoop:
    """Stands in for run_search: commits the small history, then does what a test asks."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.budgets: list[int | None] = []
        self.minutes: list[float | None] = []
        self.body: Body = lambda stop: None
        self.state = "finished"
        self.rows: Sequence[CandidateRecord] = HISTORY
        self.audited: Sequence[AuditedRecord] = ()

    def __call__(
        self,
        db: ResultsDB,
        run: str,
        pool: object,
        *,
        report: Callable[[Progress], None],
        stop: Stop,
    ) -> str:
        self.runs.append(run)
        self.budgets.append(db.run(run).budget)
        self.minutes.append(config_from_dict(db.run(run).config).max_minutes)
        with db.writer(run) as writer:
            if not db.count(run):
                writer.commit(self.rows, self.audited)
            report(progress(run))
            try:
                self.body(stop)
            finally:
                writer.set_state("interrupted")
            state = "interrupted" if stop.drain else self.state
            writer.set_state(state)
        return state


def progress(run: str) -> Progress:
    return Progress(
        "search", run, 6, 20, 6, {"scored": 2, "unstable": 2}, {"stack": 36}, 60,
        {"resnet": 0.75}, "x / std[bs](x)", 0.25, 1, 1, 61.0, 0.1, 140.0,
    )  # fmt: skip


@pytest.fixture
def loop(here: Path, monkeypatch: pytest.MonkeyPatch) -> FakeLoop:
    fake = FakeLoop()
    monkeypatch.setattr("evonas.cli.running.run_search", fake)
    return fake


def search(*arguments: str) -> str:
    return succeed("search", "--workers", "0", *arguments)


def test_print_config_is_a_run_file(here: Path) -> None:
    shown = succeed("search", "--print-config", "--set", "evolution.lag=4", "--max-time", "90s")
    assert not list(here.iterdir())
    Path("run.toml").write_text(shown)
    expected = load_config("quick", overrides=["evolution.lag=4", "max_minutes=1.5"])
    assert config_from_dict(tomllib.loads(shown)) == expected
    assert load_config("quick", Path("run.toml")) == expected
    assert succeed("search", "run.toml", "--print-config") == shown


def test_print_config_has_every_key(here: Path) -> None:
    shown = succeed("search", "--print-config").splitlines()
    assert "# time_limit is not set" in shown
    for section in (RunConfig, EvolutionConfig):
        for name, field in section.model_fields.items():
            if field.annotation in (int, float, str, float | None):
                assert [line for line in shown if line.startswith((f"{name} =", f"# {name} is"))]
    assert shown.count("# warmup is not set") == 3  # of the anchors, none has its own


@pytest.mark.parametrize("name", [["--name", "one"], []])
def test_no_run_is_left_behind_if_the_workers_do_not_start(here: Path, name: list[str]) -> None:
    result = run("search", "--address", "127.0.0.1:1", "--workers", "1", *name)
    assert result.exit_code == 1
    assert "no Ray cluster answers" in result.stderr
    assert "no runs yet" in run("runs").stderr


def test_a_search_ends_with_table_layer_and_commands(loop: FakeLoop) -> None:
    shown = search("--name", "one", "--budget", "6")
    assert "Run one: finished, 6 of 6 candidates" in shown
    assert str(HISTORY[3].digest)[3:11] in shown
    assert "layers/one/layer.py" in shown
    assert Path("layers/one/layer.py").is_file()
    assert "noise" in shown
    for command in ("evonas top one", "evonas show", "evonas export", "evonas resume one --budget"):
        assert command in shown


def test_a_name_is_made_from_time_and_seed(loop: FakeLoop) -> None:
    search("--seed", "3")
    search("--seed", "3")
    first, second = loop.runs
    assert first.endswith("-s3")
    assert second != first


def test_the_same_command_goes_on(loop: FakeLoop) -> None:
    search("--name", "one", "--budget", "10")
    search("--name", "one", "--budget", "30", "--max-time", "2m")
    assert loop.runs == ["one", "one"]
    assert loop.budgets == [10, 30]
    assert loop.minutes == [load_config("quick").max_minutes, 2]


def test_another_config_under_the_same_name_is_refused(loop: FakeLoop) -> None:
    search("--name", "one")
    result = run("search", "--workers", "0", "--name", "one", "--set", "evolution.lag=4")
    assert result.exit_code == 1
    assert f"evolution.lag: {load_config('quick').evolution.lag} -> 4" in result.stderr
    assert loop.runs == ["one"]


def test_a_space_file_is_read_once_and_its_changes_are_told(loop: FakeLoop) -> None:
    text = 'name = "mine"\ninitial = ["x", "0"]\nprimitives = ["max", "add"]\nnum_nodes = 4\n'
    Path("my.toml").write_text(text)
    given = ("--name", "one", "--space", "my.toml", "--require", "causal, activates")
    search(*given, "--budget", "10")
    Path("my.toml").write_text(text.replace("4", "5"))
    result = run("search", "--workers", "0", *given, "--budget", "10")
    assert result.exit_code == 1
    assert "space.num_nodes: 4 -> 5" in result.stderr
    Path("my.toml").unlink()
    succeed("resume", "one", "--workers", "0", "--budget", "11")
    assert loop.budgets == [10, 11]
    assert "space mine, seed 0; required: causal, activates" in succeed("status", "one")
    assert "mine" in succeed("runs", "--format", "csv")


def test_settings_that_an_older_version_did_not_store_are_no_difference(loop: FakeLoop) -> None:
    search("--name", "one", "--budget", "10")
    with ResultsDB.open(URL) as db:
        config = db.run("one").config
        del config["require"]
        db.set_config("one", config)
    search("--name", "one", "--budget", "10")
    assert loop.runs == ["one", "one"]


def test_a_finished_run_is_shown_and_can_be_raised(loop: FakeLoop) -> None:
    search("--name", "one", "--budget", "6")
    search("--name", "one", "--budget", "6")
    assert loop.runs == ["one"]
    succeed("resume", "--workers", "0", "--budget", "8", "--max-time", "1m")
    assert loop.runs == ["one", "one"]
    assert loop.budgets[-1] == 8
    assert loop.minutes[-1] == 1


def test_resume_takes_the_latest_run(loop: FakeLoop) -> None:
    search("--name", "one")
    search("--name", "two")
    succeed("resume", "--workers", "0")
    assert loop.runs[-1] == "two"
    succeed("resume", "one", "--workers", "0")
    assert loop.runs[-1] == "one"


def test_a_time_limit_is_no_failure(loop: FakeLoop) -> None:
    loop.state = "stopped"
    shown = search("--name", "one", "--budget", "10", "--max-time", "10s")
    assert "stopped at its time limit" in shown
    assert "evonas resume one\n" in "".join(
        line.split("  ")[1] + "\n" for line in shown.splitlines() if "evonas resume" in line
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains(loop: FakeLoop, number: signal.Signals) -> None:
    def interrupted(stop: Stop) -> None:
        signal.raise_signal(number)
        assert stop.drain

    loop.body = interrupted
    before = signal.getsignal(number)
    result = run("search", "--workers", "0", "--name", "one", "--budget", "10")
    assert result.exit_code == 130
    assert "Run one: interrupted, 6 of 10 candidates" in result.stdout
    assert "evonas resume one" in result.stdout
    assert signal.getsignal(number) is before


def test_a_search_that_ends_among_its_baselines_says_what_is_left(loop: FakeLoop) -> None:
    loop.rows = ()
    loop.body = lambda stop: signal.raise_signal(signal.SIGINT)
    result = run("search", "--workers", "0", "--name", "one", "--budget", "10")
    assert result.exit_code == 130
    assert "Run one: interrupted, 0 of 10 candidates" in result.stdout
    assert "6 baselines to be measured yet." in result.stdout
    assert "evonas resume one" in result.stdout
    assert "evonas top" not in result.stdout  # it would show nothing


def audited(number: int) -> AuditedRecord:
    return AuditedRecord(
        digest=f"c1-{number:032x}",
        number=number,
        failed="stack",
        graph_json="{}",
        text="x",
        evaluation_key=f"none {number}",
    )


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("budget", [6, 10])
def test_a_run_whose_audit_is_not_done_says_so_and_how_to_go_on(
    loop: FakeLoop, count: int, budget: int
) -> None:
    loop.audited, loop.state = [audited(number) for number in range(count)], "stopped"
    shown = search("--name", "one", "--budget", str(budget))
    words = " ".join(shown.split())
    assert f"audit has {count} layer{'s' * (count > 1)} to train yet" in words
    spent = budget == 6
    assert ("evonas resume one finish the rejection audit" in words) == spent
    assert f"evonas resume one{' --budget 12' * spent} go on with the search" in words
    told = run("audit", "one").stderr
    assert f"{count} layer{'s' * (count > 1)} to be trained yet; `evonas resume one`" in told
    loop.state = "finished"
    assert "layers/one" in succeed("resume", "one", "--workers", "0")  # and is not refused
    assert loop.runs == ["one", "one"]


def test_the_second_signal_stops_at_once(loop: FakeLoop) -> None:
    def interrupted_twice(stop: Stop) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("went on")

    loop.body = interrupted_twice
    result = run("search", "--workers", "0", "--name", "one", "--budget", "10")
    assert result.exit_code == 130
    assert "evonas resume one" in result.stderr
    with ResultsDB.open(URL) as db:
        assert db.run("one").state == "interrupted"
        assert db.count("one") == 6


def test_a_run_that_is_being_searched_is_refused(loop: FakeLoop) -> None:
    search("--name", "one", "--budget", "10")
    with ResultsDB.open(URL) as db, db.writer("one"):
        result = run("resume", "one", "--workers", "0", "--budget", "99")
        assert db.run("one").budget == 10
    assert result.exit_code == 1
    assert "is being searched by process" in result.stderr
    assert loop.runs == ["one"]


def test_progress_goes_to_standard_error(loop: FakeLoop) -> None:
    result = run("search", "--workers", "0", "--name", "one", "--budget", "20")
    assert "search 6/20" in result.stderr
    assert "best resnet 0.750" in result.stderr
    assert "search 6/20" not in result.stdout
    assert RUN not in result.stdout


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "a b", "", "x" * 101])
def test_a_name_that_is_no_folder_is_refused(loop: FakeLoop, name: str) -> None:
    result = run("search", "--workers", "0", "--name", name)
    assert result.exit_code == 1
    assert "letters, digits" in " ".join(result.stderr.split())
    assert not Path("layers").exists()


def test_the_next_commands_name_a_database_that_is_not_the_default(
    loop: FakeLoop, here: Path
) -> None:
    assert "--db" not in search("--name", "one", "--budget", "20")
    shown = search("--name", "one", "--budget", "20", "--db", "sqlite:///other.db")
    assert f"evonas resume one --db sqlite:///{here}/other.db" in " ".join(shown.split())
