"""What a person, or staff for them, says is right or is not so: it wins over all that is not a correction.

A correction stands in the register of its trait with ``claims.CORRECTED_RANK``. Its value None says that what is held
is not so: nothing is held then, whatever a source says later. What is derived from a corrected trait is derived anew
from what the correction says; where that gives nothing, nothing is held of it either: what an old birth date gave
must not stand beside the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.derive import derived
from chalicelib.privacy.fields import FIELDS, check_trait

CORRECTED = "profile.corrected"
"""The type of the event that is a correction. No door takes it."""
_GIVES: Mapping[str, str] = {"birth_date": "age_band", "phone": "country", "address": "region", "city": "region"}


def check_corrections(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises BadInput ``nothing_corrected``, and ``unknown_trait``, ``derived_trait`` and
    ``bad_trait``: ManyMistakes where there are several.
    """
    if not given:
        raise BadInput("nothing_corrected", "A correction names at least one trait.", "traits")
    checked: dict[str, Any] = {}
    mistakes: list[BadInput] = []
    for name, value in given.items():
        try:
            checked[name] = _checked(name, value)
        except BadInput as bad:
            mistakes.append(bad)
    if len(mistakes) > 1:
        raise ManyMistakes("bad_traits", "Several traits cannot be corrected so.", tuple(mistakes))
    if mistakes:
        raise mistakes[0]
    return checked


def with_derived(values: Mapping[str, Any], at: Millis) -> dict[str, Any]:
    """Corrected values and all that follows from them."""
    coarse: dict[str, Any] = {_GIVES[name]: None for name in values if name in _GIVES}
    return coarse | derived(values, at) | dict(values)


def _checked(name: str, value: Any) -> Any:
    field = FIELDS.get(name)
    if field is not None and field.writable_by == "derived":
        raise BadInput("derived_trait", f"Correct {field.derived_from}: {name} follows from it.", f"traits.{name}")
    if field is not None and field.writable_by == "desk":
        raise BadInput("derived_trait", f"{name} follows from who served the person.", f"traits.{name}")
    return None if value is None and field is not None else check_trait(name, value)
