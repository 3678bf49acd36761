"""A phone, an e-mail and an identity number sent through every door stand nowhere in clear."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
from typing import Any, NamedTuple

import pytest
import requests
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from standardwebhooks.webhooks import Webhook

from infra.demo.doors import cloud_batch, cloud_event, post_webhook
from infra.demo.sending import CLOUDEVENTS, DAY_MS, WEBHOOK, Sending
from tests.canaries import CANARIES, leaks, spellings, told
from tests.canaries import Canary as Canary32
from tests.journeys import spying
from tests.journeys.live import Live, bring_file, described, now_ms, segment_items, sending, unique

pytestmark = pytest.mark.deployed

_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Canary(NamedTuple):
    """Values that exist nowhere else."""

    phone: str
    email: str
    card: str

    def needles(self) -> tuple[str, ...]:
        """What must not be found: the phone as it is kept and as people write it, address, local part, number."""
        return self.phone, self.phone[3:], self.email, self.email.partition("@")[0], self.card

    def sentence(self) -> str:
        """What a customer might write."""
        return f"我的电话是{self.phone[3:]}，邮箱{self.email}，身份证{self.card}，请回电。"


def _canary() -> Canary:
    digits = f"{secrets.randbelow(10**8):08d}"
    body = f"11010119900307{secrets.randbelow(1000):03d}"
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _CARD_WEIGHTS, strict=True)) % 11]
    return Canary(f"+86139{digits}", f"canary{secrets.token_hex(6)}@example.com", body + check)


def _good(canary: Canary, user: str) -> list[Sending]:
    """Sound events that hold the values as identifiers, traits and free text, for all three doors."""
    text = {"text": canary.sentence(), "conversation_id": unique("c")}
    filed = {"ticket_id": unique("t"), "text": canary.sentence(), "topic": "complaint"}
    by_phone, by_email = (("phone", canary.phone),), (("email", canary.email),)
    return [
        described(
            user,
            name="金丝雀",
            phone=canary.phone,
            email=canary.email,
            address=canary.sentence(),
            birth_date="1990-03-07",
        ),
        sending("message.received", user, channel="web_chat", data=text),
        sending("search.performed", user, data={"query": canary.sentence()}),
        sending("page.viewed", user, data={"path": f"/u/{canary.phone}?mail={canary.email}&id={canary.card}"}),
        sending("feature.used", user, data={"feature": canary.sentence(), "own_field": canary.sentence()}),
        sending(
            "call.ended",
            user,
            door=CLOUDEVENTS,
            channel="phone",
            identifiers=by_phone,
            data={"duration_seconds": 5, "note": canary.sentence()},
        ),
        sending("message.received", user, door=CLOUDEVENTS, channel="email", identifiers=by_email, data=text),
        sending(
            "order.paid",
            user,
            data={"order_id": canary.phone, "amount": "1.00", "currency": "CNY", "category": canary.email},
        ),
        sending("complaint.filed", user, door=WEBHOOK, channel="desk", identifiers=by_phone, data=filed),
    ]


def _broken(canary: Canary, user: str) -> list[Sending]:
    """Events to be quarantined or refused, with the values wherever a value can stand."""
    names = (("user_id", user), ("phone", canary.phone), ("email", canary.email))
    text = {"text": canary.sentence()}
    return [
        sending("message.received", user, identifiers=names, at=now_ms() + 900 * DAY_MS, data=text),
        sending("message.received", user, identifiers=names, at=now_ms() - 900 * DAY_MS, data=text),
        sending(
            "order.paid",
            user,
            identifiers=names,
            data={"order_id": "o", "amount": canary.card, "items": canary.sentence()},
        ),
        sending("survey.answered", user, door=WEBHOOK, identifiers=names, data={"score": canary.card, **text}),
        sending("survey.answered", user, door=WEBHOOK, identifiers=names, data=text, time_text=canary.sentence()),
        sending(
            "message.received",
            user,
            door=CLOUDEVENTS,
            identifiers=names,
            data=text,
            id=f"{canary.phone} {canary.email} {canary.card}",
        ),
        sending("message.received", user, door=CLOUDEVENTS, identifiers=(("phone", canary.phone + "x"),), data=text),
    ]


def _send_by_all_doors(live: Live, sendings: list[Sending]) -> list[bytes]:
    """Every event by its door, CloudEvents in all modes; the bodies of the answers."""
    basic = (live.access.write_key, "")
    answers = []
    by_segment = segment_items([one for one in sendings if one.door not in (CLOUDEVENTS, WEBHOOK)])
    packed = gzip.compress(json.dumps({"batch": by_segment}, ensure_ascii=False).encode(), mtime=0)
    answers.append(
        live.session.post(
            f"{live.cloud.url}/v1/batch",
            data=packed,
            headers={"content-encoding": "gzip", "content-type": "application/json"},
            auth=basic,
            timeout=30,
        )
    )
    for one in sendings:
        if one.door == CLOUDEVENTS:
            event = cloud_event(one)
            modes = (to_binary_event(event), to_structured_event(event), cloud_batch([event]))
            answers += [_post_event(live, message) for message in modes]
        elif one.door == WEBHOOK:
            answers.append(post_webhook(live.session, live.access, Webhook(live.access.webhook_secret), one))
    return [_whole(answer) for answer in answers]


def _post_event(live: Live, message: HTTPMessage) -> requests.Response:
    return live.session.post(
        f"{live.cloud.url}/v1/events",
        data=message.body,
        headers=message.headers,
        auth=(live.access.write_key, ""),
        timeout=30,
    )


def _refused_calls(live: Live, canary: Canary) -> list[bytes]:
    """Calls that no door accepts, with the values in body, headers and credential; api.md keeps them out of URLs."""
    sentence = canary.sentence()
    basic = (live.access.write_key, "")
    bearer = {"authorization": f"Bearer {live.tenant.admin_token}"}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/batch", {"data": ('{"batch": [' + sentence).encode(), "auth": basic}),
        ("POST", "/v1/batch", {"data": json.dumps({sentence: {"batch": sentence}}).encode(), "auth": basic}),
        ("POST", "/v1/track", {"data": json.dumps({"userId": sentence, "tenant": sentence}).encode(), "auth": basic}),
        ("POST", "/v1/track", {"data": sentence.encode(), "auth": (canary.email, canary.card)}),
        (
            "POST",
            "/v1/events",
            {"data": sentence.encode(), "headers": {"content-type": f"text/{canary.card}"}, "auth": basic},
        ),
        (
            "POST",
            "/v1/webhooks/standard/" + live.access.source_id,
            {"data": sentence.encode(), "headers": {"webhook-id": canary.phone, "webhook-signature": canary.email}},
        ),
        (
            "POST",
            "/v1/profiles/lookup",
            {
                "json": {"identifiers": [{"namespace": canary.email, "value": sentence}], "purpose": canary.card},
                "headers": bearer,
            },
        ),
        (
            "POST",
            "/v1/route",
            {
                "json": {
                    "identifiers": [{"namespace": "phone", "value": canary.phone}],
                    "channel": "phone",
                    "purpose": "service",
                    "message": sentence,
                },
                "headers": bearer,
            },
        ),
        ("POST", "/v1/route", {"json": {canary.phone: sentence}, "headers": bearer}),
    ]
    found = []
    for method, path, options in calls:
        headers = {"content-type": "application/json"} | options.pop("headers", {})
        found.append(
            _whole(live.session.request(method, live.cloud.url + path, headers=headers, timeout=30, **options))
        )
    return found


def _imported(live: Live, canary: Canary) -> list[bytes]:
    """A file whose lines, good and broken, hold the values wherever a value can stand; what is answered of it."""
    declaration = {
        "source_id": live.tenant.shop.source_id,
        "kind": "tickets",
        "format": "csv",
        "mapping": {"identifiers.phone": "a", "data.ticket_id": "b", "data.text": "c", "time": "d", "extra.mail": "e"},
        "constants": {"status": "opened"},
    }
    sentence, at = canary.sentence(), "2026-10-01T10:00:00Z"
    lines = [
        "a,b,c,d,e",
        f"{canary.phone},{canary.card},{sentence},{at},{canary.email}",
        f"{sentence},{canary.phone},{canary.card},{at},{canary.email}",
        f'{canary.phone},"{canary.card},{sentence},{at},{canary.email}',
        f"{canary.phone},{canary.card},{sentence},{canary.card},{canary.email}",
        f"{canary.phone},{sentence}",
    ]
    view = bring_file(live, declaration, "\n".join(lines).encode())
    assert (view["accepted"], view["refused"], view["state"]) == (1, 4, "finished"), view
    wrong = declaration | {canary.email: 1, "mapping": {canary.phone: sentence}, "values": {sentence: canary.card}}
    answer = live.session.post(
        f"{live.cloud.url}/v1/imports",
        json=wrong,
        headers={"authorization": f"Bearer {live.tenant.admin_token}"},
        timeout=30,
    )
    return [json.dumps(view, ensure_ascii=False).encode(), _whole(answer)]


def _whole(answer: Any) -> bytes:
    return str(dict(answer.headers)).encode() + answer.content


def test_canary__sent_through_every_door__stands_nowhere_in_clear(live: Live) -> None:
    """Raw, reversed, hexadecimal and base64: in no table, queue, log, answer, metric or bus event."""
    canary, user = _canary(), unique("canary")
    with spying.BusTap(live, unique("tap")) as tap:
        answers = _send_by_all_doors(live, _good(canary, user))
        answers += _send_by_all_doors(live, _broken(canary, user))
        answers += _refused_calls(live, canary)
        answers += _imported(live, canary)
        live.settle(14)
        heard = tap.heard()
    assert heard, "no bus event was heard, so nothing was proven about the bus"
    needles = canary.needles()
    found = [leak for answer in answers for leak in leaks(needles, "answer", answer)]
    found += [leak for event in heard for leak in leaks(needles, "bus", event)]
    looked_at: dict[str, int] = {}
    for search in (spying.tables, spying.queues, spying.uploads, spying.logs, spying.metrics):
        for place, content in search(live):
            looked_at[place.partition(" ")[0]] = looked_at.get(place.partition(" ")[0], 0) + 1
            found += leaks(needles, place, content)
    assert {"table", "log"} <= set(looked_at), f"some places held nothing at all to look at: {looked_at}"
    assert not found, "\n".join(sorted(set(found)))


def _of_kind(canary: Canary32) -> list[Sending]:
    """A value of a kind as trait, identifier, free text and member, by all three doors, soundly and from the future."""
    user, value = unique("canary"), canary.value
    text = {"text": value, "conversation_id": unique("c"), "own_field": value}
    who = (("user_id", user), (canary.namespace, value)) if canary.namespace != "user_id" else (("user_id", user),)
    return [
        described(user, **{canary.trait: value}),
        sending("message.received", user, identifiers=who, channel="web_chat", data=text),
        sending("message.received", user, door=CLOUDEVENTS, channel="email", data=text),
        sending("complaint.filed", user, door=WEBHOOK, channel="desk", data=text | {"ticket_id": unique("t")}),
        sending("message.received", user, identifiers=who, at=now_ms() + 900 * DAY_MS, data=text),
    ]


def test_canary__of_thirty_kinds__stands_nowhere_in_clear(live: Live) -> None:
    """Sent by all doors, applied or quarantined, looked up and routed: in no table, queue, upload, log, metric or bus event."""
    with spying.BusTap(live, unique("tap")) as tap:
        live.send([one for canary in CANARIES for one in _of_kind(canary)])
        for canary in CANARIES:
            body = {"identifiers": [{"namespace": canary.namespace, "value": canary.value}], "purpose": "service"}
            bearer = {"authorization": f"Bearer {live.tenant.admin_token}"}
            for path, more in (("lookup", {}), ("route", {"channel": "web_chat", "message": canary.value})):
                where = f"{live.cloud.url}/v1/{'profiles/' * (path == 'lookup')}{path}"
                answer = live.session.post(where, json=body | more, headers=bearer, timeout=30)
                assert answer.status_code in (200, 400, 404), answer.content
                assert list(told({"answer": _whole(answer)}, [canary])) == []
        heard = tap.heard()
    assert heard, "no bus event was heard, so nothing was proven about the bus"
    found = sorted({line for event in heard for line in told({"bus": event})})
    for search in (spying.tables, spying.queues, spying.uploads, spying.logs, spying.metrics):
        contents: dict[str, list[bytes]] = {}
        for place, content in search(live):
            contents.setdefault(place.partition(" ")[0], []).append(content)
        found += sorted(set(told({place: b"\n".join(each) for place, each in contents.items()})))
    assert not found, "\n".join(found)


def test_canary__read_back__comes_masked(live: Live) -> None:
    """The profile finds the person by the values, and shows none of them."""
    canary, user = _canary(), unique("canary")
    live.send(_good(canary, user))
    by_phone = live.api.lookup([("phone", canary.phone)])
    by_email = live.api.lookup([("email", canary.email)])
    assert by_phone["profile_id"] == by_email["profile_id"] == live.api.lookup([("user_id", user)])["profile_id"]
    masked = {each["namespace"]: each["masked"] for each in by_phone["identifiers"]}
    assert masked["phone"] == f"{canary.phone[3:6]}****{canary.phone[-4:]}"
    assert masked["email"].endswith("@example.com")
    timeline = live.api.timeline(by_phone["profile_id"], limit=50)
    context = live.api.context(by_phone["profile_id"], "phone")
    route = live.api.route(profile_id=by_phone["profile_id"], channel="phone", message=canary.sentence())
    shown = json.dumps([by_phone, by_email, timeline, context, route], ensure_ascii=False).encode()
    assert leaks(canary.needles(), "read", shown) == []


def test_spying__planted_secret__is_found_in_every_spelling() -> None:
    """The search itself: a secret planted in any spelling, at any place of a base64 text, is found."""
    secret = "+8613912345678"
    for spelling, needle in spellings(secret).items():
        assert leaks([secret], "here", b"xx" + needle + b"yy"), spelling
    for before in range(6):
        coded = base64.b64encode(b"a" * before + secret.encode() + b"tail")
        assert leaks([secret], "here", coded), before
    assert leaks([secret], "here", b"139****5678") == []
