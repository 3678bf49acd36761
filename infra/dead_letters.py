"""Dead letters: how many there are and why, without what is in them, and moving them back once the cause is gone."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.flows.admission import SealedMessage
from chalicelib.kernel.errors import ServiceRefused
from chalicelib.kernel.moments import format_moment
from chalicelib.privacy.plain import is_plain_id
from chalicelib.store.items import Call
from infra.failures import Failure

MOST_LOOKED_AT = 1_000
_AT_ONCE = 10
_HIDDEN_SECONDS = 30
_NO_SUCH_CALL = frozenset(
    {
        "InvalidAction",
        "UnknownOperationException",
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
    }
)
"""What a service answers that cannot move messages by itself, as emulators cannot."""
_TENANT = re.compile(r"t_[A-Za-z0-9_-]{1,64}", re.ASCII)
_NOT_LOGGED, _NOT_OURS = "not_logged", "none of ours"


class Queue(msgspec.Struct, frozen=True):
    """A queue and its dead letters, by their URLs."""

    name: str
    url: str
    dead_url: str


class Summary(msgspec.Struct, frozen=True):
    """What is dead in one queue. Codes and tenants are those of the first ``looked_at`` messages."""

    dead: int
    looked_at: int
    oldest: str
    codes: dict[str, int]
    tenants: dict[str, int]

    def __str__(self) -> str:
        if not self.dead:
            return "0 dead"
        said = [f"{name} {count}" for name, count in (*self.codes.items(), *self.tenants.items())]
        return f"{self.dead} dead, the oldest of {self.oldest} ({', '.join(said)})"


type CodesOf = Callable[[int], Mapping[str, str]]
"""Message id → the code it last failed with, from logs since an instant in milliseconds."""


def summary(queue: Queue, call: Call, codes_of: CodesOf) -> Summary:
    """Counts, tenants and codes of a queue's dead letters; every message is let go again at once."""
    found = _looked_at(queue, call)
    sent = min((_sent(one) for one in found.values()), default=0)
    codes = codes_of(sent) if found else {}
    return Summary(
        # The service's own count may lag behind what was just seen.
        dead=max(_waiting(queue.dead_url, call), len(found)),
        looked_at=len(found),
        oldest=format_moment(sent) if found else "",
        codes=_counted(codes.get(id_, _NOT_LOGGED) for id_ in found),
        tenants=_counted(_tenant(one) for one in found.values()),
    )


def move_back(queue: Queue, call: Call, say: Callable[[str], object], pause: Callable[[float], object]) -> int:
    """Move a queue's dead letters back to it; how many. Safe to interrupt and to repeat.

    The service's own task does it and goes on when this ends; where there is none, messages are sent
    and then deleted, so that an interruption leaves one in both queues and none in neither.
    """
    try:
        return _by_the_service(queue, call, say, pause)
    except ServiceRefused as refused:
        if refused.code not in _NO_SUCH_CALL:
            raise
    return _by_hand(queue, call, say)


def _by_the_service(queue: Queue, call: Call, say: Callable[[str], object], pause: Callable[[float], object]) -> int:
    source = {"SourceArn": _attribute(queue.dead_url, "QueueArn", call)}
    if _task(source, call).get("Status") != "RUNNING":
        if not _waiting(queue.dead_url, call):
            return 0
        call("StartMessageMoveTask", source)
    while True:
        task = _task(source, call)
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        say(f"{queue.name}: {moved} moved")
        if task.get("Status") not in ("RUNNING", "CANCELLING"):
            break
        pause(2.0)
    if task.get("Status") == "FAILED":
        raise Failure(
            f"{queue.name}: {moved} were moved, then it failed: {task.get('FailureReason', 'no reason given')}."
        )
    return moved


def _task(source: Mapping[str, str], call: Call) -> Mapping[str, Any]:
    results: Sequence[Mapping[str, Any]] = (
        call("ListMessageMoveTasks", {**source, "MaxResults": 1}).get("Results") or []
    )
    return results[0] if results else {}


def _by_hand(queue: Queue, call: Call, say: Callable[[str], object]) -> int:
    moved, seen = 0, set[str]()
    for message in _received(queue, call, _HIDDEN_SECONDS):
        if message["MessageId"] in seen:
            # What comes a second time died again, or could not be deleted: a next run may have it.
            break
        seen.add(message["MessageId"])
        again = {"QueueUrl": queue.url, "MessageBody": message["Body"]}
        if message.get("MessageAttributes"):
            again["MessageAttributes"] = message["MessageAttributes"]
        call("SendMessage", again)
        call("DeleteMessage", {"QueueUrl": queue.dead_url, "ReceiptHandle": message["ReceiptHandle"]})
        moved += 1
        if moved % 100 == 0:
            say(f"{queue.name}: {moved} moved")
    return moved


def _looked_at(queue: Queue, call: Call) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    try:
        for message in _received(queue, call, _HIDDEN_SECONDS):
            if message["MessageId"] in found or len(found) == MOST_LOOKED_AT:
                break
            found[message["MessageId"]] = message
    finally:
        _let_go(queue, [one["ReceiptHandle"] for one in found.values()], call)
    return found


def _received(queue: Queue, call: Call, hidden_seconds: int) -> Iterator[dict[str, Any]]:
    asked = {
        "QueueUrl": queue.dead_url,
        "MaxNumberOfMessages": _AT_ONCE,
        "VisibilityTimeout": hidden_seconds,
        # A question that does not wait may pass over messages that are there.
        "WaitTimeSeconds": 1,
        "AttributeNames": ["SentTimestamp"],
        "MessageAttributeNames": ["All"],
    }
    while messages := call("ReceiveMessage", asked).get("Messages"):
        yield from messages


def _let_go(queue: Queue, handles: Sequence[str], call: Call) -> None:
    for start in range(0, len(handles), _AT_ONCE):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[start : start + _AT_ONCE])
        ]
        call("ChangeMessageVisibilityBatch", {"QueueUrl": queue.dead_url, "Entries": entries})


def _attribute(url: str, name: str, call: Call) -> str:
    answer = call("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": [name]})
    return str(answer["Attributes"][name])


def _waiting(url: str, call: Call) -> int:
    return int(_attribute(url, "ApproximateNumberOfMessages", call))


def _sent(message: Mapping[str, Any]) -> int:
    return int(message.get("Attributes", {}).get("SentTimestamp", 0)) or time.time_ns() // 1_000_000


def _tenant(message: Mapping[str, Any]) -> str:
    """Whose it is, which a message says in clear; its inside is sealed and not looked at."""
    try:
        tenant = msgspec.json.decode(message["Body"], type=SealedMessage).tenant
    except msgspec.MsgspecError:
        return _NOT_OURS
    return tenant if _TENANT.fullmatch(tenant) and is_plain_id(tenant) else _NOT_OURS


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
