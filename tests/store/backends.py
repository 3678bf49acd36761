"""The stores under contract: memory, moto, and DynamoDB Local, each behind the same four protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.services import SERVICES
from chalicelib.store.catalogue import CatalogueStore, DynamoCatalogue, MemoryCatalogue
from chalicelib.store.desk import DeskStore
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.items import Call
from chalicelib.store.memory import MemoryHistory, MemoryProfiles, MemorySecrets
from chalicelib.store.memory_desk import MemoryDesk
from chalicelib.store.rows import HistoryStore, ProfileStore, SecretStore, TimerStore
from chalicelib.store.sweeps import DynamoIdentifiers, MemoryIdentifiers, SweptIdentifiers
from chalicelib.store.timers import DynamoTimers
from infra import emulator


class Stores(msgspec.Struct, frozen=True):
    """One backend. ``api`` and ``tables`` are None and empty in memory."""

    name: str
    profiles: ProfileStore
    history: HistoryStore
    secrets: SecretStore
    catalogue: CatalogueStore
    endpoint: str = ""
    api: JsonApi | None = None
    tables: Mapping[str, str] = {}
    memory_desk: MemoryDesk | None = None

    @property
    def desk(self) -> DeskStore:
        """Agents, seats and conversations."""
        if self.api is not None:
            return DynamoDesk(self.api.call, self.tables["TABLE_DESK"], self.tables["TABLE_HISTORY"])
        assert self.memory_desk is not None
        return self.memory_desk

    @property
    def timers(self) -> TimerStore:
        """Which profiles are due."""
        if self.api is not None:
            return DynamoTimers(self.api.call, self.tables["TABLE_PROFILES"])
        assert isinstance(self.profiles, MemoryProfiles)
        return self.profiles

    @property
    def identifiers(self) -> SweptIdentifiers:
        """Identifiers as a sweep goes through them."""
        if self.api is not None:
            return DynamoIdentifiers(self.api.call, self.tables["TABLE_PROFILES"])
        assert isinstance(self.profiles, MemoryProfiles)
        return MemoryIdentifiers(self.profiles.identifiers)

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """One bare call to the service behind the stores."""
        assert self.api is not None
        return self.api.call(operation, body)


def in_memory() -> Stores:
    history = MemoryHistory()
    desk = MemoryDesk(history)
    return Stores("memory", MemoryProfiles(history), history, MemorySecrets(), MemoryCatalogue(), memory_desk=desk)


def on_dynamodb(name: str, endpoint: str, tables: Mapping[str, str]) -> Stores:
    service = SERVICES["dynamodb"]
    api = JsonApi(
        service="dynamodb",
        target_prefix=service.target_prefix,
        json_version=service.json_version,
        region=emulator.REGION,
        endpoint=endpoint,
        credentials=credentials_from(emulator.CREDENTIALS),
        read_timeout_seconds=20,
        # moto is one thread of this process: on a busy machine it is silent for longer than AWS ever is.
        retry=RetryPolicy(deadline_seconds=60.0),
        answers=service.answers,
    )
    return stores_on(name, endpoint, tables, api)


def stores_on(name: str, endpoint: str, tables: Mapping[str, str], api: JsonApi) -> Stores:
    """The stores of the product on a client of that endpoint."""
    return Stores(name, *stores_of(api.call, tables), endpoint=endpoint, api=api, tables=tables)


def stores_of(call: Call, tables: Mapping[str, str]) -> tuple[ProfileStore, HistoryStore, SecretStore, CatalogueStore]:
    """The stores of the product on any implementation of a call."""
    profiles, history = tables["TABLE_PROFILES"], tables["TABLE_HISTORY"]
    return (
        DynamoProfiles(call, profiles, history),
        DynamoHistory(call, history),
        DynamoSecrets(call, tables["TABLE_KEYS"]),
        DynamoCatalogue(call, tables["TABLE_CATALOGUE"]),
    )
