import json
import socket
import ssl
import threading

import pytest

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.services import SERVICES
from chalicelib.kernel.errors import Unavailable

from .conftest import CLOSE, HANG, answer

ITEM = {"Item": {"pk": {"S": "b"}}}
THROTTLED = answer({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}, 400)
FAILED = answer({"__type": "InternalServerError"}, 500)
CONDITION = answer({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}, 400)


def cancelled(*reasons):
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "cancelled",
        "CancellationReasons": list(reasons),
    }
    return answer(body, 400)


def test_call__answered__gives_the_answer_and_keeps_the_connection(api, server):
    """Calls share one connection, since a new one costs a handshake."""
    server.script = [answer(ITEM), answer(b"")]
    assert api.call("GetItem", {"Key": 1}) == ITEM
    assert api.call("PutItem", {}) == {}
    assert server.connections == 1
    head = server.requests[0].decode()
    assert head.startswith("POST / HTTP/1.1\r\n")
    assert "X-Amz-Target: DynamoDB_20120810.GetItem\r\n" in head
    assert f"Host: 127.0.0.1:{server.port}\r\n" in head
    assert server.bodies()[0] == {"Key": 1}


def test_call__items__come_with_bytes_and_lose_no_type(server, open_to):
    """What DynamoDB sends as base64 is bytes already, all else is as it came, and bytes go the same way back."""
    told = {
        "pk": {"S": "键"},
        "n": {"N": "-1.50"},
        "b": {"B": "AP8="},
        "m": {"M": {"b": {"B": "AP8="}}},
        "l": {"L": [{"N": "1"}]},
        "no": {"BOOL": False},
        "null": {"NULL": True},
        "ss": {"SS": ["a"]},
        "ns": {"NS": ["1"]},
        "bs": {"BS": ["AP8="]},
    }
    read = {**told, "b": {"B": b"\0\xff"}, "bs": {"BS": [b"\0\xff"]}}
    ends = {"LastEvaluatedKey": {"b": {"B": "AP8="}}, "Count": 1, "ScannedCount": 2}
    left = {"UnprocessedKeys": {"t": {"Keys": [{"b": {"B": "AP8="}}]}}}
    answered = [{"Item": told}, {}, {"Items": [told], **ends}, {"Responses": {"t": [told]}, **left}, {"Item": told}]
    server.script = [answer(one) for one in answered]
    api = open_to(server.endpoint, answers=SERVICES["dynamodb"].answers)
    assert [api.call("GetItem", {}), api.call("GetItem", {})] == [{"Item": read}, {}]
    assert api.call("Scan", {}) == {"Items": [read], **ends}
    assert api.call("BatchGetItem", {}) == {"Responses": {"t": [read]}, **left}
    assert api.call("NoItems", {"Item": read}) == {"Item": told}
    assert server.bodies()[-1] == {"Item": told}


def test_call__item_that_is_no_item__is_no_answer(server, open_to):
    """Broken base64 is a broken answer: it is asked for again, and never taken for something that was kept."""
    server.script = [answer({"Item": {"b": {"B": "AP8"}}}), answer({"Item": {"b": {"B": "AP8="}}})]
    api = open_to(server.endpoint, answers=SERVICES["dynamodb"].answers)
    assert api.call("GetItem", {}) == {"Item": {"b": {"B": b"\0\xff"}}}


def test_call__body_outside_ascii__is_sent_whole(api, server):
    """The length counts bytes."""
    api.call("PutItem", {"name": "张三"})
    assert server.bodies() == [{"name": "张三"}]


@pytest.mark.parametrize("when", ["closed while idle", "closed on use"])
def test_call__kept_connection_died__is_repeated_once_on_a_new_one(api, server, steps, when):
    """A connection that died in a Lambda's sleep is no fault of the service and costs no pause."""
    api.call("GetItem", {})
    if when == "closed while idle":
        server.drop_all()
    else:
        server.script = [CLOSE]
    server.script.append(answer(ITEM))
    assert api.call("GetItem", {}) == ITEM
    assert server.connections == 2
    assert steps.pauses == []


def test_call__kept_for_too_long__is_not_used(api, server, monkeypatch):
    """An old connection may lead nowhere without anyone having said so."""
    monkeypatch.setattr("chalicelib.aws.connection._LONGEST_IDLE_SECONDS", -1)
    api.call("GetItem", {})
    api.call("GetItem", {})
    assert server.connections == 2


@pytest.mark.parametrize("fault", [THROTTLED, FAILED, CLOSE, HANG, b"garbage\r\n\r\n", answer(b"{", 200)])
def test_call__passing_fault__is_repeated(api, server, steps, fault):
    """Throttling, 5xx, resets, silence and broken answers are survived."""
    server.script = [fault, answer(ITEM)]
    assert api.call("GetItem", {}) == ITEM
    assert steps.pauses == [0.025]


@pytest.mark.parametrize(
    ("fault", "code"), [(THROTTLED, "throttled"), (FAILED, "service_failed"), (CLOSE, "no_answer")]
)
def test_call__lasting_fault__is_unavailable_after_growing_pauses(api, server, steps, fault, code):
    """What lasts becomes one error, never "not found", after pauses that double."""
    server.script = [fault] * 9
    with pytest.raises(Unavailable) as refusal:
        api.call("GetItem", {})
    assert refusal.value.code == code
    assert steps.pauses == [0.025, 0.05, 0.1]
    assert len(server.requests) == 4


def test_call__nobody_listens__is_unavailable(open_to):
    """A refused connection is retried and then said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="no_answer"):
        open_to(f"http://127.0.0.1:{port}").call("GetItem", {})


def test_call__refused__is_raised_at_once_with_its_code(api, server):
    """A failed condition is an answer, and is not repeated."""
    server.script = [CONDITION]
    with pytest.raises(ApiError) as refusal:
        api.call("PutItem", {})
    error = refusal.value
    assert (error.code, error.status, error.service_message) == ("ConditionalCheckFailedException", 400, "no")
    assert (error.retryable, error.ambiguous) == (False, False)
    assert "no" not in str(error).replace("not", "").split()


@pytest.mark.parametrize("first", [HANG, FAILED, CLOSE])
def test_call__refused_after_an_attempt_without_answer__is_ambiguous(api, server, first):
    """The failed condition may be our own first attempt's doing: the caller must look."""
    server.script = [first, CONDITION]
    with pytest.raises(ApiError) as refusal:
        api.call("PutItem", {})
    assert refusal.value.ambiguous


def test_call__refused_after_a_kept_connection_died__is_ambiguous(api, server):
    """The peer may have applied the call before it closed."""
    server.script = [answer({}), CLOSE, CONDITION]
    api.call("PutItem", {})
    with pytest.raises(ApiError) as refusal:
        api.call("PutItem", {})
    assert refusal.value.ambiguous


def test_call__refused_after_throttling__is_not_ambiguous(api, server):
    """A throttled attempt was not applied."""
    server.script = [THROTTLED, CONDITION]
    with pytest.raises(ApiError) as refusal:
        api.call("PutItem", {})
    assert not refusal.value.ambiguous


def test_call__transaction_cancelled__gives_the_reasons_in_order(api, server):
    """The caller sees which part failed, why, and the item that stood in its way."""
    old = {"v": {"N": "3"}}
    server.script = [
        cancelled({"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "The conditional…", "Item": old})
    ]
    with pytest.raises(ApiError) as refusal:
        api.call("TransactWriteItems", {})
    reasons = refusal.value.cancellation_reasons
    assert [(reason.code, reason.message, reason.item) for reason in reasons] == [
        ("None", "", None),
        ("ConditionalCheckFailed", "The conditional…", old),
    ]
    assert not refusal.value.retryable
    assert repr(reasons[1]) == "<reason ConditionalCheckFailed>"


def test_call__transaction_conflict__is_repeated_and_in_the_end_left_to_the_caller(api, server, steps):
    """Another transaction was under way: the same call again, after a pause, meets what that one left."""
    conflict = cancelled({"Code": "None"}, {"Code": "TransactionConflict"})
    of_one_item = answer({"__type": "TransactionConflictException"}, 400)
    server.script = [conflict, of_one_item, answer({"done": True})]
    assert api.call("TransactWriteItems", {}) == {"done": True}
    assert len(steps.pauses) == 2
    server.requests.clear()
    server.script = [conflict] * 4
    with pytest.raises(ApiError) as refusal:
        api.call("TransactWriteItems", {})
    assert refusal.value.retryable
    assert len(server.requests) == 4


def test_call__transaction_throttled__is_repeated_unless_a_condition_failed(api, server):
    """Throttled parts pass; a failed condition does not."""
    throttled = {"Code": "ThrottlingError"}
    server.script = [cancelled(throttled, {"Code": "TransactionConflict"}), answer({})]
    assert api.call("TransactWriteItems", {}) == {}
    server.script = [cancelled(throttled, {"Code": "ConditionalCheckFailed"})]
    with pytest.raises(ApiError):
        api.call("TransactWriteItems", {})


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ({"__type": "QueueDoesNotExist"}, (), "QueueDoesNotExist"),
        ({"__type": "com.amazonaws.sqs#QueueDoesNotExist"}, (), "QueueDoesNotExist"),
        ({"code": "AccessDenied", "Message": "no"}, (), "AccessDenied"),
        ({}, ("x-amzn-ErrorType: NotFoundException:http://internal/",), "NotFoundException"),
        (b"<html>", (), "unknown"),
        (b"\xff\xfe", (), "unknown"),
        (b"[]", (), "unknown"),
    ],
)
def test_call__error_in_any_dress__has_its_plain_code(api, server, body, headers, code):
    """Services write the code of an error in several ways."""
    server.script = [answer(body, 400, *headers)]
    with pytest.raises(ApiError) as refusal:
        api.call("GetItem", {})
    assert refusal.value.code == code


def test_call__deadline_nearer_than_the_timeout__shortens_it(server, open_to, steps):
    """A call does not outlive its deadline by a whole read timeout."""
    api = open_to(server.endpoint, read_timeout_seconds=30)
    api.retry = type(api.retry)(
        sleep=steps.sleep, clock=steps.clock, random=lambda: 1.0, attempts=2, deadline_seconds=0.2
    )
    server.script = [HANG, HANG]
    with pytest.raises(Unavailable):
        api.call("GetItem", {})


def test_hooks__raise_before_and_after__are_faults_of_the_network(api, server):
    """Tests plant refusals and lost answers without a proxy; a lost answer was applied."""
    faults = [ConnectionResetError(), None, None]
    lost = [TimeoutError(), None]

    def before(operation, body):
        assert (operation, json.loads(body)) == ("PutItem", {"a": 1})
        if fault := faults.pop(0):
            raise fault

    def after(_operation, _body):
        if fault := lost.pop(0):
            raise fault

    api.on_request.append(before)
    api.on_answer.append(after)
    assert api.call("PutItem", {"a": 1}) == {}
    assert len(server.requests) == 2


def test_hooks__raise_a_kill__lets_it_through(api):
    """A planted kill is not survived by a retry."""

    def kill(_operation, _body):
        raise KeyboardInterrupt

    api.on_request.append(kill)
    with pytest.raises(KeyboardInterrupt):
        api.call("PutItem", {})


def test_call__from_many_threads__gives_each_its_own_answer(server, open_to):
    """Connections are never shared while in use."""
    api = open_to(server.endpoint, read_timeout_seconds=5)
    faults = []

    def work(number):
        for turn in range(20):
            api.call("PutItem", {"n": number * 100 + turn})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(body["n"] for body in server.bodies()) == sorted(n * 100 + t for n in range(8) for t in range(20))
    assert server.connections <= 8


def test_call__peer_without_tls__is_unavailable(server, open_to):
    """Https never falls back to plain text."""
    server.script = [b"HTTP/1.1 400 X\r\n\r\n"] * 9
    api = open_to(server.endpoint.replace("http:", "https:"))
    with pytest.raises(Unavailable):
        api.call("GetItem", {})
    assert api._pool._context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("endpoint", ["", "dynamodb", "ftp://x", "http://", "http://h/?q=1"])
def test_json_api__malformed_endpoint__is_refused(open_to, endpoint):
    """A mistyped endpoint is said when the client is made."""
    with pytest.raises(ValueError, match="endpoint"):
        open_to(endpoint)


def test_json_api__printed__names_its_service(api):
    """No key stands in its text."""
    assert repr(api) == "<api dynamodb>"
