"""Tallies: how many of what in which hour or day, added to by many containers at once and read by reports.

They stand in the table ``history`` as ``<tenant>#t#<family>#<bucket>``: one item per family and bucket, one number
per name, in no index, with a time to live. A tally is a statistic and no record: a call that was repeated because
its answer was lost counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import Table
from chalicelib.store.items import Call, typed_value

COUNTS_AT_ONCE = 100
"""Numbers of one update: DynamoDB's expressions are 4 KB at most. More of them take more updates."""
_PREFIX = "n."
"""Before each name, so that none is taken for the key or the expiry."""

type Buckets = dict[int, dict[str, int]]
"""Bucket → name → count, for those that have any."""


class TallyStore(Protocol):
    """Counts by tenant, family (what is counted) and bucket (an hour's or a day's number)."""

    def add(self, tenant: str, family: str, bucket: int, counts: Mapping[str, int], expires_at: Millis) -> None:
        """Add to the counts of a bucket; the first adds to 0. Raises Unavailable when the outcome is not known."""

    def read(self, tenant: str, family: str, first: int, last: int) -> Buckets:
        """The buckets from ``first`` to ``last``, both included; reads may lag."""


class DynamoTallies:
    """``TallyStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = Table(call, table)

    def add(self, tenant: str, family: str, bucket: int, counts: Mapping[str, int], expires_at: Millis) -> None:
        """Add to the counts of a bucket, in one update for each ``COUNTS_AT_ONCE`` names."""
        for some in portions(counts):
            names = {f"#{place}": _PREFIX + name for place, name in enumerate(some)}
            amounts = {f":{place}": typed_value(amount) for place, amount in enumerate(some.values())}
            body: dict[str, Any] = {
                "TableName": self._table.name,
                "Key": {"pk": {"S": _pk(tenant, family, bucket)}},
                "UpdateExpression": "SET #e = :e ADD " + ",".join(f"#{place} :{place}" for place in range(len(some))),
                "ExpressionAttributeNames": {"#e": "expires_at", **names},
                "ExpressionAttributeValues": {":e": typed_value(expires_at // 1000), **amounts},
            }
            self._call("UpdateItem", body)

    def read(self, tenant: str, family: str, first: int, last: int) -> Buckets:
        """The buckets from ``first`` to ``last``, both included."""
        buckets = {_pk(tenant, family, bucket): bucket for bucket in range(first, last + 1)}
        items = self._table.get_many(list(buckets), fresh=False) if buckets else ()
        return {
            buckets[str(item["pk"])]: {
                name.removeprefix(_PREFIX): int(count) for name, count in item.items() if name.startswith(_PREFIX)
            }
            for item in items
        }


class MemoryTallies:
    """``TallyStore`` in dictionaries."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, int], dict[str, int]] = {}

    def add(self, tenant: str, family: str, bucket: int, counts: Mapping[str, int], expires_at: Millis) -> None:
        """Add to the counts of a bucket; the first adds to 0."""
        kept = self.kept.setdefault((tenant, family, bucket), {}) if counts else {}
        for name, amount in counts.items():
            kept[name] = kept.get(name, 0) + amount

    def read(self, tenant: str, family: str, first: int, last: int) -> Buckets:
        """The buckets from ``first`` to ``last``, both included."""
        found = ((bucket, self.kept.get((tenant, family, bucket))) for bucket in range(first, last + 1))
        return {bucket: dict(counts) for bucket, counts in found if counts is not None}


def portions(counts: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """The counts in portions of one update each."""
    names = list(counts)
    for start in range(0, len(names), COUNTS_AT_ONCE):
        yield {name: counts[name] for name in names[start : start + COUNTS_AT_ONCE]}


def _pk(tenant: str, family: str, bucket: int) -> str:
    return f"{tenant}#t#{family}#{bucket}"
