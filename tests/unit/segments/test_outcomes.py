"""What followed after a cutoff, for each kind of outcome."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.profiles.measures import load_measures
from chalicelib.segments.as_of import Pasts, windows
from chalicelib.segments.features import features
from chalicelib.segments.outcomes import outcome
from chalicelib.segments.score_specs import places_of, score_specs
from tests.unit.segments.test_as_of import UNTIL, Happened, profile_of

SPECS = score_specs()


def followed(score: str, *happened: Happened) -> float | None:
    spec = SPECS[score]
    profile = profile_of(happened)
    assert profile is not None
    return outcome(spec, Pasts(profile, UNTIL), windows(UNTIL, spec.horizon_days, 0)[0])


@pytest.mark.parametrize(
    ("score", "happened", "truth"),
    [
        ("churn", [(80, 1, "contacts", 0)], 1.0),
        ("churn", [(80, 1, "contacts", 0), (60, 1, "orders_paid", 1)], 0.0),
        ("churn", [(80, 1, "contacts", 0), (10, 1, "price_changes", 1)], 1.0),  # what the company does is no sign
        ("churn", [(80, 1, "price_changes", 0)], None),  # nothing of their own: not among those who could go
        ("churn", [(300, 1, "contacts", 0)], None),  # silent long before
        ("complaint", [(40, 1, "contacts", 0), (30, 1, "complaints", 0)], 1.0),
        ("complaint", [(40, 1, "complaints", 0), (10, 1, "contacts", 0)], 0.0),
        ("value", [(100, 1, "orders_paid", 9_000_000), (90, 1, "orders_paid", 2_500_000)], 2.5),
        ("value", [(100, 1, "orders_paid", 9_000_000)], 0.0),
        ("value", [(20, 1, "orders_paid", 9_000_000)], None),  # came after the cutoff
        ("repurchase", [(100, 1, "orders_paid", 1), (1, 1, "orders_paid", 1)], 1.0),
        ("repurchase", [(100, 1, "contacts", 1), (1, 1, "orders_paid", 1)], None),  # nothing bought before
        ("contact_change", [*[(40 + day, 1, "contacts", 0) for day in range(6)], (5, 1, "contacts", 0)], -1.0),
        ("contact_change", [(40, 1, "contacts", 0), (5, 1, "contacts", 0)], 1 - 1 / 3),
        ("next_intent", [(90, 1, "ask_fault", 0), (9, 1, "ask_account", 0), (5, 1, "ask_fault", 0)], 4.0),
        ("next_intent", [(90, 1, "ask_fault", 0)], None),
        ("next_intent", [(90, 1, "ask_fault", 0), (0, 1, "ask_account", 0)], None),  # today is not over
    ],
)
def test_outcome__each_kind__is_what_followed(score: str, happened: list[Happened], truth: float | None) -> None:
    """Each score's truth is read from the days after the cutoff, and from nobody it is not for."""
    assert followed(score, *happened) == (None if truth is None else pytest.approx(truth))


def test_outcome__window_beyond_the_scan__is_unknown() -> None:
    """What cannot have been seen yet is not taken for what did not happen."""
    profile = profile_of([(80, 1, "contacts", 0)])
    assert profile is not None
    window = windows(UNTIL, 60, 0)[0]
    early = msgspec.structs.replace(window, until=window.end - 1)
    assert outcome(SPECS["churn"], Pasts(profile, early.until), early) is None


def test_specs__each__reads_what_there_is() -> None:
    """Every score reads declared features and shipped measures, and never which channels were used."""
    known = load_measures().measures
    for one in SPECS.values():
        assert [name for name in (*one.measures, *one.among, *one.topics.values()) if name not in known] == []
        assert features()[places_of(one)[0]].id in one.features
        assert "channels" not in one.features  # as of a cutoff it would show what came later
        assert one.names.zh and one.names.en and one.purposes
    assert set(SPECS) == {"churn", "complaint", "value", "repurchase", "contact_change", "next_intent"}
