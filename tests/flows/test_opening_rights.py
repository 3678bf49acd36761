"""What reveal and export write is what their roles let them write: on a laptop nobody would notice, in AWS it is a 500."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib.flows.export_person import ExportServices
from chalicelib.flows.export_views import ExportRequest
from chalicelib.flows.open_export import ExportOrder, PartOrder, open_export, read_export
from infra.package import ROOT
from tests.flows.opening_world import opening_of, reveal
from tests.flows.world import TENANT_ID, World, described


def written(world: World, before: set[Any]) -> set[str]:
    """The keys of the records that were kept since."""
    return {f"{tenant}#{kind}#{id_}" for tenant, kind, id_ in world.history.kept_records.keys() - before}


def allowed(function: str) -> list[str]:
    """The keys that a function may put into the table of history."""
    policy = json.loads((ROOT / f".chalice/policy-{function}.json").read_text())
    puts = [one for one in policy["Statement"] if "dynamodb:PutItem" in one["Action"]]
    assert len(puts) == 1, "one statement lets it write"
    patterns: list[str] = puts[0]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return patterns


def refused(keys: set[str], patterns: list[str]) -> set[str]:
    return {key for key in keys if not any(fnmatchcase(key, one) for one in patterns)}


@pytest.fixture
def person(world: World) -> str:
    world.apply(described(("user_id", "u1"), name="张三"))
    return world.person("user_id", "u1").profile_id


def test_reveal__writes__what_its_role_allows(world: World, person: str) -> None:
    """Audit rows and no other record."""
    before = set(world.history.kept_records)
    reveal(world, person, "traits.name")
    keys = written(world, before)
    assert keys and refused(keys, allowed("reveal_fields")) == set()
    assert refused(keys, ["*#export#*"]) == keys, "the check sees what is not allowed"


def test_export__writes__what_its_role_allows(world: World, person: str) -> None:
    """Audit rows and jobs, and no other record."""
    before, services = set(world.history.kept_records), ExportServices(opening_of(world), world.reading())
    order = ExportOrder("ex_1", ExportRequest("a letter", person), "officer-1")
    open_export(order, world.tenant(TENANT_ID), services, world.now)
    part = PartOrder("xp_1", "ex_1", 1, "json", "officer-1", "privacy_officer")
    read_export(part, world.tenant(TENANT_ID), services, world.now)
    keys = written(world, before)
    assert keys and refused(keys, allowed("export_person")) == set()
    assert refused(keys, allowed("reveal_fields")), "a reveal may open no job"


def test_reveal__may_not_write_events_people_or_secrets() -> None:
    """No pattern of either role reaches an event, a decision, a tally, a tombstone or a receipt."""
    for function in ("reveal_fields", "export_person"):
        for kind in ("e", "d", "q", "t", "erasure", "receipt", "merge", "job"):
            assert refused({f"t_1#{kind}#x"}, allowed(function)), (function, kind)
