"""One Ray for all tests of the session, and one pool with two workers on it for most."""

from collections.abc import Iterator

import pytest

from workers.pools.base import Pool
from workers.pools.ray_pool import RayPool
from workers.pools.serial import SerialPool


@pytest.fixture(scope="session")
def ray_pool() -> Iterator[RayPool]:
    with RayPool(2, retries=0, preload=()) as pool:
        yield pool


@pytest.fixture(params=["serial", "ray"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """A pool of each kind with nothing in flight."""
    if request.param == "serial":
        with SerialPool() as serial:
            yield serial
        return
    shared: RayPool = request.getfixturevalue("ray_pool")
    yield shared
    shared.stop()
