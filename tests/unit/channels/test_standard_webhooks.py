"""Standard Webhooks: a signature in time opens the door; every other cause looks the same."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.model import SourceProfile
from chalicelib.channels.standard_webhooks import translate, verify
from chalicelib.kernel.errors import Forbidden, NotAuthorised
from chalicelib.kernel.moments import format_moment, parse_moment

NOW = parse_moment("2026-03-01T12:00:00Z")
STAMP = str(NOW // 1000)
SECRET, OLD, OTHER = b"s" * 24, b"o" * 24, b"x" * 24
BODY = b'{"type": "order.paid", "timestamp": "2026-03-01T11:59:00Z", "data": {"user_id": "u-1"}}'
SOURCE = SourceProfile(tenant="t-1", source_id="s-1", channel="shop", traits=frozenset({"name"}))


def sign(secret: bytes, message_id: str = "msg_1", stamp: str = STAMP, body: bytes = BODY) -> str:
    """A v1 signature, written from the specification and not from the product."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def headers(signature: str, message_id: str = "msg_1", stamp: str = STAMP) -> dict[str, str]:
    """The three headers of a request."""
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def test_verify__good_signature__message_id() -> None:
    """A signature of the current secret opens, whatever the case of the header names."""
    assert verify(headers(sign(SECRET)), BODY, [SECRET], NOW) == "msg_1"
    shouted = {name.upper(): value for name, value in headers(sign(SECRET)).items()}
    assert verify(shouted, BODY, [SECRET], NOW) == "msg_1"


def test_verify__rotation__either_secret_and_either_signature() -> None:
    """While a secret is rotated both sides may hold two; one match is enough."""
    assert verify(headers(sign(OLD)), BODY, [SECRET, OLD], NOW)
    both = f"v2,abc {sign(OTHER)} v1a,{sign(SECRET)[3:]} {sign(SECRET)}"
    assert verify(headers(both), BODY, [SECRET], NOW)


@pytest.mark.parametrize("padding", [b"", b"="])
def test_verify__secret_as_shown__decoded(padding: bytes) -> None:
    """A secret may be given as ``whsec_`` and base64, with its padding or without."""
    shown = b"whsec_" + base64.b64encode(b"k" * 25).rstrip(b"=") + padding
    assert verify(headers(sign(b"k" * 25)), BODY, [shown], NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_verify__within_five_minutes__accepted(seconds: int) -> None:
    """The clocks may differ by five minutes either way."""
    stamp = str(NOW // 1000 + seconds)
    assert verify(headers(sign(SECRET, stamp=stamp), stamp=stamp), BODY, [SECRET], NOW)


def signed(message_id: str = "msg_1", stamp: str = STAMP) -> dict[str, str]:
    """Headers whose signature is right for what they say."""
    return headers(sign(SECRET, message_id, stamp), message_id, stamp)


REFUSED: dict[str, dict[str, str]] = {
    "no headers": {},
    "no id": {name: value for name, value in signed().items() if name != "webhook-id"},
    "no timestamp": {name: value for name, value in signed().items() if name != "webhook-timestamp"},
    "no signature": {name: value for name, value in signed().items() if name != "webhook-signature"},
    "another secret": headers(sign(OTHER)),
    "another id": {**signed(), "webhook-id": "msg_2"},
    "another time": {**signed(), "webhook-timestamp": str(NOW // 1000 + 1)},
    "no comma": headers("v1"),
    "only a version": headers("v1,"),
    "bad base64": headers("v1,!!!!"),
    "cut base64": headers(sign(SECRET)[:-1]),
    "not ASCII": headers("v1,签名"),
    "two commas": headers(sign(SECRET) + ",x"),
    "another version": headers("v2" + sign(SECRET)[2:]),
    "hexadecimal": headers("v1," + base64.b64decode(sign(SECRET)[3:]).hex()),
    "seventeenth signature": headers("v1,AAAA " * 16 + sign(SECRET)),
    "empty id": signed(message_id=""),
    "id of 257 letters": signed(message_id="m" * 257),
    "id that is not ASCII": signed(message_id="消息"),
    "id with a line break": signed(message_id="a\nb"),
    "id of half a pair": headers(sign(SECRET), message_id="\ud800"),
    "fraction": signed(stamp=STAMP + ".9"),
    "blanks and underscores": signed(stamp=f" {STAMP[:4]}_{STAMP[4:]} "),
    "full-width digits": signed(stamp=STAMP.translate({ord("0") + n: 0xFF10 + n for n in range(10)})),
    "sign": signed(stamp="+" + STAMP),
    "exponent": signed(stamp="1e9"),
    "5,000 digits": signed(stamp="9" * 5000),
    "superscript": signed(stamp="²"),
    "too old": signed(stamp=str(NOW // 1000 - 301)),
    "too new": signed(stamp=str(NOW // 1000 + 301)),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_verify__any_cause__same_refusal(cause: str) -> None:
    """No cause can be told from another by the answer."""
    with pytest.raises(NotAuthorised) as caught:
        verify(REFUSED[cause], BODY, [SECRET], NOW)
    assert str(caught.value) == str(NotAuthorised())


def test_verify__body_changed__refused() -> None:
    """The signature covers every byte."""
    with pytest.raises(NotAuthorised):
        verify(signed(), BODY + b" ", [SECRET], NOW)


@pytest.mark.parametrize("secret", [b"", b"whsec_", b"whsec_A"])
def test_verify__empty_secret__opens_nothing(secret: bytes) -> None:
    """A secret that was configured wrongly is not a key that anyone can sign with."""
    with pytest.raises(NotAuthorised):
        verify(headers(sign(b"")), BODY, [secret], NOW)
    with pytest.raises(NotAuthorised):
        verify(signed(), BODY, [], NOW)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(max_size=30),
    )
)
def test_verify__any_headers__refused(sent: dict[str, str]) -> None:
    """Whatever the headers hold, nothing but the one refusal leaves."""
    with pytest.raises(NotAuthorised):
        verify(sent, BODY, [SECRET], NOW)


def of(payload: Any) -> Any:
    """The translation of a verified body."""
    return translate(payload, message_id="msg_1", source=SOURCE, now=NOW)


def test_translate__good_body__event() -> None:
    """The event's id is the message's, so that a replay meets the marker of the first."""
    payload = {
        "type": "message.received",
        "timestamp": "2026-03-01T11:59:00Z",
        "data": {
            "identifiers": [{"namespace": "phone", "value": "1"}],
            "email": "a@example.com",
            "text": "嗨",
            "channel": "wechat",
        },
    }
    (event,) = of(payload).events
    assert (event.id, event.type, event.channel) == ("msg_1", "message.received", "wechat")
    assert format_moment(event.time) == "2026-03-01T11:59:00.000Z"
    assert [each.namespace for each in event.identifiers] == ["phone", "email"]
    assert event.data == {"text": "嗨"}


def test_translate__traits_and_no_time__taken() -> None:
    """A description carries traits; without a time it is now; an unknown channel is the source's."""
    (event,) = of(
        {
            "type": "profile.described",
            "data": {"user_id": "u", "traits": {"name": "李雷"}, "channel": "fax"},
        }
    ).events
    assert (event.time, event.channel, event.data) == (NOW, "shop", {"traits": {"name": "李雷"}})


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "bad_type"),
        ([], "bad_type"),
        ({"data": {"user_id": "u"}}, "bad_type"),
        ({"type": " ", "data": {"user_id": "u"}}, "bad_type"),
        ({"type": "order.paid", "data": []}, "bad_type"),
        ({"type": "order.paid", "data": {}}, "no_identifier"),
        ({"type": "order.paid", "timestamp": "today", "data": {"user_id": "u"}}, "bad_time"),
        (
            {"type": "order.paid", "timestamp": "2099-01-01T00:00:00Z", "data": {"user_id": "u"}},
            "future_event",
        ),
        ({"type": "order.paid", "data": {"user_id": "u", "amount": "-1"}}, "bad_amount"),
    ],
)
def test_translate__bad_body__refusal(payload: Any, code: str) -> None:
    """A signed body that cannot be read is a refusal with its raw form, not an exception."""
    translated = of(payload)
    (refusal,) = translated.refused
    assert (refusal.code, translated.events) == (code, ())
    assert json.loads(refusal.raw) == payload


@pytest.mark.parametrize("place", ["body", "data"])
def test_translate__another_tenant__forbidden(place: str) -> None:
    """A signed body cannot write into another tenant."""
    payload: dict[str, Any] = {"type": "order.paid", "data": {"user_id": "u"}}
    (payload if place == "body" else payload["data"])["tenant_id"] = "t-2"
    with pytest.raises(Forbidden, match="tenant_mismatch"):
        of(payload)
