"""What the functions of the local cloud logged, oldest first."""

import json
import time
from collections.abc import Iterator
from typing import Any

from infra import emulator, state
from infra.failures import Failure

GROUPS = "/aws/lambda/"
#: What a queue's function says of a message that is to come again.
FAILED_MESSAGE = "message_failed"
#: Lines that the platform writes around every call.
PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId")


def groups(client: Any, function: str | None) -> list[str]:
    """The log groups of the functions whose name holds `function`, in any case and with or without underscores.

    Raises Failure with the names there are when none fits.
    """
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUPS)
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    wanted = (function or "").replace("_", "").lower()
    chosen = [name for name in names if wanted in name.removeprefix(GROUPS).replace("_", "").lower()]
    if not chosen:
        there = ", ".join(name.removeprefix(GROUPS) for name in names) or "none yet"
        raise Failure(f"No function is called {function!r}; there are logs of: {there}.")
    return chosen


def failed_messages(client: Any, stack: str, since: int) -> dict[str, str]:
    """Queue message → the code that it last failed with, from the logs of a stack's functions after `since`."""
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"{GROUPS}{stack}-")
    found: dict[str, tuple[int, str]] = {}
    for group in [one["logGroupName"] for page in pages for one in page["logGroups"]]:
        for at, line in lines(client, group, since, pattern=FAILED_MESSAGE):
            told = json.loads(line) if line.startswith("{") else {}
            if told.get("message") == FAILED_MESSAGE:
                id_ = str(told["message_id"])
                found[id_] = max(found.get(id_, (0, "")), (at, str(told["code"])))
    return {id_: code for id_, (_, code) in found.items()}


def lines(client: Any, group: str, since: int, pattern: str = "") -> Iterator[tuple[int, str]]:
    """(milliseconds, line) of one function after `since`, of those with a word if there is a `pattern`."""
    words = {"filterPattern": pattern} if pattern else {}
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since, **words)
    for page in pages:
        for event in page["events"]:
            if not event["message"].startswith(PLATFORM):
                yield event["timestamp"], event["message"].rstrip("\n")


def show(known: state.State, function: str | None, follow: bool) -> None:
    """Print the functions' logs, and with `follow` what is added, until the person interrupts."""
    client = emulator.client("logs", known.emulator_port)
    chosen = groups(client, function)
    since: dict[str, int] = dict.fromkeys(chosen, 0)
    while True:
        found = [(at, group, line) for group in chosen for at, line in lines(client, group, since[group])]
        # Sorted by time alone: the lines of one call have one time and keep their order.
        for at, group, line in sorted(found, key=lambda entry: entry[0]):
            since[group] = max(since[group], at + 1)
            print(f"{group.removeprefix(GROUPS)}  {line}", flush=True)
        if not follow:
            return
        time.sleep(1)
