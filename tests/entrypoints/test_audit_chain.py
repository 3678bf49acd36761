"""From the schedule to the operator's command: the audit is chained, its head told, and a touched row named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.aws.json_api import JsonApi
from chalicelib.entrypoints import compose, schedule_audit
from chalicelib.flows import chain_audit
from chalicelib.flows.chain_audit import MARGIN_MS, last_checkpoint
from chalicelib.flows.note_read import seen_kind
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.audit_chain import told
from chalicelib.store.dynamo_history import DynamoHistory
from infra import deployment, operator
from tests.entrypoints.service import Shop, open_shop
from tests.entrypoints.test_matching import Context


def run(remaining_ms: int = 290_000) -> None:
    """Invoke the function as EventBridge does."""
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    schedule_audit.schedule_audit(event | {"detail": {}, "resources": []}, Context(remaining_ms))


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> int:
    """The schedule runs when the margin is over."""
    at = compose.now() + MARGIN_MS + 60_000
    monkeypatch.setattr(schedule_audit, "now", lambda: at)
    return at


@pytest.fixture
def seen(shop: Shop) -> Shop:
    """A tenant of which somebody saw a person, five times."""
    tenant = open_shop(shop.lambdas)
    tenant.send("/v1/identify", {"userId": "u-chain"})
    tenant.lambdas.ingest()
    for _ in range(5):
        assert tenant.lookup("user_id", "u-chain").status == 200
    return tenant


def command(shop: Shop, monkeypatch: pytest.MonkeyPatch, *given: str) -> int:
    monkeypatch.setattr(deployment, "environment", lambda _stack: shop.lambdas.operator.environ)
    return operator.main(["audit", *given, "--tenant", shop.tenant_id, "--json"])


def test_schedule__chains_and_tells_each_head(seen: Shop, later: int, log: Callable[[], str]) -> None:
    """The head stands in the log, whole: it is the witness that whoever writes the table cannot write."""
    run()
    last = last_checkpoint(seen.tenant_id, compose.history())
    assert last is not None and len(last.leaves) == 5
    told_of = [one for one in lines(log()) if one.get("tenant") == seen.tenant_id]
    assert [(one["message"], one["count"], one["head"]) for one in told_of] == [("audit_chained", 5, told(last.head))]
    run()
    assert last_checkpoint(seen.tenant_id, compose.history()) == last, "nothing new is nothing to write"


def test_schedule__one_tenant_fails__the_others_are_chained(
    seen: Shop, later: int, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, counted, and tried again with the next run."""
    real = chain_audit.chain_next

    def failing(tenant_id: str, *more: Any) -> Any:
        if tenant_id != seen.tenant_id:
            raise Unavailable("throttled", "Later.")
        return real(tenant_id, *more)

    monkeypatch.setattr(chain_audit, "chain_next", failing)
    run()
    said = lines(log())
    assert last_checkpoint(seen.tenant_id, compose.history()) is not None
    assert {one["code"] for one in said if one.get("message") == "audit_not_chained"} == {"throttled"}
    assert sum(one.get("FailedAuditRuns", 0) for one in said) >= 1


def test_schedule__out_of_time__leaves_tenants_for_the_next_run(seen: Shop, later: int, log: Callable[[], str]) -> None:
    """Nothing is begun that might not end."""
    run(remaining_ms=10_000)
    assert last_checkpoint(seen.tenant_id, compose.history()) is None
    assert any(one.get("AuditTenantsLeft", 0) > 0 for one in lines(log()))


def test_command__verify__ends_with_0_and_with_3_when_a_row_was_touched(
    seen: Shop, later: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An attacker with the table's credentials alters one row: the command names it, the head proves an old chain."""
    run()
    capsys.readouterr()
    assert command(seen, monkeypatch, "verify") == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["holds"], whole["rows"], whole["found"], whole["findings"]) == (True, 5, 0, [])
    assert command(seen, monkeypatch, "verify", "--head", whole["head"]) == 0
    assert command(seen, monkeypatch, "verify", "--head", "ab" * 32) == 3
    capsys.readouterr()

    history = compose.history()
    assert isinstance(history, DynamoHistory)
    (row, *_) = history.records(seen.tenant_id, seen_kind("admin"), before=1 << 60, limit=9)
    api: JsonApi = seen.lambdas.operator.api("dynamodb")
    table = seen.lambdas.operator.settings.table_history
    key = {"pk": {"S": f"{row.tenant}#{row.kind}#{row.record_id}"}}
    api.call("DeleteItem", {"TableName": table, "Key": key})
    assert command(seen, monkeypatch, "verify") == 3
    found = json.loads(capsys.readouterr().out)
    assert [(one["what"], one["id"]) for one in found["findings"]] == [("removed", row.record_id)]
    assert found["first_checkpoint_that_does_not_hold"] == 1


def test_command_and_route__exposure__tell_the_same(
    seen: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five reads of one person by the admin; nobody but who may read the audit asks."""
    assert command(seen, monkeypatch, "exposure", "--principal", "admin") == 0
    by_command = json.loads(capsys.readouterr().out)
    officer = seen.role("privacy_officer")
    by_route = seen.lambdas.http("GET", "/v1/audit/exposure?principal=admin", token=officer).json
    assert (by_route["reads"], by_route["people"], by_route["complete"]) == (5, 1, True)
    assert by_route["fields"]["identifiers.user_id"] == {"class": "personal", "clear": 0, "masked": 1}
    assert {**by_command, "to": ""} == {**by_route, "to": ""}
    assert seen.lambdas.http("GET", "/v1/audit/exposure?principal=x", token=seen.role("supervisor")).status == 403
    assert seen.lambdas.http("GET", "/v1/audit/exposure", token=officer).code == "bad_principal"
    audited = seen.lambdas.http("GET", "/v1/audit?principal=admin", token=officer).json["audited"]
    assert {one["action"] for one in audited} == {"profiles.look_up"} and audited[0]["seen"]["role"] == "admin"
    assert command(seen, monkeypatch, "exposure") == 1
