"""Scenes: situations in which the same evidence weighs otherwise, such as a night, a campaign, or a word just said.

A scene is a condition over the moment (``at.hour`` 0–23, ``at.weekday`` 1–7 with Monday first, ``at.day`` as
``11-11``; all local to the tenant), the ``channel``, the ``text`` of the message at hand in lower case, and the
person's orders, tickets and complaints. Scenes belong to who asks now: a profile has none by itself, and what is
published about it when an event or a moment passes is judged in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import compress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from datalogic_py import Rule

from chalicelib.kernel.moments import MINUTE_MS, Millis, local_quarter
from chalicelib.kernel.texts import Text
from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.model import Profile
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import CASE_PATHS, values

_SHIPPED = Path(__file__).with_name("scenes.json")
_LONGEST_TEXT = 2_000
_PROGRAMS_KEPT = 64
_QUARTERS_KEPT = 64
_QUARTER_MS = 15 * MINUTE_MS
SITUATION_PATHS: frozenset[str] = frozenset({"at.hour", "at.weekday", "at.day", "channel", "text"})
SCENE_PATHS: frozenset[str] = SITUATION_PATHS | CASE_PATHS
"""Everything the condition of a scene may read."""


class SceneExamples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values by flat path of a situation in the scene, and of one outside of it."""

    positive: dict[str, Any]
    negative: dict[str, Any]


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared scene."""

    id: str
    version: int
    name: Text
    meaning: Text
    owner: str
    when: Any
    examples: SceneExamples


class Situation(msgspec.Struct, frozen=True):
    """Where and when somebody asks: the moment, the tenant's time zone, the channel, and the message at hand."""

    at: Millis
    timezone: str
    channel: str = ""
    text: str = ""


class _Asked(msgspec.Struct, frozen=True):
    """Scenes that are asked for together: ``program`` yields one truth for each, of what it is given and these paths."""

    names: tuple[str, ...]
    program: Rule
    case_paths: frozenset[str]


class Stage:
    """The scenes of a catalogue. Those asked for together are compiled together, once: rules ask for few."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self.scenes: Mapping[str, Scene] = {one.id: one for one in scenes}
        self._asked: dict[frozenset[str], _Asked] = {}

    def on(self, asked: frozenset[str], situation: Situation, profile: Profile) -> frozenset[str]:
        """Which of the asked scenes are on. One that is not declared is not. Raises DataLogicError."""
        found = self._asked.get(asked)
        if found is None:
            found = self._together(asked)
        if not found.names:
            return frozenset()
        facts: dict[str, Any] = {
            "at": _clock(situation.at // _QUARTER_MS, situation.timezone),
            "channel": situation.channel,
            "text": situation.text[:_LONGEST_TEXT].lower(),
        }
        if found.case_paths:
            facts |= values(profile, found.case_paths, situation.at)
        return frozenset(compress(found.names, found.program.evaluate(facts)))

    def _together(self, asked: frozenset[str]) -> _Asked:
        names = tuple(sorted(asked & self.scenes.keys()))
        conditions = [expand(self.scenes[one].when) for one in names]
        if len(self._asked) >= _PROGRAMS_KEPT:
            self._asked.clear()
        program = ENGINE.compile([{"!!": [one]} for one in conditions])
        case_paths = frozenset().union(*map(reads, conditions)) & CASE_PATHS
        found = self._asked[asked] = _Asked(names, program, case_paths)
        return found


@lru_cache(maxsize=_QUARTERS_KEPT)
def _clock(quarter: int, timezone: str) -> Mapping[str, Any]:
    at = local_quarter(quarter * _QUARTER_MS, _zone(timezone))
    return {"hour": at.hour, "weekday": at.isoweekday(), "day": f"{at.month:02}-{at.day:02}"}


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def load_scenes(path: Path = _SHIPPED) -> tuple[Scene, ...]:
    """The scenes of a declaration file; the shipped ones unless told. Raises msgspec errors."""
    return tuple(msgspec.json.decode(path.read_bytes(), type=list[Scene]))
