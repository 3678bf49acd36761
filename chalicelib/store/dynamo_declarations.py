"""``DeclarationStore`` on the table ``catalogue``; what is kept of who did what goes to ``history``, in one transaction.

``standing#<tenant>`` is the head, ``switched_off#<tenant>`` the rules that are not evaluated, ``bundle#<tenant>``
the chunks, ``draft#<tenant>#<kind>`` and ``version#<tenant>#<kind>#<id>`` what editors see. Who may write
which is told apart by these beginnings, in the functions' policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import batched
from typing import Any, cast

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.store.declarations import Draft, Entry, Head, Kind, Publication, Standing, Version
from chalicelib.store.dynamo import absent, answers, equals, put_action, read_keys, transact
from chalicelib.store.dynamo_profiles import record_item
from chalicelib.store.items import Attributes, Call, Item, plain, typed
from chalicelib.store.rows import Record

_RECORD, _HEAD, _OFF = "record", "head", "off:"
_CHUNK_BYTES = 380_000
"""An item has at most 400 KB, also where nothing can be deflated."""
_CHUNKS_AT_ONCE = 25
_MARKS_AT_ONCE = 100
"""An expression has at most 4 KB."""
_WHOLE = msgspec.msgpack.Encoder(order="deterministic")


class DynamoDeclarations:
    """``DeclarationStore`` on DynamoDB."""

    def __init__(self, call: Call, table: str, history: str) -> None:
        self._call = call
        self._table = table
        self._history = history

    def standing(self, tenant: str) -> Standing:
        """The head and what is switched off, read strongly consistently in one call."""
        found = {
            one["pk"]: one for one in self._get([(f"standing#{tenant}", _HEAD), (f"switched_off#{tenant}", _RECORD)])
        }
        head, off = found.get(f"standing#{tenant}"), found.get(f"switched_off#{tenant}", {})
        return Standing(
            Head() if head is None else _content(head, Head),
            {name.removeprefix(_OFF): str(mark) for name, mark in off.items() if name.startswith(_OFF)},
        )

    def bundle(self, tenant: str, head: Head) -> Sequence[Entry] | None:
        """The entries of a head, sorted by kind and id; None when it was replaced so long ago that they are gone."""
        chunks: dict[str, tuple[Entry, ...]] = {}
        for start in range(0, len(head.chunks), _CHUNKS_AT_ONCE):
            keys = [(f"bundle#{tenant}", one) for one in head.chunks[start : start + _CHUNKS_AT_ONCE]]
            chunks |= {str(one["sk"]): _content(one, tuple[Entry, ...]) for one in self._get(keys)}
        if chunks.keys() != set(head.chunks):
            return None
        return [entry for one in head.chunks for entry in chunks[one]]

    def keep_bundle(self, tenant: str, version: int, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Write the entries that a version is to have; returns the names of their chunks."""
        names: list[str] = []
        for place, chunk in enumerate(_chunks(sorted(entries, key=lambda one: (one.kind, one.id)))):
            content = encode(chunk)
            names.append(f"{version:08d}-{place:03d}-{sha256(content).hexdigest()[:16]}")
            item: Attributes = {"pk": f"bundle#{tenant}", "sk": names[-1], "content": content}
            self._call("PutItem", {"TableName": self._table, "Item": typed(item)})
        return tuple(names)

    def drop_chunks(self, tenant: str, chunks: Sequence[str]) -> None:
        """Delete chunks that no head names any more."""
        for one in chunks:
            self._call("DeleteItem", {"TableName": self._table, "Key": _key(f"bundle#{tenant}", one)})

    def publish(self, publication: Publication) -> bool:
        """Put a version in force; False when another one was, or the draft is another by now."""
        tenant, head, made, draft = publication.tenant, publication.head, publication.version, publication.draft
        standing: Attributes = {"pk": f"standing#{tenant}", "sk": _HEAD, "v": head.version, "content": encode(head)}
        row: Attributes = {
            "pk": f"version#{tenant}#{made.kind}#{made.id}",
            "sk": f"{made.number:08d}",
            "content": encode(made),
        }
        actions = [
            put_action(self._table, standing, equals("v", head.version - 1) if head.version > 1 else absent()),
            put_action(self._table, row, absent()),
            *([] if draft is None else [self._draft_deleted(tenant, draft)]),
            *([self._lifted(tenant, made.id)] if made.kind == "tags" else []),
            *(put_action(self._history, record_item(one), absent()) for one in publication.records),
        ]
        return self._all_or_nothing(actions, _WHOLE.encode(publication))

    def draft(self, tenant: str, kind: Kind, id_: str) -> Draft | None:
        """A draft, or None."""
        found = list(self._get([(f"draft#{tenant}#{kind}", id_)]))
        return _content(found[0], Draft) if found else None

    def drafts(self, tenant: str, kind: Kind) -> Sequence[Draft]:
        """All drafts of a kind, sorted by id."""
        return [_content(one, Draft) for one in self._query(f"draft#{tenant}#{kind}", forward=True)]

    def keep_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Write a draft in place of the one there was, with what is kept of who did it."""
        item: Attributes = {
            "pk": f"draft#{tenant}#{draft.kind}",
            "sk": draft.id,
            "digest": draft.digest,
            "content": encode(draft),
        }
        actions = [
            put_action(self._table, item, {}),
            *(put_action(self._history, record_item(one), absent()) for one in records),
        ]
        return self._all_or_nothing(actions, _WHOLE.encode((tenant, draft, records)))

    def drop_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Delete a draft; False when it is another by now."""
        actions = [
            self._draft_deleted(tenant, draft),
            *(put_action(self._history, record_item(one), absent()) for one in records),
        ]
        return self._all_or_nothing(actions, _WHOLE.encode((tenant, draft, records, "drop")))

    def version(self, tenant: str, kind: Kind, id_: str, number: int) -> Version | None:
        """One version of a declaration."""
        found = list(self._get([(f"version#{tenant}#{kind}#{id_}", f"{number:08d}")]))
        return _content(found[0], Version) if found else None

    def versions(self, tenant: str, kind: Kind, id_: str, *, limit: int) -> Sequence[Version]:
        """The newest versions of a declaration, newest first."""
        rows = self._query(f"version#{tenant}#{kind}#{id_}", forward=False, limit=limit)
        return [_content(one, Version) for one in rows]

    def switch_off(self, tenant: str, marks: Mapping[str, str]) -> None:
        """Note that these tags' rules, by their marks, are not evaluated until they are published again."""
        for some in batched(marks.items(), _MARKS_AT_ONCE):
            body = {
                "TableName": self._table,
                "Key": _key(f"switched_off#{tenant}", _RECORD),
                "UpdateExpression": "SET " + ", ".join(f"#a{place} = :a{place}" for place in range(len(some))),
                "ExpressionAttributeNames": {f"#a{place}": _OFF + tag_id for place, (tag_id, _) in enumerate(some)},
                "ExpressionAttributeValues": {f":a{place}": {"S": mark} for place, (_, mark) in enumerate(some)},
            }
            self._call("UpdateItem", body)

    def _lifted(self, tenant: str, tag_id: str) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(f"switched_off#{tenant}", _RECORD),
                "UpdateExpression": "REMOVE #tag",
                "ExpressionAttributeNames": {"#tag": _OFF + tag_id},
            }
        }

    def _draft_deleted(self, tenant: str, draft: Draft) -> dict[str, Any]:
        key = _key(f"draft#{tenant}#{draft.kind}", draft.id)
        return {"Delete": {"TableName": self._table, "Key": key, **equals("digest", draft.digest)}}

    def _all_or_nothing(self, actions: list[dict[str, Any]], content: bytes) -> bool:
        return transact(self._call, actions, sha256(content).hexdigest()[:36]) is None

    def _get(self, keys: Sequence[tuple[str, str]]) -> Iterator[Item]:
        return map(plain, read_keys(self._call, self._table, [_key(*one) for one in keys], fresh=True))

    def _query(self, pk: str, *, forward: bool, limit: int | None = None) -> Iterator[Item]:
        body: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ScanIndexForward": forward,
            "ConsistentRead": True,
        }
        if limit is not None:
            body["Limit"] = limit
        for answer in answers(self._call, body):
            yield from map(plain, answer["Items"])
            if limit is not None:
                return


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _content[T](item: Attributes, type_: type[T]) -> T:
    return decode(cast(bytes, item["content"]), type_)


def _chunks(entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
    chunk: list[Entry] = []
    size = 0
    for one in entries:
        own = len(_WHOLE.encode(one))
        if chunk and size + own > _CHUNK_BYTES:
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(one)
        size += own
    if chunk:
        yield tuple(chunk)
