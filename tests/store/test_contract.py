"""What every store promises, whichever it is. A store that passes may stand behind the flows."""

from __future__ import annotations

from typing import Any, cast

import pytest
from msgspec.structs import replace

from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.credentials import Credential
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.catalogue import SourceRecord
from chalicelib.store.rows import Change, DecisionRow, FacetSecret, IdentifierRow, IdentifierWrite, Outcome, Record
from chalicelib.store.sweeps import Progress, SweptSecrets
from tests.store import rows
from tests.store.backends import Stores

SAVED = Outcome(saved=True)


def test_save__first_time__everything_can_be_read_as_it_was_written(stores: Stores, tenant: str) -> None:
    """One save writes the profile, its events and its identifiers."""
    first = rows.first_save(tenant)
    assert stores.profiles.save(first) == SAVED
    found = stores.profiles.find(tenant, ["user_id:aa", "phone:bb", "phone:unknown"], fresh=True)
    assert found == {one.key: one.row for one in first.identifiers}
    assert stores.profiles.load(tenant, ["p_1", "p_none"], fresh=True) == {"p_1": first.profiles[0][0]}
    assert stores.history.events(tenant, [rows.key("e1"), rows.key("none")]) == {rows.key("e1"): first.events[0]}


def test_find_and_load__known_and_unknown_ones__are_what_each_gives_alone(stores: Stores, tenant: str) -> None:
    """Identifiers and profiles in one read: those that exist, and no other tenant's."""
    first = rows.first_save(tenant)
    stores.profiles.save(first)
    stores.profiles.save(rows.first_save(f"{tenant}x"))
    keys, ids = ["user_id:aa", "phone:bb", "phone:unknown"], ["p_1", "p_none"]
    alone = stores.profiles.find(tenant, keys, fresh=True), stores.profiles.load(tenant, ids, fresh=True)
    assert stores.profiles.find_and_load(tenant, keys, ids) == alone
    assert alone[0].keys() == {"user_id:aa", "phone:bb"} and alone[1].keys() == {"p_1"}
    assert stores.profiles.find_and_load(tenant, ["phone:unknown"], ["p_none"]) == ({}, {})
    assert stores.profiles.find_and_load(tenant, ["phone:bb"], []) == ({"phone:bb": alone[0]["phone:bb"]}, {})


def test_save__event_seen_before__named_as_duplicate_and_nothing_written(stores: Stores, tenant: str) -> None:
    """A marker that exists refuses the whole save and says which events it was."""
    stores.profiles.save(rows.first_save(tenant))
    again = rows.change(
        tenant,
        (rows.profile(tenant, version=2, body=b"two"), 1),
        events=(rows.event(tenant), rows.event(tenant, "e2")),
        identifiers=(rows.points("email:cc"),),
    )
    assert stores.profiles.save(again) == Outcome(saved=False, duplicates=frozenset({rows.key("e1")}))
    _unchanged(stores, tenant)


def test_save__profile_moved_on__stale_and_nothing_written(stores: Stores, tenant: str) -> None:
    """A profile whose version is not the one read refuses the whole save."""
    stores.profiles.save(rows.first_save(tenant))
    behind = rows.change(tenant, (rows.profile(tenant, version=8, body=b"two"), 7), events=(rows.event(tenant, "e2"),))
    assert stores.profiles.save(behind) == Outcome(saved=False, stale=True)
    _unchanged(stores, tenant)


def test_save__two_writers_make_one_person__second_is_stale(stores: Stores, tenant: str) -> None:
    """A first save replaces version 0: of two only one can."""
    stores.profiles.save(rows.first_save(tenant))
    other = rows.change(tenant, (rows.profile(tenant, body=b"two"), 0), events=(rows.event(tenant, "e2"),))
    assert stores.profiles.save(other) == Outcome(saved=False, stale=True)
    _unchanged(stores, tenant)


@pytest.mark.parametrize("version", [1, 3])
def test_save__identifier_written_meanwhile__stale_and_nothing_written(
    stores: Stores, tenant: str, version: int
) -> None:
    """An identifier that is not where it was read to be refuses the whole save."""
    stores.profiles.save(rows.first_save(tenant))
    taken = rows.change(
        tenant,
        (rows.profile(tenant, version=2, body=b"two"), 1),
        events=(rows.event(tenant, "e2"),),
        identifiers=(rows.points("phone:bb", "p_2", version=version),),
    )
    assert stores.profiles.save(taken) == Outcome(saved=False, stale=True)
    _unchanged(stores, tenant)


def test_save__duplicate_and_stale_at_once__both_are_said(stores: Stores, tenant: str) -> None:
    """All causes are reported together, so that one more round is enough."""
    stores.profiles.save(rows.first_save(tenant))
    both = rows.change(
        tenant,
        (rows.profile(tenant, version=8, body=b"two"), 7),
        events=(rows.event(tenant, "e2"), rows.event(tenant)),
    )
    assert stores.profiles.save(both) == Outcome(saved=False, duplicates=frozenset({rows.key("e1")}), stale=True)
    _unchanged(stores, tenant)


def test_save__merge__loser_redirects_and_identifiers_move(stores: Stores, tenant: str) -> None:
    """A merge is one save: the survivor, the redirect and the identifiers change together."""
    stores.profiles.save(rows.first_save(tenant))
    loser = rows.profile(tenant, "p_2")
    lost_with = (rows.points("email:cc", "p_2"),)
    stores.profiles.save(rows.change(tenant, (loser, 0), events=(rows.event(tenant, "e2"),), identifiers=lost_with))
    redirect = replace(loser, version=2, state="merged", merged_into="p_1", body=b"")
    merge = rows.change(
        tenant,
        (rows.profile(tenant, version=2, body=b"both"), 1),
        (redirect, 1),
        events=(rows.event(tenant, "e3"),),
        identifiers=(rows.points("email:cc", version=2),),
    )
    assert stores.profiles.save(merge) == SAVED
    loaded = stores.profiles.load(tenant, ["p_1", "p_2"], fresh=True)
    assert (loaded["p_1"].body, loaded["p_2"]) == (b"both", redirect)
    assert stores.profiles.find(tenant, ["email:cc"], fresh=True) == {"email:cc": IdentifierRow("p_1", 2)}


def test_find__row_with_all_it_may_say__is_read_as_it_was_written(stores: Stores, tenant: str) -> None:
    """An identifier may lead to nobody, be contended for, be shared, or have been an erased person's."""
    first = IdentifierRow("", 1, ("user_id:aa", "user_id:bb"))
    later = IdentifierRow("p_1", 2, (), shared=True, erased_at=rows.AT, generation=3)
    for row in (first, later):
        assert stores.profiles.save(rows.change(tenant, identifiers=(IdentifierWrite("phone:bb", row),))) == SAVED
        assert stores.profiles.find(tenant, ["phone:bb"], fresh=True) == {"phone:bb": row}


def test_save__ties_beside_the_body__are_read_as_they_were_written(stores: Stores, tenant: str) -> None:
    """What operators said of a profile is kept beside its body."""
    tied = replace(rows.profile(tenant), ties=b"what was merged")
    assert stores.profiles.save(rows.change(tenant, (tied, 0))) == SAVED
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": tied}


CHECKS: list[tuple[dict[str, Any], bool]] = [
    ({"checks": (("p_1", 1),)}, True),
    ({"checks": (("p_1", 2),)}, False),
    ({"checks": (("p_none", 0),)}, True),
    ({"checks": (("p_1", 0),)}, False),
    ({"unmoved": (("phone:bb", 1),)}, True),
    ({"unmoved": (("phone:bb", 0),)}, False),
    ({"unmoved": (("phone:none", 0),)}, True),
    ({"unmoved": (("phone:none", 1),)}, False),
]


@pytest.mark.parametrize(("decided_by", "saved"), CHECKS)
def test_save__decided_by_what_it_does_not_write__only_while_that_is_as_it_was(
    stores: Stores, tenant: str, decided_by: dict[str, Any], saved: bool
) -> None:
    """What a decision read must not have moved, written or not."""
    stores.profiles.save(rows.first_save(tenant))
    other = rows.change(tenant, (rows.profile(tenant, "p_2"), 0), **decided_by)
    assert stores.profiles.save(other) == (SAVED if saved else Outcome(saved=False, stale=True))
    assert ("p_2" in stores.profiles.load(tenant, ["p_2"], fresh=True)) is saved


def test_records__kept_with_a_save__once_and_found_by_id_and_by_kind(stores: Stores, tenant: str) -> None:
    """A record of an id that is there refuses the whole save; each kind is a list of its own, newest first."""
    kept = [Record(tenant, "audit", f"a{number}", rows.AT + number // 2, b"who did what") for number in range(4)]
    other = Record(tenant, "merge", "a1", rows.AT, b"", expires_at=rows.EXPIRES)
    assert stores.profiles.save(rows.change(tenant, records=(*kept, other))) == SAVED
    again = rows.change(tenant, (rows.profile(tenant), 0), records=(kept[1],))
    assert stores.profiles.save(again) == Outcome(saved=False, stale=True)
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {}
    assert stores.history.record_of(tenant, "audit", "a1") == kept[1]
    assert stores.history.record_of(tenant, "audit", "none") is None
    assert stores.history.record_of(tenant, "merge", "a1") == other
    assert list(stores.history.records(tenant, "audit", before=1 << 60, limit=9)) == kept[::-1]
    assert list(stores.history.records(tenant, "audit", before=1 << 60, limit=1)) == [kept[3], kept[2]]
    assert list(stores.history.records(tenant, "audit", before=rows.AT + 1, limit=9)) == [kept[1], kept[0]]


def test_records_after__between_two_instants__oldest_first_and_no_instant_cut(stores: Stores, tenant: str) -> None:
    """The first instant is left out and the last one is in, so that stretches that follow each other meet no row twice."""
    kept = [Record(tenant, "audit", f"a{number}", rows.AT + number // 2, b"x") for number in range(6)]
    for one in (*kept, Record(tenant, "audit2", "a1", rows.AT, b"")):
        stores.history.keep(one)

    def ids(after: int, until: int, limit: int = 9) -> list[str]:
        found = stores.history.records_after(tenant, "audit", after=after, until=until, limit=limit)
        return [one.record_id for one in found]

    assert ids(0, 1 << 60) == ["a0", "a1", "a2", "a3", "a4", "a5"]
    assert ids(rows.AT, rows.AT + 1) == ["a2", "a3"]
    assert ids(rows.AT - 1, rows.AT + 2, limit=1) == ["a0", "a1"]
    assert ids(rows.AT - 1, rows.AT + 2, limit=3) == ["a0", "a1", "a2", "a3"]
    assert ids(rows.AT, rows.AT) == ids(rows.AT + 5, rows.AT) == ids(rows.AT + 2, 1 << 60) == []


def test_strip__events_of_a_facet__leaves_markers_that_still_refuse_a_repeat(stores: Stores, tenant: str) -> None:
    """What an erased person's events said is gone, and that they counted is not."""
    stores.profiles.save(rows.first_save(tenant))
    later = rows.event(tenant, "e2", at=rows.AT + 5)
    stores.profiles.save(rows.change(tenant, events=(later,)))
    assert stores.history.count(tenant, "user_id:aa", at_most=9) == 2
    assert stores.history.count(tenant, "user_id:aa", at_most=1) == 1
    assert stores.history.strip(tenant, "user_id:aa", until=rows.AT) == 1
    assert stores.history.strip(tenant, "user_id:aa", until=rows.AT) == 0
    kept = stores.history.events(tenant, [rows.key("e1")])[rows.key("e1")]
    assert (kept.facet, kept.content, kept.changes, kept.expires_at) == ("", b"", b"", rows.EXPIRES)
    assert list(stores.history.timeline(tenant, "user_id:aa", before=1 << 60, limit=9)) == [later]
    again = rows.change(tenant, events=(rows.event(tenant),))
    assert stores.profiles.save(again) == Outcome(saved=False, duplicates=frozenset({rows.key("e1")}))


def test_forgetting__secrets_and_decisions__are_gone_and_others_stay(stores: Stores, tenant: str) -> None:
    """Deleting what is not there is no error."""
    secret = FacetSecret(b"s" * 32, b"c" * 16, 1, 1)
    for facet in ("user_id:aa", "user_id:bb"):
        stores.secrets.create(tenant, facet, secret)
    for name, profile_id in (("d1", "p_1"), ("d2", "p_1"), ("d3", "p_2")):
        stores.history.record(rows.decision(tenant, name, profile_id=profile_id))
    for _ in range(2):
        stores.secrets.delete(tenant, ["user_id:aa", "user_id:none"])
    assert stores.secrets.secrets(tenant, ["user_id:aa", "user_id:bb"]) == {"user_id:bb": secret}
    assert stores.history.forget_decisions(tenant, "p_1") == 2
    assert stores.history.decision(tenant, "d1") is None
    assert stores.history.decision(tenant, "d3") is not None


def test_decisions_about__a_profile__newest_first_and_of_nobody_else(stores: Stores, tenant: str) -> None:
    """A person's decisions are listed without those of others, an instant whole."""
    for decision_id, profile_id, at in [("d1", "p_1", 1), ("d2", "p_1", 3), ("d3", "p_2", 2), ("d4", "p_1", 2)]:
        stores.history.record(DecisionRow(tenant, decision_id, profile_id, rows.AT + at, b"{}", rows.AT + DAY_MS))

    def listed(before: int, limit: int) -> list[str]:
        found = stores.history.decisions_about(tenant, "p_1", before=rows.AT + before, limit=limit)
        return [row.decision_id for row in found]

    assert listed(10, 10) == ["d2", "d4", "d1"]
    assert listed(3, 10) == ["d4", "d1"]
    assert listed(10, 1) == ["d2"]
    assert stores.history.decisions_about(tenant, "p_none", before=rows.AT + 10, limit=5) == []


def test_keep__a_record__once(stores: Stores, tenant: str) -> None:
    """The first one of an id stays."""
    first = Record(tenant, "receipt", "r1", rows.AT, b"first")
    assert stores.history.keep(first)
    assert not stores.history.keep(replace(first, content=b"second"))
    assert stores.history.record_of(tenant, "receipt", "r1") == first


def test_stores__two_tenants_with_equal_names__share_nothing(stores: Stores, tenant: str) -> None:
    """Every key begins with its tenant."""
    other = f"{tenant}x"
    stores.profiles.save(rows.first_save(tenant))
    assert stores.profiles.find(other, ["user_id:aa"], fresh=True) == {}
    assert stores.profiles.load(other, ["p_1"], fresh=True) == {}
    assert stores.history.events(other, [rows.key("e1")]) == {}
    assert stores.profiles.save(rows.first_save(other)) == SAVED


@pytest.mark.parametrize("count", [0, 1, 2, 100, 101, 230])
def test_find__more_keys_than_one_call_takes__all_are_found(stores: Stores, tenant: str, count: int) -> None:
    """How many keys a call of the service takes is no limit of ours."""
    names = [f"device:{number:04}" for number in range(count)]
    for start in range(0, count, 90):
        part = tuple(rows.points(name) for name in names[start : start + 90])
        assert stores.profiles.save(rows.change(tenant, identifiers=part)) == SAVED
    found = stores.profiles.find(tenant, [*names, "device:none", "device:nil"], fresh=True)
    assert found == dict.fromkeys(names, IdentifierRow("p_1", 1))


def test_timeline__many_events__newest_first_before_the_instant_and_no_more_than_asked(
    stores: Stores, tenant: str
) -> None:
    """Events of one facet, newest first, of equal instants the greater key first."""
    events = tuple(rows.event(tenant, f"e{number}", at=rows.AT + number // 2) for number in range(8))
    alien = rows.event(tenant, "alien", facet="user_id:zz", at=rows.AT + 3)
    stores.profiles.save(rows.change(tenant, (rows.profile(tenant), 0), events=(*events, alien)))
    expected = sorted(events, key=lambda row: (row.at, row.event_key), reverse=True)
    assert list(stores.history.timeline(tenant, "user_id:aa", before=rows.AT + 9, limit=100)) == expected
    assert list(stores.history.timeline(tenant, "user_id:aa", before=rows.AT + 3, limit=100)) == expected[2:]
    assert list(stores.history.timeline(tenant, "user_id:aa", before=rows.AT + 9, limit=3)) == expected[:4]
    assert list(stores.history.timeline(tenant, "user_id:none", before=rows.AT + 9, limit=4)) == []


def test_timeline__limit_falls_between_events_of_one_instant__the_instant_is_not_cut(
    stores: Stores, tenant: str
) -> None:
    """A page goes on after an instant; were one cut, the rest of it would never be shown."""
    events = tuple(rows.event(tenant, f"e{number}", at=rows.AT) for number in range(5))
    older = rows.event(tenant, "older", at=rows.AT - 1)
    stores.profiles.save(rows.change(tenant, (rows.profile(tenant), 0), events=(*events, older)))
    found = stores.history.timeline(tenant, "user_id:aa", before=rows.AT + 1, limit=2)
    assert list(found)[:5] == sorted(events, key=lambda row: row.event_key, reverse=True)


def test_quarantine__same_id_again__one_row_with_what_was_said_last(stores: Stores, tenant: str) -> None:
    """A redelivery quarantines once; a note is kept as it was first made."""
    note = replace(rows.quarantined(tenant, "link-1", at=rows.AT - 9), kind="link", sealed=b"")
    stores.history.quarantine(note)
    stores.history.quarantine(replace(note, at=rows.AT + 9))
    first = rows.quarantined(tenant)
    stores.history.quarantine(replace(first, code="other", at=rows.AT - 5))
    stores.history.quarantine(first)
    stores.history.quarantine(rows.quarantined(tenant, "q2", at=rows.AT + 1))
    bare = replace(rows.quarantined(tenant, "q3", at=rows.AT + 2), path="", sealed=b"")
    stores.history.quarantine(bare)
    found = stores.history.quarantined(tenant, limit=10)
    assert list(found) == [bare, rows.quarantined(tenant, "q2", at=rows.AT + 1), first, note]
    assert list(stores.history.quarantined(tenant, limit=1)) == [bare]
    assert list(stores.history.quarantined(f"{tenant}x", limit=1)) == []
    assert stores.history.quarantine_row(tenant, "q1") == first
    assert stores.history.quarantine_row(tenant, "q9") is stores.history.quarantine_row(f"{tenant}x", "q1") is None


def test_quarantined__page_after_page__all_of_one_instant_and_none_twice(stores: Stores, tenant: str) -> None:
    """One batch may refuse many in one millisecond: a position within an instant is one, too."""
    kept = [rows.quarantined(tenant, f"q{number}", at=rows.AT + number // 5) for number in range(12)]
    for row in kept:
        stores.history.quarantine(row)
    expected = sorted(kept, key=lambda row: (row.at, row.quarantine_id), reverse=True)
    found = list(stores.history.quarantined(tenant, limit=2))
    while page := stores.history.quarantined(tenant, limit=2, before=(found[-1].at, found[-1].quarantine_id)):
        assert len(page) <= 2
        found += page
    assert found == expected


def test_mark_replayed__of_a_row_that_waits__is_said_until_it_fails_again(stores: Stores, tenant: str) -> None:
    """What fails again keeps its row and waits with the newer code; one who read it earlier notes nothing."""
    waiting = replace(rows.quarantined(tenant), source="s_web", event_key=rows.key("e1"))
    stores.history.quarantine(waiting)
    assert waiting.replayable
    assert stores.history.mark_replayed(waiting, rows.AT + 1, "admin") is True
    replayed = replace(waiting, replayed_at=rows.AT + 1, replayed_by="admin")
    assert stores.history.quarantine_row(tenant, "q1") == replayed
    assert stores.history.mark_replayed(waiting, rows.AT + 2, "other") is False
    again = replace(waiting, at=rows.AT + 3, code="beyond_horizon")
    stores.history.quarantine(again)
    assert stores.history.quarantine_row(tenant, "q1") == again
    assert stores.history.mark_replayed(waiting, rows.AT + 4, "admin") is False
    assert list(stores.history.quarantined(tenant, limit=9)) == [again]
    assert stores.history.mark_replayed(rows.quarantined(tenant, "q9"), rows.AT, "admin") is False


def test_record__same_decision_twice__the_first_answer_stays(stores: Stores, tenant: str) -> None:
    """A decision is recorded once, for known and unknown callers."""
    unknown = rows.decision(tenant, "d2", profile_id="")
    assert stores.history.record(rows.decision(tenant, content=b"first")) is True
    assert stores.history.record(rows.decision(tenant, content=b"second")) is False
    assert stores.history.record(rows.decision(tenant, content=b"first")) is False
    assert stores.history.record(unknown) is True
    assert stores.history.decision(tenant, "d1") == rows.decision(tenant, content=b"first")
    assert stores.history.decision(tenant, "d2") == unknown
    assert stores.history.decision(tenant, "d3") is None
    assert stores.history.decision(f"{tenant}x", "d1") is None


def test_claim__of_a_name__the_first_content_holds_until_it_expires(stores: Stores, tenant: str) -> None:
    """Who comes second learns what was claimed, however late the store forgets."""
    until = rows.AT + 1_000

    def claim(content: bytes, now: int, tenant: str = tenant) -> bytes:
        return stores.history.claim(tenant, "k1", content, now=now, expires_at=until)

    assert claim(b"ours", rows.AT) == claim(b"theirs", rows.AT + 999) == claim(b"ours", rows.AT + 999) == b"ours"
    assert claim(b"theirs", rows.AT, f"{tenant}x") == b"theirs"
    assert claim(b"theirs", until) == b"theirs"


def test_create_secret__two_writers__both_get_the_one_that_is_kept(stores: Stores, tenant: str) -> None:
    """Two writers that meet a new facet must seal under one secret."""
    ours, theirs = (FacetSecret(letter * 32, letter * 16, 1, 1) for letter in (b"a", b"b"))
    assert stores.secrets.create(tenant, "user_id:aa", ours) == ours
    assert stores.secrets.create(tenant, "user_id:aa", theirs) == ours
    assert stores.secrets.secrets(tenant, ["user_id:aa", "user_id:none"]) == {"user_id:aa": ours}
    assert stores.secrets.secrets(f"{tenant}x", ["user_id:aa"]) == {}
    assert stores.secrets.secrets(tenant, []) == {}


def test_catalogue__every_record__comes_back_as_it_was_kept(stores: Stores, tenant: str) -> None:
    """Tenants keep their branch keys by number, sources their secrets, credentials their roles."""
    kept = Tenant(
        tenant, "店", "Asia/Shanghai", b"i", {1: b"one", 2: b"two", 70_000 % 65_536: b"x"}, b"p", b"q", "CN", 90
    )
    source = SourceRecord(tenant, f"s_{tenant}", "web", "web", 2, ("city", "name"), (b"old", b"new"))
    credential = Credential(f"h{tenant}", "principal", tenant, "bot", ("bot", "agent"), expires_at=rows.AT)
    stores.catalogue.keep(kept)
    stores.catalogue.keep(source)
    stores.catalogue.keep_credential(credential)
    assert stores.catalogue.tenant(tenant) == kept
    assert kept.branch_version == 4464
    assert stores.catalogue.source(source.source_id) == source
    assert stores.catalogue.credential(credential.token_hash) == credential
    for absent in (stores.catalogue.tenant, stores.catalogue.source, stores.catalogue.credential):
        assert absent("none") is None


def test_catalogue__kept_again__the_later_record_counts(stores: Stores, tenant: str) -> None:
    """A revoked credential is the same item, changed."""
    first = Credential(f"h{tenant}", "source", tenant, "s_1", ("source",))
    stores.catalogue.keep_credential(first)
    stores.catalogue.keep_credential(replace(first, revoked=True))
    found = stores.catalogue.credential(first.token_hash)
    assert found is not None and found.revoked


def _unchanged(stores: Stores, tenant: str) -> None:
    """Nothing of a refused save is there."""
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": rows.profile(tenant)}
    assert stores.history.events(tenant, [rows.key("e2")]) == {}
    found = stores.profiles.find(tenant, ["user_id:aa", "phone:bb", "email:cc"], fresh=True)
    assert found == dict.fromkeys(["user_id:aa", "phone:bb"], IdentifierRow("p_1", 1))


def test_behind__secrets_by_the_branch_key_they_need__are_listed_page_by_page(stores: Stores, tenant: str) -> None:
    """A sweep sees each secret that an older branch key is needed for, and no other tenant's."""
    secrets = cast(SweptSecrets, stores.secrets)
    old, wrapped, new = (
        FacetSecret(b"a" * 32, b"c" * 16, 1, 1),
        FacetSecret(b"b" * 32, b"c" * 16, 1, 1, 2, b"wrapped"),
        FacetSecret(b"d" * 32, b"c" * 16, 3, 2),
    )
    for name, one in {"user_id:a": old, "user_id:b": wrapped, "user_id:c~2": new}.items():
        assert secrets.create(tenant, name, one) == one
    secrets.create(f"{tenant}x", "user_id:z", old)

    def behind(version: int) -> dict[str, FacetSecret]:
        found: dict[str, FacetSecret] = {}
        after, ends = "", False
        while not ends:
            page = secrets.behind(tenant, version, after, limit=2)
            found |= page.rows
            assert page.looked <= 2
            after, ends = page.after, not page.after
        return found

    assert behind(1) == {}
    assert behind(2) == {"user_id:a": old}
    assert behind(3) == {"user_id:a": old, "user_id:b": wrapped}
    assert behind(4) == {"user_id:a": old, "user_id:b": wrapped, "user_id:c~2": new}


def test_swap__secret_that_was_changed_or_deleted__is_left(stores: Stores, tenant: str) -> None:
    """A sweep replaces what it read and nothing else: what an erasure deleted never comes back."""
    secrets = cast(SweptSecrets, stores.secrets)
    before, after = FacetSecret(b"a" * 32, b"c" * 16, 1, 1), FacetSecret(b"b" * 32, b"c" * 16, 1, 1, 2, b"wrapped")
    assert secrets.swap(tenant, "user_id:a", before, after) is False
    secrets.create(tenant, "user_id:a", before)
    assert secrets.swap(tenant, "user_id:a", before, after) is True
    assert secrets.secrets(tenant, ["user_id:a"]) == {"user_id:a": after}
    assert secrets.swap(tenant, "user_id:a", before, after) is False
    secrets.delete(tenant, ["user_id:a"])
    assert secrets.swap(tenant, "user_id:a", after, before) is False
    assert secrets.secrets(tenant, ["user_id:a"]) == {}


def test_note__of_a_sweep__comes_back_and_is_no_secret(stores: Stores, tenant: str) -> None:
    """Where a sweep stands is kept by tenant and kind, beside the secrets and never among them."""
    secrets = cast(SweptSecrets, stores.secrets)
    assert secrets.progress(tenant, "branch") is None
    for progress in (Progress(2, rows.AT), Progress(2, rows.AT, "t#a", 7, 5, 1, rows.AT + 1)):
        secrets.note(tenant, "branch", progress)
        assert secrets.progress(tenant, "branch") == progress
    assert secrets.progress(tenant, "index") is None
    assert secrets.behind(tenant, 99, "", limit=1_000).rows == {}


def test_behind__identifiers_by_the_index_key_they_need__are_listed(stores: Stores, tenant: str) -> None:
    """Listed are those that an older key alone leads to: no alias, none that has one, none that leads nowhere."""
    kept = {
        "phone:a": IdentifierRow("p_1", 1),
        "phone:b": IdentifierRow("p_1", 1, aliased=2),
        "phone:c": IdentifierRow("", 1, contenders=("user_id:u",)),
        "phone:d": IdentifierRow("", 1, erased_at=rows.AT, generation=1),
        "phone:e": IdentifierRow("", 1),
        "phone:2.f": IdentifierRow("", 1, alias_of="phone:b"),
        "phone:2.g": IdentifierRow("p_2", 1),
    }
    writes = tuple(IdentifierWrite(key, row) for key, row in kept.items())
    assert stores.profiles.save(Change(tenant, identifiers=writes)).saved
    assert stores.profiles.find(tenant, kept, fresh=True) == kept

    def behind(version: int) -> set[str]:
        found: set[str] = set()
        after, ends = "", False
        while not ends:
            page = stores.identifiers.behind(tenant, version, after, limit=3)
            assert all(kept[key] == row for key, row in page.rows.items())
            found |= page.rows.keys()
            after, ends = page.after, not page.after
        return found

    assert behind(1) == set()
    assert behind(2) == {"phone:a", "phone:c", "phone:d"}
    assert behind(3) == {"phone:a", "phone:b", "phone:c", "phone:d", "phone:2.g"}
