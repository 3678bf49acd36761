"""Publishing against others who publish, and against the table: nothing is lost, mixed or left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.flows.catalogue_services import CatalogueServices, Order, Published
from chalicelib.flows.draft_declaration import draft_declaration
from chalicelib.flows.effective import InForceCatalogues
from chalicelib.flows.publish_declaration import publish_declaration, roll_back_declaration
from chalicelib.kernel.errors import Conflict
from chalicelib.store.declarations import Entry, Publication
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.tags.catalogue import load_catalogue

TENANT = "t_1"
_TEXT = {"zh": "常来", "en": "Often here"}
RULE: dict[str, Any] = {
    "name": _TEXT,
    "meaning": _TEXT,
    "class": "contact_volume",
    "dimension": "behaviour",
    "owner": "service",
    "purposes": ["service"],
    "signals": [{"id": "often", "weight": 1, "when": {">=": [{"count": ["contacts", 30]}, 17]}, "says": _TEXT}],
    "threshold": 0.5,
    "half_life_days": None,
    "expires_days": None,
    "examples": {"positive": {"m.contacts.count_30d": 20}, "negative": {"m.contacts.count_30d": 3}},
}


class Racing(MemoryDeclarations):
    """Lets somebody else publish while a publication is being made."""

    def __init__(self, history: MemoryHistory) -> None:
        super().__init__(history)
        self.meanwhile: list[Callable[[], object]] = []

    def keep_bundle(self, tenant: str, version: int, entries: Sequence[Entry]) -> tuple[str, ...]:
        names = super().keep_bundle(tenant, version, entries)
        if self.meanwhile:
            self.meanwhile.pop()()
        return names

    @property
    def chunks(self) -> int:
        return len(self._chunks)


class Desk:
    """One tenant's editors, each with a container of its own."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.store = Racing(self.history)
        self.told: list[Published] = []
        self.made = 0

    def services(self) -> CatalogueServices:
        standing = InForceCatalogues(lambda: self.store, lambda: 0.0)
        return CatalogueServices(self.store, self.history, standing.fresh, standing.forget, self.told.append)

    def order(self, id_: str) -> Order:
        self.made += 1
        return Order(f"c_{self.made}", TENANT, "tags", id_, "anna")

    def draft(self, id_: str, threshold: float = 0.5) -> None:
        draft_declaration(self.order(id_), {**RULE, "threshold": threshold}, self.services(), 0)

    def publish(self, id_: str) -> Published:
        return publish_declaration(self.order(id_), "", self.services(), 0)

    def rules(self) -> set[str]:
        return set(self.services().in_force(TENANT).catalogue.rules) - load_catalogue().rules.keys()


def test_two_who_publish_at_once__both_are_in_force() -> None:
    """Who was slower begins again with what the faster one put in force: neither is lost, and each is one version."""
    desk = Desk()
    desk.draft("first", 0.3)
    desk.draft("second", 0.4)
    desk.store.meanwhile = [lambda: desk.publish("second")]
    assert desk.publish("first").version == 2
    assert desk.rules() == {"first", "second"}
    assert sorted((one.id, one.version) for one in desk.told) == [("first", 2), ("second", 1)]


def test_others_always_faster__the_slower_is_told() -> None:
    """After five in a row a publication gives up, and nothing of it is in force."""
    desk = Desk()
    for number in range(6):
        desk.draft(f"own_{number}", 0.2 + number / 100)
    others = [f"own_{number}" for number in range(1, 6)]

    def interfere() -> None:
        name = others.pop()
        left, desk.store.meanwhile = desk.store.meanwhile, []
        desk.publish(name)
        desk.store.meanwhile = left

    desk.store.meanwhile = [interfere] * 5
    with pytest.raises(Conflict) as refused:
        desk.publish("own_0")
    assert refused.value.code == "catalogue_changed"
    assert desk.rules() == {f"own_{number}" for number in range(1, 6)}


def test_bundles__of_many_publications__only_the_last_two_are_kept() -> None:
    """Who read the head a moment ago still finds what it names; older ones cost nothing."""
    desk = Desk()
    for number in range(10):
        desk.draft("own", 0.3 + number / 100)
        desk.publish("own")
    assert desk.store.chunks == 2


def test_answer_lost__the_same_order_again__is_told_what_it_did() -> None:
    """A publication whose answer was lost is made once, though another came since; who listens is told again."""
    desk = Desk()
    desk.draft("own")
    order = desk.order("own")
    first = publish_declaration(order, "", desk.services(), 0)
    desk.draft("own", 0.4)
    desk.publish("own")
    again = publish_declaration(order, "", desk.services(), 5)
    assert (again.number, again.version, again.at) == (first.number, first.version, first.at)
    assert [one.number for one in desk.told] == [1, 2, 1]
    back = desk.order("own")
    assert roll_back_declaration(back, None, desk.services(), 0).number == 3
    assert roll_back_declaration(back, None, desk.services(), 0).number == 3


def test_published__who_carries_on__knows_what_was_in_force_before() -> None:
    """Whoever looks at stored people again is told once, with the catalogue as it was until then."""
    desk = Desk()
    desk.draft("own")
    desk.publish("own")
    (told,) = desk.told
    assert (told.tenant_id, told.kind, told.id, told.before.version) == (TENANT, "tags", "own", 0)
    assert told.before.catalogue is load_catalogue()


def test_publication__is_all_of_it_or_nothing() -> None:
    """A publication that the table refuses leaves draft, head, versions and audit as they were."""
    desk = Desk()
    desk.draft("own")
    refused: list[Publication] = []
    desk.store.publish = lambda publication: refused.append(publication) is not None  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        desk.publish("own")
    assert len(refused) == 5
    assert desk.store.draft(TENANT, "tags", "own") is not None
    assert desk.store.standing(TENANT).head.version == 0
    assert desk.told == []
