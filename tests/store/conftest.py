from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer

from infra import dynamodb_local
from infra.failures import Failure
from tests.proofs.faults import CALLS, Faults, FaultyApi
from tests.store.backends import Stores, in_memory, on_dynamodb, stores_on

PASSING = (
    "refused",
    "throttled",
    "server_error",
    "conflict",
    "conflict_put",
    "throttled_within",
    "in_progress",
    "unprocessed",
)
"""Faults after which nothing was written, or part of it not read: the stores and the client deal with them alone."""


@pytest.fixture(scope="session")
def on_moto() -> Iterator[Stores]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        running = dynamodb_local.Running(port, 0)
        yield on_dynamodb("moto", running.endpoint, dynamodb_local.create_tables(running))
    finally:
        server.stop()


@pytest.fixture(scope="session")
def on_local() -> Iterator[Stores]:
    """Amazon's own single-machine edition: the only one of these whose transactions are atomic."""
    try:
        with dynamodb_local.running() as running:
            yield on_dynamodb("dynamodb_local", running.endpoint, dynamodb_local.create_tables(running))
    except Failure as failure:
        pytest.skip(str(failure))


@pytest.fixture
def on_local_with_faults(on_local: Stores, request: pytest.FixtureRequest) -> Stores:
    """The same, where every third call meets a fault that callers must not notice; the same ones in each run."""
    return with_faults(on_local, 0.3, *PASSING, seed=request.node.name)


def with_faults(stores: Stores, rate: float, *kinds: str, seed: str = "") -> Stores:
    """The same tables through a client of its own that meets these faults."""
    faults = Faults(rate, random.Random(seed), [0] * (CALLS + 1), kinds)
    api = FaultyApi(stores.endpoint, faults)
    return stores_on(f"{stores.name}_with_faults", stores.endpoint, stores.tables, api)


@pytest.fixture(params=["memory", "moto", "dynamodb_local", "dynamodb_local_with_faults"])
def stores(request: pytest.FixtureRequest) -> Stores:
    """Every store there is: the contract is one."""
    fixtures = {
        "moto": "on_moto",
        "dynamodb_local": "on_local",
        "dynamodb_local_with_faults": "on_local_with_faults",
    }
    name: str = request.param
    return request.getfixturevalue(fixtures[name]) if name in fixtures else in_memory()


@pytest.fixture(params=["moto", "dynamodb_local"])
def dynamodb(request: pytest.FixtureRequest) -> Stores:
    """The stores that speak DynamoDB's protocol."""
    return request.getfixturevalue({"moto": "on_moto", "dynamodb_local": "on_local"}[request.param])


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test: the tables are shared."""
    return f"t_{uuid4().hex[:12]}"
