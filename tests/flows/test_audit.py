"""The audit is read by who asks for it, whole, newest first, and never beyond its tenant."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.merge_people import MergeOrder, merge_people
from chalicelib.flows.read_audit import AuditQuestion, AuditView, read_audit
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import format_moment
from tests.flows.world import NOW, TENANT_ID, World, described


def keep(world: World, count: int, *, principal: str = "anna", profile: str = "p_1", at: int = NOW) -> None:
    """Rows as a merge or an erasure writes them."""
    for number in range(count):
        audited = Audited("profiles.merge", principal, (profile, f"p_{number}x"), "the customer said so", profile)
        row = audit_record(TENANT_ID, f"{principal}-{profile}-{at}-{number:04}", at + number // 3, audited)
        world.history.kept_records[row.tenant, row.kind, row.record_id] = row


def ask(world: World, limit: int = 100, cursor: str = "", tenant: str = TENANT_ID, **asked: str) -> AuditView:
    return read_audit(tenant, AuditQuestion(**asked), limit, cursor, world.history, NOW + 10_000_000)


def pages(world: World, limit: int, **asked: str) -> list[str]:
    """Ids of all pages."""
    page = ask(world, limit, **asked)
    ids = [one.id for one in page.audited]
    while page.cursor:
        page = ask(world, limit, page.cursor, **asked)
        ids += [one.id for one in page.audited]
    return ids


def test_audit__page_after_page__each_row_once_newest_first(world: World) -> None:
    """Also within one instant, and across more rows than one call reads."""
    keep(world, 730)
    ids = pages(world, 7)
    assert ids == sorted(ids, reverse=True) and len(ids) == len(set(ids)) == 730


def test_audit__of_a_principal_or_profile__only_theirs_however_rare(world: World) -> None:
    """A page may be short and go on."""
    keep(world, 2, principal="bob", profile="p_rare", at=NOW - 10)
    keep(world, 700)
    assert ask(world, principal="bob").audited == () and ask(world, principal="bob").cursor
    assert len(pages(world, 10, principal="bob")) == len(pages(world, 10, profile="p_rare")) == 2
    assert pages(world, 10, principal="bob", profile="p_1") == []
    assert len(pages(world, 100, profile="p_1")) == 700


def test_audit__of_a_time__from_it_on_and_before_the_other(world: World) -> None:
    """A range holds its first instant and not its last."""
    keep(world, 9)
    assert len(pages(world, 2, from_=format_moment(NOW + 1), to=format_moment(NOW + 2))) == 3
    assert len(pages(world, 2, from_=format_moment(NOW + 1))) == 6
    assert len(pages(world, 2, to=format_moment(NOW + 1))) == 3


def test_audit__row_that_expired_or_is_anothers__is_not_shown(world: World) -> None:
    """DynamoDB forgets late, and tenants see their own."""
    keep(world, 1)
    assert ask(world, tenant="t_other").audited == ()
    ((key, row),) = world.history.kept_records.items()
    world.history.kept_records[key] = replace(row, expires_at=NOW + 1)
    assert ask(world).audited == ()


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("bad_time", {"from_": "yesterday"}),
        ("bad_time", {"to": "2026-01-01"}),
        ("bad_range", {"from_": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("bad_cursor", {"cursor": "x"}),
    ],
)
def test_audit__asked_wrongly__says_what(world: World, code: str, asked: dict[str, str]) -> None:
    """The mistake is named."""
    with pytest.raises(BadInput, match=code):
        ask(world, **asked)


def test_audit__reason_that_names_a_person__is_kept_masked(world: World) -> None:
    """What somebody writes as a reason is looked through before it is stored, in the merge and in the audit alike."""
    world.apply(described(("user_id", "u_a")), described(("user_id", "u_b")))
    ids = tuple(world.person("user_id", one).profile_id for one in ("u_a", "u_b"))
    said = "客户来电13812345678，邮箱 lin.wei@example.com，是同一人"
    order = MergeOrder("m_" + "0" * 32, ids, said, "anna", force=True)
    merge_people(order, world.tenant(TENANT_ID), world.identity(), NOW)
    kept = b"".join(row.content for row in world.history.kept_records.values())
    assert b"13812345678" not in kept
    assert b"lin.wei@example.com" not in kept
    assert ask(world).audited[0].reason == "客户来电138****5678，邮箱 l***@example.com，是同一人"
