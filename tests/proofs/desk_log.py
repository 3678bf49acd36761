"""The log of the desk's table: DynamoDB's own stream of every change, in the order in which they were made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from infra import emulator

_FORK = get_context("fork")
_STREAMS = "DynamoDBStreams_20120810"
_DYNAMODB = "DynamoDB_20120810"
_PAUSE_SECONDS = 0.005
_FIELDS = (
    *("v", "state", "content", "presence", "lease_until", "units", "free", "held", "holding"),
    *("idle_since", "due_at", "kept_for", "kept_until"),
)
_STUCK_SECONDS = 60


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One item as one write left it: keys, when it was seen (epoch seconds), and its attributes in DynamoDB's form.

    No attributes: it was deleted.
    """

    at: float
    pk: str
    sk: str
    item: dict[str, Any]


def api(endpoint: str, prefix: str = _DYNAMODB) -> JsonApi:
    """A client without faults."""
    return JsonApi(
        service="dynamodb",
        target_prefix=prefix,
        json_version="1.0",
        region=emulator.REGION,
        endpoint=endpoint,
        credentials=credentials_from(emulator.CREDENTIALS),
        read_timeout_seconds=20,
    )


class Log:
    """Follows a table from now on, in a process of its own. ``ended`` counts the conversations that are over."""

    def __init__(self, endpoint: str, table: str, path: Path) -> None:
        self.path = path
        self.ended = RawValue("L", 0)
        self._done = RawValue("B", 0)
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        told = api(endpoint).call("UpdateTable", {"TableName": table, "StreamSpecification": stream})
        arn = told["TableDescription"]["LatestStreamArn"]
        self._process = _FORK.Process(target=self._follow, args=(endpoint, arn), daemon=True)
        self._process.start()

    def close(self) -> list[Entry]:
        """Everything that was written until now, in order."""
        self._done.value = 1
        self._process.join(_STUCK_SECONDS)
        assert self._process.exitcode == 0, "the log was not read to its end"
        with self.path.open("rb") as kept:
            return [msgspec.json.decode(line, type=Entry) for line in kept]

    def _follow(self, endpoint: str, arn: str) -> None:
        over: set[str] = set()
        with self.path.open("wb") as kept:
            for entry in self._entries(endpoint, arn):
                kept.write(msgspec.json.encode(entry) + b"\n")
                if entry.item.get("state", {}).get("S") == "ended":
                    over.add(entry.pk)
                elif entry.pk in over:
                    over.remove(entry.pk)
                self.ended.value = len(over)

    def _entries(self, endpoint: str, arn: str) -> Iterator[Entry]:
        streams = api(endpoint, _STREAMS)
        (shard,) = streams.call("DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"]
        asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.call("GetShardIterator", asked)["ShardIterator"]
        while True:
            last = bool(self._done.value)
            told = streams.call("GetRecords", {"ShardIterator": iterator})
            at, iterator = time.time(), told["NextShardIterator"]
            for record in told["Records"]:
                yield _entry(at, record["dynamodb"])
            if not told["Records"]:
                if last:
                    return
                time.sleep(_PAUSE_SECONDS)


def _entry(at: float, record: dict[str, Any]) -> Entry:
    image = record.get("NewImage", {})
    keys = record["Keys"]
    return Entry(at, keys["pk"]["S"], keys["sk"]["S"], {name: image[name] for name in _FIELDS if name in image})
