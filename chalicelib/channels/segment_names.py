"""Segment's names for events, properties, devices and platforms, as the table beside this file."""

from __future__ import annotations

from pathlib import Path

import msgspec


class SegmentNames(msgspec.Struct, frozen=True):
    """Event name in words → our type; our field → property names, first wins; and so on."""

    events: dict[str, str]
    fields: dict[str, tuple[str, ...]]
    devices: frozenset[str]
    channels: dict[str, str]


NAMES = msgspec.json.decode(Path(__file__).with_name("segment_names.json").read_bytes(), type=SegmentNames)
