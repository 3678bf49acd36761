"""What counts, judges and audits keep nothing that a person wrote or is: not in clear, reversed or base64."""

from __future__ import annotations

import json
import logging
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows.count_people import count_people
from chalicelib.flows.counting_services import CountServices, InsightServices
from chalicelib.flows.describe_sources import describe_sources
from chalicelib.flows.judge_sources import QualityServices, judge_sources
from chalicelib.flows.pin_tag import PinOrder, pin_tag
from chalicelib.flows.read_counts import read_groups, read_tag_counts
from chalicelib.flows.read_hot_words import Asked, WordServices, read_hot_words
from chalicelib.flows.tally import Tally
from chalicelib.insights.lexicon import shipped_lexicon
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.store.counts import MemoryCounts
from chalicelib.store.health import MemoryHealth
from chalicelib.store.people import MemoryPeople
from chalicelib.store.tallies import MemoryTallies
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.test_sealing import ADDRESS, CANARIES, CARD, EMAIL, NAME, NATIONAL, PHONE, found_in
from tests.flows.world import NOW, TENANT_ID, World, described, event

SENTENCE = f"我是{NAME}，电话{NATIONAL}，身份证{CARD}，邮箱{EMAIL}，住{ADDRESS}，要退款，快递到哪了"
WORDS = ("kind", "system", "product", "subject", "course", "direction", "risk", "missed_by", "payment_method", "plan")
NEW_TYPES = (
    "ticket.chased", "card.used", "investment.bought", "survey.answered", "order.paid", "bill.issued",
    "alert.raised", "plan.changed", "course.completed", "appointment.missed", "request.submitted", "usage.recorded",
)  # fmt: skip


def person(number: int) -> tuple[tuple[str, str], ...]:
    return ("user_id", f"u{number}"), ("phone", PHONE if number == 0 else f"+861390755{2000 + number}")


@pytest.fixture
def counted(world: World) -> tuple[World, MemoryTallies]:
    """Six people of whom one left all that is personal wherever a sender can put it, day after day."""
    tallies = MemoryTallies()
    services = replace(world.ingestion(), tally=Tally(tallies, lambda: 0.0))
    for number in range(6):
        who, at = person(number), NOW - HOUR_MS
        dirty = dict.fromkeys(WORDS, (NATIONAL, CARD, EMAIL)[number % 3])
        traits: dict[str, Any] = {
            "name": NAME,
            "address": ADDRESS,
            "department": EMAIL,
            "city": NATIONAL,
            "credit_level": CARD,
        }
        world.accept(
            described(*who, source="s_crm", phone=PHONE, post=NATIONAL, lines=NATIONAL, asset_band=EMAIL, **traits),
            source=world.crm,
        )
        texts = {"text": SENTENCE, "query": SENTENCE, "ticket_id": NATIONAL, "note": NAME, NAME: SENTENCE}
        world.accept(
            *(event(one, *who, at=at, **dirty, **texts, amount="5.00", currency="CNY", score=3) for one in NEW_TYPES),
            *(
                event(one, *who, at=at, **texts)
                for one in ("message.received", "ticket.opened", "complaint.filed", "search.performed")
            ),
            event(f"custom.{NATIONAL}", *who, at=at, **dirty),
            event("custom.note", *who, at=at, **dirty, **texts),
        )
    report = world.ingest(services)
    assert report.failed == {} and report.applied >= 50
    profile_id = world.person(*person(0)[0]).profile_id
    order = PinOrder("a" * 32, profile_id, "vip", True, f"客户{NATIONAL}来电，身份证{CARD}，邮箱{EMAIL}", "lin")
    pin_tag(order, world.tenant(TENANT_ID), world.identity(), NOW)
    assert services.tally is not None
    services.tally._next_at = float("-inf")
    services.tally.flush()
    return world, tallies


def kept_of(tallies: MemoryTallies) -> bytes:
    return (
        repr(tallies.kept).encode() + json.dumps([[str(place), kept] for place, kept in tallies.kept.items()]).encode()
    )


def test_canary__counted_and_judged__is_in_no_tally_count_report_or_log(
    counted: tuple[World, MemoryTallies], caplog: pytest.LogCaptureFixture
) -> None:
    """Tallies of words and of sources, the night's count, groups, the judgement of sources, and what is stored and told."""
    world, tallies = counted
    assert any("refund" in name for kept in tallies.kept.values() for name in kept), "the words were counted"
    counts, health = MemoryCounts(), MemoryHealth()
    people = CountServices(MemoryPeople(world.profiles.rows), counts, counts, lambda _: load_catalogue())
    with caplog.at_level(logging.DEBUG):
        assert count_people(TENANT_ID, people, NOW, lambda: True).finished
        for day in range(3):
            judged = judge_sources(TENANT_ID, QualityServices(tallies, health), NOW + day * DAY_MS)
    kept = [msgspec.json.encode(decode(one.content, object, limit_bytes=10**8)) for one in counts.kept.values()]
    kept += [msgspec.json.encode(decode(one, object)) for one in counts.group_tags_kept.values()]
    kept += [repr(health.kept).encode(), repr(judged).encode(), caplog.text.encode()]
    assert len(kept) > 4
    assert found_in(b"\n".join(kept)) == set()
    assert found_in(kept_of(tallies)) == set()
    assert found_in(world.at_rest()) == set(), "the reason of the pin stands masked in the audit"
    words = WordServices(tallies, lambda _: shipped_lexicon())
    told = [msgspec.json.encode(read_hot_words(TENANT_ID, Asked(window), words, NOW)) for window in ("1h", "24h", "7d")]
    insights = InsightServices(counts, people.catalogue)
    told.append(msgspec.json.encode(read_tag_counts(TENANT_ID, None, insights)))
    told.append(msgspec.json.encode(read_groups(TENANT_ID, insights)))
    told.append(msgspec.json.encode(describe_sources(TENANT_ID, health)))
    assert found_in(b"\n".join(told)) == set()


def test_canary__planted_in_a_tally__is_found() -> None:
    """Negative control: the search would see a word that was counted as it was written."""
    tallies = MemoryTallies()
    tallies.add(TENANT_ID, "words", 1, {f"{canary}~other~web": 1 for canary in CANARIES}, 0)
    assert found_in(kept_of(tallies)) == set(CANARIES)
