"""Processes that outlive the command that starts them, and ports: who holds one, and which is free."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infra import package, state

HOST = "127.0.0.1"


def start(name: str, command: list[str], environment: Mapping[str, str]) -> int:
    """Start `python -m …` detached from this terminal, printing to `.local/<name>.log`; its process id."""
    state.LOCAL.mkdir(exist_ok=True)
    with state.log_file(name).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=package.ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process.pid


def started_at(pid: int) -> int:
    """When the process started, 0 if it does not run; together with the id it names one process for ever."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _started_by_ps(pid)
    return 0 if fields[0] == "Z" else int(fields[19])


def _started_by_ps(pid: int) -> int:
    """The same on systems without /proc, from ps."""
    if Path("/proc/self/stat").exists():
        return 0
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return int(time.mktime(time.strptime(shown.strip()))) if shown.strip() else 0


def alive(pid: int, started: int) -> bool:
    """Whether the very process that was started then still runs."""
    return pid > 0 and started_at(pid) == started != 0


def stop(pid: int, started: int, patience_seconds: float = 10) -> None:
    """End the process and the session it leads (its Lambdas too), politely and then not; nothing if it is gone."""
    if not alive(pid, started):
        return
    for sign, seconds in ((signal.SIGTERM, patience_seconds), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, sign)
        if wait_until(lambda: not alive(pid, started), seconds):
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.1) -> bool:
    """Ask `condition` until it holds or the time is over; whether it came to hold."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def is_free(port: int) -> bool:
    """Whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(wanted: int, taken: set[int]) -> int:
    """`wanted` or the next port above it that is free."""
    return next(port for port in range(wanted, 65_536) if port not in taken and is_free(port))


def holder(port: int) -> str:
    """Who listens on the port, like `python3 (process 4242)`, as far as this user may know."""
    inodes = set(_listening_inodes(port))
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]") in inodes:
                pid = descriptor.parts[2]
                return f"{Path('/proc', pid, 'comm').read_text().strip()} (process {pid})"
    return "another program"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
