"""The question after a breach: what did a principal see between two instants, of whom, of which classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from chalicelib.flows.note_read import Seen, seen_kind
from chalicelib.flows.paging import check_limit
from chalicelib.flows.read_audit import range_of
from chalicelib.flows.seen_in import class_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.uses import CLEAR_CLASSES
from chalicelib.store.rows import HistoryStore, Record

_AT_ONCE = 1_000


class ExposureQuestion(msgspec.Struct, frozen=True):
    """Whose sights, from an instant and before another; '' is from the beginning and until now."""

    principal: str
    from_: str = ""
    to: str = ""


class PeopleSeen(msgspec.Struct, frozen=True):
    """How many people: of whom a value was shown as it is, and of whom only masked."""

    clear: int
    masked: int


class FieldSeen(msgspec.Struct, frozen=True):
    """One field, by its path: its class, and of how many people it was shown."""

    class_: str = msgspec.field(name="class")
    clear: int
    masked: int


class PurposeSeen(msgspec.Struct, frozen=True):
    """What was stated as the purpose: how many reads, of how many people."""

    reads: int
    people: int


class ProfileSeen(msgspec.Struct, frozen=True):
    """One person: how often and when. ``clear``: personal values as they are, at least once."""

    profile_id: str
    reads: int
    first_at: str
    last_at: str
    clear: bool


class ExposureView(msgspec.Struct, frozen=True):
    """What a principal saw. The counts are of everything; ``profiles`` is a page of the people, by id.

    ``complete`` is false where there was more than could be read in time: the counts are of what is before ``to`` then,
    and the rest is asked for from there.
    """

    principal: str
    from_: str = msgspec.field(name="from")
    to: str
    complete: bool
    reads: int
    people: int
    classes: dict[str, PeopleSeen]
    fields: dict[str, FieldSeen]
    purposes: dict[str, PurposeSeen]
    actions: dict[str, int]
    profiles: tuple[ProfileSeen, ...]
    cursor: str


class _Person:
    __slots__ = ("clear", "first", "last", "reads")

    def __init__(self, at: Millis) -> None:
        self.reads, self.first, self.last, self.clear = 0, at, at, False


class Exposure:
    """What was added up so far: people by field, kept as sets so that nobody is counted twice."""

    def __init__(self) -> None:
        self.reads = 0
        self.people: dict[str, _Person] = {}
        self.actions: Counter[str] = Counter()
        self._purposes: dict[str, tuple[list[int], set[str]]] = defaultdict(lambda: ([0], set()))
        # Many rows show the same fields: they are told apart once, and not for each row.
        self._shown: dict[tuple[tuple[str, ...], bool], set[str]] = defaultdict(set)

    def add(self, at: Millis, seen: Seen) -> None:
        """One row."""
        self.reads += 1
        self.actions[seen.action] += 1
        count, people = self._purposes[seen.purpose]
        count[0] += 1
        people.update(seen.profile_ids)
        self._shown[seen.fields, seen.clear].update(seen.profile_ids)
        for one in seen.profile_ids:
            person = self.people.get(one) or self.people.setdefault(one, _Person(at))
            person.reads += 1
            person.last = at
            person.clear = person.clear or seen.clear

    def purposes(self) -> dict[str, PurposeSeen]:
        """Reads and people by purpose."""
        return {name: PurposeSeen(count[0], len(people)) for name, (count, people) in sorted(self._purposes.items())}

    def by(self, name_of: Callable[[str], str]) -> dict[str, PeopleSeen]:
        """People by what a field is called. Who saw a value in clear is not counted among the masked."""
        clear: dict[str, set[str]] = defaultdict(set)
        masked: dict[str, set[str]] = defaultdict(set)
        for (fields, is_clear), people in self._shown.items():
            names = {(name_of(one), is_clear or class_of(one) in CLEAR_CLASSES) for one in fields}
            for name, open_ in names:
                (clear if open_ else masked)[name] |= people
        return {
            name: PeopleSeen(len(clear[name]), len(masked[name] - clear[name])) for name in sorted({*clear, *masked})
        }


def read_exposure(
    tenant_id: str,
    question: ExposureQuestion,
    page: tuple[int, str],
    history: HistoryStore,
    now: Millis,
    go_on: Callable[[], bool] = lambda: True,
) -> ExposureView:
    """What they saw. ``page`` is how many people and after which id; ``go_on`` says whether there is time to read more.

    Raises BadInput ``bad_principal``, ``bad_limit``, ``bad_time`` and ``bad_range``.
    """
    if not question.principal:
        raise BadInput("bad_principal", "Say whose sights.", "principal")
    check_limit(page[0])
    first, last = range_of(question.from_, question.to, now)
    seen, to = Exposure(), last
    for rows in _rows(tenant_id, seen_kind(question.principal), first, last, history):
        for row in rows:
            if not row.expires_at or row.expires_at > now:
                seen.add(row.at, decode(row.content, Seen))
        if rows[-1].at + 1 < last and not go_on():
            to = rows[-1].at + 1
            break
    return _view(question.principal, (first, to, to == last), seen, *_page(seen, *page))


def _rows(tenant_id: str, kind: str, first: Millis, last: Millis, history: HistoryStore) -> Iterator[Sequence[Record]]:
    after = first - 1
    while rows := history.records_after(tenant_id, kind, after=after, until=last - 1, limit=_AT_ONCE):
        yield rows
        # A short page is not the last one: the index may still name a row that has just been deleted.
        after = rows[-1].at


def _page(seen: Exposure, limit: int, after: str) -> tuple[tuple[ProfileSeen, ...], str]:
    left = sorted(one for one in seen.people if one > after)
    shown = tuple(_profile(one, seen.people[one]) for one in left[:limit])
    return shown, shown[-1].profile_id if len(left) > limit else ""


def _profile(profile_id: str, person: _Person) -> ProfileSeen:
    first, last = format_moment(person.first), format_moment(person.last)
    return ProfileSeen(profile_id, person.reads, first, last, person.clear)


def _view(
    principal: str,
    range_: tuple[Millis, Millis, bool],
    seen: Exposure,
    profiles: tuple[ProfileSeen, ...],
    cursor: str,
) -> ExposureView:
    first, to, complete = range_
    return ExposureView(
        principal=principal,
        from_=format_moment(first),
        to=format_moment(to),
        complete=complete,
        reads=seen.reads,
        people=len(seen.people),
        classes=seen.by(class_of),
        fields={name: FieldSeen(class_of(name), one.clear, one.masked) for name, one in seen.by(str).items()},
        purposes=seen.purposes(),
        actions=dict(sorted(seen.actions.items())),
        profiles=profiles,
        cursor=cursor,
    )
