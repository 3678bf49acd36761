"""CloudEvents in binary, structured and batched mode become canonical events."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.cloudevents import translate
from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.kernel.errors import BadInput, Forbidden, TooLarge, ZhiyinError
from chalicelib.kernel.moments import format_moment, parse_moment

CASES = json.loads((Path(__file__).parents[2] / "cases" / "cloudevents.json").read_text("utf-8"))
NOW = parse_moment("2026-03-01T12:00:00Z")
SOURCE = SourceProfile(tenant="t-1", source_id="s-1", channel="shop", traits=frozenset({"name"}))
GOOD = {
    "specversion": "1.0",
    "id": "1",
    "source": "/s",
    "type": "order.paid",
    "subject": "user_id:u",
}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json"}
BINARY = {f"ce-{name}": value for name, value in GOOD.items()} | {"Content-Type": "application/json"}


def send(headers: dict[str, str], body: Any, limit_bytes: int = 100_000) -> Translated:
    """A request through the door."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return translate(headers, raw, source=SOURCE, now=NOW, limit_bytes=limit_bytes)


@pytest.mark.parametrize("case", [each for each in CASES if "expects" in each], ids=lambda case: case["why"])
def test_event__good__event_of_the_table(case: dict[str, Any]) -> None:
    """Each good line of ``cloudevents.json`` becomes the event that it says."""
    translated = send(STRUCTURED, case["event"])
    assert not translated.refused
    (event,) = translated.events
    got = {
        "type": event.type,
        "id": event.id,
        "time": format_moment(event.time),
        "channel": event.channel,
        "identifiers": [[each.namespace, each.value] for each in event.identifiers],
        "data": event.data,
        "notes": [[note.path, note.code] for note in translated.notes],
    }
    expects = case["expects"]
    assert {name: got[name] for name in expects} == expects


@pytest.mark.parametrize("case", [each for each in CASES if "code" in each], ids=lambda case: case["why"])
def test_event__bad__refused_alone(case: dict[str, Any]) -> None:
    """Each bad line refuses only itself in a batch, and its raw form is kept."""
    translated = send(BATCHED, [GOOD, case["event"], {**GOOD, "id": "2"}])
    assert [event.id for event in translated.events] == ["/s 1", "/s 2"]
    (refusal,) = translated.refused
    assert (refusal.index, refusal.code) == (1, case["code"])
    assert case.get("path", refusal.path) == refusal.path
    assert json.loads(refusal.raw) == case["event"]


def test_modes__same_event__same_translation() -> None:
    """One event is the same in every mode, and as plain JSON from a curl line."""
    event: dict[str, Any] = {
        **GOOD,
        "time": "2026-03-01T11:00:00Z",
        "data": {"order_id": "7", "amount": "3"},
    }
    binary = {f"CE-{name.title()}": value for name, value in event.items() if name != "data"}
    expected = send(STRUCTURED, event)
    assert expected.events[0].data == {"order_id": "7", "amount": "3.00"}
    assert send(BATCHED, [event]) == expected
    assert send({"content-type": "application/json"}, event) == expected
    assert send({"content-type": "application/json"}, [event]) == expected
    assert send({}, event) == expected
    for media in ("application/json", "text/json", "application/vnd.shop+json; charset=utf-8"):
        assert send({**binary, "content-type": media}, event["data"]) == expected


def test_binary__percent_encoded_and_quoted_headers__read() -> None:
    """Attributes in headers are percent-encoded UTF-8, and may be quoted strings."""
    headers = {**BINARY, "ce-subject": "member_id:%E6%9D%8E%20%E9%9B%B7", "ce-id": '"a\\"b"'}
    (event,) = send(headers, {}).events
    assert event.identifiers[0].value == "李 雷"
    assert event.id == '/s a"b'


def test_binary__header_that_is_no_utf8__refused() -> None:
    """What does not decode is refused, not replaced."""
    with pytest.raises(BadInput, match="bad_utf8"):
        send({**BINARY, "ce-subject": "user_id:%ff"}, {})


def test_binary__no_body__event_without_data() -> None:
    """An event may have no data at all, then its content type does not matter."""
    assert send({**BINARY, "Content-Type": ""}, b"").events[0].data == {}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "text/plain"}, b"x"),
        ({"content-type": "application/cloudevents+avro"}, b"x"),
        ({"content-type": "application/xml"}, b"<a/>"),
        ({**BINARY, "Content-Type": "image/png"}, b"x"),
    ],
)
def test_content_type__not_json__refused(headers: dict[str, str], body: bytes) -> None:
    """Other formats are named as what they are."""
    with pytest.raises(BadInput, match="unsupported_content_type"):
        send(headers, body)


def test_body__broken__refused_as_a_whole() -> None:
    """A body that is no JSON, too large, or of the other mode's shape is refused as a whole."""
    for headers in (STRUCTURED, BATCHED, BINARY):
        with pytest.raises(BadInput, match="bad_json"):
            send(headers, b"{")
        with pytest.raises(TooLarge, match="too_large"):
            send(headers, GOOD, limit_bytes=20)
    for headers, body in ((STRUCTURED, [GOOD]), (BATCHED, GOOD)):
        with pytest.raises(BadInput, match="bad_type"):
            send(headers, body)


def test_tenant__another_in_any_place__forbidden() -> None:
    """The tenant follows from the credential; an attribute, a header or data may not say another."""
    for body in (
        {**GOOD, "tenant": "t-2"},
        {**GOOD, "tenantid": "t-2"},
        {**GOOD, "data": {"tenant": "t-2"}},
    ):
        with pytest.raises(Forbidden, match="tenant_mismatch"):
            send(STRUCTURED, body)
    with pytest.raises(Forbidden):
        send({**BINARY, "ce-tenant": "t-2"}, {})
    assert send({**BINARY, "ce-tenant": "t-1"}, {}).events


def test_id__source_and_id__cannot_be_confused() -> None:
    """Two events of different source and id never have one id, however long."""
    pairs = [
        ("/a", "b c"),
        ("/a#b", "c"),
        ("/a", "b#c"),
        ("/" + "s" * 300, "1"),
        ("/" + "s" * 300, "2"),
        ("/" + "s" * 299, "s1"),
    ]
    events = send(BATCHED, [{**GOOD, "source": source, "id": each} for source, each in pairs]).events
    assert len({event.id for event in events}) == len(pairs)


@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "content-type",
                "ce-id",
                "ce-source",
                "ce-type",
                "ce-specversion",
                "ce-time",
                "ce-subject",
                "ce-data",
                "ce-data_base64",
            ]
        ),
        st.sampled_from(
            [
                "application/json",
                "application/cloudevents+json",
                "1.0",
                "x",
                "%e6",
                '"',
                "",
                "user_id:u",
            ]
        )
        | st.text(max_size=5),
    ),
    body=st.binary(max_size=20) | st.sampled_from([b"{}", b"[]", b"[{}]", json.dumps(GOOD).encode()]),
)
def test_request__anything__events_or_refusal(headers: dict[str, str], body: bytes) -> None:
    """Whatever arrives, the answer is events and refusals, or one of our errors."""
    with suppress(ZhiyinError):
        translated = send(headers, body)
        assert translated.events or translated.refused or body == b"[]"
