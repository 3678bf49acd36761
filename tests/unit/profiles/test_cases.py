"""Cases as they stand, against telling every one of them step by step."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.cases import CLOSING, Case, cases, latest, standing
from chalicelib.profiles.fold import latest_steps
from chalicelib.profiles.model import STEPS_KEPT, Profile, Step
from chalicelib.profiles.values import CASE_KINDS, CASE_PATHS, at_path, evidence, values
from chalicelib.routing.facts import recent

NOW = 50 * DAY_MS
STATUSES = {
    "order": ["placed", "paid", "shipped", "delivered", "refunded", "cancelled"],
    "ticket": ["opened", "replied", "resolved", "closed"],
    "complaint": ["filed", "replied", "resolved"],
}
STEPS = st.lists(
    st.sampled_from(sorted(STATUSES)).flatmap(
        lambda kind: st.tuples(
            st.integers(0, 40),
            st.just(kind),
            st.sampled_from("abc"),
            st.sampled_from(STATUSES[kind]),
            st.none() | st.integers(1, 3),
            st.none() | st.sampled_from(["", "refund", "logistics"]),
        )
    ),
    max_size=14,
)


def steps_of(found: list[tuple[int, str, str, str, int | None, str | None]]) -> list[Step]:
    """One step of each, by events of their own."""
    return [Step(at * DAY_MS, bytes([place]), *rest) for place, (at, *rest) in enumerate(found)]


def plain_cases(steps: Iterable[Step]) -> list[Case]:
    """Every case told from its first step to its last, in the order of their last change."""
    found: dict[tuple[str, str], Case] = {}
    for step in sorted(steps, key=lambda one: (one.at, one.event_key)):
        tells = [step.kind]
        if step.kind == "ticket" and ("complaint", step.ref) in found:
            tells.append("complaint")
        for kind in tells:
            before = found.get((kind, step.ref))
            found[kind, step.ref] = Case(
                kind,
                step.ref,
                step.status,
                step.at if before is None else before.opened_at,
                step.at,
                step.status not in CLOSING[kind],
                before.amount if before and step.amount is None else step.amount,
                step.topic or (before.topic if before else None),
            )
    return sorted(found.values(), key=lambda one: (one.changed_at, one.kind, one.ref))


@given(STEPS, st.randoms(use_true_random=False))
def test_cases__of_steps_in_any_order__are_told_step_by_step(
    found: list[tuple[int, str, str, str, int | None, str | None]], by: random.Random
) -> None:
    """Whatever order they come in, also of one moment."""
    steps = steps_of(found)
    by.shuffle(steps)
    assert list(cases(steps)) == plain_cases(steps)
    assert recent(latest(steps), NOW) == recent(plain_cases(steps), NOW)


@given(STEPS)
def test_values__of_cases__are_those_of_the_cases_told_step_by_step(
    found: list[tuple[int, str, str, str, int | None, str | None]],
) -> None:
    """What rules read, and what it rests on, is counted on the cases themselves."""
    steps = latest_steps(steps_of(found))
    person = Profile("p", 1, "active", 1, 0, NOW, {}, {}, {}, steps, {})
    nested, told = values(person, CASE_PATHS, NOW), plain_cases(steps)
    for head, kind in CASE_KINDS.items():
        of_kind = [case for case in told if case.kind == kind]
        open_ones = [case for case in of_kind if case.open]
        delivered = [case.changed_at for case in of_kind if case.status == "delivered"]
        oldest = (NOW - min(case.opened_at for case in open_ones)) // DAY_MS if open_ones else None
        expected = {"open": len(open_ones), "total": len(of_kind), "oldest_open_days": oldest}
        if kind == "order":
            expected |= {one: [case.status for case in of_kind].count(one) for one in ("placed", "paid", "shipped")}
            expected |= {"undelivered_days": oldest}
            expected |= {"delivered_days": (NOW - max(delivered)) // DAY_MS if delivered else None}
        assert at_path(nested, head) == expected
        times = [step.at for step in steps if step.kind == kind]
        assert evidence(person, f"{head}.open") == ((min(times), max(times)) if times else None)


def test_standing__of_a_forgotten_complaint__leaves_settled_ones() -> None:
    """Only the open ones that are older than what is known of tickets are not there."""
    tickets = [Step(10 + day, bytes([day]), "ticket", f"t{day}", "opened") for day in range(STEPS_KEPT)]
    filed = [Step(place, b"f", "complaint", str(place), status) for place, status in enumerate(["filed", "resolved"])]
    assert list(standing([*filed, *tickets])["complaint"].last) == ["1"]
