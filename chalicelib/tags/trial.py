"""Tries a condition on values of every kind that it may meet: what cannot be evaluated then must not be published."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, product
from typing import Any

from datalogic_py import DataLogicError

from chalicelib.profiles.conditions import ENGINE
from chalicelib.tags.condition_check import nested

MOST_TRIED = 256


def failure(condition: Any, choices: Mapping[str, tuple[Any, ...]]) -> str | None:
    """Why a condition cannot be evaluated on some of these values by path; None where it can on all that were tried."""
    for values in islice(product(*choices.values()), MOST_TRIED):
        try:
            ENGINE.eval({"!!": [condition]}, nested(dict(zip(choices, values, strict=True))))
        except DataLogicError as error:
            return error.error_type
    return None
