"""Bad addresses, foreign and damaged files, full and read-only places."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from results_db import (
    BadAddress,
    DamagedDatabase,
    DatabaseNotFound,
    DatabaseUnavailable,
    ForeignDatabase,
    ResultsDB,
    SchemaMismatch,
    check,
)
from results_db.address import Address
from results_db.filesystem import network_kind
from results_db.read_only import open_to_read
from tests.support.closed import closed

from .make import candidate


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("runs.db", r"'runs.db' is not a database URL.*'sqlite:///runs.db'"),
        ("mysql://u:secret@h/d", r"kind 'mysql' are not supported.*sqlite:///"),
        ("sqlite://", r"names no file"),
        ("sqlite:///:memory:", r"names no file"),
        ("sqlite:///a.db?mode=ro", r"options after \? are not supported"),
        ("postgresql://u:secret@h", r"names no database"),
        ("postgresql://u:sec/ret@h:x/d", r"cannot be read.*percent form"),
    ],
)
def test_bad_addresses_say_what_is_allowed(url: str, says: str) -> None:
    with pytest.raises(BadAddress, match=says) as caught:
        ResultsDB.open(url)
    assert "secret" not in str(caught.value)
    assert "sec/ret" not in str(caught.value)


def test_an_address_shows_no_password() -> None:
    address = Address.parse("postgresql://ann:hush@h/d?sslpassword=quiet&application_name=e")
    assert str(address) == "postgresql://ann:***@h/d?application_name=e&sslpassword=hidden"
    assert address.hide("no hush, no quiet") == "no ***, no ***"


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    advice = r"u:\*\*\*@h/d needs .* `pip install 'evonas\[postgres\]'`"
    with pytest.raises(BadAddress, match=advice):
        ResultsDB.open("postgresql://u:secret@h/d")


def test_a_missing_database_is_not_made_for_readers(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound, match=r"no database at .*evonas search"):
        ResultsDB.open(sqlite_url, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"directory .*/no does not exist. Make it"):
        ResultsDB.open(f"sqlite:///{tmp_path}/no/evonas.db")


@pytest.mark.parametrize("content", [b"hello\n", b"SQLite format 3\0", b"\0" * 5000])
def test_a_foreign_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ForeignDatabase, match=r"notes.txt is .*Give another path"):
        ResultsDB.open(f"sqlite:///{path}")
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE evonas_run (id)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match=r"of another program, not one of evonas"):
        ResultsDB.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "advice"), [("0001", "evonas db upgrade"), ("0099", "A newer evonas wrote it")]
)
def test_another_schema_version_names_the_command(
    sqlite_url: str, tmp_path: Path, version: str, advice: str
) -> None:
    ResultsDB.open(sqlite_url).close()
    file = sqlite3.connect(tmp_path / "evonas.db")
    file.execute("UPDATE evonas_schema SET version_num = ?", (version,))
    file.commit()
    file.close()
    with pytest.raises(SchemaMismatch, match=rf"version {int(version)};.* reads \d+.*{advice}"):
        ResultsDB.open(sqlite_url)


def test_a_damaged_file(sqlite_url: str, tmp_path: Path) -> None:
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            writer.commit([candidate(n) for n in range(500)])
    path = tmp_path / "evonas.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(DamagedDatabase, match=r"malformed.*[Rr]estore a backup"):
        ResultsDB.open(sqlite_url, create=False).runs()


def test_a_full_disk_loses_nothing(sqlite_url: str) -> None:
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})

        @event.listens_for(db.database.engine, "begin")
        def fill(connection: object) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

        pages = 10**6
        with db.writer("run") as writer:
            writer.commit([candidate(0)])
            pages = 1
            with pytest.raises(DatabaseUnavailable, match=r"disk is full.*Free space"):
                writer.commit([candidate(n) for n in range(1, 200)])
            pages = 10**6
            assert db.count("run") == 1
            writer.commit([candidate(n) for n in range(1, 200)])
        assert db.count("run") == 200


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_directory_that_cannot_be_written() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"unable to open.*must exist and be writable"):
        ResultsDB.open("sqlite:////proc/evonas.db")


@pytest.fixture
def read_only_directory() -> Iterator[Path]:
    """Holds a database; nothing in it can be written, by root neither."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to other users
        folder = Path(name)
        with ResultsDB.open(f"sqlite:///{folder}/evonas.db") as db:
            fill(db)
        with closed(folder):
            yield folder


def fill(db: ResultsDB) -> None:
    db.create_run("run", 1, {})
    with db.writer("run") as writer:
        writer.commit([candidate(n) for n in range(3)])


@pytest.mark.parametrize("name", ["evonas.db", "new.db"])
def test_a_read_only_directory(read_only_directory: Path, name: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"[Mm]ust exist and be writable|Make the file"):
        ResultsDB.open(f"sqlite:///{read_only_directory}/{name}")


def assert_read(folder: Path) -> None:
    before = sorted(folder.iterdir())
    with ResultsDB.open(f"sqlite:///{folder}/evonas.db", create=False) as db:
        assert [run.state for run in db.runs()] == ["not started"]
        assert [row.number for row in db.candidates("run")] == [0, 1, 2]
        assert db.top("run")[0].rank == 1
        assert check(db) == []
        with pytest.raises(DatabaseUnavailable, match=r"readonly.*Make the file and its directory"):
            db.set_budget("run", 5)
    assert sorted(folder.iterdir()) == before


def test_what_may_not_be_written_can_be_read(read_only_directory: Path) -> None:
    assert_read(read_only_directory)


@pytest.mark.parametrize("name", ["plain", "a?b#c%20 d"])
def test_a_file_that_may_not_be_written_can_be_read(name: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / name
        folder.mkdir()
        with ResultsDB.open(f"sqlite:///{parent}/evonas.db") as db:
            fill(db)
        shutil.move(f"{parent}/evonas.db", folder)
        with closed(folder, 0o777):
            if "?" not in name:  # which begins the options of a URL
                assert_read(folder)
            else:
                database = open_to_read(Address(make_url("sqlite://"), folder / "evonas.db"))
                assert [run.name for run in ResultsDB(database).runs()] == ["run"]
                database.close()


def test_rows_that_are_still_in_the_log_are_read_or_missed_loudly() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, copy = Path(name) / "here", Path(name) / "copy"
        Path(name).chmod(0o755)
        folder.mkdir()
        copy.mkdir()
        with ResultsDB.open(f"sqlite:///{folder}/evonas.db") as db:
            fill(db)
            for file in ("evonas.db", "evonas.db-wal"):  # as after a kill, without -shm
                shutil.copy(folder / file, copy)
            with closed(folder):
                assert_read(folder)
        with closed(copy), pytest.raises(DatabaseUnavailable, match=r"evonas.db-wal.*Copy both"):
            ResultsDB.open(f"sqlite:///{copy}/evonas.db", create=False)


def test_a_path_stays_when_the_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ResultsDB.open() as db:
        monkeypatch.chdir("/")
        db.create_run("run", 1, {})
        assert db.address == str(tmp_path / "evonas.db")


def test_a_kill_while_the_file_is_made_leaves_no_foreign_file(
    sqlite_url: str, tmp_path: Path
) -> None:
    ResultsDB.open(sqlite_url).close()
    (tmp_path / "copy.db").write_bytes((tmp_path / "evonas.db").read_bytes())
    marked = sqlite3.connect(tmp_path / "half.db")
    (mark,) = sqlite3.connect(tmp_path / "evonas.db").execute("PRAGMA application_id").fetchone()
    marked.execute(f"PRAGMA application_id = {mark}")
    marked.close()
    with ResultsDB.open(f"sqlite:///{tmp_path}/half.db") as db:
        assert db.runs() == []


MOUNTS = r"""22 1 254:1 / / rw,relatime - ext4 /dev/root rw
30 22 0:26 / /home rw - nfs4 server:/home rw
31 30 0:27 / /home/ann/local\040disk rw shared:1 - xfs /dev/sdb rw
32 22 0:28 / /mnt rw - fuse.sshfs ann@host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/evonas.db", None),
        ("/home/ann/evonas.db", "nfs4"),
        ("/home/ann/local disk/evonas.db", None),
        ("/homes/evonas.db", None),
        ("/mnt/evonas.db", "fuse.sshfs"),
    ],
)
def test_network_file_systems_are_told_from_local_ones(path: str, kind: str | None) -> None:
    assert network_kind(Path(path), MOUNTS) == kind


def test_no_write_ahead_log_on_a_network_file_system(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ResultsDB.open(sqlite_url).close()  # made on a local disk, then moved
    monkeypatch.setattr("results_db.schema.network_kind", lambda path: "nfs4")
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            writer.commit([candidate(0)])
        assert db.database.pragma("PRAGMA journal_mode") == ["delete"]
    assert "network file system (nfs4)" in caplog.text
    assert [p.name for p in tmp_path.iterdir()] == ["evonas.db"]


def test_the_package_opens_without_torch_and_heavy_imports() -> None:
    code = (
        "import sys, results_db; "
        "print({'torch', 'ray', 'typer', 'networkx', 'alembic', 'evonas', 'workers', "
        "'search_spaces'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_backup_taken_after_closing_is_one_file(sqlite_url: str, tmp_path: Path) -> None:
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
    shutil.copy(tmp_path / "evonas.db", tmp_path / "backup.db")
    with ResultsDB.open(f"sqlite:///{tmp_path}/backup.db", create=False) as db:
        assert [run.name for run in db.runs()] == ["run"]
