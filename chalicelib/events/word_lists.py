"""Lists of words that a tenant wants counted in what its customers write."""

from __future__ import annotations

import msgspec

from chalicelib.kernel.texts import Text


class WordList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that stand for one subject. A word is compared as ``routing.words`` does: NFKC and case folded."""

    id: str
    name: Text
    words: tuple[str, ...]
