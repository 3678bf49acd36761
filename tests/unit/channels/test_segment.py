"""Calls of the Segment family become canonical events; a broken one refuses only itself."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.model import SourceProfile
from chalicelib.channels.segment import translate_batch, translate_call
from chalicelib.events.types import EVENT_TYPES, is_type
from chalicelib.kernel.errors import BadInput, Forbidden, TooLarge, ZhiyinError
from chalicelib.kernel.moments import format_moment, parse_moment
from chalicelib.kernel.strict_json import parse

TABLES = Path(__file__).parents[2]
CASES = parse((TABLES / "cases" / "segment.json").read_bytes(), limit_bytes=10_000_000)
NOW = parse_moment("2026-03-01T12:00:00Z")
TRAITS = frozenset(
    [
        "name",
        "gender",
        "birth_date",
        "phone",
        "email",
        "address",
        "region",
        "city",
        "city_tier",
        "occupation",
        "member_level",
        "language",
        "notify_channel",
        "company",
        "device_os",
        "registered_at",
    ]
)
SOURCE = SourceProfile(tenant="t-1", source_id="s-1", channel="shop", rank=5, traits=TRAITS)


def batch(*calls: Any, **more: Any) -> dict[str, Any]:
    """A batch body of the calls."""
    return {"batch": list(calls), **more}


@pytest.mark.parametrize("case", [each for each in CASES if "expects" in each], ids=lambda case: case["why"])
def test_call__good__event_of_the_table(case: dict[str, Any]) -> None:
    """Each good line of ``segment.json`` becomes the event that it says."""
    sent = {"sentAt": case["sent_at"]} if "sent_at" in case else {}
    translated = translate_batch(batch(case["call"], **sent), source=SOURCE, now=NOW)
    assert not translated.refused
    (event,) = translated.events
    assert (event.tenant, event.source, event.received_at) == ("t-1", "s-1", NOW)
    got = {
        "type": event.type,
        "id": event.id,
        "time": format_moment(event.time),
        "channel": event.channel,
        "identifiers": [[each.namespace, each.value] for each in event.identifiers],
        "data": event.data,
        "context": event.context,
        "notes": [[note.path, note.code] for note in translated.notes],
    }
    expects = case["expects"]
    assert {name: got[name] for name in expects} == expects
    assert json.dumps(event.data), "data holds JSON values and no Decimal"


@pytest.mark.parametrize("case", [each for each in CASES if "code" in each], ids=lambda case: case["why"])
def test_call__bad__refused_alone(case: dict[str, Any]) -> None:
    """Each bad line is refused with its code; its neighbours are not, and its raw form is kept."""
    good = {"type": "track", "event": "X", "userId": "u", "messageId": "good"}
    sent = {"sentAt": case["sent_at"]} if "sent_at" in case else {}
    translated = translate_batch(batch(good, case["call"], good, **sent), source=SOURCE, now=NOW)
    assert len(translated.events) == 2
    (refusal,) = translated.refused
    assert (refusal.index, refusal.code) == (1, case["code"])
    assert case.get("path", refusal.path) == refusal.path
    assert parse(refusal.raw, limit_bytes=1_000_000) == case["call"]


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_single_call__any_kind__as_in_a_batch(kind: str) -> None:
    """``/v1/<kind>`` reads a call as a batch does; the path says the kind, not the body."""
    call = {
        "userId": "u",
        "messageId": "m",
        "event": "X",
        "groupId": "g",
        "previousId": "p",
        "timestamp": "2026-03-01T11:00:00Z",
    }
    alone = translate_call(kind, {**call, "type": "nonsense"}, source=SOURCE, now=NOW)
    assert alone == translate_batch(batch({**call, "type": kind}), source=SOURCE, now=NOW)
    assert len(alone.events) == 1


@pytest.mark.parametrize("body", [None, [], "x", {}, {"batch": None}, {"batch": {}}, {"batch": "x"}])
def test_batch__no_list_of_calls__refused(body: object) -> None:
    """A body that is no batch is refused as a whole."""
    with pytest.raises(BadInput, match="bad_type"):
        translate_batch(body, source=SOURCE, now=NOW)


def test_batch__empty__nothing() -> None:
    """Clients flush empty batches at times."""
    assert translate_batch(batch(), source=SOURCE, now=NOW).events == ()


def test_batch__too_many_calls__refused() -> None:
    """A request has a bound, and large loads are imports."""
    with pytest.raises(TooLarge, match="too_many_items"):
        translate_batch(batch(*[{}] * 2501), source=SOURCE, now=NOW)


@pytest.mark.parametrize("member", ["tenant", "tenant_id", "tenantId"])
def test_tenant__another_in_the_body__forbidden(member: str) -> None:
    """The tenant follows from the credential; naming another forbids the whole request."""
    call = {"type": "track", "event": "X", "userId": "u"}
    for wrong in ("t-2", None, 7):
        for body in (batch(call, **{member: wrong}), batch(call, {**call, member: wrong})):
            with pytest.raises(Forbidden, match="tenant_mismatch"):
                translate_batch(body, source=SOURCE, now=NOW)
    assert translate_batch(batch({**call, member: "t-1"}), source=SOURCE, now=NOW).events


def test_message_id__missing__same_for_the_same_content() -> None:
    """Without messageId the content is the id, whatever changes between two tries; other content differs."""
    call = {
        "type": "track",
        "event": "X",
        "userId": "u",
        "properties": {"n": Decimal("0.10"), "big": 10**30},
    }
    first = translate_batch(batch({**call, "sentAt": "2026-03-01T11:59:58Z"}), source=SOURCE, now=NOW).events[0]
    again = translate_batch(batch({**dict(reversed(call.items())), "messageId": ""}), source=SOURCE, now=NOW)
    other = translate_batch(batch({**call, "event": "Y"}), source=SOURCE, now=NOW).events[0]
    assert first.id.startswith("sha256:")
    assert first.id != other.id
    assert again.events[0].id == first.id
    assert translate_batch(batch(call), source=SOURCE, now=NOW + 60_000).events[0].id == first.id


def test_context__of_the_batch__stands_for_every_call() -> None:
    """A context beside the batch holds for each call, and the call's own members win."""
    call = {"type": "track", "event": "X", "userId": "u", "context": {"channel": "sms"}}
    body = batch(call, {**call, "context": {}}, context={"channel": "wechat", "locale": "zh-CN"})
    events = translate_batch(body, source=SOURCE, now=NOW).events
    assert [event.channel for event in events] == ["sms", "wechat"]
    assert {event.context["locale"] for event in events} == {"zh-CN"}


def test_notes__of_one_call__carry_its_index() -> None:
    """A note says which call it is about and never a value."""
    calls = [{"type": "identify", "userId": "u", "traits": {"is_vip": True, "secret 139": "13912345670"}}]
    translated = translate_batch(batch({"type": "x"}, *calls), source=SOURCE, now=NOW)
    assert {note.index for note in translated.notes} == {1}
    assert "139" not in repr(translated.notes)


def test_refusal__printed__shows_no_value() -> None:
    """A refusal in a log line holds index and code, not what was sent."""
    translated = translate_batch(batch({"type": "x", "userId": "13912345670"}), source=SOURCE, now=NOW)
    assert "13912345670" not in repr(translated)


def test_source__own_horizon__holds() -> None:
    """A source of history may have a longer horizon."""
    call = {"type": "track", "event": "X", "userId": "u", "timestamp": "1997-01-01T00:00:00Z"}
    archive = SourceProfile(tenant="t-1", source_id="s-1", horizon_days=20_000)
    assert translate_batch(batch(call), source=archive, now=NOW).events


def test_names__of_the_table__are_our_types() -> None:
    """Every name that the table knows leads to a registered type."""
    names = json.loads((TABLES.parent / "chalicelib/channels/segment_names.json").read_text("utf-8"))
    assert set(names["events"].values()) <= set(EVENT_TYPES)


@pytest.mark.parametrize("payload", sorted((TABLES / "payloads").glob("segment_*.json")), ids=lambda path: path.stem)
def test_payload__of_a_client_library__every_call_accepted(payload: Path) -> None:
    """Recorded bodies of public client libraries are translated whole."""
    translated = translate_batch(parse(payload.read_bytes(), limit_bytes=100_000), source=SOURCE, now=NOW)
    assert not translated.refused
    assert translated.events


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(-1000, 1000, places=2)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "event",
                    "userId",
                    "anonymousId",
                    "previousId",
                    "groupId",
                    "messageId",
                    "timestamp",
                    "sentAt",
                    "context",
                    "properties",
                    "traits",
                    "channel",
                    "device",
                    "id",
                    "page",
                    "url",
                    "path",
                    "products",
                    "quantity",
                    "externalIds",
                    "address",
                    "firstName",
                    "lastName",
                    "name",
                    "phone",
                    "total",
                    "amount",
                    "source",
                    "os",
                    "company",
                    "identifiers",
                    "namespace",
                    "value",
                    "__proto__",
                    "颜色",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    kind=st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]),
    name=st.sampled_from(
        [
            "Order Completed",
            "Product Viewed",
            "Survey Answered",
            "Call Ended",
            "Consent Granted",
            "X",
        ]
    ),
    members=st.dictionaries(
        st.sampled_from(
            [
                "properties",
                "traits",
                "context",
                "timestamp",
                "sentAt",
                "messageId",
                "userId",
                "anonymousId",
                "previousId",
                "groupId",
            ]
        ),
        VALUES,
    ),
)
def test_call__any_members__event_or_refusal(kind: str, name: str, members: dict[str, Any]) -> None:
    """Whatever a call holds, it becomes one valid event or one refusal, and nothing else is raised."""
    call = {"userId": "u", "event": name, "groupId": "g", "previousId": "p", **members}
    try:
        translated = translate_call(kind, call, source=SOURCE, now=NOW)
    except ZhiyinError as error:
        pytest.fail(f"raised {error.code}")
    assert len(translated.events) + len(translated.refused) == 1
    for event in translated.events:
        assert is_type(event.type)
        json.dumps([event.data, event.context])
