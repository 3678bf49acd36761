"""Learned models of a tenant: their versions, and which of them are in force. Items of the table ``catalogue``.

``models#<tenant>`` holds under ``head`` what is in force, and under ``sizes`` how many people were counted in each
segment; ``model#<tenant>#<id>`` holds each version, which never changes. What is in force is told by the head alone, so
that one conditional write publishes many models at once, or takes them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, cast

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import TooLarge
from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import absent, equals, fitted
from chalicelib.store.items import Attributes, Call, Item, plain, typed

MOST_MODEL_BYTES = 350_000
"""Deflated. An item has at most 400 KB, and the report stands beside the model."""
MOST_REPORT_BYTES = 40_000
_HEAD, _SIZES = "head", "sizes"
_MOST_WITHDRAWN = 50

type ModelKind = Literal["segment", "score"]
type TrainedState = Literal["trained", "held", "worse"]


class LearnedVersion(msgspec.Struct, frozen=True):
    """One version of a model. ``model`` is a coded ``SegmentModel`` or ``ScoreModel``, ``report`` JSON of how it was won.

    ``state`` is what training came to: *trained* may be in force; *held* changes too much, *worse* is worse than the one
    before, as ``reason`` says. ``run_id`` names the run that made it: a run makes one version of each model.
    """

    kind: ModelKind
    id: str
    number: int
    state: TrainedState
    features_version: int
    run_id: str
    at: Millis
    reason: str
    model: bytes
    report: bytes


class InForceEntry(msgspec.Struct, frozen=True, array_like=True):
    """What of a model is in force: its version and the one ``before`` (0: none), since when, and who published it."""

    kind: ModelKind
    number: int
    before: int
    at: Millis
    by: str
    withdrawn: tuple[int, ...] = ()
    """Versions that were rolled back, oldest first; the newest fifty."""


class LearnedHead(msgspec.Struct, frozen=True):
    """What models of a tenant are in force, by id. ``version`` counts its writes; 0 has none."""

    version: int = 0
    models: Mapping[str, InForceEntry] = {}

    def with_published(self, one: LearnedVersion, at: Millis, by: str) -> LearnedHead:
        """The head in which this version is in force. Called twice, the same."""
        was = self.models.get(one.id)
        if was is not None and was.number == one.number:
            return self
        withdrawn = tuple(number for number in (was.withdrawn if was else ()) if number != one.number)
        entry = InForceEntry(one.kind, one.number, was.number if was else 0, at, by, withdrawn)
        return LearnedHead(self.version + 1, {**self.models, one.id: entry})

    def rolled_back(self, id_: str, number: int, at: Millis, by: str) -> LearnedHead:
        """The head in which a former version is in force again, in place of the one that is; 0: none is any more."""
        was = self.models[id_]
        withdrawn = (*(one for one in was.withdrawn if one not in (number, was.number)), was.number)[-_MOST_WITHDRAWN:]
        entry = InForceEntry(was.kind, number, 0, at, by, withdrawn)
        return LearnedHead(self.version + 1, {**self.models, id_: entry})


class SegmentSizes(msgspec.Struct, frozen=True):
    """How many people the job found in each ``<segmentation>.<segment>``, of so many judged."""

    job_id: str
    at: Millis
    people: int
    counts: Mapping[str, int]


class LearnedStore(Protocol):
    """Learned models by tenant."""

    def head(self, tenant: str) -> LearnedHead:
        """What is in force, read strongly consistently."""

    def publish(self, tenant: str, head: LearnedHead) -> bool:
        """Put a head in the place of the version before it; False when another one was written."""

    def keep(self, tenant: str, version: LearnedVersion) -> bool:
        """Keep a new version; False when another one has its number. Raises TooLarge ``model_too_large``."""

    def load(self, tenant: str, id_: str, number: int) -> LearnedVersion | None:
        """One version, or None."""

    def versions(self, tenant: str, id_: str, *, limit: int) -> Sequence[LearnedVersion]:
        """The newest versions of a model, newest first, without the models themselves."""

    def keep_sizes(self, tenant: str, sizes: SegmentSizes) -> None:
        """Replace what was counted."""

    def sizes(self, tenant: str) -> SegmentSizes | None:
        """What was counted last, or None."""


class DynamoLearned:
    """``LearnedStore`` on the table ``catalogue``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def head(self, tenant: str) -> LearnedHead:
        """What is in force, read strongly consistently."""
        item = self._get(f"models#{tenant}", _HEAD)
        return LearnedHead() if item is None else decode(cast(bytes, item["content"]), LearnedHead)

    def publish(self, tenant: str, head: LearnedHead) -> bool:
        """Put a head in the place of the version before it."""
        item: Attributes = {"pk": f"models#{tenant}", "sk": _HEAD, "v": head.version, "content": encode(head)}
        if self._put(item, equals("v", head.version - 1) if head.version > 1 else absent()):
            return True
        # The first answer may have been lost: then the head that is in the way is this very one.
        return self.head(tenant) == head

    def keep(self, tenant: str, version: LearnedVersion) -> bool:
        """Keep a new version."""
        check_size(version)
        item: Attributes = {
            "pk": _pk(tenant, version.id),
            "sk": _sk(version.number),
            "content": encode(msgspec.structs.replace(version, model=b"")),
            "model": version.model,
        }
        return self._put(item, absent()) or self.load(tenant, version.id, version.number) == version

    def load(self, tenant: str, id_: str, number: int) -> LearnedVersion | None:
        """One version, or None."""
        item = self._get(_pk(tenant, id_), _sk(number))
        return None if item is None else _version(item)

    def versions(self, tenant: str, id_: str, *, limit: int) -> Sequence[LearnedVersion]:
        """The newest versions of a model, newest first."""
        asked: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk",
            "ProjectionExpression": "#content",
            "ExpressionAttributeNames": {"#pk": "pk", "#content": "content"},
            "ExpressionAttributeValues": {":pk": {"S": _pk(tenant, id_)}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        found: list[LearnedVersion] = []
        while len(found) < limit:
            answer = self._call("Query", {**asked, "Limit": limit - len(found)})
            found += [_version(plain(one)) for one in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return found

    def keep_sizes(self, tenant: str, sizes: SegmentSizes) -> None:
        """Replace what was counted."""
        self._put({"pk": f"models#{tenant}", "sk": _SIZES, "content": encode(sizes)}, {})

    def sizes(self, tenant: str) -> SegmentSizes | None:
        """What was counted last, or None."""
        item = self._get(f"models#{tenant}", _SIZES)
        return None if item is None else decode(cast(bytes, item["content"]), SegmentSizes)

    def _get(self, pk: str, sk: str) -> Item | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        answer = self._call("GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": True})
        return plain(answer["Item"]) if "Item" in answer else None

    def _put(self, item: Attributes, condition: Mapping[str, Any]) -> bool:
        return fitted(self._call, "PutItem", {"TableName": self._table, "Item": typed(item), **condition})


class MemoryLearned:
    """``LearnedStore`` in dictionaries."""

    def __init__(self) -> None:
        self.heads: dict[str, LearnedHead] = {}
        self.kept: dict[tuple[str, str, int], LearnedVersion] = {}
        self.counted: dict[str, SegmentSizes] = {}

    def head(self, tenant: str) -> LearnedHead:
        """What is in force."""
        return self.heads.get(tenant, LearnedHead())

    def publish(self, tenant: str, head: LearnedHead) -> bool:
        """Put a head in the place of the version before it."""
        if self.head(tenant).version != head.version - 1:
            return self.head(tenant) == head
        self.heads[tenant] = head
        return True

    def keep(self, tenant: str, version: LearnedVersion) -> bool:
        """Keep a new version."""
        check_size(version)
        return self.kept.setdefault((tenant, version.id, version.number), version) == version

    def load(self, tenant: str, id_: str, number: int) -> LearnedVersion | None:
        """One version, or None."""
        return self.kept.get((tenant, id_, number))

    def versions(self, tenant: str, id_: str, *, limit: int) -> Sequence[LearnedVersion]:
        """The newest versions of a model, newest first."""
        found = [one for (of, name, _), one in self.kept.items() if (of, name) == (tenant, id_)]
        found.sort(key=lambda one: one.number, reverse=True)
        return [msgspec.structs.replace(one, model=b"") for one in found[:limit]]

    def keep_sizes(self, tenant: str, sizes: SegmentSizes) -> None:
        """Replace what was counted."""
        self.counted[tenant] = sizes

    def sizes(self, tenant: str) -> SegmentSizes | None:
        """What was counted last, or None."""
        return self.counted.get(tenant)


def check_size(version: LearnedVersion) -> None:
    """Raises TooLarge for a version that no item can hold."""
    if len(version.model) > MOST_MODEL_BYTES:
        raise TooLarge("model_too_large", f"A learned model has at most {MOST_MODEL_BYTES} bytes, deflated.")
    if len(version.report) > MOST_REPORT_BYTES:
        raise TooLarge("report_too_large", f"The report of a model has at most {MOST_REPORT_BYTES} bytes.")


def _version(item: Item) -> LearnedVersion:
    version = decode(cast(bytes, item["content"]), LearnedVersion)
    return msgspec.structs.replace(version, model=cast(bytes, item.get("model", b"")))


def _pk(tenant: str, id_: str) -> str:
    return f"model#{tenant}#{id_}"


def _sk(number: int) -> str:
    return f"{number:08d}"
