"""What the local cloud remembers between commands: processes, ports, and what is deployed."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import msgspec

from infra.failures import Failure
from infra.package import ROOT

LOCAL = ROOT / ".local"
STATE_FILE = LOCAL / "cloud.json"


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """The local cloud as it was left; a process id of 0 means none was started.

    `emulator_started` and `front_started` are start times of the processes (clock ticks since boot): a process
    id alone may since belong to somebody else. `front_serves` changes with the API and the front's own code.
    """

    emulator_pid: int = 0
    emulator_started: int = 0
    emulator_port: int = 0
    front_pid: int = 0
    front_started: int = 0
    front_port: int = 0
    front_serves: str = ""
    package: str = ""
    api_id: str = ""
    outputs: dict[str, str] = {}

    @property
    def endpoint(self) -> str:
        """Where the AWS APIs answer."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def url(self) -> str:
        """Where the HTTP API answers, without `/v1`."""
        return f"http://127.0.0.1:{self.front_port}"


def load() -> State:
    """The remembered state; an empty one when there is none or it is unreadable."""
    try:
        return msgspec.json.decode(STATE_FILE.read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):
        return State()


def save(state: State) -> State:
    """Remember `state`, whole or not at all, and return it."""
    LOCAL.mkdir(exist_ok=True)
    unfinished = STATE_FILE.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2))
    unfinished.replace(STATE_FILE)
    return state


def change(state: State, **values: int | str | dict[str, str]) -> State:
    """Remember `state` with some values changed, and return it."""
    return save(msgspec.structs.replace(state, **values))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the local cloud for one command that changes it. Raises Failure when another one is at work."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "cloud.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Failure("Another command is changing the local cloud: wait until it is done.") from error
        yield


def log_file(name: str) -> Path:
    """Where the process `name` writes what it prints."""
    return LOCAL / f"{name}.log"
