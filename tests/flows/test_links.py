"""A link is for one person as they were when it was made, for what it names, for a while, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.flows.link_services import Linked, LinkServices
from chalicelib.flows.make_link import LinkOrder, MadeLink, make_link, revoke_link
from chalicelib.flows.open_link import CALLS, WINDOW_MS, LinkUse, open_link
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Forbidden, NotAuthorised, NotFound, TooOften, Unavailable
from chalicelib.kernel.moments import HOUR_MS, Millis
from chalicelib.privacy.links import ACTIONS, link_key, sign
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, described, event, secret_of

USER, PHONE = ("user_id", "u_link"), ("phone", "+8613901234567")
_used = iter(range(1, 1_000_000))


def world_of(*more: Any) -> World:
    world = World()
    world.apply(described(USER, gender="female"), *more)
    return world


def services_of(world: World) -> LinkServices:
    return LinkServices(
        profiles=world.profiles,
        history=world.history,
        tenant=world.tenant,
        keys=lambda tenant: (link_key(secret_of(tenant.tenant_id, "index")),),
    )


def make(world: World, who: tuple[str, str] = USER, number: int = 1, **change: Any) -> MadeLink:
    order: dict[str, Any] = {
        "link_id": f"{number:032x}",
        "profile_id": world.person(*who).profile_id,
        "actions": ACTIONS,
        "hours": 1,
        "reason": "she asked by phone",
        "principal": "officer-1",
    }
    return make_link(LinkOrder(**(order | change)), world.tenant(TENANT_ID), services_of(world), NOW)


def use(world: World, token: str, action: Any = "see", at: Millis = NOW + 1_000) -> Linked:
    return open_link(LinkUse(f"Bearer {token}", action, f"{next(_used):032x}"), services_of(world), at)


def refused(world: World, token: str, at: Millis = NOW + 1_000) -> bool:
    with pytest.raises(NotAuthorised):
        use(world, token, at=at)
    return True


def audited(world: World) -> list[tuple[str, str]]:
    rows = [record for (_, kind, _), record in world.history.kept_records.items() if kind == AUDIT]
    return sorted((one.action, one.principal) for one in (decode(row.content, Audited) for row in rows))


def test_link__used__is_the_person_and_leaves_rows_of_making_and_using() -> None:
    """The officer made it, the person used it: both stand in the audit."""
    world = world_of()
    made = make(world)
    linked = use(world, made.token)
    assert linked.row.profile_id == world.person(*USER).profile_id
    assert made.expires_at == NOW + HOUR_MS
    assert audited(world) == [("links.make", "officer-1"), ("links.use", "person")]


def test_link__made_twice_under_one_id__is_one_link_and_one_row() -> None:
    """A repeated request is answered alike, a minute later too."""
    world = world_of()
    assert make(world) == make(world)
    assert audited(world) == [("links.make", "officer-1")]


def test_link__at_rest__neither_the_token_nor_a_value_of_the_person() -> None:
    """Who reads the table can open nothing with what stands there."""
    world = world_of(described(USER, phone=PHONE[1], name="张小链"))
    made = make(world)
    use(world, made.token)
    stored = world.at_rest()
    assert made.token.encode() not in stored
    assert made.token.partition(".")[2].encode() not in stored


def test_link__for_something_else__forbidden() -> None:
    """A link to see erases nobody."""
    world = world_of()
    token = make(world, actions=("see",)).token
    assert use(world, token)
    with pytest.raises(Forbidden) as told:
        use(world, token, "erase")
    assert told.value.code == "action_not_allowed"


def test_link__ended__refused() -> None:
    """An hour is an hour."""
    world = world_of()
    token = make(world).token
    assert use(world, token, at=NOW + HOUR_MS - 1)
    assert refused(world, token, at=NOW + HOUR_MS)


def test_link__revoked__refused_at_once_and_revoking_again_is_no_error() -> None:
    """Who handed a link to the wrong person takes it back."""
    world = world_of()
    made = make(world)
    for _ in range(2):
        revoke_link(
            made.link_id, "officer-2", "sent to a wrong address", world.tenant(TENANT_ID), services_of(world), NOW
        )
    assert refused(world, made.token)
    assert audited(world) == [("links.make", "officer-1"), ("links.revoke", "officer-2")]
    with pytest.raises(NotFound):
        revoke_link("none", "officer-2", "x", world.tenant(TENANT_ID), services_of(world), NOW)


def test_link__signed_but_never_handed_out__refused() -> None:
    """Were the key known, a link would still need the record that only an officer's request makes."""
    world = world_of()
    linked = use(world, make(world).token)
    forged = sign(replace(linked.claims, link_id="f" * 32), linked.keys[0])
    assert refused(world, forged)
    more = sign(replace(linked.claims, expires_at=NOW + 99 * HOUR_MS), linked.keys[0])
    assert refused(world, more)


def test_link__of_another_tenant__refused() -> None:
    """A tenant's key signs for that tenant."""
    world = world_of()
    world.add_source("s_other", tenant_id="t_other")
    linked = use(world, make(world).token)
    other = link_key(secret_of("t_other", "index"))
    assert refused(world, sign(replace(linked.claims, tenant="t_other"), other))
    assert refused(world, sign(linked.claims, other))
    assert refused(world, sign(replace(linked.claims, tenant="t_none"), other))


def test_link__of_somebody_erased__refused_also_after_a_new_registration() -> None:
    """The person of the next generation is another one, to whom nobody gave this link."""
    world = world_of()
    made = make(world)
    erase(world, world.person(*USER).profile_id)
    assert refused(world, made.token)
    world.now = NOW + 60_000
    world.apply(event("profile.described", USER, at=NOW + 30_000, traits={"gender": "male"}))
    assert world.person(*USER).generation == 2
    assert refused(world, made.token, at=NOW + 60_000)


def test_link__of_people_split_since__refused_for_either() -> None:
    """Who was one person with somebody else does not see that somebody once they are parted."""
    world = world_of(described(("user_id", "u_other"), gender="male"))
    ids = [world.person("user_id", value).profile_id for value in ("u_link", "u_other")]
    merged = world.merge(*ids, force=True)
    tokens = [make(world, number=1).token, make(world, ("user_id", "u_other"), number=2).token]
    assert all(use(world, token) for token in tokens)
    world.split(merge_id=merged.merge_id)
    assert all(refused(world, token) for token in tokens)


def test_link__of_somebody_merged_since__refused() -> None:
    """What somebody else brought along is not shown by a link that was handed out before."""
    world = world_of(described(("user_id", "u_other"), gender="male"))
    token = make(world).token
    world.merge(*(world.person("user_id", value).profile_id for value in ("u_link", "u_other")), force=True)
    assert refused(world, token)


def test_link__used_too_often__refused_until_the_next_seconds() -> None:
    """One link cannot be made to ask without end."""
    world = world_of()
    token = make(world).token
    at = (NOW // WINDOW_MS + 1) * WINDOW_MS
    for _ in range(CALLS):
        use(world, token, at=at)
    with pytest.raises(TooOften):
        use(world, token, at=at + WINDOW_MS - 1)
    assert use(world, token, at=at + WINDOW_MS)


def test_link__audit_cannot_be_written__nothing_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A use without its row is no use."""
    world = world_of()
    token = make(world).token

    def away(*_: Any) -> bool:
        raise Unavailable("throttled", "Later.")

    monkeypatch.setattr(world.history, "keep", away)
    with pytest.raises(Unavailable):
        use(world, token)


def test_link__of_nobody__not_found() -> None:
    """There is no link to a person that is not there."""
    with pytest.raises(NotFound):
        make(world_of(), profile_id="p_none")


@pytest.mark.parametrize("garble", [str.upper, lambda token: token[:-1], lambda token: f"x{token}", lambda _: ""])
def test_link__garbled__refused(garble: Callable[[str], str]) -> None:
    """A token that is none is refused as every other."""
    world = world_of()
    assert refused(world, garble(make(world).token))
