"""From the operator's command through the schedule to the old key's end, on the functions as they are put together."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from chalicelib.entrypoints import compose, rotation, schedule_keys
from chalicelib.kernel.errors import Conflict, Unavailable
from chalicelib.kernel.moments import MINUTE_MS
from infra import rotation as commands
from tests.entrypoints.service import Lambdas, Shop, forget_composed, open_shop, unique
from tests.entrypoints.test_matching import Context


def swept(remaining_ms: int = 600_000) -> None:
    """Invoke the function as EventBridge does."""
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    schedule_keys.rotate_keys(event | {"detail": {}, "resources": []}, Context(remaining_ms))


@pytest.fixture
def rotating(shop: Shop) -> Iterator[Shop]:
    """A shop of its own, with a customer, whose keys are rotated."""
    made = open_shop(shop.lambdas, "rotating")
    known(made, "before")
    yield made
    forget_composed()


def known(shop: Shop, user: str) -> str:
    """Somebody new, and the profile they have."""
    call = {"type": "identify", "messageId": unique("m"), "userId": user, "traits": {"name": "王芳"}}
    assert shop.send("/v1/batch", {"batch": [call]}).status == 200
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    return str(shop.lookup("user_id", user).json["profile_id"])


def operate(shop: Shop, *given: str, now: int) -> Mapping[str, Any]:
    parser = argparse.ArgumentParser()
    commands.add_options(parser)
    operator = shop.lambdas.operator
    tenant = operator.catalogue.tenant(shop.tenant_id)
    assert tenant is not None
    return commands.run(parser.parse_args([*given, "--tenant", shop.tenant_id]), tenant, operator.rotation(), now)


def both_rotated(shop: Shop) -> None:
    """An hour ago, so that the new versions are written with and nobody runs that began before."""
    for kind in ("branch", "index"):
        operate(shop, "rotate", "--kind", kind, now=compose.now() - 60 * MINUTE_MS)
    forget_composed()


def test_rotate_keys__both_rotated__sweeps_and_the_old_ones_go(rotating: Shop, log: Callable[[], str]) -> None:
    """Look-ups and ingestion go on before, during and after; both sweeps tell that they are done."""
    before = rotating.lookup("user_id", "before").json["profile_id"]
    both_rotated(rotating)
    assert rotating.lookup("user_id", "before").json["profile_id"] == before
    between = known(rotating, "between")
    with pytest.raises(Conflict):
        operate(rotating, "remove", "--kind", "index", "--version", "1", now=compose.now())
    swept()
    told = [json.loads(line) for line in log().splitlines() if "keys_swept" in line]
    mine = [line for line in told if line["tenant"] == rotating.tenant_id]
    assert [(line["operation"], line["code"], line["count"]) for line in mine] == [
        ("branch", "done", 1),
        ("index", "done", 1),
    ]
    status = operate(rotating, "status", now=compose.now())
    assert [status[kind]["needed"]["rows"] for kind in ("branch", "index")] == [0, 0]
    for kind in ("branch", "index"):
        operate(rotating, "remove", "--kind", kind, "--version", "1", now=compose.now())
    forget_composed()
    assert rotating.lookup("user_id", "before").json["profile_id"] == before
    assert rotating.lookup("user_id", "between").json["profile_id"] == between
    assert known(rotating, "after") not in {before, between}
    assert known(rotating, "before") == before


def test_rotate_keys__a_key_cannot_be_had__is_counted_and_goes_on_later(
    rotating: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tenant's failure is told by its code and keeps no other from its turn."""
    both_rotated(rotating)

    def away(*_: object) -> None:
        raise Unavailable("key_unavailable", "A key cannot be used; try again.")

    services = rotation.sweep_services()
    monkeypatch.setattr(rotation, "sweep_services", lambda: _with(services, away))
    swept()
    failed = [json.loads(line) for line in log().splitlines() if "sweep_failed" in line]
    assert [(line["tenant"], line["code"]) for line in failed] == [(rotating.tenant_id, "key_unavailable")]
    monkeypatch.undo()
    swept()
    assert operate(rotating, "status", now=compose.now())["branch"]["needed"]["rows"] == 0


def _with(services: Any, keys: Callable[..., Any]) -> Any:
    from msgspec.structs import replace

    return replace(services, keys=keys)


def test_rotate_keys__without_time__begins_nothing(rotating: Shop) -> None:
    """What one run leaves, the next goes on with."""
    both_rotated(rotating)
    swept(remaining_ms=20_000)
    assert operate(rotating, "status", now=compose.now())["branch"]["needed"]["rows"] == 1


def test_key_unusable__in_a_function__is_logged_with_kms_own_code(lambdas: Lambdas, log: Callable[[], str]) -> None:
    """The line names the tenant, the key's purpose and the code, and nothing else."""
    compose._key_unusable("t_1", "branch", "DisabledException")
    (line,) = [json.loads(one) for one in log().splitlines() if "key_unusable" in one]
    assert (line["tenant"], line["operation"], line["code"]) == ("t_1", "branch", "DisabledException")
