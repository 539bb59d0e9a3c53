from __future__ import annotations

from pathlib import Path

import pytest

from evonas.config import ConfigError, load_config


def test_all_that_is_wrong_with_a_run_file_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(
        "budgte = 3\nseed = -1\nbaselines = [3, 4]\n[evolution]\nlag = 0\nwinner = 'parto'\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config("quick", file)
    beginnings = [line.partition("; ")[0] for line in str(caught.value).split("\n")]
    assert [beginning.removeprefix(f"{file}: ") for beginning in beginnings] == [
        "seed: -1",
        "baselines.0: 3",
        "baselines.1: 4",
        "evolution.lag: 0",
        "evolution.winner: 'parto'",
        "unknown key 'budgte' (did you mean 'budget'?)",
    ]


def test_settings_are_weighed_against_each_other_when_each_is_right() -> None:
    with pytest.raises(ConfigError, match=r"^evolution\.window: 0; give [^\n]*$"):
        load_config("quick", None, ["evolution.lag=40", "evolution.window=0"])
    with pytest.raises(ConfigError, match="above half the window"):
        load_config("quick", None, ["evolution.lag=40"])
