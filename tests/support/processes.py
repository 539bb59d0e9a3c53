"""Running a script in processes of its own."""

import subprocess
import sys


def outputs_by_hash_seed(script: str) -> list[str]:
    """What the script prints in two processes whose string hashes differ."""
    return [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
