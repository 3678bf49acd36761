"""What a count of people has come to: named values with versions, in the table ``history`` or, for hot readers, ``catalogue``.

``<tenant>#c#<name>`` holds a value, or the names of its parts ``<tenant>#c#<name>#<digest>.<number>`` where it is larger
than one item may be. Parts are written before what names them and are named by their own bytes, so that a reader finds a
whole value whoever writes beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol, cast

import msgspec

from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import Table, absent, equals
from chalicelib.store.items import Attributes, Call, plain, typed

PART_BYTES = 350_000
"""DynamoDB takes items of 400 KB with their names."""
_SORT = "record"


class Kept(msgspec.Struct, frozen=True):
    """A value under a name. ``version`` counts its writings, from 1."""

    name: str
    version: int
    content: bytes
    expires_at: Millis


class CountStore(Protocol):
    """Values by tenant and name."""

    def load(self, tenant: str, name: str) -> Kept | None:
        """A value as it was last kept, read strongly consistently."""

    def keep(self, tenant: str, one: Kept) -> bool:
        """Write a value in place of the version before; False when another was written meanwhile."""


class GroupTagStore(Protocol):
    """One small value per tenant, which the functions that show profiles read."""

    def group_tags(self, tenant: str) -> bytes | None:
        """The value, or None."""

    def keep_group_tags(self, tenant: str, content: bytes) -> None:
        """Write the value."""


class DynamoCounts:
    """``CountStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def load(self, tenant: str, name: str) -> Kept | None:
        """A value as it was last kept."""
        item = self._table.get(_pk(tenant, name), fresh=True)
        if item is None:
            return None
        content = cast(bytes, item.get("content", b""))
        if item.get("parts"):
            content = self._joined(_part_pks(tenant, name, str(item["digest"]), cast(int, item["parts"])))
        return Kept(name, cast(int, item["v"]), content, cast(int, item["expires_at"]) * 1000)

    def keep(self, tenant: str, one: Kept) -> bool:
        """Write a value in place of the version before; False when another was written meanwhile."""
        item: Attributes = {"pk": _pk(tenant, one.name), "v": one.version, "expires_at": one.expires_at // 1000}
        if len(one.content) <= PART_BYTES:
            item = {**item, "content": one.content}
        else:
            digest = sha256(one.content).hexdigest()[:24]
            item = {**item, "digest": digest, "parts": self._put_parts(tenant, one, digest)}
        if self._table.put_if(item, equals("v", one.version - 1) if one.version > 1 else absent()):
            return True
        # The first answer may have been lost: then what is in the way is this very value.
        return self.load(tenant, one.name) == one

    def _put_parts(self, tenant: str, one: Kept, digest: str) -> int:
        parts = [one.content[start : start + PART_BYTES] for start in range(0, len(one.content), PART_BYTES)]
        for pk, part in zip(_part_pks(tenant, one.name, digest, len(parts)), parts, strict=True):
            self._table.put({"pk": pk, "content": part, "expires_at": one.expires_at // 1000}, if_absent=False)
        return len(parts)

    def _joined(self, pks: Sequence[str]) -> bytes:
        found = {str(item["pk"]): cast(bytes, item["content"]) for item in self._table.get_many(pks, fresh=True)}
        if len(found) < len(pks):
            raise Unavailable("store_conflict", "A value was replaced while it was read.")
        return b"".join(found[pk] for pk in pks)


class DynamoGroupTags:
    """``GroupTagStore`` on the table ``catalogue``: ``groups#<tenant>``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def group_tags(self, tenant: str) -> bytes | None:
        """The value, or None."""
        key = {"pk": {"S": f"groups#{tenant}"}, "sk": {"S": _SORT}}
        answer = self._call("GetItem", {"TableName": self._table, "Key": key})
        return cast(bytes, plain(answer["Item"])["content"]) if "Item" in answer else None

    def keep_group_tags(self, tenant: str, content: bytes) -> None:
        """Write the value."""
        item = typed({"pk": f"groups#{tenant}", "sk": _SORT, "content": content})
        self._call("PutItem", {"TableName": self._table, "Item": item})


class MemoryCounts:
    """``CountStore`` and ``GroupTagStore`` in dictionaries."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Kept] = {}
        self.group_tags_kept: dict[str, bytes] = {}

    def load(self, tenant: str, name: str) -> Kept | None:
        """A value as it was last kept."""
        return self.kept.get((tenant, name))

    def keep(self, tenant: str, one: Kept) -> bool:
        """Write a value in place of the version before; False when another was written meanwhile."""
        before = self.load(tenant, one.name)
        if (0 if before is None else before.version) != one.version - 1:
            return before == one
        self.kept[tenant, one.name] = one
        return True

    def group_tags(self, tenant: str) -> bytes | None:
        """The value, or None."""
        return self.group_tags_kept.get(tenant)

    def keep_group_tags(self, tenant: str, content: bytes) -> None:
        """Write the value."""
        self.group_tags_kept[tenant] = content


def _pk(tenant: str, name: str) -> str:
    return f"{tenant}#c#{name}"


def _part_pks(tenant: str, name: str, digest: str, parts: int) -> list[str]:
    return [f"{_pk(tenant, name)}#{digest}.{number}" for number in range(parts)]
