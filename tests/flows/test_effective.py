"""What is in force for a tenant, as functions that serve customers see it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from chalicelib.flows.effective import POLICY, SECONDS, InForce, InForceCatalogues, effective_catalogue, with_drafts
from chalicelib.kernel.errors import Unavailable
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.declarations import Draft, Entry, Head, Publication, Standing, Version
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.model import TagRule

TENANT = "t_1"


class Counted(MemoryDeclarations):
    """Counts what it is asked; may be away."""

    def __init__(self) -> None:
        super().__init__(MemoryHistory())
        self.asked: list[str] = []
        self.away = False

    def standing(self, tenant: str) -> Standing:
        self.asked.append("standing")
        if self.away:
            raise Unavailable("store_away", "Not now.")
        return super().standing(tenant)

    def bundle(self, tenant: str, head: Head) -> Sequence[Entry] | None:
        self.asked.append("bundle")
        return super().bundle(tenant, head)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def own(id_: str, **changed: object) -> bytes:
    """A shipped rule under another id."""
    shipped = load_catalogue().rules["vip"]
    return msgspec.json.encode(msgspec.structs.replace(shipped, id=id_, **changed))


def put_in_force(store: MemoryDeclarations, *entries: Entry) -> None:
    at = store.standing(TENANT).head.version + 1
    last = entries[-1]
    head = Head(at, store.keep_bundle(TENANT, at, entries))
    made = Version(last.kind, last.id, at, "declared", last.body, 0, "anna", "", at, at)
    assert store.publish(Publication(TENANT, head, made))


def container(store: MemoryDeclarations, clock: Clock) -> InForceCatalogues:
    return InForceCatalogues(lambda: store, clock)


def test_two_containers__version_published__both_have_it_after_a_minute_without_a_read_per_event() -> None:
    """A container asks for the head once a minute, however many events it works on, and reads the bundle when it is new."""
    store, clock = Counted(), Clock()
    one, two = container(store, clock), container(store, clock)
    for _ in range(1_000):
        assert one(TENANT).catalogue is load_catalogue()
        assert two(TENANT).catalogue is load_catalogue()
    put_in_force(store, Entry("tags", "our_own", 1, own("our_own")))
    clock.seconds += 59.9
    store.asked.clear()
    for _ in range(1_000):
        assert "our_own" not in one(TENANT).catalogue.rules
    assert store.asked == []
    clock.seconds += 0.2
    for _ in range(1_000):
        assert "our_own" in one(TENANT).catalogue.rules
        assert "our_own" in two(TENANT).catalogue.rules
    assert store.asked == ["standing", "bundle"] * 2
    clock.seconds += 61
    compiled = one(TENANT).catalogue
    clock.seconds += 61
    assert one(TENANT).catalogue is compiled
    assert store.asked == ["standing", "bundle"] * 2 + ["standing"] * 2


def test_overlay__own_overriding_and_withdrawn__is_laid_over_the_shipped() -> None:
    """A tenant's tag stands beside the shipped ones, in place of one of its id, or says that one is no more."""
    store, clock = Counted(), Clock()
    kinder = own("vip", threshold=0.25)
    put_in_force(
        store,
        Entry("tags", "newcomer", 1, b""),
        Entry("tags", "our_own", 1, own("our_own")),
        Entry("tags", "vip", 1, kinder),
    )
    rules = container(store, clock)(TENANT).catalogue.rules
    assert "newcomer" not in rules
    assert rules["vip"] == msgspec.json.decode(kinder, type=TagRule)
    assert rules.keys() == load_catalogue().rules.keys() - {"newcomer"} | {"our_own"}
    assert container(store, clock)("t_other").catalogue is load_catalogue()


def test_store_away__what_was_in_force__goes_on() -> None:
    """A function that knows a tenant's catalogue goes on with it, and asks again soon; one that never did cannot."""
    store, clock = Counted(), Clock()
    known = container(store, clock)
    known(TENANT)
    store.away = True
    clock.seconds += 61
    assert known(TENANT).catalogue is load_catalogue()
    with pytest.raises(Unavailable):
        container(store, clock)(TENANT)
    store.away = False
    put_in_force(store, Entry("tags", "our_own", 1, own("our_own")))
    clock.seconds += 5
    assert "our_own" in known(TENANT).catalogue.rules


def test_bundle__replaced_while_it_is_read__the_newer_one_is_read() -> None:
    """Who reads a head whose chunks are gone reads the head again."""
    store, clock = Counted(), Clock()
    put_in_force(store, Entry("tags", "first", 1, own("first")))
    stale = store.standing(TENANT)
    put_in_force(store, Entry("tags", "second", 1, own("second")))
    store.drop_chunks(TENANT, stale.head.chunks)
    answers = [stale, store.standing(TENANT)]
    store.standing = lambda tenant: answers.pop(0)  # type: ignore[method-assign]
    assert "second" in container(store, clock)(TENANT).catalogue.rules


def test_many_tenants__only_the_latest_are_kept() -> None:
    """A container does not grow with the tenants it has seen."""
    store, clock = Counted(), Clock()
    known = container(store, clock)
    for number in range(100):
        known(f"t_{number}")
    store.asked.clear()
    known("t_99")
    assert store.asked == []
    known("t_0")
    assert store.asked == ["standing", "bundle"]


def test_drafts__laid_over__change_what_would_be_in_force_and_nothing_else() -> None:
    """A draft can be tried: what is in force stays as it is."""
    store, clock = Counted(), Clock()
    now = container(store, clock)(TENANT)
    drafts = [
        Draft("tags", "vip", "withdrawn", b"", "d", 0, "anna"),
        Draft("tags", "our_own", "declared", own("our_own"), "d", 0, "anna"),
    ]
    tried = effective_catalogue(now, drafts)
    assert "vip" not in tried.rules
    assert "our_own" in tried.rules
    assert effective_catalogue(now) is now.catalogue is load_catalogue()


def test_switched_off__rule__is_not_in_force_until_it_is_another() -> None:
    """A rule that ran over its budget is not evaluated; another rule published under its id is."""
    store, clock = Counted(), Clock()
    store.switch_off(TENANT, {"vip": container(store, clock)(TENANT).mark("vip")})
    assert container(store, clock)(TENANT).off() == {"vip"}
    put_in_force(store, Entry("tags", "vip", 1, own("vip")))
    store.switch_off(TENANT, {"vip": "shipped 1"})
    assert container(store, clock)(TENANT).off() == frozenset()


def test_declaration__of_another_version_of_the_product__stops_nothing_else() -> None:
    """What cannot be read is left out and told; the shipped one of its id and all others are in force."""
    store, clock = Counted(), Clock()
    told: list[tuple[str, str, str]] = []
    torn = own("vip").replace(b'"threshold"', b'"treshold"')
    policy = b'{"id": "default"}'
    entries = [
        Entry("tags", "our_own", 1, own("our_own")),
        Entry("tags", "vip", 1, torn),
        Entry("policies", "default", 1, policy),
    ]
    put_in_force(store, *entries)
    known = InForceCatalogues(lambda: store, clock, lambda *one: told.append(one))(TENANT)
    assert known.catalogue.rules["vip"] == load_catalogue().rules["vip"]
    assert "our_own" in known.catalogue.rules
    assert known.policy is shipped_policy()
    assert set(told) == {(TENANT, "tags", "vip"), (TENANT, "policies", "default")}


def test_trade__of_a_tenant__chooses_its_policy_and_may_change() -> None:
    """Another trade is in force within a minute; a trade of a later version of the product has the default's policy."""
    store, clock, trade = Counted(), Clock(), ["telecom"]
    catalogues = InForceCatalogues(lambda: store, clock, trade=lambda tenant: trade[0])
    assert catalogues(TENANT).policy is shipped_policy("telecom")
    trade[0] = "it_desk"
    assert catalogues(TENANT).policy is shipped_policy("telecom")
    clock.seconds += SECONDS
    assert catalogues(TENANT).policy is shipped_policy("it_desk")
    assert catalogues(TENANT).with_entry("policies", POLICY, 1, None).policy is shipped_policy("it_desk")
    assert with_drafts(catalogues(TENANT), []).policy is shipped_policy("it_desk")
    assert InForce({}, trade="space_travel").policy is shipped_policy()
