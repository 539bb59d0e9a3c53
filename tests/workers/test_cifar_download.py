"""The official archives of CIFAR, downloaded: checked whenever they are used, kept, never half."""

import hashlib
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch

from tests.workers import cifar_archives as archives
from workers.data import CifarConfig, DataError, cifar, prepare_data


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return archives.write(tmp_path / "binary.tar.gz", archives.cifar10_binary())


def downloaded(archive: Path) -> CifarConfig:
    """The settings under which `archive` is what is to be downloaded."""
    return CifarConfig(md5=hashlib.md5(archive.read_bytes()).hexdigest(), validation=10)


def test_download_checks_keeps_and_is_not_repeated(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, home = tmp_path / "web", tmp_path / "home"
    web.mkdir()
    monkeypatch.setattr(cifar, "_URL", f"{web.as_uri()}/")
    monkeypatch.setenv("EVONAS_HOME", str(home))
    config = downloaded(binary)
    with pytest.raises(DataError, match=r"cannot download .*cifar-10-binary.*by other means to"):
        cifar.load(config)
    (web / "cifar-10-binary.tar.gz").write_bytes(binary.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"its MD5 is"):
        prepare_data(config)
    assert list((home / "data").iterdir()) == [], "nothing half is left"
    (web / "cifar-10-binary.tar.gz").write_bytes(binary.read_bytes())
    prepare_data(config)
    (web / "cifar-10-binary.tar.gz").unlink()
    (kept,) = (home / "data").iterdir()
    assert kept.stat().st_mode & 0o444 == 0o444, "others may read what is in a shared folder"
    assert torch.equal(
        cifar.load(config).train.inputs, cifar.load(replace(config, path=str(binary))).train.inputs
    )


def test_a_file_put_in_the_place_of_the_download_is_checked(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVONAS_HOME", str(tmp_path))
    config = downloaded(binary)
    kept = tmp_path / "data" / "cifar-10-binary.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(binary.read_bytes())
    assert len(cifar.load(config).train) == 90
    with pytest.raises(DataError, match=rf"{re.escape(str(kept))}: its MD5 is .*, not c32a1d4"):
        prepare_data(replace(config, md5=None))


class _Broken(BaseHTTPRequestHandler):
    """Answers in chunks, and goes away amid the first."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"100\r\nhalf of it")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def test_a_download_that_breaks_off_is_a_data_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVONAS_HOME", str(tmp_path))
    with HTTPServer(("127.0.0.1", 0), _Broken) as server:
        monkeypatch.setattr(cifar, "_URL", f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(DataError, match=r"cannot download .*IncompleteRead.*by other means"):
            prepare_data(CifarConfig())
        thread.join()
    assert list((tmp_path / "data").iterdir()) == []
