"""The template as it runs on the local cloud (`make deployed`)."""

import http.client
import json
from typing import Any

import pytest

from infra import emulator, gateway, package, state

pytestmark = pytest.mark.deployed


@pytest.fixture(scope="module")
def cloud() -> state.State:
    known = state.load()
    assert known.api_id, "the local cloud is not running: `make up` starts it"
    return known


@pytest.fixture(scope="module")
def swagger() -> dict[str, Any]:
    template = json.loads((package.ROOT / package.OUT / "sam.json").read_text())
    definition: dict[str, Any] = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    return definition


def ask(cloud: state.State, method: str, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.front_port, timeout=30)
    connection.request(method, path, b"{}" if method != "GET" else None, {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_deployed__sources__are_the_ones_here(cloud: state.State) -> None:
    """What runs is what stands in the repository."""
    assert cloud.package == package.fingerprint(package.ROOT, "x86_64")


def test_deployed__health__answers(cloud: state.State) -> None:
    """The API answers under its plain URL."""
    assert ask(cloud, "GET", "/v1/health")[0] == 200


def test_deployed__every_guarded_route__refuses_strangers(cloud: state.State, swagger: dict[str, Any]) -> None:
    """Without a credential every guarded route refuses, with a code and in the same words."""
    for path, method in gateway.guarded(swagger):
        status, content = ask(cloud, method, path.replace("{", "").replace("}", ""))
        assert (status, content["code"]) == (401, "not_authorised"), f"{method} {path}"


def test_deployed__every_authorizer__refuses_wrong_credentials(cloud: state.State, swagger: dict[str, Any]) -> None:
    """A credential that nobody was given is refused by each authorizer.

    One route each: the emulator starts a new process after every refusal, which takes a second.
    """
    routes = {authorizer: route for route, authorizer in gateway.guarded(swagger).items()}
    for path, method in routes.values():
        for wrong in ("Bearer zt_wrong", "Basic d3Jvbmc6"):
            status, content = ask(cloud, method, path.replace("{", "").replace("}", ""), Authorization=wrong)
            assert status in {401, 403}, f"{method} {path}"
            assert content["code"], f"{method} {path}"


def test_deployed__unknown_path__is_not_found(cloud: state.State) -> None:
    """A path that no route has is 404 with a code."""
    assert ask(cloud, "GET", "/v1/nothing-here")[0] == 404


def test_deployed__queue_sources__report_partial_failures(cloud: state.State) -> None:
    """The mappings from the queues to their functions really carry ReportBatchItemFailures."""
    mappings = emulator.client("lambda", cloud.emulator_port).list_event_source_mappings()["EventSourceMappings"]
    # Every queue of the template that is none of dead letters feeds a function.
    queues = [one for one in json.loads((package.ROOT / "tests/cases/reach.json").read_text()) if one.endswith("Queue")]
    of_queues = [one["FunctionResponseTypes"] for one in mappings if ":sqs:" in one["EventSourceArn"]]
    assert of_queues == [["ReportBatchItemFailures"]] * len(queues)
