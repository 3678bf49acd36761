"""What each learned segmentation and score may be used for, as each is declared (``segmentations.json``, ``scores.json``).

Apart from what else is declared of them: whoever shows a profile asks this, and needs no feature for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from chalicelib.privacy.permission import Purpose

type Sort = Literal["segments", "scores"]

_DECLARED: Mapping[Sort, str] = {"segments": "segmentations.json", "scores": "scores.json"}
_LEGAL = "legal"


type Purposes = Mapping[str, tuple[Purpose, ...]]
"""What each segmentation, or each score, may be used for, by its id."""


class DeclaredPurposes(msgspec.Struct, frozen=True):
    """The part of a declaration that is read here."""

    id: str
    purposes: tuple[Purpose, ...] = ("service",)


@cache
def purposes_of(sort: Sort) -> Purposes:
    """Every segmentation, or every score, that ships → the purposes that it is declared for."""
    declared = Path(__file__).with_name(_DECLARED[sort]).read_bytes()
    return {one.id: one.purposes for one in msgspec.json.decode(declared, type=tuple[DeclaredPurposes, ...])}


def may_serve(declared: Purposes, id_: str, purpose: str) -> bool:
    """Whether a purpose may use one. What is no longer declared serves none; the law is answered in full."""
    return purpose == _LEGAL or purpose in declared.get(id_, ())


def leaves_out(declared: Purposes, purpose: str) -> bool:
    """Whether there is any that a purpose may not use, whoever the person is."""
    return not all(may_serve(declared, id_, purpose) for id_ in declared)
