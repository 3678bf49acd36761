"""How alike two values can be: the levels of each kind of field, from equal to different.

A level is a word with its name in zh and en; the order is from the most alike to the least. Level 0 is
equality, the only one whose weight knows how common the value is.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.matching.model import Kind

LEVELS: Mapping[Kind, tuple[str, ...]] = {
    "name": ("same", "sounds_same", "nearly_same", "similar", "different"),
    "date": ("same", "one_slip", "two_slips", "different"),
    "digits": ("same", "one_slip", "two_slips", "different"),
    "code": ("same", "one_slip", "different"),
    "email": ("same", "nearly_same", "same_mailbox", "similar", "different"),
    "text": ("same", "nearly_same", "similar", "different"),
    "set": ("same", "mostly_same", "partly_same", "different"),
}

LEVEL_NAMES: Mapping[str, Mapping[str, str]] = {
    "same": {"zh": "相同", "en": "the same"},
    "sounds_same": {"zh": "读音相同", "en": "sounds the same"},
    "nearly_same": {"zh": "几乎相同", "en": "nearly the same"},
    "same_mailbox": {"zh": "邮箱名相同", "en": "the same before the @"},
    "similar": {"zh": "相似", "en": "similar"},
    "one_slip": {"zh": "差一处笔误", "en": "one slip apart"},
    "two_slips": {"zh": "差两处笔误", "en": "two slips apart"},
    "mostly_same": {"zh": "大部分相同", "en": "mostly the same"},
    "partly_same": {"zh": "部分相同", "en": "partly the same"},
    "different": {"zh": "不同", "en": "different"},
    "missing": {"zh": "缺失", "en": "missing"},
    "straight": {"zh": "顺序一致", "en": "in the same order"},
    "crossed": {"zh": "前后对调", "en": "swapped"},
}

CROSSING_LEVELS = ("crossed", "straight")
MISSING = "missing"
