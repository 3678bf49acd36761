"""Text that people read, always in Chinese and English."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True):
    """One sentence or name in both languages."""

    zh: str
    en: str
