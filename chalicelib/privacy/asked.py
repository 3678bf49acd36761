"""What a read is for, as a value that goes with it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from chalicelib.privacy.permission import ASKED_FIRST


class Asked(msgspec.Struct, frozen=True):
    """The purpose of a read, and which purposes its tenant asks people about first."""

    purpose: str = "service"
    asked_first: Collection[str] = ASKED_FIRST


FOR_SERVICE = Asked()
