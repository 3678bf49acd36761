"""After an erasure nothing opens: not in the tables, not in a backup; and a restored backup serves only without the erased.

The backup is a copy of the tables from before the erasure, as point-in-time recovery would give it back. All keys there
are, wrapped ones opened, are tried on every byte.
"""

from __future__ import annotations

import argparse
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from chalicelib.events.model import Identifier
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.contribute import SEALED_SCHEMA
from chalicelib.flows.erase_person import erase_person
from chalicelib.flows.erasure import EraseOrder, SignedReceipt
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.services import ErasureServices, ReadServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import HOUR_MS
from chalicelib.privacy.fields import FIELDS
from chalicelib.privacy.receipts import sign
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import FacetKey, Place, facet_key, open_
from chalicelib.routing.model import RouteRequest
from chalicelib.store.items import plain
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.rows import FacetSecret
from infra import dynamodb_local, restore
from infra.failures import Failure
from tests.flows.world import NOW, TENANT_ID, World, described, paid, secret_of
from tests.store.backends import Stores, stores_on

USER, PHONE, EMAIL = ("user_id", "u1"), ("phone", "+8613907551234"), ("email", "reader@shop.test")
OTHER = ("user_id", "u2")
_NUMBERS = count()
TABLES = ("TABLE_PROFILES", "TABLE_HISTORY", "TABLE_KEYS")


class Shop:
    """A world whose tables are real ones, so that they can be copied."""

    def __init__(self, stores: Stores) -> None:
        self._on, self.world = stores, World()
        self.stores = self.new_tables()
        self.serve(self.stores)

    def new_tables(self) -> Stores:
        _, _, port = self._on.endpoint.rstrip("/").rpartition(":")
        tables = dynamodb_local.create_tables(dynamodb_local.Running(int(port), 0), f"shop{next(_NUMBERS)}")
        assert self._on.api is not None
        return stores_on("copied", self._on.endpoint, tables, self._on.api)

    def serve(self, stores: Stores) -> None:
        """Let these tables serve; the keys are always those of the first."""
        self.world.profiles = stores.profiles  # type: ignore[assignment]
        self.world.history = stores.history  # type: ignore[assignment]
        self.world.secrets = self.stores.secrets  # type: ignore[assignment]

    def backup(self) -> Stores:
        """A copy of profiles and history, as a restore gives them back."""
        copied = self.new_tables()
        for name in TABLES[:2]:
            for item in items(self.stores, name):
                copied.call("PutItem", TableName=copied.tables[name], Item=item)
        return copied

    def erase(self, *who: tuple[str, str], erasure_id: str = "era_1") -> SignedReceipt:
        world = self.world
        assert self.stores.api is not None
        call = self.stores.api.call
        services = ErasureServices(
            profiles=world.profiles,
            history=world.history,
            secrets=world.secrets,
            ledger=DynamoLedger(call, self.stores.tables["TABLE_KEYS"]),
            jobs=DynamoJobs(call, self.stores.tables["TABLE_HISTORY"]),
            sign=lambda tenant, document: sign(secret_of(tenant.tenant_id, "receipt"), document),
            index=world.keys.index,
            publish=world._publish,
        )
        order = EraseOrder(erasure_id, world.person(*who[0]).profile_id, "asked", "t_officer")
        signed = erase_person(order, world.tenant(TENANT_ID), services, world.now)
        assert signed is not None
        return signed

    def restore(self, copied: Stores, *, said: list[str] | None = None) -> dict[str, Any]:
        asked = argparse.Namespace(profiles=copied.tables["TABLE_PROFILES"], history=copied.tables["TABLE_HISTORY"])
        serving = restore.Serving(*(self.stores.tables[name] for name in TABLES))
        index = self.world.keys.index(self.world.tenant(TENANT_ID))
        assert copied.api is not None
        say = [].append if said is None else said.append
        return restore.restore(
            asked, serving, copied.api.call, lambda _, facet: index.profile_id(facet), self.world.now, say
        )

    def knows(self, *who: tuple[str, str]) -> bool:
        asked = [Identifier(*one) for one in who]
        return by_identifiers(self.world.tenant(TENANT_ID), asked, self.world.reading()) is not None


def items(stores: Stores, name: str) -> Iterator[Mapping[str, Any]]:
    yield from stores.call("Scan", TableName=stores.tables[name], ConsistentRead=True)["Items"]


def secrets_in(stores: Stores) -> dict[str, FacetSecret]:
    """Every facet's secret that the table of keys still has."""
    kept = (plain(item) for item in items(stores, "TABLE_KEYS") if "secret" in item)
    return {
        str(one["pk"]).removeprefix(f"{TENANT_ID}#"): FacetSecret(
            one["secret"],
            one["commitment"],
            one["key_version"],
            one["generation"],  # type: ignore[arg-type]
        )
        for one in kept
    }


def sealed_bytes(value: Any) -> Iterator[bytes]:
    """Every run of bytes within a coded value."""
    if isinstance(value, bytes):
        yield value
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, Sequence) else ():
        if not isinstance(one, str | int):
            yield from sealed_bytes(one)


def opened(stores: Stores, keys: Mapping[str, FacetSecret], branch: bytes) -> set[str]:
    """Facets of which something opens: every sealed byte of the tables, tried with every key and every place."""
    found: set[str] = set()
    rows = (str(item["pk"]) for item in map(plain, items(stores, "TABLE_HISTORY")))
    marked = [_event_key(pk) for pk in rows if "#e#" in pk]
    sealed = [
        one
        for name in TABLES[:2]
        for item in map(plain, items(stores, name))
        for column in ("body", "content")
        if isinstance(item.get(column), bytes) and item[column]
        for one in _within(item[column])  # type: ignore[arg-type]
    ]
    for named, kept in keys.items():
        facet = named.partition("~")[0]
        place = Place(TENANT_ID, facet, kept.generation, SEALED_SCHEMA, kept.key_version)
        fields, events = (facet_key(branch, kept.secret, of) for of in ("fields", "events"))
        places = [(fields, place.of(f"trait/{trait}")) for trait in FIELDS]
        places += [(events, place.of(f"event/{key}")) for key in marked]
        if any(_opens(one, key, aad, kept.commitment, fields) for one in sealed for key, aad in places):
            found.add(facet)
    return found


def _event_key(pk: str) -> str:
    coded = pk.partition("#e#")[2]
    return urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).hex()


def _within(coded: bytes) -> Iterable[bytes]:
    """What may be sealed in a coded value; itself, where it is of another kind."""
    try:
        return [coded, *(one for one in sealed_bytes(decode(coded, object)) if len(one) > 31)]
    except msgspec.MsgspecError:
        return [coded]


def _opens(sealed: bytes, key: FacetKey, aad: bytes, committed: bytes, fields: FacetKey) -> bool:
    if fields.commitment != committed:
        return False
    try:
        open_(key, sealed, aad=aad, committed=key.commitment)
    except SealBroken:
        return False
    return True


@pytest.fixture
def shop(dynamodb: Stores) -> Shop:
    """A merged person with a decision, and somebody else."""
    made = Shop(dynamodb)
    world = made.world
    world.apply(
        paid("o1", "1.00", EMAIL),
        described(USER, PHONE, name="张三", birth_date="1995-02-03", at=NOW - 2 * HOUR_MS),
        described(OTHER, name="李四", at=NOW - 2 * HOUR_MS),
    )
    world.merge(world.person(*USER).profile_id, world.person(*EMAIL).profile_id)
    asked = RouteRequest(channel="web_chat", purpose="service", profile_id=world.person(*USER).profile_id)
    answer_route(asked, world.tenant(TENANT_ID), "d_1", world.reading(), world.now)
    return made


def test_erasure__nothing_opens__neither_in_the_tables_nor_in_a_backup(shop: Shop) -> None:
    """Every key that is left is tried on every byte: the other person's open, the erased person's do not."""
    backup, branch = shop.backup(), shop.world.keys.branch(TENANT_ID, 1)
    before = secrets_in(shop.stores)
    user, other = shop.world.key(*USER), shop.world.key(*OTHER)
    # Control: the scan does open what can be opened.
    assert {user, other} <= opened(backup, before, branch)
    shop.erase(USER)
    after = secrets_in(shop.stores)
    assert user not in after and other in after
    assert opened(shop.stores, after, branch) == {other}
    assert opened(backup, after, branch) == {other}


def test_restore__of_a_backup_from_before__serves_without_the_erased(shop: Shop) -> None:
    """Replayed: nobody. Not replayed: the person is found, so the replay is what does it."""
    backup, untouched = shop.backup(), shop.backup()
    profile_id = shop.world.person(*USER).profile_id
    shop.erase(USER)
    shop.serve(untouched)
    assert shop.knows(USER) and shop.knows(EMAIL), "negative control"
    said: list[str] = []
    told = shop.restore(backup, said=said)
    assert (told["erasures"], told["people"], told["events"], told["decisions"], told["left_over"]) == (1, 2, 2, 1, 0)
    assert backup.tables["TABLE_PROFILES"] in told["next"] and said
    shop.serve(backup)
    assert not any(shop.knows(one) for one in (USER, PHONE, EMAIL))
    assert shop.knows(OTHER)
    reading: ReadServices = shop.world.reading()
    with pytest.raises(NotFound):
        answer_route(
            RouteRequest(channel="web_chat", purpose="service", profile_id=profile_id),
            shop.world.tenant(TENANT_ID),
            "d_2",
            reading,
            shop.world.now,
        )
    again = shop.restore(backup)
    assert (again["people"], again["identifiers"], again["events"]) == (0, 0, 0)


def test_restore__then_late_events_and_imports__bring_nobody_back(shop: Shop) -> None:
    """The markers of what came since the backup are lost with it; the tombstones are not."""
    backup = shop.backup()
    late = list(shop.world.sent)
    shop.erase(USER)
    shop.restore(backup)
    shop.serve(backup)
    report, left = shop.world.deliver(late)
    assert (report.applied, left) == (0, [])
    assert shop.world.apply(paid("old", "5.00", PHONE, days_ago=30)).quarantined == 1
    assert not any(shop.knows(one) for one in (USER, PHONE, EMAIL))
    shop.world.now += HOUR_MS
    assert shop.world.apply(described(USER, city="北京", at=shop.world.now)).applied == 1
    assert shop.world.person(*USER).generation == 2


def test_restore__person_split_from_another_before_the_erasure__the_other_stays(shop: Shop) -> None:
    """In the backup both are one profile: only the facets that were erased are taken out of it."""
    world = shop.world
    merged = world.merge(world.person(*USER).profile_id, world.person(*OTHER).profile_id, force=True)
    backup = shop.backup()
    world.split(merge_id=merged.merge_id)
    shop.erase(USER)
    assert shop.knows(OTHER)
    shop.restore(backup)
    shop.serve(backup)
    assert shop.knows(OTHER) and not any(shop.knows(one) for one in (USER, PHONE, EMAIL))
    index = world.keys.index(world.tenant(TENANT_ID))
    assert world.person(*OTHER).profile_id == index.profile_id(world.key(*OTHER))
    assert set(world.person(*OTHER).links) == {world.key(*OTHER)}
    # And the profile goes on as if nothing had been.
    assert world.apply(paid("o5", "3.00", OTHER)).applied == 1


def test_restore__into_a_backup_that_knows_the_erasure__takes_nothing_from_who_came_back(shop: Shop) -> None:
    """A new generation is another person, and stays."""
    shop.erase(USER)
    shop.world.now += HOUR_MS
    shop.world.apply(described(USER, city="北京", at=shop.world.now))
    asked = RouteRequest(channel="web_chat", purpose="service", profile_id=shop.world.person(*USER).profile_id)
    answer_route(asked, shop.world.tenant(TENANT_ID), "d_3", shop.world.reading(), shop.world.now)
    backup = shop.backup()
    told = shop.restore(backup)
    assert (told["people"], told["identifiers"], told["events"], told["decisions"]) == (0, 0, 0, 0)
    shop.serve(backup)
    assert shop.world.person(*USER).traits["city"].value == "北京"
    assert shop.world.history.decision(TENANT_ID, "d_3") is not None


def test_restore__something_is_left__refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of the scan: with a replay that does nothing it says how much is left, and not how to serve."""
    backup = shop.backup()
    shop.erase(USER)
    monkeypatch.setattr(restore, "replay_erasures", lambda *_: restore.Replayed(1, 0, 0, 0, 0))
    with pytest.raises(Failure, match=r"2 profiles.* 2 events and 1 decisions"):
        shop.restore(backup)


def test_restore__into_the_tables_that_serve__refused(shop: Shop) -> None:
    """Nobody restores over what serves."""
    with pytest.raises(Failure, match="serves"):
        shop.restore(shop.stores)
