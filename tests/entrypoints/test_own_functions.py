"""Routes with a function of their own: served there, and refused by whoever else is asked for them."""

from __future__ import annotations

import re

import pytest
from chalice.test import Client

from app import app
from chalicelib.entrypoints import access, own_functions
from chalicelib.entrypoints.access import OWN_FUNCTIONS
from tests.entrypoints.service import Lambdas, Shop


@pytest.mark.parametrize(("method", "path"), sorted(OWN_FUNCTIONS))
def test_route_of_its_own__asked_of_the_http_function__503(shop: Shop, method: str, path: str) -> None:
    """A gateway that leads it wrong gets a refusal with a code, whoever asks: the wrong role tries nothing."""
    sent = {"authorization": f"Bearer {shop.admin_token}", "content-type": "application/json"}
    answer = Client(app).http.request(method, re.sub(r"\{[^}]*\}", "p_none", path), headers=sent, body=b"{}")
    assert (answer.status_code, answer.json_body["code"]) == (503, "not_served_here")
    assert answer.json_body["request_id"]


def test_function_of_its_own__asked_for_another_route__503(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that may open what is sealed serves its own routes and nothing else."""
    assert lambdas.http("GET", "/v1/health").status == 200
    monkeypatch.setattr("tests.entrypoints.service.OWN_FUNCTIONS", {("GET", "/v1/health"): "reveal_fields"})
    assert lambdas.http("GET", "/v1/health").code == "not_served_here"


def test_function_of_its_own__after_its_answer__is_forgotten(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> None:
    """The route that the table gives to a function is served by it, and the next request is anybody's again."""
    led = {("GET", "/v1/health"): "export_person"}
    monkeypatch.setattr("tests.entrypoints.service.OWN_FUNCTIONS", led)
    monkeypatch.setattr(own_functions, "OWN_FUNCTIONS", led)
    assert lambdas.http("GET", "/v1/health").status == 200
    assert Client(app).http.get("/v1/health").json_body["code"] == "not_served_here"
    assert lambdas.http("GET", "/v1/openapi.json").status == 200
    assert access.OWN_FUNCTIONS is OWN_FUNCTIONS
