"""After a breach: what a principal saw, of how many people, in clear or masked, between two instants."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.flows.chain_audit import chain_next, verify_audit
from chalicelib.flows.note_read import KEPT_DAYS, Seen, note_read
from chalicelib.flows.read_audit import AuditQuestion, read_audit
from chalicelib.flows.read_exposure import (
    ExposureQuestion,
    ExposureView,
    FieldSeen,
    PeopleSeen,
    PurposeSeen,
    read_exposure,
)
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import Record
from tests.flows.world import NOW, TENANT_ID

CITY, NAME, PHONE = "traits.city", "traits.name", "identifiers.phone"


def note(
    history: MemoryHistory,
    *people: str,
    at: int = NOW,
    principal: str = "anna",
    fields: tuple[str, ...] = (CITY, NAME),
    purpose: str = "service",
    clear: bool = False,
) -> None:
    seen = Seen(principal, "agent", "profiles.read", people, purpose, ("internal", "personal"), fields, clear, "T-1")
    note_read(TENANT_ID, seen, history, at)


def ask(
    history: MemoryHistory, principal: str = "anna", *, limit: int = 20, after: str = "", from_: int = 0, to: int = 0
) -> ExposureView:
    question = ExposureQuestion(principal, *(format_moment(one) if one else "" for one in (from_, to)))
    return read_exposure(TENANT_ID, question, (limit, after), history, NOW + DAY_MS)


@pytest.fixture
def history() -> MemoryHistory:
    """Anna saw three people, one of them in clear and one twice; Bob another."""
    kept = MemoryHistory()
    note(kept, "p_1", at=NOW)
    note(kept, "p_2", at=NOW + 1, fields=(PHONE,))
    note(kept, "p_1", at=NOW + 2, purpose="security", clear=True, fields=(NAME,))
    note(kept, "p_3", "p_1", at=NOW + 3)
    note(kept, "p_9", at=NOW + 1, principal="bob")
    return kept


def test_exposure__of_a_principal__counts_people_by_class_and_field(history: MemoryHistory) -> None:
    """Who saw a value as it is, is not counted among the masked; what is never masked was seen as it is."""
    view = ask(history)
    assert (view.reads, view.people, view.complete) == (4, 3, True)
    assert view.classes == {"internal": PeopleSeen(2, 0), "personal": PeopleSeen(1, 2)}
    assert view.fields == {
        CITY: FieldSeen("internal", 2, 0),
        NAME: FieldSeen("personal", 1, 1),
        PHONE: FieldSeen("personal", 0, 1),
    }
    assert view.purposes == {"security": PurposeSeen(1, 1), "service": PurposeSeen(3, 3)}
    assert view.actions == {"profiles.read": 4}


def test_exposure__people__by_id_page_after_page(history: MemoryHistory) -> None:
    """Each once, with how often and when; the counts are of all of them on every page."""
    first = ask(history, limit=2)
    assert [(one.profile_id, one.reads, one.clear) for one in first.profiles] == [("p_1", 3, True), ("p_2", 1, False)]
    assert (first.profiles[0].first_at, first.profiles[0].last_at) == (format_moment(NOW), format_moment(NOW + 3))
    last = ask(history, limit=2, after=first.cursor)
    assert [one.profile_id for one in last.profiles] == ["p_3"]
    assert (last.cursor, last.people) == ("", 3)


def test_exposure__of_a_time__from_it_on_and_before_the_other(history: MemoryHistory) -> None:
    """The first instant is in, the last is not; what expired is not told."""
    assert ask(history, from_=NOW + 1, to=NOW + 3).reads == 2
    assert ask(history, to=NOW).reads == 0
    question = ExposureQuestion("anna")
    assert read_exposure(TENANT_ID, question, (20, ""), history, NOW + 1 + KEPT_DAYS * DAY_MS).reads == 2


@pytest.mark.parametrize(("principal", "tenant"), [("nobody", TENANT_ID), ("anna", "t_other")])
def test_exposure__of_nobody_or_anothers__is_empty(history: MemoryHistory, principal: str, tenant: str) -> None:
    """Tenants see their own."""
    view = read_exposure(tenant, ExposureQuestion(principal), (20, ""), history, NOW + DAY_MS)
    assert (view.reads, view.people, view.classes, view.profiles) == (0, 0, {}, ())


def test_exposure__more_than_there_is_time_for__says_how_far_it_came() -> None:
    """The rest is asked for from there, and together they are everything."""
    history = MemoryHistory()
    for number in range(2_500):
        note(history, f"p_{number}", at=NOW + number)
    question = ExposureQuestion("anna")
    part = read_exposure(TENANT_ID, question, (1, ""), history, NOW + DAY_MS, lambda: False)
    assert not part.complete and part.reads == 1_000
    rest = read_exposure(TENANT_ID, replace(question, from_=part.to), (1, ""), history, NOW + DAY_MS)
    assert rest.complete and part.reads + rest.reads == 2_500


@pytest.mark.parametrize(
    ("code", "question", "limit"),
    [
        ("bad_principal", ExposureQuestion(""), 20),
        ("bad_limit", ExposureQuestion("anna"), 0),
        ("bad_time", ExposureQuestion("anna", "yesterday"), 20),
        ("bad_range", ExposureQuestion("anna", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), 20),
    ],
)
def test_exposure__asked_wrongly__says_what(code: str, question: ExposureQuestion, limit: int) -> None:
    """The mistake is named."""
    with pytest.raises(BadInput, match=code):
        read_exposure(TENANT_ID, question, (limit, ""), MemoryHistory(), NOW)


def test_audit__of_a_principal_or_a_profile__tells_what_was_seen(history: MemoryHistory) -> None:
    """Newest first, in one list with what was done, page by page; without either only what was done is told."""

    def ids(**asked: str) -> list[tuple[str, tuple[str, ...]]]:
        found, cursor = [], ""
        while True:
            page = read_audit(TENANT_ID, AuditQuestion(**asked), 2, cursor, history, NOW + DAY_MS)
            found += [(one.principal, one.subjects) for one in page.audited]
            cursor = page.cursor
            if not cursor:
                return found

    anna = [("anna", ("p_3", "p_1")), ("anna", ("p_1",)), ("anna", ("p_2",)), ("anna", ("p_1",))]
    assert ids(principal="anna") == anna
    assert ids(profile="p_9") == [("bob", ("p_9",))]
    assert ids(profile="p_1") == ids(principal="anna", profile="p_1") == [anna[0], anna[1], anna[3]]
    assert ids(profile="p_1", principal="bob") == ids() == ids(profile="#seen." + "x" * 4_000) == []
    (newest,) = read_audit(TENANT_ID, AuditQuestion("bob"), 2, "", history, NOW + DAY_MS).audited
    assert newest.seen is not None and (newest.action, newest.reason) == ("profiles.read", "T-1")
    assert (newest.seen.purpose, newest.seen.fields, newest.seen.clear) == ("service", (CITY, NAME), False)


class Lagging(MemoryHistory):
    """An index that still names rows which were deleted: pages come short."""

    def records_after(self, tenant: str, kind: str, *, after: int, until: int, limit: int) -> list[Record]:
        rows = super().records_after(tenant, kind, after=after, until=until, limit=limit)
        return [row for row in rows if row.at % 10 != 3]


def test_exposure_and_chain__short_page__is_not_the_last_one() -> None:
    """What a page lacks does not hide what comes after it."""
    history = Lagging()
    for number in range(2_500):
        note(history, f"p_{number}", at=NOW + number)
    assert ask(history).reads == 2_250
    while chain_next(TENANT_ID, history, NOW + DAY_MS, 100) is not None:
        pass
    verdict = verify_audit(TENANT_ID, history, NOW + DAY_MS)
    assert verdict.holds and verdict.rows == 2_250
