"""How the systems of a company tell what happened: each deed becomes the canonical events that its source would send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from chalicelib.events.model import Event, Identifier
from infra.truth.habits import hash_of, phone_of
from infra.truth.ledger import Deed
from infra.truth.persona import Persona

TENANT = "t_truth"
type Timed = tuple[str, str, int, dict[str, Any]]
"""Event type, source, moment, and what it says."""

SAID: Mapping[str, tuple[str, ...]] = {
    "urgent": ("麻烦尽快处理", "马上给我解决", "很急，赶紧", "urgent, please"),
    "threat": ("再不处理我要投诉你们", "我要投诉", "我要举报", "I will file a complaint"),
    "public": ("我去找媒体曝光", "我打12315了", "我会找律师", "消协见"),
    "compensation": ("必须赔偿我", "给我补偿", "I want compensation"),
    "privacy": ("你们怎么有我的个人信息", "注意隐私", "删除我的信息"),
    "caution": ("这个有保障吗", "靠谱吗", "安全吗", "有什么风险"),
    "opinion": ("大家都买哪款", "评价怎么样", "口碑好吗"),
    "easy": ("太麻烦了", "能不能简单点", "怎么这么麻烦"),
    "suggestion": ("建议你们加个功能", "希望增加夜间客服", "要是能自动提醒就好了"),
    "human": ("转人工", "我要真人", "别让机器人答，人工客服"),
    "price": ("能便宜点吗", "有优惠吗", "打折吗"),
    "damage": ("收到就碎了", "包装破损", "你们发错了"),
    "fake": ("是正品吗", "怀疑是假货"),
    "size": ("我该穿什么码", "尺码偏大吗"),
    "price_drop": ("刚买就降价了，能退差价吗", "能保价吗"),
}
"""How people put it, by what they mean."""

_TYPES: Mapping[str, tuple[str, str]] = {
    "visited": ("session.started", "web"),
    "viewed": ("page.viewed", "web"),
    "searched": ("search.performed", "web"),
    "used": ("feature.used", "web"),
    "described": ("profile.described", "web"),
    "consented": ("consent.granted", "web"),
    "withdrew": ("consent.withdrawn", "web"),
    "entered": ("profile.described", "records"),
    "carted": ("cart.updated", "shop"),
    "ordered": ("order.placed", "shop"),
    "paid": ("order.paid", "shop"),
    "sent": ("order.shipped", "shop"),
    "delivered": ("order.delivered", "shop"),
    "refunded": ("order.refunded", "shop"),
    "cancelled": ("order.cancelled", "shop"),
    "pay_failed": ("payment.failed", "shop"),
    "price_changed": ("price.changed", "shop"),
    "subscribed": ("subscription.started", "shop"),
    "subscription_ending": ("subscription.expiring", "shop"),
    "subscription_ended": ("subscription.ended", "shop"),
    "rated": ("survey.answered", "surveys"),
    "complained": ("complaint.filed", "desk"),
    "complaint_settled": ("ticket.resolved", "desk"),
    "ticket_opened": ("ticket.opened", "desk"),
    "ticket_solved": ("ticket.resolved", "desk"),
    "ticket_reopened": ("ticket.reopened", "desk"),
    "chased": ("ticket.chased", "desk"),
    "deadline_missed": ("ticket.breached", "desk"),
    "escalated": ("ticket.escalated", "desk"),
    "got_salary": ("transfer.received", "bank"),
    "sent_money": ("transfer.sent", "bank"),
    "card_given": ("card.issued", "bank"),
    "card_swiped": ("card.used", "bank"),
    "card_stopped": ("card.blocked", "bank"),
    "billed": ("bill.issued", "bank"),
    "paid_bill": ("bill.paid", "bank"),
    "fell_overdue": ("bill.overdue", "bank"),
    "invested": ("investment.bought", "bank"),
    "redeemed": ("investment.redeemed", "bank"),
    "investment_matures": ("investment.maturing", "bank"),
    "met_advisor": ("appointment.kept", "bank"),
    "loan_wanted": ("loan.applied", "bank"),
    "loan_granted": ("loan.approved", "bank"),
    "loan_refused": ("loan.declined", "bank"),
    "loan_repaid": ("loan.repaid", "bank"),
    "insured": ("insurance.bought", "bank"),
    "claimed": ("insurance.claimed", "bank"),
    "claim_settled": ("insurance.settled", "bank"),
    "fraud_suspected": ("alert.raised", "bank"),
    "used_data": ("usage.recorded", "meter"),
    "spoke": ("usage.recorded", "meter"),
    "exceeded": ("usage.exceeded", "meter"),
    "topped_up": ("topup.made", "billing"),
    "changed_plan": ("plan.changed", "billing"),
    "contract_ends_soon": ("plan.expiring", "billing"),
    "ported": ("porting.requested", "billing"),
    "network_went": ("outage.reported", "meter"),
    "network_back": ("outage.ended", "meter"),
    "technician_came": ("appointment.kept", "desk"),
    "technician_missed": ("appointment.missed", "desk"),
    "engineer_came": ("appointment.kept", "desk"),
    "requested": ("request.submitted", "itsm"),
    "request_granted": ("request.approved", "itsm"),
    "request_refused": ("request.rejected", "itsm"),
    "locked": ("account.locked", "itsm"),
    "reset_password": ("password.reset", "itsm"),
    "took_course": ("course.completed", "itsm"),
    "system_went": ("outage.reported", "itsm"),
    "system_back": ("outage.ended", "itsm"),
    "attack_seen": ("alert.raised", "itsm"),
}
_REFERENCES = {
    "order": "order_id", "payment": "order_id", "ticket": "ticket_id", "complaint": "ticket_id", "bill": "bill_id",
    "request": "request_id", "outage": "outage_id",
}  # fmt: skip
_OWN = frozenset({"case", "ref", "about", "words"})


def tell(who: Persona, deeds: list[Deed], rng: Random) -> Iterator[Event]:
    """The events of a person's deeds, each with an id of its own."""
    for place, deed in enumerate(deeds):
        told = _COMPOSED.get(deed.what, _plainly)(deed, rng)
        for step, (type_, source, at, fields) in enumerate(told):
            yield Event(
                id=f"{who.key}-{place}-{step}",
                type=type_,
                time=at,
                received_at=at,
                tenant=TENANT,
                source=f"s_{source}",
                channel=deed.by or "api",
                identifiers=_names(who, source, deed, place),
                data={name: value for name, value in fields.items() if value not in (None, "")},
            )


def _names(who: Persona, source: str, deed: Deed, place: int) -> tuple[Identifier, ...]:
    """Whom a source knows somebody as: the call centre by number, a stranger by the browser."""
    device = (Identifier("device", f"dev-{who.key}-{place % who.devices}"),)
    if who.stage == "stranger":
        return (Identifier("anonymous_id", f"anon-{who.key}-{hash_of(who)}"), *device)
    if source == "calls":
        return (Identifier("phone", phone_of(who)),)
    named = (Identifier("user_id", f"u-{who.key}"),)
    if deed.what == "described":
        return (*named, Identifier("phone", phone_of(who)))
    return (*named, *device) if source == "web" else named


def _plainly(deed: Deed, rng: Random) -> list[Timed]:
    type_, source = _TYPES[deed.what]
    fields = {name: value for name, value in deed.more.items() if name not in _OWN}
    subject = type_.partition(".")[0]
    if "ref" in deed.more and subject in _REFERENCES:
        fields[_REFERENCES[subject]] = deed.more["ref"]
    if "about" in deed.more:
        fields["topic"] = deed.more["about"]
    if deed.more.get("words"):
        fields["text"] = _text(deed, rng)
    return [(type_, source, deed.at, fields)]


def _text(deed: Deed, rng: Random) -> str:
    said = [rng.choice(SAID[word]) for word in deed.more["words"]]
    return "，".join(said) or "你好，想问一下"


def _asked(deed: Deed, rng: Random) -> list[Timed]:
    """A conversation with its messages, a call with its end, or a mail."""
    more, ref = deed.more, f"c{deed.at}-{rng.randrange(10**9)}"
    about = {"topic": more["about"], "category": more.get("category")}
    if deed.by == "email":
        return [("message.received", "chat", deed.at, about | {"text": _text(deed, rng)})]
    if deed.by == "phone":
        call = about | {"call_id": ref}
        over = deed.at + more["seconds"] * 1000
        ended = call | {"duration_seconds": more["seconds"], "waited_seconds": more["waited"]}
        return [("call.started", "calls", deed.at, call), ("call.ended", "calls", over, ended)]
    talk = about | {"conversation_id": ref}
    told: list[Timed] = [("conversation.opened", "chat", deed.at, talk)]
    for step in range(more["messages"]):
        text = _text(deed, rng) if step == 0 else "好的，知道了"
        told.append(("message.received", "chat", deed.at + (step + 1) * 20_000, talk | {"text": text}))
    ends = deed.at + (more["messages"] + 1) * 20_000
    if more["passed_on"]:
        told.append(("conversation.transferred", "chat", ends - 5_000, talk))
    told.append(("message.sent", "chat", ends, talk | {"text": "已为您处理"}))
    closed = talk | {"resolved": more["resolved"], "waited_seconds": more["waited"]}
    return [*told, ("conversation.closed", "chat", ends + 9_000, closed)]


_COMPOSED: Mapping[str, Callable[[Deed, Random], list[Timed]]] = {"asked": _asked}
