"""What goes into a key: all settings, but for later ones at their defaults."""

import hashlib
import json
from dataclasses import dataclass, replace

from tests.workers.tiny import TINY
from workers.keys import key_values, later

# Of tests.workers.tiny.TINY, from before there were later settings.
_OF_TINY = "bf909211ba799cf6f8e8d57cc044cc1f874555b058175a409d26b68497f44207"


@dataclass(frozen=True, slots=True)
class Inner:
    size: int
    kind: str = later("plain")


@dataclass(frozen=True, slots=True)
class Outer:
    parts: tuple[Inner, ...]
    name: str | None = None
    clip: float = later(0.0)


def test_later_settings_stay_out_at_their_defaults_only() -> None:
    config = Outer((Inner(1), Inner(2, "other")))
    assert key_values(config) == {
        "parts": [{"size": 1}, {"size": 2, "kind": "other"}],
        "name": None,
    }
    assert key_values(replace(config, clip=1.0))["clip"] == 1.0


def test_what_was_stored_under_these_settings_is_still_found() -> None:
    values = json.dumps(key_values(TINY), sort_keys=True)
    assert hashlib.sha256(values.encode()).hexdigest() == _OF_TINY
