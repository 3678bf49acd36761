"""The audit over HTTP."""

from __future__ import annotations

from chalicelib.entrypoints import compose
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.store.rows import Change
from tests.entrypoints.service import Shop, open_shop


def test_audit__read_by_who_may__says_who_did_what(shop: Shop) -> None:
    """What a change wrote beside itself is read back; a supervisor, whose deeds stand there, may not read it."""
    tenant = open_shop(shop.lambdas)
    at = 1_760_000_000_000
    for number, principal in enumerate(("anna", "bob", "anna")):
        audited = Audited("profiles.merge", principal, ("p_1", f"p_{number}"), "said so", "p_1")
        record = audit_record(tenant.tenant_id, f"m{number}", at + number, audited)
        saved = compose.ingest_services().profiles.save(Change(tenant.tenant_id, (), (), (), records=(record,)))
        assert saved.saved
    token = tenant.role("privacy_officer")
    answer = tenant.lambdas.http("GET", "/v1/audit?principal=anna&limit=1", token=token).json
    assert [(one["id"], one["principal"], one["subjects"]) for one in answer["audited"]] == [
        ("m2", "anna", ["p_1", "p_2"])
    ]
    rest = tenant.lambdas.http("GET", f"/v1/audit?principal=anna&cursor={answer['cursor']}", token=token).json
    assert ([one["id"] for one in rest["audited"]], rest["cursor"]) == (["m0"], "")
    asked = "/v1/audit?from=2025-10-09T08:53:20.001Z&to=2025-10-09T08:53:20.002Z"
    assert [one["id"] for one in tenant.lambdas.http("GET", asked, token=token).json["audited"]] == ["m1"]
    assert tenant.lambdas.http("GET", "/v1/audit", token=tenant.role("supervisor")).status == 403
    assert tenant.lambdas.http("GET", "/v1/audit?from=x", token=token).code == "bad_time"


def test_audit__of_imports_replays_and_rejections__once_however_often_they_are_repeated(shop: Shop) -> None:
    """What an operator did beside people stands there too."""
    tenant = open_shop(shop.lambdas)
    declared = {
        "source_id": tenant.source_id,
        "kind": "customers",
        "format": "csv",
        "mapping": {"identifiers.user_id": "id"},
    }
    for _ in range(2):
        opened = tenant.ask("/v1/imports", declared, {"idempotency-key": "k-1"})
        assert opened.status == 202, opened.body
    tenant.send("/v1/track", {"userId": "u-late", "event": "Order Completed", "timestamp": "2099-01-01T00:00:00Z"})
    tenant.lambdas.ingest()
    (waiting,) = tenant.read("/v1/quarantine").json["quarantined"]
    for _ in range(2):
        assert tenant.ask(f"/v1/quarantine/{waiting['id']}/replay", {}).status == 200
    rows = tenant.read("/v1/audit").json["audited"]
    assert [(one["action"], one["principal"], one["subjects"]) for one in rows] == [
        ("quarantine.replay", "admin", [f"quarantine/{waiting['id']}"]),
        ("imports.open", "admin", [f"imports/{opened.json['import_id']}"]),
    ]
