"""Restored copies of tables: the ledger of erasures is replayed into them, and a scan says whether they may serve.

    python -m infra.operator restore --profiles NAME --history NAME

The ledger stands in the table ``keys`` of the deployment, which has no backups and is not restored.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.key_ring import KeyRing
from chalicelib.aws.kms import Kms
from chalicelib.aws.settings import Settings
from chalicelib.flows.replay_erasures import Held, Ledger, LeftOver, Replayed, left_over, replay_erasures
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import FacetId
from chalicelib.store.catalogue import CatalogueStore
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles, profile_row
from chalicelib.store.items import Call, Item, plain
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.rows import HistoryStore, ProfileRow, ProfileStore
from infra.failures import Failure


class TableCopies(msgspec.Struct, frozen=True):
    """Restored tables by their names."""

    call: Call
    profiles_table: str
    history_table: str

    @property
    def profiles(self) -> ProfileStore:
        """The copy of the profiles."""
        return DynamoProfiles(self.call, self.profiles_table, self.history_table)

    @property
    def history(self) -> HistoryStore:
        """The copy of the history."""
        return DynamoHistory(self.call, self.history_table)

    def people(self) -> Iterator[ProfileRow]:
        """Every profile of every tenant."""
        for item in self._scan(self.profiles_table):
            tenant, mark, _ = str(item["pk"]).partition("#p#")
            if mark:
                yield profile_row(tenant, item)

    def held(self) -> Iterator[Held]:
        """Every event and decision that says anything."""
        for item in self._scan(self.history_table):
            pk, facet, at = str(item["pk"]), str(item.get("facet", "")), item["at"]
            if not facet or not item.get("content"):
                continue
            event, decision = pk.partition("#e#"), pk.partition("#d#")
            if event[1]:
                yield Held(event[0], facet.removeprefix(f"{event[0]}#"), "", int(at))
            elif decision[1]:
                yield Held(decision[0], "", facet.removeprefix(f"{decision[0]}#d#"), int(at))

    def _scan(self, table: str) -> Iterator[Item]:
        asked: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        while True:
            answer = self.call("Scan", asked)
            yield from map(plain, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class Serving(msgspec.Struct, frozen=True):
    """The tables that serve now: no copy may be one of them."""

    profiles: str
    history: str
    keys: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which copies."""
    parser.add_argument("--profiles", required=True, help="the restored copy of the table profiles")
    parser.add_argument("--history", required=True, help="the restored copy of the table history, of the same moment")


def restore(
    asked: argparse.Namespace,
    serving: Serving,
    call: Call,
    profile_id: Callable[[str, FacetId], str],
    now: Millis,
    say: Callable[[str], object],
) -> dict[str, object]:
    """Replay the ledger into copies and verify them. Raises Failure while anything of an erased person is left."""
    if {asked.profiles, asked.history} & {serving.profiles, serving.history, serving.keys}:
        raise Failure("That table serves. Restore into tables of other names, and replay the ledger into those.")
    ledger = Ledger(DynamoLedger(call, serving.keys).entries())
    copies = TableCopies(call, asked.profiles, asked.history)
    say(f"The ledger has {len(ledger.erasures)} erasures.")
    replayed: Replayed = replay_erasures(ledger, copies, profile_id, now, say)
    say("Looking at everything again.")
    left: LeftOver = left_over(ledger, copies)
    if left:
        raise Failure(
            f"Do not put these tables into service: {left.people} profiles, {left.identifiers} identifiers, {left.events} "
            f"events and {left.decisions} decisions of erased people are left. Run the same again."
        )
    return {
        **msgspec.structs.asdict(replayed),
        "left_over": 0,
        "next": f"Stop the functions that write, run this once more, then let TABLE_PROFILES={asked.profiles} and "
        f"TABLE_HISTORY={asked.history} serve; keys and catalogue stay as they are.",
    }


def run(
    asked: argparse.Namespace,
    catalogue: CatalogueStore,
    api: Callable[[str], JsonApi],
    settings: Settings,
    say: Callable[[str], object],
) -> dict[str, Any]:
    """The command on a deployment. The index key is opened only for people of whom a part was erased."""
    serving = Serving(settings.table_profiles, settings.table_history, settings.table_keys)
    ring = KeyRing(Kms(api("kms")), settings, time.monotonic)

    def profile_id(tenant_id: str, facet: FacetId) -> str:
        tenant = catalogue.tenant(tenant_id)
        if tenant is None:
            raise Failure(f"There is no tenant {tenant_id}, but people of it are in the copy.")
        return BlindIndex(ring.index_key(tenant)).profile_id(facet)

    return dict(restore(asked, serving, api("dynamodb").call, profile_id, time.time_ns() // 1_000_000, say))
