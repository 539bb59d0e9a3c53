"""Which errors are a lack of memory, and not the layer's fault."""

from __future__ import annotations

import pytest

from workers.pools.execution import failure_of
from workers.verdict import Verdict


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: out of memory",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
    ],
)
def test_an_allocation_that_failed_is_a_lack_of_memory(message: str) -> None:
    assert failure_of(RuntimeError(message)) is Verdict.OUT_OF_MEMORY
    outer = ValueError("a layer")
    outer.__cause__ = RuntimeError(message)
    assert failure_of(outer) is Verdict.OUT_OF_MEMORY
    assert failure_of(ValueError(message)) is Verdict.CRASH


def test_other_errors_are_crashes() -> None:
    assert failure_of(RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED")) is Verdict.CRASH
