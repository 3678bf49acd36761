"""Reading values fast is reading the same values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.reading import Reading
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS, STATS, values
from tests.unit.tags.persons import NOW, happened, person

_PATHS = [
    *(f"m.{name}.{stat}" for name in ("orders_paid", "contacts", "surveys") for stat in sorted(STATS)),
    *sorted(PERSON_PATHS | CASE_PATHS),
    "t.gender",
]
_LIVES = st.lists(
    st.tuples(st.sampled_from(["order.paid", "call.started", "survey.answered"]), st.integers(0, 500)), max_size=12
)


@given(_LIVES, st.sets(st.sampled_from(_PATHS)), st.integers(-20, 400), st.sampled_from([{}, {"orders_paid"}]))
def test_reading__of_any_paths_at_any_time__equals_values(
    events: list[tuple[str, int]], paths: set[str], later_days: int, money: set[str]
) -> None:
    """Also before events that lie in the future of ``now``, and with months beside days."""
    lived = [happened(type_, day, amount="12.5", score=4, order_id="o") for type_, day in events]
    someone, now = person(lived, {"gender": "female"}), NOW + later_days * DAY_MS
    found, wanted = Reading(paths, money).of(someone, now), values(someone, paths, now, money)
    assert found.keys() == wanted.keys()
    for head, part in wanted.items():
        assert found[head] == part
