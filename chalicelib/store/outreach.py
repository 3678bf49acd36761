"""Risks that were raised, and what came of the suggestions: records of the table ``history`` that a save keeps.

A risk is found by its id and listed by time (kind ``risk``); a second record, of the kind of its person alone, leads an
erasure to it. Of what came of a suggestion there are two at most: that it was sent, and the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Protocol

from chalicelib.kernel.moments import THE_LAST, Millis
from chalicelib.store.dynamo import Table
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.items import Call
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import HistoryStore, Record

RISK = "risk"
SAID = ("risk_sent", "risk_answer")
"""Kinds of what came of a suggestion, by the risk's id."""
_INDEX = "by_facet"
_ALL = 1 << 30


def risks_of(profile_id: str) -> str:
    """The kind of the records that lead from a person to what was raised of them."""
    return f"risk_of_{profile_id}"


class OutreachStore(Protocol):
    """What was raised, newest first, and what came of it."""

    def risks(self, tenant: str, *, before: Millis, limit: int) -> Sequence[Record]:
        """The newest risks before an instant; index reads may lag. ``limit``, and more where an instant has more."""

    def between(self, tenant: str, *, after: Millis, until: Millis, limit: int) -> Sequence[Record]:
        """The oldest risks in (after, until], oldest first; index reads may lag. ``limit``, and more of one instant."""

    def risk(self, tenant: str, risk_id: str) -> Record | None:
        """One risk, read strongly consistently."""

    def about(self, tenant: str, profile_id: str, *, limit: int) -> Sequence[Record]:
        """The newest risks that were raised of a profile, newest first; index reads may lag."""

    def said(self, tenant: str, risk_ids: Collection[str]) -> dict[tuple[str, str], Record]:
        """(kind, risk) → what came of these, as far as anything did."""

    def say(self, record: Record) -> bool:
        """Keep what came of a suggestion; False where that was said before."""

    def forget(self, tenant: str, profile_id: str, *, at_most: int = _ALL) -> int:
        """Delete what was raised of a person; how many risks there were, up to ``at_most``. Index reads may lag."""


class _OverHistory:
    """What needs no more than a history: risks and what came of them are records of it like any other."""

    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    def risks(self, tenant: str, *, before: Millis, limit: int) -> Sequence[Record]:
        """The newest risks before an instant."""
        return self._history.records(tenant, RISK, before=before, limit=limit)

    def between(self, tenant: str, *, after: Millis, until: Millis, limit: int) -> Sequence[Record]:
        """The oldest risks in (after, until]."""
        return self._history.records_after(tenant, RISK, after=after, until=until, limit=limit)

    def risk(self, tenant: str, risk_id: str) -> Record | None:
        """One risk."""
        return self._history.record_of(tenant, RISK, risk_id)

    def about(self, tenant: str, profile_id: str, *, limit: int) -> Sequence[Record]:
        """The newest risks that were raised of a profile."""
        named = self._history.records(tenant, risks_of(profile_id), before=THE_LAST, limit=limit)[:limit]
        found = (self.risk(tenant, one.record_id) for one in named)
        return [one for one in found if one is not None]

    def say(self, record: Record) -> bool:
        """Keep what came of a suggestion."""
        return self._history.keep(record)


class DynamoOutreach(_OverHistory):
    """``OutreachStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        super().__init__(DynamoHistory(call, table))
        self._table = Table(call, table)

    def said(self, tenant: str, risk_ids: Collection[str]) -> dict[tuple[str, str], Record]:
        """(kind, risk) → what came of these."""
        keys = {f"{tenant}#{kind}#{one}": (kind, one) for kind in SAID for one in risk_ids}
        items = {str(item["pk"]): item for item in self._table.get_many(sorted(keys), fresh=True)}
        return {
            keys[pk]: Record(tenant, *keys[pk], int(str(item["at"])), bytes(item.get("content", b"")))  # type: ignore[arg-type]
            for pk, item in items.items()
        }

    def forget(self, tenant: str, profile_id: str, *, at_most: int = _ALL) -> int:
        """Delete what was raised of a person: what leads to it goes last, so that a repeat finds what was left."""
        kind = risks_of(profile_id)
        named = self._table.all_before(_INDEX, f"{tenant}#{kind}", before=THE_LAST)
        return sum(islice((self._gone(tenant, kind, str(item["pk"])) for item in named), at_most))

    def _gone(self, tenant: str, kind: str, pk: str) -> bool:
        risk_id = pk.removeprefix(f"{tenant}#{kind}#")
        for one in (*SAID, RISK):
            self._table.delete(f"{tenant}#{one}#{risk_id}")
        return self._table.delete_one(pk)


class MemoryOutreach(_OverHistory):
    """``OutreachStore`` over a history in memory."""

    def __init__(self, history: MemoryHistory) -> None:
        super().__init__(history)
        self._kept = history.kept_records

    def said(self, tenant: str, risk_ids: Collection[str]) -> dict[tuple[str, str], Record]:
        """(kind, risk) → what came of these."""
        found = {(kind, one): self._history.record_of(tenant, kind, one) for kind in SAID for one in risk_ids}
        return {key: record for key, record in found.items() if record is not None}

    def forget(self, tenant: str, profile_id: str, *, at_most: int = _ALL) -> int:
        """Delete what was raised of a person."""
        return sum(islice(self._gone(tenant, risks_of(profile_id)), at_most))

    def _gone(self, tenant: str, kind: str) -> Iterator[int]:
        for _, _, risk_id in [key for key in self._kept if key[:2] == (tenant, kind)]:
            for one in (*SAID, RISK, kind):
                self._kept.pop((tenant, one, risk_id), None)
            yield 1
