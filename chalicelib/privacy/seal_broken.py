"""The error of what is sealed and does not open, apart from ciphers: who may meet it need not be able to seal."""

from __future__ import annotations

from chalicelib.kernel.errors import ZhiyinError


class SealBroken(ZhiyinError):
    """What should open does not: another key, other associated data, or changed bytes.

    One code for every cause, because the difference would tell an attacker how close he is.
    """

    def __init__(self) -> None:
        super().__init__("seal_broken", "A sealed value does not open.")
