from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from app import app
from chalicelib.aws import json_api
from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.services import SERVICES
from chalicelib.entrypoints import compose
from infra import dynamodb_local, emulator
from tests.entrypoints.service import Lambdas, Shop, environment, forget_composed, open_shop, unique


@pytest.fixture(scope="session")
def lambdas() -> Iterator[Lambdas]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    running = dynamodb_local.Running(port, 0)

    def call(service: str, operation: str, **body: Any) -> dict[str, Any]:
        known = SERVICES[service]
        api = JsonApi(
            service=service,
            target_prefix=known.target_prefix,
            json_version=known.json_version,
            region=emulator.REGION,
            endpoint=running.endpoint,
            credentials=credentials_from(emulator.CREDENTIALS),
        )
        return api.call(operation, body)

    environ = environment(running.endpoint, dynamodb_local.create_tables(running, "functions"), call)
    yield Lambdas(app, environ)
    server.stop()


def patiently(patch: pytest.MonkeyPatch) -> None:
    """A busy machine lets moto, one thread of this process, wait for longer than AWS ever takes.

    A silence would be taken for a lost answer, and what was sent be sent again: real ones are tried where they are meant.
    """
    patch.setitem(JsonApi.__init__.__kwdefaults__, "connect_timeout_seconds", 20.0)
    patch.setitem(JsonApi.__init__.__kwdefaults__, "read_timeout_seconds", 40.0)
    patch.setattr(json_api, "RetryPolicy", partial(RetryPolicy, deadline_seconds=60.0))


@pytest.fixture(scope="module", autouse=True)
def functions_environment(lambdas: Lambdas) -> Iterator[None]:
    """The variables that the functions read, for one file: other folders' tests must not see them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in emulator.STRAY:
            patch.delenv(name, raising=False)
        for name, value in lambdas.operator.environ.items():
            patch.setenv(name, value)
        patiently(patch)
        forget_composed()
        yield
    forget_composed()


@pytest.fixture
def log(
    lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[[], str]]:
    """What the functions write to their log while the test runs."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", unique("function"))
    compose.journal.cache_clear()
    yield lambda: capfd.readouterr().out
    compose.journal.cache_clear()


@pytest.fixture(scope="module")
def shop(lambdas: Lambdas, functions_environment: None) -> Shop:
    """A tenant for one file."""
    return open_shop(lambdas)
