"""Keeps that somebody is about to see people's profiles: the row is written before the answer, or there is none.

Rows of one principal stand together in time, so that "what did they see between these instants" is one walk. A copy with
each person answers from the other side: "who has seen them". The principal's row is the one that is chained.
"""

from __future__ import annotations

from hashlib import sha256
from weakref import WeakKeyDictionary

import msgspec

from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.free_text import masked
from chalicelib.store.rows import HistoryStore, Record

SEERS = "seers"
"""Kind of the records that name everybody who ever saw somebody: without them nobody could list all rows."""
KEPT_DAYS = 1_096
"""Three years: as long as China's PIPL wants records of what was done with personal data (art. 56)."""
_ID_CHARACTERS = 24


class Seen(msgspec.Struct, frozen=True):
    """What somebody is about to see, of whom, and what for. Names of fields stand here, never a value of a person.

    ``clear`` says that personal or sensitive values are shown as they are, and not masked. ``ticket`` is the case that
    it is done for, where one is asked for.
    """

    principal: str
    role: str
    action: str
    profile_ids: tuple[str, ...]
    purpose: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    clear: bool = False
    ticket: str = ""


class Seer(msgspec.Struct, frozen=True):
    """Somebody who saw, by the name that their credential has."""

    principal: str


def seen_kind(principal: str) -> str:
    """The kind of a principal's rows. A hash: a principal may be named by anything, a key may not."""
    return f"seen.{_short(principal.encode())}"


def kind_of(seer: Record) -> str:
    """The kind of the rows of one of ``SEERS``. By its id, which nobody can alter, and not by what it says."""
    return f"seen.{seer.record_id}"


def seen_of_kind(profile_id: str) -> str:
    """The kind of the copies of the rows that a person stands in; each is called as its row. A hash: callers ask by it."""
    return f"seenof.{_short(profile_id.encode())}"


def note_read(tenant_id: str, seen: Seen, history: HistoryStore, now: Millis) -> str:
    """Keep the row; call it before answering, and answer only when it returns. Returns the row's id.

    Raises what the store raises: Unavailable is 503, and the caller saw nothing. The same sight twice within one
    millisecond is one row, so a call whose outcome was lost may be repeated.
    """
    kept = msgspec.structs.replace(seen, ticket=masked(seen.ticket) if seen.ticket else "")
    content, kind, expires_at = encode(kept), seen_kind(seen.principal), now + KEPT_DAYS * DAY_MS
    row_id = f"{now:013}-{_short(content)}"
    _introduce(tenant_id, seen.principal, history, now)
    for profile_id in dict.fromkeys(seen.profile_ids):
        history.keep(Record(tenant_id, seen_of_kind(profile_id), row_id, now, content, expires_at))
    history.keep(Record(tenant_id, kind, row_id, now, content, expires_at))
    return row_id


_INTRODUCED: WeakKeyDictionary[HistoryStore, set[tuple[str, str]]] = WeakKeyDictionary()
"""Whom this process knows to be listed among the seers: one write for each, and not one for each sight."""


def _introduce(tenant_id: str, principal: str, history: HistoryStore, now: Millis) -> None:
    known = _INTRODUCED.setdefault(history, set())
    if (tenant_id, principal) not in known:
        history.keep(Record(tenant_id, SEERS, _short(principal.encode()), now, encode(Seer(principal))))
        known.add((tenant_id, principal))


def _short(content: bytes) -> str:
    return sha256(content).hexdigest()[:_ID_CHARACTERS]
