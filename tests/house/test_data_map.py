"""The data map is of everything, for whom the code lets it be, and the record of processing is what it says."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows.data_map import KINDS, data_map, entry_of
from chalicelib.flows.effective import InForce
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.fields import EVENT_FIELDS, FAMILIES, FIELDS, NAMESPACES
from chalicelib.profiles.measures import load_measures
from chalicelib.tags.catalogue import load_catalogue
from infra import record_of_processing as record

SHIPPED = InForce({})
ENTRIES = data_map(SHIPPED).entries
BY_PATH = {one.path: one for one in ENTRIES}


def test_map__has_a_whole_line__of_each_thing_that_ships() -> None:
    """Traits, identifiers, event fields, measures and tags: none is left out and none says nothing."""
    catalogue = load_catalogue()
    expected = {
        *(f"t.{one}" for one in FIELDS),
        *(f"identifiers.{one}" for one in NAMESPACES),
        *(f"m.{one}" for one in load_measures().measures),
        *(f"tags.{one}" for one in (*catalogue.rules, *(rule.id for rule in catalogue.group_rules))),
        *(f"events.{one}" for one in FAMILIES),
        *(f"data.{one}" for one in EVENT_FIELDS),
    }
    assert expected <= BY_PATH.keys() and len(ENTRIES) == len(BY_PATH)
    for one in ENTRIES:
        assert one.kind in KINDS and one.class_ and one.names.zh and one.names.en
        assert one.purposes and one.legal_basis and one.retention_days >= 0 and one.sources, one.path
        # What is shown in no timeline, being sealed or for purposes that go by counts, is received by nobody.
        assert one.recipients or one.kind in ("event", "event_field"), one.path


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("m.orders_paid.sum_30d", "m.orders_paid"),
        ("p.days_known", "p"),
        ("ids.phone", "ids"),
        ("orders.open", "orders"),
        ("tags.vip", "tags.vip"),
        ("data.text", "data.text"),
        ("consents.marketing", "consents.marketing"),
    ],
)
def test_entry__of_any_path_that_something_reads__is_found(path: str, line: str) -> None:
    """And of a path that nothing has it is not."""
    assert entry_of(path, SHIPPED) == BY_PATH[line]
    assert entry_of("t.shoe_size", SHIPPED) is None


def test_recipients__of_a_line__hold_a_purpose_that_it_serves() -> None:
    """The marketer is no recipient of what is not for marketing, and the bot of no trait."""
    for one in ENTRIES:
        for role in set(one.recipients) - {"subscribers"}:
            assert any(f"purpose:{purpose}" in SCOPES[role] for purpose in one.purposes), (one.path, role)
        assert ("marketer" in one.recipients) <= ("marketing" in one.purposes), one.path
    assert "bot" not in BY_PATH["t.city"].recipients and "bot" in BY_PATH["tags.vip"].recipients


def test_tenants_own__stand_in_its_map() -> None:
    """With purposes that follow from what they read."""
    raw = b'{"id": "pleas", "on": ["message.received"], "names": {"zh": "\xe8\xaf\xb7\xe6\xb1\x82", "en": "pleas"}, "where": {"!!": [{"var": "data.text"}]}}'
    own = SHIPPED.with_entry("measures", "pleas", 1, raw)
    own_line = entry_of("m.pleas", own)
    assert own_line is not None and own_line.purposes == ("service", "analytics", "security", "legal")


@pytest.mark.parametrize("language", record.FILES)
def test_record__in_the_docs__is_what_the_map_says(language: Any) -> None:
    """Run `make record` when this fails."""
    assert record.FILES[language].read_text() == record.page(ENTRIES, language)


def test_record__of_another_map__would_be_another() -> None:
    """The negative control: one purpose more on one line shows."""
    changed = [replace(one, purposes=(*one.purposes, "marketing")) if one.path == "t.name" else one for one in ENTRIES]
    assert record.page(changed, "en") != record.page(ENTRIES, "en")
