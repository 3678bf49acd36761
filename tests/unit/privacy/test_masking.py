import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.privacy.masking import mask

CASES = json.loads((Path(__file__).parents[2] / "cases" / "masking.json").read_text())
NAMES = st.sampled_from(["phone", "whatsapp", "email", "name", "birth_date", "address", "user_id", "text", "line"])


@pytest.mark.parametrize(("name", "value", "masked"), CASES)
def test_mask__table__gives_the_agreed_form(name, value, masked):
    """Masks look the same everywhere, so that agents recognise them."""
    assert mask(name, value) == masked


@given(NAMES, st.text(min_size=1, max_size=40))
@example("email", "@0")
def test_mask__any_value__never_stands_in_its_mask(name, value):
    """Whatever a source sends, the mask does not contain it whole, unless it is made of mask signs."""
    masked = mask(name, value)
    assert "**" in masked
    if not set(value) <= set("*@+"):
        assert value not in masked


@given(st.text(alphabet="0123456789", max_size=20), st.sampled_from(["", "+", "+86"]))
def test_mask__any_digits_as_a_phone__hide_at_least_four(digits, prefix):
    """A masked phone cannot be dialled by trying a handful of numbers."""
    shown = sum(character.isdigit() for character in mask("phone", prefix + digits))
    assert shown == 0 or shown <= len(digits) + len(prefix) - 1 - 3
