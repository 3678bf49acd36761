"""The local cloud: the packaged template, deployed on an emulator of AWS on this machine.

python -m infra.cloud up | down | status | url | logs [FUNCTION] [--follow] | package
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from infra import emulator, front, logs, package, processes, stack, state
from infra.failures import Failure, require_python

ARCH = "x86_64"
FRONT_SECONDS = 15
console = Console(stderr=True, highlight=False)


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    console.print(sentence, soft_wrap=True)


def pick_port(wanted: int, what: str, taken: set[int]) -> int:
    """A port for `what`: the usual one, or the next free one, saying who holds the usual one."""
    port = processes.free_port(wanted, taken)
    if port != wanted:
        say(f"Port {wanted} is taken by {processes.holder(wanted)}; the {what} uses {port} instead.")
    return port


def mend() -> state.State:
    """The remembered state, after ending what an earlier run left half dead."""
    known = state.load()
    emulator_lives = processes.alive(known.emulator_pid, known.emulator_started) and emulator.healthy(
        known.emulator_port
    )
    front_lives = processes.alive(known.front_pid, known.front_started)
    if known.emulator_pid and not emulator_lives:
        say("The earlier local cloud is gone or does not answer; starting a new, empty one.")
        processes.stop(known.front_pid, known.front_started)
        processes.stop(known.emulator_pid, known.emulator_started)
        return state.save(state.State())
    if known.front_pid and not front_lives:
        say("The front of the earlier local cloud is gone; starting it again.")
        return state.change(known, front_pid=0, front_started=0)
    return known


def start_emulator(known: state.State) -> state.State:
    """Start the emulator unless it runs."""
    if known.emulator_pid:
        emulator.sweep()
        return known
    port = pick_port(emulator.PORT, "emulator", {front.PORT})
    with console.status("Starting the emulator of AWS …"):
        pid = emulator.start(port)
    return state.change(known, emulator_pid=pid, emulator_started=processes.started_at(pid), emulator_port=port)


def deploy(known: state.State) -> state.State:
    """Package and deploy, unless exactly this package is deployed already."""
    wanted = package.fingerprint(package.ROOT, ARCH)
    if wanted == known.package:
        return known
    with console.status("Packaging (the first time fetches the dependencies) …"):
        packaged = package.package(package.ROOT, None, ARCH)
    with console.status("Deploying the template …"):
        outputs = stack.deploy(packaged, wanted, known.emulator_port)
    return state.change(known, package=wanted, api_id=outputs["RestAPIId"], outputs=outputs)


def start_front(known: state.State) -> state.State:
    """Start the front, anew when it stands for an API that is no more or its own code changed."""
    code = hashlib.sha256(Path(front.__file__).read_bytes()).hexdigest()[:16]
    serves = f"{known.emulator_port}/{known.api_id}/{code}"
    if known.front_pid and serves == known.front_serves:
        return known
    processes.stop(known.front_pid, known.front_started)
    port = pick_port(known.front_port or front.PORT, "front", {known.emulator_port})
    command = ["-m", "infra.front", "--port", str(port), "--emulator", str(known.emulator_port), "--api", known.api_id]
    state.log_file("front").unlink(missing_ok=True)
    pid = processes.start("front", command, emulator.environment(known.emulator_port))
    started = processes.started_at(pid)
    processes.wait_until(lambda: not processes.is_free(port) or not processes.alive(pid, started), FRONT_SECONDS)
    if not processes.alive(pid, started):
        last = (state.log_file("front").read_text().strip().splitlines() or ["it printed nothing"])[-1]
        raise Failure(f"The front did not start on port {port}: {last}")
    return state.change(known, front_pid=pid, front_started=started, front_port=port, front_serves=serves)


def up() -> state.State:
    """Bring the local cloud to what the sources say: the same command after every change.

    Raises Failure with the one thing to do when it cannot.
    """
    require_python()
    with state.alone():
        known = start_front(deploy(start_emulator(mend())))
    say(f"Zhiyin runs at [bold]{known.url}/v1[/bold] (AWS: {known.endpoint}, logs: make logs, end: make down).")
    return known


def down() -> None:
    """End everything `up` started; what the local cloud held is gone with it."""
    with state.alone():
        known = state.load()
        running = bool(known.emulator_pid or known.front_pid)
        processes.stop(known.front_pid, known.front_started)
        processes.stop(known.emulator_pid, known.emulator_started)
        state.STATE_FILE.unlink(missing_ok=True)
        shutil.rmtree(state.LOCAL / "emulator", ignore_errors=True)
    say("The local cloud is down." if running else "The local cloud was not running.")


def status() -> None:
    """Say what runs, where, and whether it runs the sources as they are.

    Raises Failure when nothing runs, so that scripts can ask by the exit code.
    """
    known = state.load()
    if not processes.alive(known.emulator_pid, known.emulator_started):
        raise Failure("The local cloud is not running: `make up` starts it.")
    if not emulator.healthy(known.emulator_port):
        raise Failure(f"The emulator (process {known.emulator_pid}) does not answer: `make up` starts a new one.")
    if not processes.alive(known.front_pid, known.front_started):
        raise Failure("The emulator runs but the front does not: `make up` starts it.")
    current = package.fingerprint(package.ROOT, ARCH) == known.package
    print(f"API       {known.url}/v1  (process {known.front_pid})")
    print(f"AWS       {known.endpoint}  (process {known.emulator_pid})")
    print(f"sources   {'deployed' if current else 'changed since: `make up` deploys them'}")
    for name, value in sorted(known.outputs.items()):
        print(f"{name:<28}{value}")


def running() -> state.State:
    """The state of the running local cloud. Raises Failure when none runs."""
    known = state.load()
    if not known.api_id or not processes.alive(known.emulator_pid, known.emulator_started):
        raise Failure("The local cloud is not running: `make up` starts it.")
    return known


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.cloud", description="The local cloud.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("up", "start it, or deploy what changed"),
        ("down", "end it"),
        ("status", "what runs where"),
        ("url", "print the API's URL"),
        ("package", "package only"),
    ):
        commands.add_parser(name, help=what)
    printed = commands.add_parser("logs", help="what the functions logged")
    printed.add_argument("function", nargs="?", help="part of a function's name, like ingest")
    printed.add_argument("--follow", "-f", action="store_true")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run one command; 1 with one sentence when it cannot."""
    chosen = _arguments(given)
    commands: dict[str, Callable[[], object]] = {
        "up": up,
        "down": down,
        "status": status,
        "url": lambda: print(running().url),
        "package": lambda: package.main([]),
        "logs": lambda: logs.show(running(), chosen.function, chosen.follow),
    }
    try:
        commands[chosen.command]()
    except Failure as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
