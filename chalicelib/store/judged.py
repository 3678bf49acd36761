"""What models say of people, written by the job that judges everybody, and the members of each learned segment.

A write holds only while the profile has the version that was read: whoever saves a profile judges it themselves. It
makes no new version, so that it is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from chalicelib.store.dynamo import fitted
from chalicelib.store.dynamo_profiles import segment_key
from chalicelib.store.items import Call, plain, typed_value
from chalicelib.store.memory import MemoryProfiles
from chalicelib.store.rows import SEGMENT_SHARDS, ProfileRow, segment_shard

_INDEX = "by_segment"
_UNITS_OF_INDEX = 2
"""A member that moves leaves one part of the index and enters another."""
_AT_ONCE = 8
"""Writes under way at once. A function keeps at most 16 connections."""
_AROUND_BYTES = 220
"""What an item takes beside its body: keys, names and moments."""


class Members(msgspec.Struct, frozen=True):
    """Some members of a segment. ``after`` is where the next page begins; '' at the end."""

    profile_ids: tuple[str, ...]
    after: str


class JudgedStore(Protocol):
    """What models say of people."""

    def settle(self, row: ProfileRow, judged: ProfileRow) -> bool:
        """Write what ``judged`` says in place of what ``row`` says; False when the profile was saved since it was read."""

    def settle_all(self, writes: Sequence[tuple[ProfileRow, ProfileRow]]) -> None:
        """Settle each: all of them are written when it returns, but of whom the profile was saved since.

        Raises what a write raised: then some may be written, and some not.
        """

    def members(self, tenant: str, segment: str, after: str, *, limit: int) -> Members:
        """The members of a segment behind a place. What was written a moment ago may be missing, or stand where it was."""


def write_units_of(row: ProfileRow, judged: ProfileRow) -> int:
    """What a write is about to take: the whole item counts, whatever part of it changes."""
    size = len(row.body) + len(row.ties) + max(len(row.judged), len(judged.judged)) + _AROUND_BYTES
    return -(-size // 1024) + (_UNITS_OF_INDEX if row.segment != judged.segment else 0)


class DynamoJudged:
    """``JudgedStore`` on the table ``profiles`` and its index ``by_segment``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def settle(self, row: ProfileRow, judged: ProfileRow) -> bool:
        """Write what ``judged`` says in place of what ``row`` says."""
        told: dict[str, Mapping[str, str]] = {":v": {"N": str(row.version)}}
        is_in = {"judged": judged.judged, "segment": judged.segment}
        if judged.judged:
            told[":judged"] = typed_value(judged.judged)
        if judged.segment:
            told[":segment"] = typed_value(segment_key(row.tenant, judged.segment, row.profile_id))
        kept, gone = ([name for name, one in is_in.items() if bool(one) is there] for there in (True, False))
        sets = "SET " + ", ".join(f"#{name} = :{name}" for name in kept) if kept else ""
        removes = "REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
        body: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"pk": {"S": f"{row.tenant}#p#{row.profile_id}"}},
            "UpdateExpression": f"{sets} {removes}".strip(),
            "ConditionExpression": "#v = :v",
            "ExpressionAttributeNames": {"#v": "v", "#judged": "judged", "#segment": "segment"},
            "ExpressionAttributeValues": told,
        }
        return fitted(self._call, "UpdateItem", body)

    def settle_all(self, writes: Sequence[tuple[ProfileRow, ProfileRow]]) -> None:
        """Settle each, several at once: one after the other a function would wait for most of its time."""
        # Only who goes through everybody needs threads; who lists members reads this module, too.
        from concurrent.futures import ThreadPoolExecutor

        if not writes:
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(writes))) as pool:
            # Where one raises, those that have not begun are given up, and those under way are waited for.
            for _ in pool.map(lambda one: self.settle(*one), writes):
                pass

    def members(self, tenant: str, segment: str, after: str, *, limit: int) -> Members:
        """The members of a segment behind a place, part after part of the index."""
        found: list[str] = []
        shard = segment_shard(after) if after else 0
        while shard < SEGMENT_SHARDS:
            found += self._of_shard(tenant, segment, shard, after, limit + 1 - len(found))
            if len(found) > limit:
                return Members(tuple(found[:limit]), found[limit - 1])
            shard, after = shard + 1, ""
        return Members(tuple(found), "")

    def _of_shard(self, tenant: str, segment: str, shard: int, after: str, limit: int) -> list[str]:
        prefix = f"{tenant}#p#"
        asked: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _INDEX,
            "KeyConditionExpression": "#segment = :segment AND #pk > :after",
            "ExpressionAttributeNames": {"#segment": "segment", "#pk": "pk"},
            "ExpressionAttributeValues": {
                ":segment": {"S": f"{tenant}#{segment}#{shard}"},
                ":after": {"S": prefix + after},
            },
        }
        found: list[str] = []
        while len(found) < limit:
            answer = self._call("Query", {**asked, "Limit": limit - len(found)})
            found += [str(plain(one)["pk"]).removeprefix(prefix) for one in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return found


class MemoryJudged:
    """``JudgedStore`` over the profiles in memory."""

    def __init__(self, profiles: MemoryProfiles) -> None:
        self._profiles = profiles

    def settle(self, row: ProfileRow, judged: ProfileRow) -> bool:
        """Write what ``judged`` says in place of what ``row`` says."""
        rows = self._profiles.rows
        kept = rows.get((row.tenant, row.profile_id))
        if kept is None or kept.version != row.version:
            return False
        rows[row.tenant, row.profile_id] = msgspec.structs.replace(kept, judged=judged.judged, segment=judged.segment)
        return True

    def settle_all(self, writes: Sequence[tuple[ProfileRow, ProfileRow]]) -> None:
        """Settle each."""
        for row, judged in writes:
            self.settle(row, judged)

    def members(self, tenant: str, segment: str, after: str, *, limit: int) -> Members:
        """The members of a segment behind a place."""
        rows = [one for (of, _), one in self._profiles.rows.items() if of == tenant and one.segment == segment]
        ids = sorted((segment_shard(one.profile_id), one.profile_id) for one in rows)
        start = (segment_shard(after), after) if after else (-1, "")
        found = [id_ for place, id_ in ids if (place, id_) > start]
        return Members(tuple(found[:limit]), found[limit - 1] if len(found) > limit else "")
