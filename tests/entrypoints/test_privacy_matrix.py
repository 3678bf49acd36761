"""Who sees what of whom for which purpose, asked through the doors and held as a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows import for_purpose
from chalicelib.profiles.permitted import permitted
from infra import privacy_matrix as matrix
from tests.entrypoints.service import Lambdas, Shop, open_shop

CASES = Path(__file__).parents[1] / "cases" / "privacy_matrix.json"
HELD: list[dict[str, Any]] = json.loads(CASES.read_text())


class Asked:
    """The shop's people, and one principal of each role to ask about them."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.tokens = {role: shop.role(role) for role in matrix.ROLES}
        for batch in matrix.people_events(datetime.now(UTC)).values():
            assert shop.send("/v1/batch", {"batch": batch}).status == 200
        shop.lambdas.ingest()
        self.ids = {name: shop.lookup("user_id", f"matrix-{name}").json["profile_id"] for name in matrix._WORDS}
        matrix.speak(self, self.ids)

    def __call__(self, role: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        answer = self.shop.lambdas.http(method, path, b"" if body is None else body, token=self.tokens[role])
        return answer.status, None if answer.by_gateway else answer.json

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(matrix.written(matrix.rows(self, self.ids)))
        return found


@pytest.fixture(scope="module")
def asked(lambdas: Lambdas, functions_environment: None) -> Asked:
    return Asked(open_shop(lambdas, "matrix"))


@pytest.fixture(scope="module")
def seen(asked: Asked) -> list[dict[str, Any]]:
    return asked.rows()


def test_matrix__of_the_running_system__is_the_table(seen: list[dict[str, Any]]) -> None:
    """Role × person × purpose × field. What is meant to change is changed in the table, by a person who reads it."""
    key = lambda row: (row["person"], row["role"], row["purpose"])  # noqa: E731
    assert {key(row): row for row in seen} == {key(row): row for row in HELD}


def test_matrix__views_of_one_person__differ() -> None:
    """Bot, agent, marketing and analyst see four different things of the person who agreed to all."""
    asked_for = {"bot": "service", "agent": "service", "marketer": "marketing", "analyst": "analytics"}
    views = [
        msgspec.json.encode({name: row[name] for name in ("profile", "timeline", "context")})
        for row in HELD
        if row["person"] == "given" and asked_for.get(row["role"]) == row["purpose"]
    ]
    assert len(views) == len(set(views)) == 4


def test_matrix__as_a_whole__keeps_its_word() -> None:
    """Nothing personal in clear, nothing of who did not agree to marketing, nothing but who it is of the restricted."""
    for row in HELD:
        profile = row["profile"] if isinstance(row["profile"], dict) else {}
        for name in ("name", "phone", "birth_date", "address", "income_band"):
            assert profile.get(f"traits.{name}") != "clear", row
        if row["purpose"] == "marketing" and row["person"] != "given":
            assert all(one.startswith("withheld") or one == "not there" for one in profile.values()), row
        if row["person"] == "restricted" and row["purpose"] != "legal":
            assert {one for name, one in profile.items() if not name.startswith("identifiers")} <= {
                "withheld: restricted"
            }
        if row["person"] in ("child", "no_profiling", "restricted") and row["purpose"] != "legal":
            assert not [one for name, one in profile.items() if name.startswith("tags.") and one == "clear"], row


def test_matrix__of_a_system_that_shows_the_whole_person__is_another(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, seen: list[dict[str, Any]]
) -> None:
    """The negative control: the table notices a view that forgets the purpose."""

    def careless(profile: Any, purpose: Any, now: Any, measures: Any) -> Any:
        return replace(permitted(profile, purpose, now, measures), profile=profile, identifiers=profile.links)

    monkeypatch.setattr(for_purpose, "permitted", careless)
    assert asked.rows() != seen
