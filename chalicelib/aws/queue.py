"""SQS: sends messages in batches. At least once: a repeated send may put a message twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.aws.batches import refused_by_us, send_all
from chalicelib.aws.json_api import JsonApi
from chalicelib.kernel.errors import TooLarge
from chalicelib.kernel.groups import grouped

_MOST_ENTRIES = 10


class Message(msgspec.Struct, frozen=True):
    """A message's text and its string attributes. Prints its size only.

    ``delay_seconds``, at most 900, is how long the queue keeps it before anybody gets it.
    """

    body: str
    attributes: Mapping[str, str] = {}
    delay_seconds: int = 0

    def __repr__(self) -> str:
        return f"<message of {self.size_bytes} bytes>"

    @property
    def size_bytes(self) -> int:
        """What SQS counts: body, attribute names, types and values."""
        extra = sum(len(name.encode()) + len("String") + len(value.encode()) for name, value in self.attributes.items())
        return len(self.body.encode()) + extra


def job_messages(tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> list[Message]:
    """Parts of a job over stored people, as its worker reads them."""
    named = ({"tenant": tenant_id, "job_id": job_id, "part": one} for one in parts)
    return [Message(msgspec.json.encode(one).decode(), delay_seconds=delay_seconds) for one in named]


class Queue:
    """Sends to queues by their URL."""

    def __init__(self, api: JsonApi, *, message_limit_bytes: int) -> None:
        """``message_limit_bytes`` bounds one message and, as in SQS, one whole batch."""
        self._api = api
        self._message_limit_bytes = message_limit_bytes

    def send(self, url: str, messages: Sequence[Message]) -> None:
        """Send all messages.

        Raises TooLarge before anything is sent, Unavailable when not all could be sent (some may
        have been), ApiError when the queue refuses one.
        """
        limit = self._message_limit_bytes
        sized = [(message, message.size_bytes) for message in messages]
        if any(size > limit for _, size in sized):
            raise TooLarge("too_large", f"A message is larger than {limit} bytes.")
        for batch in grouped(sized, most=_MOST_ENTRIES, most_size=limit):
            send_all(self._api, batch, lambda some: self._send_batch(url, some))

    def waiting(self, url: str) -> int:
        """About how many messages wait. Raises Unavailable."""
        name = "ApproximateNumberOfMessages"
        answer = self._api.call("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": [name]})
        return int(answer["Attributes"][name])

    def _send_batch(self, url: str, batch: Sequence[Message]) -> list[Message]:
        entries = [_entry(number, message) for number, message in enumerate(batch)]
        answer = self._api.call("SendMessageBatch", {"QueueUrl": url, "Entries": entries})
        failed = answer.get("Failed") or []
        for failure in failed:
            if failure.get("SenderFault"):
                raise refused_by_us(str(failure.get("Code")))
        return [batch[int(failure["Id"])] for failure in failed]


def _entry(number: int, message: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {"Id": str(number), "MessageBody": message.body}
    if message.delay_seconds:
        entry["DelaySeconds"] = message.delay_seconds
    if message.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
        }
    return entry
