"""A tenant's own declarations: one contract on every store."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from chalicelib.store.declarations import (
    DeclarationStore,
    Draft,
    Entry,
    Head,
    Publication,
    Version,
)
from chalicelib.store.dynamo_declarations import DynamoDeclarations
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.store.rows import Record
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def declarations(stores: Stores) -> DeclarationStore:
    if stores.api is None:
        return MemoryDeclarations(MemoryHistory())
    return DynamoDeclarations(stores.api.call, stores.tables["TABLE_CATALOGUE"], stores.tables["TABLE_HISTORY"])


def draft(id_: str = "vip", body: bytes = b"{}", digest: str = "d1") -> Draft:
    return Draft("tags", id_, "declared", body, digest, rows.AT, "anna")


def audit(tenant: str, record_id: str) -> Record:
    return Record(tenant, "audit", record_id, rows.AT, b"content")


def version(number: int, catalogue_version: int, id_: str = "vip") -> Version:
    return Version("tags", id_, number, "declared", b"{}", rows.AT, "anna", "because", catalogue_version, number)


def publication(
    tenant: str, head: Head, number: int, *, of: Draft | None = None, records: tuple[Record, ...] = ()
) -> Publication:
    return Publication(tenant, head, version(number, head.version), of, records)


def test_standing__of_a_tenant_without_own__is_that_of_the_shipped(declarations: DeclarationStore, tenant: str) -> None:
    """Where nobody published anything, version 0 is in force, with nothing in its bundle."""
    standing = declarations.standing(tenant)
    assert (standing.head, dict(standing.switched_off)) == (Head(), {})
    assert list(declarations.bundle(tenant, standing.head) or ()) == []


def test_published__version__is_in_force_once(declarations: DeclarationStore, tenant: str) -> None:
    """Of two that publish on one version the second is told no, and nothing of it is written."""
    entries = [Entry("tags", "vip", 1, b"{}"), Entry("measures", "loyal", 1, b"")]
    head = Head(1, declarations.keep_bundle(tenant, 1, entries))
    assert declarations.publish(publication(tenant, head, 1))
    assert not declarations.publish(publication(tenant, Head(1), 2))
    assert not declarations.publish(publication(tenant, Head(2), 1))
    standing = declarations.standing(tenant)
    assert standing.head == head
    assert list(declarations.bundle(tenant, head) or ()) == [entries[1], entries[0]]
    assert list(declarations.versions(tenant, "tags", "vip", limit=5)) == [version(1, 1)]
    assert declarations.version(tenant, "tags", "vip", 1) == version(1, 1)
    assert declarations.version(tenant, "tags", "vip", 2) is None


def test_published__draft__must_be_the_one_that_was_read(declarations: DeclarationStore, tenant: str) -> None:
    """Nobody publishes what somebody else changed meanwhile; what is published is a draft no more."""
    declarations.keep_draft(tenant, draft(), [audit(tenant, "a1")])
    changed = draft(body=b'{"id": "vip"}', digest="d2")
    declarations.keep_draft(tenant, changed, [audit(tenant, "a2")])
    assert not declarations.publish(publication(tenant, Head(1), 1, of=draft()))
    assert declarations.draft(tenant, "tags", "vip") == changed
    assert declarations.publish(publication(tenant, Head(1), 1, of=changed, records=(audit(tenant, "a3"),)))
    assert declarations.draft(tenant, "tags", "vip") is None


def test_drafts__of_a_kind__are_the_tenants_in_order(declarations: DeclarationStore, tenant: str) -> None:
    """Drafts are listed by id, of one tenant and one kind; a dropped one is gone, and a newer one is not dropped."""
    for id_ in ("b", "a"):
        declarations.keep_draft(tenant, draft(id_), [])
    declarations.keep_draft(tenant, replace(draft("c"), kind="scenes"), [])
    declarations.keep_draft(f"{tenant}x", draft("d"), [])
    assert [one.id for one in declarations.drafts(tenant, "tags")] == ["a", "b"]
    assert not declarations.drop_draft(tenant, replace(draft("a"), digest="older"), [])
    assert declarations.drop_draft(tenant, draft("a"), [audit(tenant, "dropped")])
    assert [one.id for one in declarations.drafts(tenant, "tags")] == ["b"]


def test_versions__newest_first__are_as_many_as_asked(declarations: DeclarationStore, tenant: str) -> None:
    """The versions of a declaration come newest first; those of another of a like name are not among them."""
    for number in range(1, 13):
        assert declarations.publish(publication(tenant, Head(number), number))
    other = Publication(tenant, Head(13), version(1, 13, "vip_2"))
    assert declarations.publish(other)
    assert [one.number for one in declarations.versions(tenant, "tags", "vip", limit=3)] == [12, 11, 10]


def test_switched_off__rule__until_it_is_published(declarations: DeclarationStore, tenant: str) -> None:
    """Who sees a rule run over its budget says so beside the others; to publish that rule lifts it, and no other."""
    declarations.switch_off(tenant, {"vip": "published 1"})
    declarations.switch_off(tenant, {"b": "shipped 2", "vip": "published 1"})
    assert dict(declarations.standing(tenant).switched_off) == {"vip": "published 1", "b": "shipped 2"}
    assert declarations.publish(publication(tenant, Head(1), 1))
    assert dict(declarations.standing(tenant).switched_off) == {"b": "shipped 2"}


def test_bundle__larger_than_an_item__comes_back_whole(declarations: DeclarationStore, tenant: str) -> None:
    """A megabyte that cannot be deflated is kept in several items; when its chunks are dropped it is said to be gone."""
    made = random.Random(1)
    entries = [Entry("tags", f"t{number:03d}", 1, made.randbytes(10_000)) for number in range(100)]
    head = Head(1, declarations.keep_bundle(tenant, 1, entries))
    assert list(declarations.bundle(tenant, head) or ()) == entries
    declarations.drop_chunks(tenant, head.chunks[:1])
    assert declarations.bundle(tenant, head) is None
