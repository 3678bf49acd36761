"""DynamoDB's own ways: what it leaves unread, conflicts, throttles, repeats. None becomes «not found»."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.kernel.errors import NotFound, ServiceRefused, Unavailable
from chalicelib.store.items import plain, typed
from chalicelib.store.rows import IdentifierRow, Outcome
from tests.proofs.faults import FaultyApi
from tests.store import rows
from tests.store.backends import Stores, on_dynamodb, stores_of
from tests.store.conftest import with_faults

TABLES = {f"TABLE_{name}": name.lower() for name in ("PROFILES", "HISTORY", "KEYS", "CATALOGUE")}


class Scripted:
    """A call that answers from a script and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def cancelled(*reasons: str) -> ServiceRefused:
    return ServiceRefused("TransactionCanceledException", "No.", reasons)


def identifier(name: str) -> dict[str, Any]:
    return typed({"pk": f"t#i#{name}", "v": 1, "profile_id": "p_1"})


def unread(*names: str) -> dict[str, Any]:
    return {"profiles": {"Keys": [{"pk": {"S": f"t#i#{name}"}} for name in names], "ConsistentRead": True}}


def test_read__key_longer_than_dynamodb_takes__nothing_is_called_so_and_nothing_is_asked() -> None:
    """Ids come in paths and bodies in any length (bad input 16): DynamoDB would refuse the call, which is no «not found»."""
    call = Scripted(ServiceRefused("ValidationException", "One or more parameter values were invalid."))
    profiles, history, *_ = stores_of(call, TABLES)
    for name in ("a" * 2_049, "人" * 700):
        assert history.record_of("t", "receipt", name) is None
        assert history.decision("t", name) is None
        assert profiles.load("t", [name, name + "b"], fresh=True) == {}
    assert call.asked == []
    with pytest.raises(ServiceRefused):
        history.record_of("t", "receipt", "a" * 2_000)


def test_find__keys_left_unread__asked_for_again_until_all_are_read() -> None:
    """UnprocessedKeys are not absent keys."""
    call = Scripted(
        {"Responses": {"profiles": [identifier("a")]}, "UnprocessedKeys": unread("b", "c")},
        {"Responses": {}, "UnprocessedKeys": unread("b", "c")},
        {"Responses": {"profiles": [identifier("c")]}, "UnprocessedKeys": {}},
    )
    profiles, *_ = stores_of(call, TABLES)
    assert profiles.find("t", ["a", "b", "c"], fresh=True) == dict.fromkeys("ac", IdentifierRow("p_1", 1))
    assert [len(body["RequestItems"]["profiles"]["Keys"]) for _, body in call.asked] == [3, 2, 2]
    assert all(body["RequestItems"]["profiles"]["ConsistentRead"] for _, body in call.asked)


def test_find__keys_never_read__unavailable() -> None:
    """A table that keeps throttling is unavailable, and nobody is told that a person does not exist."""
    profiles, *_ = stores_of(Scripted({"Responses": {}, "UnprocessedKeys": unread("a", "b")}), TABLES)
    with pytest.raises(Unavailable) as raised:
        profiles.find("t", ["a", "b"], fresh=True)
    assert raised.value.code == "store_throttled"


@pytest.mark.parametrize("fresh", [True, False])
def test_reads__consistency_asked_for__is_what_the_call_says(fresh: bool) -> None:
    """Ingestion reads strongly, answering eventually; the call must say which."""
    call = Scripted({"Responses": {}})
    profiles, *_ = stores_of(call, TABLES)
    profiles.find("t", ["a", "b"], fresh=fresh)
    profiles.load("t", ["a"], fresh=fresh)
    assert call.asked[0][1]["RequestItems"]["profiles"]["ConsistentRead"] is fresh
    assert call.asked[1][1]["ConsistentRead"] is fresh


@pytest.mark.parametrize(
    "reasons",
    [
        ("ThrottlingError", "None", "None", "None"),
        ("ThrottlingError", "TransactionConflict", "None", "None"),
        ("None", "ProvisionedThroughputExceeded", "None", "None"),
        ("None", "None", "None", "None"),
        (),
    ],
)
def test_save__throttling_within__unavailable(reasons: tuple[str, ...]) -> None:
    """Throttling says nothing of duplicates: the save is tried again later, from fresh reads."""
    profiles, *_ = stores_of(Scripted(cancelled(*reasons)), TABLES)
    with pytest.raises(Unavailable):
        profiles.save(rows.first_save("t"))


def test_save__conditions_failed__each_is_told_from_the_others() -> None:
    """The reasons stand in the order of profile, events, identifiers."""
    failed, fine, conflict = "ConditionalCheckFailed", "None", "TransactionConflict"
    duplicate = Outcome(saved=False, duplicates=frozenset({rows.key("e1")}))
    expected: dict[tuple[str, ...], Outcome] = {
        (failed, fine, fine, fine): Outcome(saved=False, stale=True),
        (fine, failed, fine, fine): duplicate,
        (fine, fine, fine, failed): Outcome(saved=False, stale=True),
        (fine, fine, conflict, fine): Outcome(saved=False, stale=True),
        (fine, conflict, fine, fine): Outcome(saved=False, stale=True),
        (conflict, failed, fine, fine): msgspec.structs.replace(duplicate, stale=True),
        (failed, failed, fine, fine): msgspec.structs.replace(duplicate, stale=True),
    }
    for reasons, outcome in expected.items():
        profiles, *_ = stores_of(Scripted(cancelled(*reasons)), TABLES)
        assert profiles.save(rows.first_save("t")) == outcome


def _everything(stores: Any) -> list[Callable[[], object]]:
    profiles, history, secrets, catalogue = stores
    return [
        lambda: profiles.find("t", ["a"], fresh=False),
        lambda: profiles.find("t", ["a", "b"], fresh=True),
        lambda: profiles.load("t", ["p_1"], fresh=False),
        lambda: profiles.save(rows.first_save("t")),
        lambda: history.events("t", [b"e"]),
        lambda: history.timeline("t", "f", before=1, limit=1),
        lambda: history.quarantine(rows.quarantined("t")),
        lambda: history.quarantined("t", limit=1),
        lambda: history.quarantine_row("t", "q1"),
        lambda: history.mark_replayed(rows.quarantined("t"), 1, "admin"),
        lambda: history.claim("t", "k", b"c", now=1, expires_at=2),
        lambda: history.record(rows.decision("t")),
        lambda: history.decision("t", "d"),
        lambda: secrets.secrets("t", ["f"]),
        lambda: catalogue.tenant("t"),
        lambda: catalogue.source("s"),
        lambda: catalogue.credential("h"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("throttled", "Later."),
        Unavailable("no_answer", "Later."),
        ApiError("ResourceNotFoundException", 400, "no such table"),
        ApiError("AccessDeniedException", 400, "no"),
        ApiError("ValidationException", 400, "no"),
    ],
    ids=lambda error: error.code,
)
def test_any_call__service_fails__error_goes_on_as_it_is(error: Exception) -> None:
    """A store error never becomes «not found», «duplicate» or an empty answer — not even «no such table»."""
    for call in _everything(stores_of(Scripted(error), TABLES)):
        with pytest.raises(type(error)) as raised:
            call()
        assert raised.value is error
        assert not isinstance(raised.value, NotFound)


def test_create_secret__lost_the_race_and_then_deleted__unavailable() -> None:
    """A secret that was erased while it was made must not be used: try again, as a new one."""
    *_, secrets, _ = stores_of(Scripted(ServiceRefused("ConditionalCheckFailedException", "No."), {}), TABLES)
    with pytest.raises(Unavailable):
        secrets.create("t", "f", _secret())


def _secret() -> Any:
    from chalicelib.store.rows import FacetSecret

    return FacetSecret(b"s" * 32, b"c" * 16, 1, 1)


def test_items__every_type__comes_back_and_empty_ones_are_left_out() -> None:
    """None, empty text and empty bytes are absent attributes; zero is a value."""
    item = {"pk": "键", "n": 0, "big": 10**37, "b": b"\x00\xff", "none": None, "text": "", "bytes": b""}
    assert plain(typed(item)) == {"pk": "键", "n": 0, "big": 10**37, "b": b"\x00\xff"}


# -- faults on the wire


@pytest.fixture
def wire(dynamodb: Stores) -> Stores:
    """The same tables through a client of this test's own, which waits for nothing."""
    own = on_dynamodb(dynamodb.name, dynamodb.endpoint, dynamodb.tables)
    assert own.api is not None
    own.api.retry = RetryPolicy(attempts=3, base_seconds=0.0, sleep=lambda _: None)
    return own


def api_of(stores: Stores) -> JsonApi:
    assert stores.api is not None
    return stores.api


def test_save__answer_lost_once__the_repeat_is_the_success_it_was(on_local: Stores, tenant: str) -> None:
    """Sent, applied, and timed out: the token makes the repeat one and the same save."""
    stores = on_dynamodb("dynamodb_local", on_local.endpoint, on_local.tables)
    seen: list[str] = []

    def lose_first_answer(operation: str, _body: bytes) -> None:
        seen.append(operation)
        if len(seen) == 1:
            raise TimeoutError

    api_of(stores).on_answer.append(lose_first_answer)
    assert stores.profiles.save(rows.first_save(tenant)) == Outcome(saved=True)
    assert seen == ["TransactWriteItems"] * 2


def test_save__same_change_later__told_from_a_repeat_only_by_the_token(on_local: Stores, tenant: str) -> None:
    """The very same change again is a repeat; any other part of it makes it another save."""
    first = rows.first_save(tenant)
    assert on_local.profiles.save(first) == on_local.profiles.save(first) == Outcome(saved=True)
    other = msgspec.structs.replace(first, identifiers=(rows.points("user_id:zz"),))
    assert on_local.profiles.save(other) == Outcome(saved=False, duplicates=frozenset({rows.key("e1")}), stale=True)
    changed = msgspec.structs.replace(first.events[0], content=b"other")
    assert not on_local.profiles.save(msgspec.structs.replace(first, events=(changed,))).saved


def test_any_call__network_refuses__unavailable(wire: Stores, tenant: str) -> None:
    """Connections that fail are retried, then the service is unavailable; nothing is «not found»."""

    def refuse(_operation: str, _body: bytes) -> None:
        raise ConnectionRefusedError

    api_of(wire).on_request.append(refuse)
    for call in _everything((wire.profiles, wire.history, wire.secrets, wire.catalogue)):
        with pytest.raises(Unavailable) as raised:
            call()
        assert raised.value.code == "no_answer"


def test_save__fault_passes__saved_exactly_once(wire: Stores, tenant: str) -> None:
    """A fault before sending, then none: the retry saves."""
    faults = [ConnectionResetError()]

    def fail_once(_operation: str, _body: bytes) -> None:
        if faults:
            raise faults.pop()

    api_of(wire).on_request.append(fail_once)
    assert wire.profiles.save(rows.first_save(tenant)) == Outcome(saved=True)


def test_save__another_transaction_is_under_way__saved_after_it(on_local: Stores, tenant: str) -> None:
    """A conflict passes: the save is sent again, and is one save."""
    met = with_faults(on_local, 0.6, "conflict", seed="h")
    assert met.profiles.save(rows.first_save(tenant)) == Outcome(saved=True)
    api = met.api
    assert isinstance(api, FaultyApi)
    ((operation, sent),) = api.attempts
    assert operation == "TransactWriteItems" and sent > 1


def test_save__conflict_does_not_pass__stale_and_nothing_written(on_local: Stores, tenant: str) -> None:
    """Somebody else is faster again and again: what was read is old, and nothing of the save is there."""
    met = with_faults(on_local, 1.0, "conflict")
    assert met.profiles.save(rows.first_save(tenant)) == Outcome(saved=False, stale=True)
    assert on_local.profiles.find(tenant, ["user_id:aa", "phone:bb"], fresh=True) == {}
    assert on_local.history.events(tenant, [rows.key("e1")]) == {}


@pytest.mark.parametrize("lag", ["stale_index", "stale_read"])
def test_timeline__index_or_rows_lag__shows_less_and_never_another(on_local: Stores, tenant: str, lag: str) -> None:
    """Index reads may lag: what is not there yet is left out, what is there is as it was written, and later all is."""
    events = tuple(rows.event(tenant, f"e{number}", at=rows.AT + number) for number in range(8))
    on_local.profiles.save(rows.change(tenant, (rows.profile(tenant), 0), events=events))
    lagging = with_faults(on_local, 0.7, lag)
    whole = sorted(events, key=lambda row: row.at, reverse=True)
    seen = [lagging.history.timeline(tenant, "user_id:aa", before=rows.AT + 9, limit=100) for _ in range(12)]
    assert all([row for row in whole if row in some] == list(some) for some in seen)
    assert min(map(len, seen)) < len(whole)
    assert list(on_local.history.timeline(tenant, "user_id:aa", before=rows.AT + 9, limit=100)) == whole


def test_save__wrong_request__refused_with_the_services_code(wire: Stores, tenant: str) -> None:
    """What is our own mistake is no «unavailable», or it would be tried for ever."""
    too_many = tuple(rows.points(f"device:{number}") for number in range(101))
    with pytest.raises(ServiceRefused) as raised:
        wire.profiles.save(rows.change(tenant, identifiers=too_many))
    assert raised.value.code == "ValidationException"
    assert not isinstance(raised.value, Unavailable)


def test_save__request__names_go_through_placeholders_only(dynamodb: Stores, tenant: str) -> None:
    """No value and no reserved word ever stands in an expression."""
    own = on_dynamodb(dynamodb.name, dynamodb.endpoint, dynamodb.tables)
    bodies: list[dict[str, Any]] = []
    api_of(own).on_request.append(lambda _operation, body: bodies.append(json.loads(body)))
    own.profiles.save(rows.first_save(tenant))
    own.history.timeline(tenant, "user_id:aa", before=1, limit=1)
    expressions = [
        expression
        for body in bodies
        for part in [body, *(one["Put"] for one in body.get("TransactItems", []))]
        for name, expression in part.items()
        if name.endswith("Expression")
    ]
    assert expressions
    words = {word for one in expressions for word in one.replace("(", " ").replace(")", " ").split()}
    assert {word for word in words if not word.startswith(("#", ":"))} <= {"attribute_not_exists", "=", "<", "AND"}
