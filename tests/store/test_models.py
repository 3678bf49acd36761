"""The PynamoDB models and the hot path's own calls are two readings of one set of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pynamodb.models import Model

from chalicelib.privacy.credentials import Credential
from chalicelib.store import models
from chalicelib.store.dynamo_profiles import event_pk
from chalicelib.store.rows import FacetSecret, IdentifierRow
from infra import emulator
from tests.store import rows
from tests.store.backends import Stores

TEMPLATE = Path(__file__).parents[2] / "infra" / "templates" / "tables.yaml"
MODELS: Mapping[str, type[Model]] = {
    "profiles": models.ProfileItem,
    "history": models.HistoryItem,
    "keys": models.SecretItem,
    "catalogue": models.CatalogueItem,
    "desk": models.DeskItem,
}


@pytest.fixture
def via_models(dynamodb: Stores, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    """The models, led to the same tables."""
    for name, value in emulator.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name, model in MODELS.items():
        monkeypatch.setattr(model.Meta, "host", dynamodb.endpoint)
        monkeypatch.setattr(model.Meta, "region", emulator.REGION)
        monkeypatch.setattr(model.Meta, "table_name", dynamodb.tables[f"TABLE_{name.upper()}"])
        monkeypatch.setattr(model, "_connection", None)
    yield dynamodb
    for model in MODELS.values():
        model._connection = None


def test_models__what_the_stores_wrote__is_read_alike(via_models: Stores, tenant: str) -> None:
    """Operators' tools see what the hot path saved."""
    via_models.profiles.save(rows.first_save(tenant))
    secret = FacetSecret(b"s" * 32, b"c" * 16, 1, 1)
    via_models.secrets.create(tenant, "user_id:aa", secret)
    via_models.catalogue.keep_credential(Credential(f"h{tenant}", "source", tenant, "s", ("source",)))

    person = models.ProfileItem.get(f"{tenant}#p#p_1")
    assert (person.v, person.state, person.generation, person.body) == (1, "active", 1, b"body")
    assert person.merged_into is None
    assert models.ProfileItem.get(f"{tenant}#i#phone:bb").profile_id == "p_1"
    event = models.HistoryItem.get(event_pk(tenant, rows.key("e1")))
    assert (event.facet, event.at, event.expires_at) == (f"{tenant}#user_id:aa", rows.AT, rows.EXPIRES // 1000)
    assert (event.content, event.changes) == (b"content of e1", b"what it published")
    assert [one.pk for one in models.HistoryItem.by_facet.query(f"{tenant}#user_id:aa")] == [event.pk]
    kept = models.SecretItem.get(f"{tenant}#user_id:aa")
    assert (kept.secret, kept.commitment, kept.key_version) == (secret.secret, secret.commitment, 1)
    assert models.CatalogueItem.get(f"credential#h{tenant}", "record").content


def test_stores__what_the_models_wrote__is_read_alike(via_models: Stores, tenant: str) -> None:
    """The hot path sees what operators' tools changed."""
    expected = rows.first_save(tenant)
    person, event = expected.profiles[0][0], expected.events[0]
    models.ProfileItem(
        f"{tenant}#p#p_1",
        v=1,
        state="active",
        generation=1,
        updated_at=person.updated_at,
        body=person.body,
    ).save()
    models.ProfileItem(f"{tenant}#i#phone:bb", v=1, profile_id="p_1").save()
    models.HistoryItem(
        event_pk(tenant, event.event_key),
        facet=f"{tenant}#{event.facet}",
        at=event.at,
        expires_at=event.expires_at // 1000,
        content=event.content,
        changes=event.changes,
        saved_at=event.saved_at,
        v=event.version,
    ).save()
    models.SecretItem(
        f"{tenant}#user_id:aa", secret=b"s" * 32, commitment=b"c" * 16, key_version=1, generation=1
    ).save()
    assert via_models.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": person}
    assert via_models.profiles.find(tenant, ["phone:bb"], fresh=True) == {"phone:bb": IdentifierRow("p_1", 1)}
    assert via_models.history.events(tenant, [event.event_key]) == {event.event_key: event}
    assert via_models.secrets.secrets(tenant, ["user_id:aa"]) == {"user_id:aa": FacetSecret(b"s" * 32, b"c" * 16, 1, 1)}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_template__of_each_table__has_the_models_keys_and_indexes(name: str) -> None:
    """The models declare what CloudFormation makes; neither may move alone."""
    declared = _declared()[name]
    assert _schema(MODELS[name]) == {
        "KeySchema": declared["KeySchema"],
        "AttributeDefinitions": sorted(declared["AttributeDefinitions"], key=lambda one: one["AttributeName"]),
        "GlobalSecondaryIndexes": sorted(declared.get("GlobalSecondaryIndexes", []), key=lambda one: one["IndexName"]),
    }


def test_template__expiry__is_an_attribute_of_the_models_that_forget() -> None:
    """Only history and the desk forget by themselves; a facet secret never does."""
    expiring = {name: one["TimeToLiveSpecification"] for name, one in _declared().items() if _expires(one)}
    by_itself = {"AttributeName": "expires_at", "Enabled": True}
    assert expiring == {"history": by_itself, "desk": by_itself}
    assert all("expires_at" in one.get_attributes() for one in (models.HistoryItem, models.DeskItem))


def _expires(table: Mapping[str, Any]) -> bool:
    return "TimeToLiveSpecification" in table


def _declared() -> dict[str, dict[str, Any]]:
    resources = yaml.safe_load(TEMPLATE.read_text())["Resources"]
    return {name.removesuffix("Table").lower(): one["Properties"] for name, one in resources.items()}


def _schema(model: type[Model]) -> dict[str, Any]:
    schema = model._get_schema()
    indexes = [
        {
            "IndexName": one["index_name"],
            # PynamoDB lists them by name; what is hash and what is range says each.
            "KeySchema": sorted(one["key_schema"], key=lambda key: str(key["KeyType"])),
            "Projection": one["projection"],
        }
        for one in schema.get("global_secondary_indexes", [])
    ]
    return {
        "KeySchema": schema["key_schema"],
        "AttributeDefinitions": sorted(schema["attribute_definitions"], key=lambda one: one["AttributeName"]),
        "GlobalSecondaryIndexes": indexes,
    }
