"""A tenant's protections, as the operator's command sets them and as merges, ingestion and doors then go by them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.entrypoints import compose
from infra import operator, protections
from infra.failures import Failure
from infra.operator import Operator
from tests.entrypoints.service import Lambdas, Shop, forget_composed, open_shop, unique


def command(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, object]:
    """The operator's command, as typed."""
    monkeypatch.setattr(operator.deployment, "environment", lambda _: lambdas.operator.environ)
    return operator.run(operator._parser().parse_args(words))


def seen_with(shop: Shop, phone: str, people: int) -> list[str]:
    """People who are each seen with one phone; their accounts."""
    users = [unique("u") for _ in range(people)]
    for user in users:
        call = {
            "type": "page",
            "userId": user,
            "timestamp": datetime.now(UTC).isoformat(),
            "context": {"identifiers": [{"namespace": "phone", "value": phone}]},
        }
        shop.send("/v1/batch", {"batch": [{**call, "messageId": unique("m")}]})
    shop.lambdas.ingest()
    return users


def test_tenant_create__with_protections__keeps_them(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for, and ours for the rest."""
    words = ("--limit", "phone=3", "--limit", "email=2", "--most-merges", "20", "--shared-after", "4", "--block=-9")
    made = command(lambdas, monkeypatch, "tenant", "create", "--name", "x", *words)
    tenant = compose.tenant(str(made["tenant_id"]))
    assert (tenant.limits, tenant.most_merges) == ({"phone": 3, "email": 2}, 20)
    assert (tenant.shared_after, tenant.blocked) == (4, ("-9",))


def test_tenant_update__some_options__changes_those_and_tells_all(
    lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options add up; a blocked value can be taken back; keys and name stay."""
    shop = open_shop(lambdas)
    before = compose.tenant(shop.tenant_id)
    first = ("tenant", "update", "--tenant", shop.tenant_id, "--limit", "phone=2", "--block", "前台", "--block", "x9")
    command(lambdas, monkeypatch, *first)
    told = command(
        lambdas, monkeypatch, "tenant", "update", "--tenant", shop.tenant_id, "--limit", "user_id=2", "--unblock", "x9"
    )
    assert told == {
        "limits": {"phone": 2, "user_id": 2},
        "most_merges": 100,
        "shared_after": 10,
        "blocked": ["前台"],
        "trade": "retail",
    }
    forget_composed()
    after = compose.tenant(shop.tenant_id)
    assert (after.name, after.index_key, after.branch_keys) == (before.name, before.index_key, before.branch_keys)


def test_protections__of_a_tenant__are_what_ingestion_and_merges_go_by(lambdas: Lambdas) -> None:
    """A phone is shared once three have it; two accounts may be one person; a blocked value names nobody."""
    shop = open_shop(lambdas)
    asked = protections.Protections((("user_id", 2),), shared_after=2, block=("reception",))
    Operator(lambdas.operator.environ).protect(shop.tenant_id, asked)
    forget_composed()
    users = seen_with(shop, "13907550321", 3)
    assert shop.lookup("phone", "13907550321").status == 404
    ids = [shop.lookup("user_id", user).json["profile_id"] for user in users]
    assert len(set(ids)) == 3
    assert shop.ask("/v1/merges", {"profile_ids": ids[:2], "reason": "one person"}).status == 200
    refused = shop.ask("/v1/merges", {"profile_ids": ids[1:], "reason": "one person"})
    assert (refused.status, refused.code) == (409, "protected")
    assert shop.lookup("user_id", "Reception").code == "blocked_identifier"


def test_protections__not_set__are_ours(lambdas: Lambdas) -> None:
    """Negative control: the same three people and phone, and one of them has the phone."""
    shop = open_shop(lambdas)
    seen_with(shop, "13907550321", 3)
    assert shop.lookup("phone", "13907550321").status == 200


@pytest.mark.parametrize(
    "words",
    [
        ("--limit", "phone"),
        ("--limit", "phone=0"),
        ("--limit", "phone=91"),
        ("--limit", "phone=x"),
        ("--limit", "fax=2"),
        ("--most-merges", "0"),
        ("--most-merges", "101"),
        ("--shared-after", "٣"),
        ("--shared-after", "99999999999999999999"),
    ],
)
def test_tenant_update__option_that_does_not_fit__refused(words: tuple[str, ...]) -> None:
    """The command says what it needs, before it looks at any deployment."""
    with pytest.raises(SystemExit):
        operator._parser().parse_args(["tenant", "update", "--tenant", "t_1", *words])


@pytest.mark.parametrize(
    "words", [("create",), ("update",), ("update", "--tenant", "t_none"), ("update", "--tenant", "t_1", "--block", "")]
)
def test_tenant_command__that_says_too_little__fails_with_a_sentence(
    lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """No name, no tenant, an unknown one, an empty value."""
    with pytest.raises(Failure):
        command(lambdas, monkeypatch, "tenant", *words)


def test_protections__more_blocked_values_than_a_record_holds__refused(lambdas: Lambdas) -> None:
    """A list of values is no table of customers."""
    shop = open_shop(lambdas)
    tenant = compose.tenant(shop.tenant_id)
    with pytest.raises(Failure):
        protections.Protections(block=tuple(map(str, range(1001)))).of(tenant)
