"""Stories of people at a bank, a telecom and a service desk, from their events to their tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from chalicelib.events.model import Event
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.engine import evaluate
from tests.unit.tags.persons import NOW, happened, person


def tags(events: Iterable[Event], traits: dict[str, Any] | None = None) -> set[str]:
    return {tag.id for tag in evaluate(load_catalogue(), person(events, traits), NOW)}


def bills(product: str, days: Iterable[float], **data: Any) -> list[Event]:
    return [happened("bill.paid", day, "api", product=product, **data) for day in days]


OVERDUE = [*bills("card", (65, 35)), happened("bill.overdue", 4, "api", product="card")]
MINIMUM = bills("card", (65, 35, 5), partial=True)
ARREARS = [*bills("mobile", (65,)), happened("bill.overdue", 25, "api", product="mobile")]
CLAIM = [happened("insurance.claimed", 12), *(happened("message.received", day, topic="insurance") for day in (8, 2))]
HEAVY = [happened("usage.recorded", day, "api", kind="data", quantity=2000) for day in range(1, 29)]
DEMANDS = [happened("request.submitted", day, kind="demand", request_id=f"q{day}") for day in (40, 8)]
FAULTS = [happened("ticket.opened", day, kind="fault", ticket_id=f"t{day}") for day in (20, 9, 2)]


@pytest.mark.parametrize(
    ("events", "traits", "has", "lacks"),
    [
        (OVERDUE, {}, {"repayment_overdue", "overdue_risk"}, {"pays_in_full", "arrears"}),
        ([*OVERDUE, *bills("card", (1,))], {}, set(), {"repayment_overdue", "overdue_risk"}),
        (MINIMUM, {}, {"revolver"}, {"pays_in_full", "repayment_overdue", "overdue_risk"}),
        (bills("card", (95, 65, 35, 5)), {"credit_level": "excellent"}, {"pays_in_full", "high_credit"}, {"revolver"}),
        ([*MINIMUM, happened("loan.applied", 3)], {"credit_level": "watch"}, {"credit_seeker"}, {"prime_borrower"}),
        (
            [*bills("card", (65, 35, 5)), happened("loan.applied", 3)],
            {"credit_level": "good"},
            {"prime_borrower", "credit_seeker"},
            set(),
        ),
        (CLAIM, {}, {"claim_in_doubt", "claim_pending"}, {"insurance_prospect"}),
        ([*CLAIM, happened("insurance.settled", 1)], {}, set(), {"claim_in_doubt", "claim_pending"}),
        ([], {"asset_band": "private", "risk_level": "steady"}, {"high_net_worth", "steady_investor"}, {"affluent"}),
        (ARREARS, {}, {"suspension_risk", "arrears"}, {"repayment_overdue"}),
        ([*ARREARS, *bills("mobile", (2,))], {}, set(), {"suspension_risk", "arrears"}),
        (HEAVY, {}, {"data_heavy"}, {"light_user", "usage_stopped", "night_surfer"}),
        ([happened("usage.recorded", 70, "api", kind="data", quantity=9), *HEAVY[15:]], {}, {"usage_stopped"}, set()),
        ([happened("porting.requested", 9, direction="out")], {}, {"port_out_risk"}, {"ported_in"}),
        ([happened("porting.requested", 9, direction="in")], {}, {"ported_in"}, {"port_out_risk"}),
        ([happened("outage.reported", 0.1, "api", kind="mobile")], {}, {"network_outage_hit"}, {"system_outage_hit"}),
        ([happened("outage.reported", 0.1, "api", kind="system")], {}, {"system_outage_hit"}, {"network_outage_hit"}),
        (FAULTS, {}, {"repeated_fault", "fault_reporter"}, {"system_learner"}),
        (DEMANDS, {"seniority": "manager"}, {"demand_owner", "manager_user", "request_waiting"}, {"executive_user"}),
        ([*DEMANDS, happened("request.approved", 5)], {}, {"demand_owner"}, {"request_waiting"}),
        (FAULTS, {"employment_state": "onboarding"}, {"new_employee"}, {"onboarding_burst"}),
        ([happened("account.locked", 1.2), happened("password.reset", 0.1)], {}, set(), {"locked_out"}),
        ([happened("account.locked", 0.2)], {}, {"locked_out"}, set()),
    ],
)
def test_person__with_a_story__has_the_tags_it_tells(
    events: list[Event], traits: dict[str, Any], has: set[str], lacks: set[str]
) -> None:
    """What happened to somebody sets the tags it means, and not their opposites."""
    found = tags(events, traits)
    assert has <= found
    assert not lacks & found


def test_ticket__of_a_shop__sets_no_tag_of_a_service_desk() -> None:
    """Tickets that do not say their kind are of no service desk, however many they are."""
    asked = [
        happened("ticket.opened", day, priority="high", ticket_id=f"t{day}", topic="refund") for day in range(1, 9)
    ]
    rules = load_catalogue().rules
    assert [one for one in tags(asked) if "it_desk" in rules[one].trades] == []


@pytest.mark.parametrize("step", ["chased", "breached", "escalated"])
def test_ticket__remarked_on_after_its_end__stays_closed(step: str) -> None:
    """Whoever asks about a closed ticket has no overdue one."""
    story = [
        happened("ticket.opened", 9, ticket_id="t1", kind="fault"),
        happened("ticket.closed", 8, ticket_id="t1"),
        happened(f"ticket.{step}", 7, ticket_id="t1"),
    ]
    assert not {"ticket_overdue", "stuck_ticket"} & tags(story)
