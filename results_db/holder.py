"""Who holds a run: this process as a lease names it, and whether a named one is still alive."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process; `place` tells whether its process id means anything on this machine."""

    host: str
    pid: int
    place: str

    @classmethod
    def me(cls) -> Holder:
        """This process."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, f"{_machine()} {_started(pid)}")

    def alive(self) -> bool | None:
        """Whether the process lives; None if it is on another machine (or in another container)."""
        machine, _, started = self.place.rpartition(" ")
        if machine != _machine():
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it lives, under another user
        # The number may have been given to a new process since.
        return started == _started(self.pid)

    @property
    def ended_with_its_machine(self) -> bool:
        """Whether this machine, of the same name and identity, has been started again since: told
        to people. A driver that wants the run waits for a sign of life nevertheless, as identities
        are cloned with the images of machines.
        """
        theirs, ours = self.place.split(), _machine().split()
        same = len(theirs) > 1 and "/" in ours[0] and theirs[0] == ours[0]
        return same and theirs[1] != ours[1]

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@cache
def _machine() -> str:
    """One boot of one machine and one space of process ids in it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}{_identity()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux
        return socket.gethostname()


def _identity() -> str:
    """A hash of the machine's id, which itself is confidential (man machine-id); "" if it has none,
    as in many containers.
    """
    try:
        text = Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""
    return f"/{sha256(f'evonas {text}'.encode()).hexdigest()[:16]}" if text else ""


def _started(pid: int) -> str:
    """When the process started, in the kernel's ticks; "?" where that cannot be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "?"
