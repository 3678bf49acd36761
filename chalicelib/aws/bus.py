"""EventBridge: publishes what changed, in batches. At least once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.aws.batches import send_all
from chalicelib.aws.json_api import JsonApi
from chalicelib.kernel.groups import grouped

_MOST_ENTRIES = 10
_MOST_BYTES = 262_144
_SOURCE = "zhiyin"


class BusEvent(msgspec.Struct, frozen=True):
    """A change: ``kind`` such as ``profile.updated``, and ids and codes about it."""

    kind: str
    detail: dict[str, Any]

    def __repr__(self) -> str:
        return f"<bus event {self.kind}>"


class Bus:
    """Publishes to one event bus."""

    def __init__(self, api: JsonApi, name: str) -> None:
        self._api = api
        self._name = name

    def put_events(self, events: Sequence[BusEvent]) -> None:
        """Publish all events.

        Raises Unavailable when not all could be published (some may have been), ApiError when the
        bus refuses the call.
        """
        entries = [self._entry(event) for event in events]
        sized = [(entry, _size_bytes(entry)) for entry in entries]
        for batch in grouped(sized, most=_MOST_ENTRIES, most_size=_MOST_BYTES):
            send_all(self._api, batch, self._put_batch)

    def _put_batch(self, batch: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        answer = self._api.call("PutEvents", {"Entries": list(batch)})
        if not answer.get("FailedEntryCount"):
            return []
        # The answer's entries stand in the order of the request's.
        outcomes = answer.get("Entries") or []
        return [entry for entry, outcome in zip(batch, outcomes, strict=True) if outcome.get("ErrorCode")]

    def _entry(self, event: BusEvent) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": _SOURCE,
            "DetailType": event.kind,
            "Detail": msgspec.json.encode(event.detail).decode(),
        }


def _size_bytes(entry: dict[str, str]) -> int:
    counted = (entry["Source"], entry["DetailType"], entry["Detail"])
    return sum(len(part.encode()) for part in counted)
