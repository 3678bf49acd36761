"""What something personal may be used for, on what ground, and how long: alike for what was told and what was made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.kernel.texts import Text
from chalicelib.privacy.permission import ASKED_FIRST, PURPOSES, Withholding, withholding

type FieldClass = Literal["public", "internal", "personal", "sensitive"]

CLEAR_CLASSES = frozenset({"public", "internal"})
_STRICTER_LAST = ("contract", "legal_obligation", "legitimate_interest", "consent")
"""Legal bases: what is made of several rests on the last of them, which is the easiest to lose."""


class Use(msgspec.Struct, frozen=True):
    """Purposes, legal basis, and days of retention; 0 days: as long as the person is kept."""

    purposes: tuple[str, ...]
    legal_basis: str
    retention_days: int

    def withheld(
        self, purpose: str, said: Mapping[str, bool], asked_first: Collection[str] = ASKED_FIRST
    ) -> Withholding:
        """Why it may not be used for a purpose; '' where it may."""
        return withholding(self.purposes, self.legal_basis, purpose, said, asked_first)

    def is_expired(self, last_at: Millis, now: Millis) -> bool:
        """Whether what was told last at a moment is older than it may become."""
        return bool(self.retention_days) and now - last_at >= self.retention_days * DAY_MS


ANYTHING = Use(PURPOSES, _STRICTER_LAST[0], 0)
"""What says nothing about a person: it binds nothing that is made of it."""


class Declared(msgspec.Struct, frozen=True, rename={"class_": "class"}, forbid_unknown_fields=True):
    """What every line of the data map says. Retention is in days after the last event; 0: while the person is kept."""

    name: str
    class_: FieldClass
    names: Text
    purposes: tuple[str, ...]
    legal_basis: str
    retention_days: int

    @property
    def use(self) -> Use:
        """What it may be used for, and how long."""
        return Use(self.purposes, self.legal_basis, self.retention_days)

    @property
    def is_sealed(self) -> bool:
        """Whether values are stored sealed: personal and sensitive ones are."""
        return self.class_ not in CLEAR_CLASSES


def together(uses: Iterable[Use]) -> Use:
    """The use of what is made of all of these: what it tells, they told, so it may do no more than each of them."""
    whole = ANYTHING
    for one in uses:
        kept = [days for days in (whole.retention_days, one.retention_days) if days]
        whole = Use(
            tuple(purpose for purpose in whole.purposes if purpose in one.purposes or purpose == "legal"),
            max(whole.legal_basis, one.legal_basis, key=_STRICTER_LAST.index),
            min(kept, default=0),
        )
    return whole


def wider(purposes: Collection[str], use: Use) -> list[str]:
    """Those of the purposes that a use does not allow. Nothing is withheld from the law."""
    return [one for one in purposes if one not in use.purposes and one != "legal"]
