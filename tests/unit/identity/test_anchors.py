"""The anchor is the strongest identifier and depends on the set alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.model import Identifier
from chalicelib.events.types import NAMESPACES
from chalicelib.identity.anchors import DEFAULT_ORDER, anchor_of, rank_of
from chalicelib.kernel.errors import BadInput

SOME = st.builds(Identifier, st.sampled_from([*NAMESPACES, "loyalty", "badge"]), st.text(min_size=1, max_size=3))


def test_anchor__user_and_phone__user() -> None:
    """An account is stronger than a number, a number than a browser."""
    phone, user, browser = (
        Identifier("phone", "+1"),
        Identifier("user_id", "u"),
        Identifier("anonymous_id", "a"),
    )
    assert anchor_of([browser, phone, user]) == user
    assert anchor_of([browser, phone]) == phone


def test_anchor__order_configured__followed() -> None:
    """The order is configuration."""
    phone, user = Identifier("phone", "+1"), Identifier("user_id", "u")
    assert anchor_of([user, phone], ["phone", "user_id"]) == phone


def test_anchor__none__refused() -> None:
    """An event of nobody has no anchor."""
    with pytest.raises(BadInput, match="no_identifier"):
        anchor_of([])


@given(st.lists(SOME, min_size=1, max_size=10).flatmap(lambda them: st.tuples(st.just(them), st.permutations(them))))
def test_anchor__any_order_of_the_set__same(
    both: tuple[list[Identifier], list[Identifier]],
) -> None:
    """Writers that saw the same identifiers in another order choose the same anchor."""
    sent, shuffled = both
    anchor = anchor_of(sent)
    assert anchor == anchor_of(shuffled)
    places = [DEFAULT_ORDER.index(each.namespace) for each in sent if each.namespace in DEFAULT_ORDER]
    assert not places or anchor.namespace == DEFAULT_ORDER[min(places)]


def test_rank__unnamed_namespace__after_the_last() -> None:
    """A namespace that the order does not name is weaker than every named one."""
    assert [rank_of(each) for each in ("user_id", "device", "loyalty")] == [
        0,
        len(DEFAULT_ORDER) - 1,
        len(DEFAULT_ORDER),
    ]
    assert rank_of("device", ["device"]) == 0
