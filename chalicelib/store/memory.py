"""The stores in memory, with the same promises as DynamoDB: for tests and for trying a flow by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from threading import Lock

from msgspec.structs import replace

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import FacetId, IdentifierKey
from chalicelib.store.rows import (
    THE_END,
    Change,
    DecisionRow,
    Due,
    EventRow,
    FacetSecret,
    IdentifierRow,
    Outcome,
    Position,
    ProfileRow,
    QuarantineRow,
    Record,
    due_shard,
)
from chalicelib.store.sweeps import Listed, Progress


class MemoryProfiles:
    """``ProfileStore`` and ``TimerStore`` in dictionaries. ``history`` receives the event rows of each save."""

    def __init__(self, history: MemoryHistory) -> None:
        self.rows: dict[tuple[str, str], ProfileRow] = {}
        self.identifiers: dict[tuple[str, str], IdentifierRow] = {}
        self._history = history
        self._lock = Lock()

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, IdentifierRow]:
        """Identifier → row, for those known."""
        return {key: self.identifiers[tenant, key] for key in keys if (tenant, key) in self.identifiers}

    def load(self, tenant: str, profile_ids: Collection[str], *, fresh: bool) -> dict[str, ProfileRow]:
        """Profile id → row, for those that exist."""
        return {one: self.rows[tenant, one] for one in profile_ids if (tenant, one) in self.rows}

    def find_and_load(
        self, tenant: str, keys: Collection[IdentifierKey], profile_ids: Collection[str]
    ) -> tuple[dict[IdentifierKey, IdentifierRow], dict[str, ProfileRow]]:
        """What ``find`` and ``load`` give, in one read."""
        return self.find(tenant, keys, fresh=False), self.load(tenant, profile_ids, fresh=False)

    def save(self, change: Change) -> Outcome:
        """Write everything or nothing."""
        with self._lock:
            markers = self._history.markers
            duplicates = frozenset(row.event_key for row in change.events if (row.tenant, row.event_key) in markers)
            if duplicates or self._moved(change):
                return Outcome(saved=False, duplicates=duplicates, stale=self._moved(change))
            for row, _ in change.profiles:
                self.rows[row.tenant, row.profile_id] = row
            for one in change.identifiers:
                self.identifiers[change.tenant, one.key] = one.row
            for event in change.events:
                markers[event.tenant, event.event_key] = event
            for record in change.records:
                self._history.kept_records[record.tenant, record.kind, record.record_id] = record
            return Outcome(saved=True)

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[Due]]:
        """The profiles of a shard that are due up to an instant."""
        rows = [row for row in list(self.rows.values()) if due_shard(row.profile_id) == shard]
        due = [Due(row.tenant, row.profile_id, row.due_at) for row in rows if 0 < row.due_at <= until]
        if due:
            yield sorted(due, key=lambda one: (one.due_at, one.profile_id))

    def settle(self, row: ProfileRow, due_at: Millis) -> bool:
        """Set when a profile is due next."""
        with self._lock:
            kept = self.rows.get((row.tenant, row.profile_id))
            if kept is None or (kept.version, kept.due_at) != (row.version, row.due_at):
                return False
            self.rows[row.tenant, row.profile_id] = replace(kept, due_at=due_at)
            return True

    def _moved(self, change: Change) -> bool:
        """Whether anything that the change was decided by is not what it was."""
        profiles = [(row.profile_id, replaces) for row, replaces in change.profiles] + list(change.checks)
        identifiers = [(one.key, one.row.version - 1) for one in change.identifiers] + list(change.unmoved)
        return (
            any(self._version(change.tenant, one) != version for one, version in profiles)
            or any(self._turn(change.tenant, key) != version for key, version in identifiers)
            or any((one.tenant, one.kind, one.record_id) in self._history.kept_records for one in change.records)
        )

    def _version(self, tenant: str, profile_id: str) -> int:
        kept = self.rows.get((tenant, profile_id))
        return 0 if kept is None else kept.version

    def _turn(self, tenant: str, key: IdentifierKey) -> int:
        kept = self.identifiers.get((tenant, key))
        return 0 if kept is None else kept.version


class MemoryHistory:
    """``HistoryStore`` in dictionaries."""

    def __init__(self) -> None:
        self.markers: dict[tuple[str, bytes], EventRow] = {}
        self.quarantine_rows: dict[tuple[str, str], QuarantineRow] = {}
        self.decisions: dict[tuple[str, str], DecisionRow] = {}
        self.claims: dict[tuple[str, str], tuple[bytes, Millis]] = {}
        self.kept_records: dict[tuple[str, str, str], Record] = {}

    def record_of(self, tenant: str, kind: str, record_id: str) -> Record | None:
        """A record."""
        return self.kept_records.get((tenant, kind, record_id))

    def records(self, tenant: str, kind: str, *, before: Millis, limit: int) -> Sequence[Record]:
        """The newest records of a kind before an instant, newest first."""
        rows = [
            one for one in self.kept_records.values() if (one.tenant, one.kind) == (tenant, kind) and one.at < before
        ]
        rows.sort(key=lambda row: (row.at, row.record_id), reverse=True)
        return [row for row in rows if len(rows) <= limit or row.at >= rows[limit - 1].at]

    def records_after(self, tenant: str, kind: str, *, after: Millis, until: Millis, limit: int) -> Sequence[Record]:
        """The oldest records of a kind in (after, until], oldest first."""
        kept = [one for one in self.kept_records.values() if (one.tenant, one.kind) == (tenant, kind)]
        rows = sorted((one for one in kept if after < one.at <= until), key=lambda row: (row.at, row.record_id))
        return [row for row in rows if len(rows) <= limit or row.at <= rows[limit - 1].at]

    def events(self, tenant: str, keys: Collection[bytes]) -> dict[bytes, EventRow]:
        """Event key → row, for those that exist."""
        return {key: self.markers[tenant, key] for key in keys if (tenant, key) in self.markers}

    def timeline(self, tenant: str, facet: FacetId, *, before: Millis, limit: int) -> Sequence[EventRow]:
        """The newest events of a facet before an instant, newest first."""
        rows = [row for row in self.markers.values() if row.tenant == tenant and row.facet == facet and row.at < before]
        rows.sort(key=lambda row: (row.at, row.event_key), reverse=True)
        return [row for row in rows if len(rows) <= limit or row.at >= rows[limit - 1].at]

    def keep(self, record: Record) -> bool:
        """Keep a record; False when there was one of its id."""
        key = (record.tenant, record.kind, record.record_id)
        return self.kept_records.setdefault(key, record) is record

    def strip(self, tenant: str, facet: FacetId, *, until: Millis, at_most: int = 1 << 30) -> int:
        """Leave of a facet's events up to an instant the markers."""
        found = [row for row in self.markers.values() if (row.tenant, row.facet) == (tenant, facet) and row.at <= until]
        for row in found[:at_most]:
            marker = EventRow(tenant, row.event_key, "", row.at, row.expires_at, b"")
            self.markers[tenant, row.event_key] = marker
        return len(found[:at_most])

    def forget_decisions(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete decisions about a profile."""
        found = [key for key, row in self.decisions.items() if (row.tenant, row.profile_id) == (tenant, profile_id)]
        for key in found[:at_most]:
            del self.decisions[key]
        return len(found[:at_most])

    def count(self, tenant: str, facet: FacetId, *, at_most: int) -> int:
        """How many events a facet's history holds."""
        return min(at_most, sum((row.tenant, row.facet) == (tenant, facet) for row in self.markers.values()))

    def quarantine(self, row: QuarantineRow) -> None:
        """Keep what could not be applied: an event in place of what its id had, anything else once."""
        if row.replayable or (row.tenant, row.quarantine_id) not in self.quarantine_rows:
            self.quarantine_rows[row.tenant, row.quarantine_id] = row

    def quarantined(self, tenant: str, *, limit: int, before: Position = THE_END) -> Sequence[QuarantineRow]:
        """The newest quarantined before a position, newest first."""
        rows = [row for row in self.quarantine_rows.values() if row.tenant == tenant]
        rows.sort(key=lambda row: (row.at, row.quarantine_id), reverse=True)
        return [row for row in rows if (row.at, row.quarantine_id) < before][:limit]

    def quarantine_row(self, tenant: str, quarantine_id: str) -> QuarantineRow | None:
        """One quarantined row."""
        return self.quarantine_rows.get((tenant, quarantine_id))

    def mark_replayed(self, row: QuarantineRow, at: Millis, principal: str) -> bool:
        """Note that a row was replayed, if it waits as it was read."""
        kept = self.quarantine_rows.get((row.tenant, row.quarantine_id))
        if kept is None or kept.at != row.at or kept.replayed_at:
            return False
        self.quarantine_rows[row.tenant, row.quarantine_id] = replace(kept, replayed_at=at, replayed_by=principal)
        return True

    def record(self, row: DecisionRow) -> bool:
        """Keep a decision; False when one of that id was already there."""
        key = (row.tenant, row.decision_id)
        if key in self.decisions:
            return False
        self.decisions[key] = row
        return True

    def decision(self, tenant: str, decision_id: str) -> DecisionRow | None:
        """A decision as it was answered."""
        return self.decisions.get((tenant, decision_id))

    def decisions_about(self, tenant: str, profile_id: str, *, before: Millis, limit: int) -> Sequence[DecisionRow]:
        """The newest decisions about a profile before an instant, newest first."""
        about = [row for row in self.decisions.values() if (row.tenant, row.profile_id) == (tenant, profile_id)]
        rows = sorted(
            (row for row in about if row.at < before), key=lambda row: (row.at, row.decision_id), reverse=True
        )
        return [row for row in rows if len(rows) <= limit or row.at >= rows[limit - 1].at]

    def claim(self, tenant: str, name: str, content: bytes, *, now: Millis, expires_at: Millis) -> bytes:
        """What a name is claimed for."""
        kept, until = self.claims.get((tenant, name), (content, 0))
        if until // 1000 <= now // 1000:
            kept, until = content, expires_at
        self.claims[tenant, name] = kept, until
        return kept


class MemorySecrets:
    """``SecretStore`` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, FacetId], FacetSecret] = {}
        self.notes: dict[tuple[str, str], Progress] = {}

    def secrets(self, tenant: str, facets: Collection[FacetId]) -> dict[FacetId, FacetSecret]:
        """Facet → secret, for those that have one."""
        return {facet: self.kept[tenant, facet] for facet in facets if (tenant, facet) in self.kept}

    def create(self, tenant: str, facet: FacetId, secret: FacetSecret) -> FacetSecret:
        """Keep a new secret unless there is one; returns the one that is kept."""
        return self.kept.setdefault((tenant, facet), secret)

    def delete(self, tenant: str, facets: Collection[FacetId]) -> None:
        """Delete secrets."""
        for facet in facets:
            self.kept.pop((tenant, facet), None)

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[FacetSecret]:
        """Secrets that need a branch key older than ``version``."""
        names = sorted(name for of, name in list(self.kept) if of == tenant and name > after)
        page = {name: self.kept[tenant, name] for name in names[:limit]}
        found = {name: one for name, one in page.items() if one.opens_with < version}
        return Listed(found, names[limit - 1] if len(names) > limit else "", len(page))

    def swap(self, tenant: str, name: str, before: FacetSecret, after: FacetSecret) -> bool:
        """Replace a secret, if it is the one that was read."""
        if self.kept.get((tenant, name)) != before:
            return False
        self.kept[tenant, name] = after
        return True

    def progress(self, tenant: str, kind: str) -> Progress | None:
        """Where the sweep of a kind stands."""
        return self.notes.get((tenant, kind))

    def note(self, tenant: str, kind: str, progress: Progress) -> None:
        """Note where it stands."""
        self.notes[tenant, kind] = progress
