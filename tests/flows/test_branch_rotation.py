"""Rotation of the branch key: what was sealed keeps its bytes and opens, and the old key opens nothing any more."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent, FacetKeys
from chalicelib.flows.facet_keys import opened
from chalicelib.flows.sweep_keys import IN_FLIGHT_MS
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import commitment, facet_key, key_version_of
from chalicelib.store.rows import FacetSecret
from tests.flows.rotating import check_gone, sweep, sweeping, with_branches
from tests.flows.world import NOW, TENANT_ID, World, event, secret_of

PEOPLE = ("u1", "u2", "u3")
NAMES = {"u1": "张三", "u2": "李四", "u3": "王五"}


def described(who: str, name: str, id: str | None = None) -> Event:
    return event("profile.described", ("user_id", who), traits={"name": name}, id=id, source="s_crm")


@pytest.fixture
def world() -> World:
    world = World()
    for who, name in NAMES.items():
        world.apply(described(who, name), source=world.crm)
    return world


def keys_of(world: World, who: str, *versions: int) -> FacetKeys:
    facet = world.key("user_id", who)
    branches = {one: world.keys.branch(TENANT_ID, one) for one in versions}
    return opened(TENANT_ID, facet, world.secrets.kept[TENANT_ID, facet], branches)


def name_of(world: World, who: str, *versions: int) -> str:
    """The person's name, opened with these branch keys alone."""
    keys = keys_of(world, who, *versions)
    sealed = world.facets()[world.key("user_id", who)].traits["name"].value
    return str(msgspec.msgpack.decode(keys.open(keys.fields, "trait/name", sealed)))


def test_sweep__all_moved__old_key_opens_nothing_and_the_new_one_all(world: World) -> None:
    """A root moves to the new branch key and a new secret; profiles and history keep their bytes."""
    before, history = world.bodies(), dict(world.history.markers)
    secrets = {one.secret for one in world.secrets.kept.values()}
    with_branches(world, 1, 2)
    progress = sweep(world, "branch")
    assert progress is not None
    assert (progress.moved, progress.stuck, bool(progress.finished_at)) == (3, 0, True)
    assert (world.bodies(), world.history.markers) == (before, history)
    assert {who: name_of(world, who, 2) for who in PEOPLE} == NAMES
    with pytest.raises(Unavailable):
        name_of(world, "u1", 1)
    kept = world.secrets.kept.values()
    assert not secrets & {one.secret for one in kept}
    old = secret_of(TENANT_ID, "branch", "1")
    assert all(commitment(facet_key(old, one.secret, "fields")) != one.commitment for one in kept)


def test_sweep__events_after_it__seal_as_they_would_have(world: World) -> None:
    """Equal events come to equal bytes whether or not a sweep was between them; only new people take the new key."""
    straight = World()
    for who, name in NAMES.items():
        straight.apply(described(who, name, id=f"first-{who}"), source=straight.crm)
    swept = World()
    for who, name in NAMES.items():
        swept.apply(described(who, name, id=f"first-{who}"), source=swept.crm)
    with_branches(swept, 1, 2)
    sweep(swept, "branch")
    for one in (straight, swept):
        one.apply(described("u1", "赵六", id="later"), source=one.crm)
    assert swept.bodies() == straight.bodies()
    swept.apply(described("u9", "新人"), source=swept.crm)
    assert swept.secrets.kept[TENANT_ID, swept.key("user_id", "u9")].key_version == 2
    sealed = swept.facets()[swept.key("user_id", "u1")].traits["name"].value
    assert key_version_of(sealed) == 1, "what its values say they were sealed under never changes"


def test_sweep__again_after_another_rotation__opens_with_the_third_alone(world: World) -> None:
    """A root that is wrapped already is wrapped anew."""
    with_branches(world, 1, 2)
    sweep(world, "branch")
    with_branches(world, 2, 3)
    sweep(world, "branch")
    assert {who: name_of(world, who, 3) for who in PEOPLE} == NAMES
    check_gone(world, "branch", 2)


def test_sweep__small_budget__ends_and_goes_on_where_it_was(world: World) -> None:
    """Each run looks at so many rows and no more; what it leaves, the next goes on with."""
    with_branches(world, 1, 2)
    seen = [sweep(world, "branch", budget=1) for _ in PEOPLE]
    assert [one.moved for one in seen if one is not None] == [1, 2, 3]
    assert [bool(one.finished_at) for one in seen if one is not None] == [False, False, True]
    assert sweep(world, "branch", has_time=lambda: False) == seen[-1]


def test_sweep__without_time__moves_nothing(world: World) -> None:
    """A run that has no time left begins no page."""
    with_branches(world, 1, 2)
    progress = sweep(world, "branch", has_time=lambda: False)
    assert progress is not None
    assert progress.looked == 0


def test_sweep__one_key_or_one_not_begun__does_nothing(world: World) -> None:
    """Before its time a new key is not written with: some functions may not know it yet."""
    assert sweep(world, "branch") is None
    with_branches(world, 1, 2, starts_at=NOW + 1)
    assert sweep(world, "branch") is None
    assert world.tenants[TENANT_ID].branch_written(NOW) == 1
    assert world.tenants[TENANT_ID].branch_written(NOW + 1) == 2


def test_sweep__erased_meanwhile__stays_erased(world: World) -> None:
    """A secret that was deleted after the sweep read it is not written back."""
    tenant = with_branches(world, 1, 2)
    facet = world.key("user_id", "u2")
    services = sweeping(world)

    class Erasing:
        """Deletes the secret between the page and the swap."""

        def __getattr__(self, name: str) -> object:
            return getattr(world.secrets, name)

        def swap(self, tenant_id: str, name: str, before: FacetSecret, after: FacetSecret) -> bool:
            world.secrets.delete(TENANT_ID, [facet])
            return world.secrets.swap(tenant_id, name, before, after)

    from chalicelib.flows.sweep_keys import sweep_keys

    sweep_keys("branch", tenant, replace(services, secrets=Erasing()), NOW, lambda: True, budget=10)
    assert (TENANT_ID, facet) not in world.secrets.kept
    assert len(world.secrets.kept) == 2
    check_gone(world, "branch")


def test_shredding__after_a_sweep__leaves_nothing_that_opens(world: World) -> None:
    """Deleting the secret shreds what was wrapped under it, with all branch keys at hand."""
    with_branches(world, 1, 2)
    sweep(world, "branch")
    facet = world.key("user_id", "u1")
    kept = world.secrets.kept[TENANT_ID, facet]
    branches = {one: world.keys.branch(TENANT_ID, one) for one in (1, 2)}
    for secret in (bytes(32), secret_of("another")):
        with pytest.raises(Unavailable):
            opened(TENANT_ID, facet, replace(kept, secret=secret), branches)


@pytest.mark.parametrize(
    "wrong",
    [
        {"generation": 2},
        {"key_version": 2},
        {"branch_version": 3},
        {"commitment": b"x" * 16},
        {"wrapped": b""},
    ],
    ids=lambda one: next(iter(one)),
)
def test_wrapped_root__row_changed__opens_nothing(world: World, wrong: dict[str, object]) -> None:
    """A root opens in its own row only: not for another generation or version, and not without its commitment."""
    with_branches(world, 1, 2)
    sweep(world, "branch")
    facet = world.key("user_id", "u1")
    kept = world.secrets.kept[TENANT_ID, facet]
    branches = {one: world.keys.branch(TENANT_ID, one) for one in (1, 2, 3)}
    assert opened(TENANT_ID, facet, kept, branches)
    with pytest.raises(Unavailable):
        opened(TENANT_ID, facet, replace(kept, **wrong), branches)
    other = world.key("user_id", "u2")
    with pytest.raises(Unavailable):
        opened(TENANT_ID, other, kept, branches)
    with pytest.raises(Unavailable):
        opened("t_other", facet, kept, branches)


def test_sweep__row_that_fits_no_key__is_told_of_and_keeps_the_key(world: World) -> None:
    """It is tried again a day later, not in every run: each reads the whole table."""
    place = (TENANT_ID, world.key("user_id", "u1"))
    right = world.secrets.kept[place]
    world.secrets.kept[place] = replace(right, commitment=b"x" * 16)
    with_branches(world, 1, 2)
    progress = sweep(world, "branch")
    assert progress is not None
    assert (progress.moved, progress.stuck) == (2, 1)
    with pytest.raises(Conflict, match="1 rows are not moved"):
        check_gone(world, "branch")
    world.secrets.kept[place] = right
    assert sweep(world, "branch") == progress
    world.now += DAY_MS
    assert sweep(world, "branch") != progress
    check_gone(world, "branch")


def test_sweep__began_while_others_wrote_with_the_old_key__begins_again(world: World) -> None:
    """A function that started before may have made a facet under the old key behind the sweep's back."""
    with_branches(world, 1, 2, starts_at=NOW)
    first = sweep(world, "branch")
    assert first is not None
    assert first.finished_at
    late = World()
    late.secrets = world.secrets
    late.apply(described("u0", "迟到"), source=late.crm)
    assert sweep(world, "branch") == first
    world.now += IN_FLIGHT_MS
    second = sweep(world, "branch")
    assert second is not None
    assert second.moved == 1
    check_gone(world, "branch")


def test_check_removable__every_reason__is_told(world: World) -> None:
    """The key that is written with, one that is not there, one whose users may still run, one with rows."""
    with_branches(world, 1, 2, starts_at=NOW)
    with pytest.raises(NotFound):
        check_gone(world, "branch", 7)
    with pytest.raises(Conflict, match="written with"):
        check_gone(world, "branch", 2)
    with pytest.raises(Conflict, match="15 minutes"):
        check_gone(world, "branch")
    world.now += IN_FLIGHT_MS
    with pytest.raises(Conflict, match="3 rows"):
        check_gone(world, "branch")


def test_original__of_an_event_before_the_rotation__opens_after_it(world: World) -> None:
    """The history is not written anew either."""
    with_branches(world, 1, 2)
    sweep(world, "branch")
    keys = keys_of(world, "u1", 2)
    facet = world.key("user_id", "u1")
    (row,) = (one for one in world.history.markers.values() if one.facet == facet)
    sealed = decode(row.content, EventContent).sealed
    assert "张三".encode() in keys.open(keys.events, f"event/{row.event_key.hex()}", sealed)
    with pytest.raises(SealBroken):
        keys.open(keys.fields, f"event/{row.event_key.hex()}", sealed)


@pytest.mark.parametrize("sweeps", [False, True], ids=["one version", "a sweep between"])
def test_merge__and_split__seal_nothing_anew(sweeps: bool) -> None:
    """A sealed value is bound to its facet and not to its profile: whose it is may change without a key at hand."""
    world = World()
    for who in ("u1", "u2"):
        world.apply(described(who, NAMES[who]), source=world.crm)
    before = {facet: one.traits["name"].value for facet, one in world.facets().items()}
    secrets = dict(world.secrets.kept)
    profiles = [world.person("user_id", who).profile_id for who in ("u1", "u2")]
    merged = world.merge(*profiles, force=True)
    assert len({world.person("user_id", who).profile_id for who in ("u1", "u2")}) == 1
    assert {facet: one.traits["name"].value for facet, one in world.facets().items()} == before
    assert world.secrets.kept == secrets
    if sweeps:
        with_branches(world, 1, 2)
        sweep(world, "branch")
    newest = 2 if sweeps else 1
    assert {who: name_of(world, who, newest) for who in ("u1", "u2")} == {who: NAMES[who] for who in ("u1", "u2")}
    world.split(merge_id=merged.merge_id)
    assert {facet: one.traits["name"].value for facet, one in world.facets().items()} == before
    assert {who: name_of(world, who, newest) for who in ("u1", "u2")} == {who: NAMES[who] for who in ("u1", "u2")}
