"""How torch runs while a score is computed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from workers.threads import one_thread, repeatable


def settings() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return (
        cudnn.enabled,
        cudnn.deterministic,
        cudnn.benchmark,
        cudnn.allow_tf32,
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    before = settings()
    yield
    assert settings() == before


def test_on_a_gpu_algorithms_are_repeatable_and_cudnn_stays_on() -> None:
    with repeatable("cuda"):
        assert settings() == (True, True, False, False, True)


def test_who_turned_cudnn_off_keeps_it_off() -> None:
    with torch.backends.cudnn.flags(enabled=False), repeatable("cuda"):
        assert not torch.backends.cudnn.enabled


def test_on_a_cpu_nothing_is_changed() -> None:
    before = settings()
    with repeatable("cpu"):
        assert settings() == before


def test_one_thread_is_for_a_while() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
