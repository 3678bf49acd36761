"""Scenes: situations in which the same evidence weighs otherwise, such as a night, a campaign, or a word just said.

A scene is a condition over the moment (``at.hour`` 0–23, ``at.weekday`` 1–7 with Monday first, ``at.day`` as
``11-11``; all local to the tenant), the ``channel``, the ``text`` of the message at hand in lower case, and the
person's orders, tickets and complaints. Scenes belong to who asks now: a profile has none by itself, and what is
published about it when an event or a moment passes is judged in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
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


class _Compiled(msgspec.Struct, frozen=True):
    """A scene ready to be asked: what of a situation it reads, and the paths of cases."""

    program: Rule
    heads: tuple[str, ...]
    case_paths: frozenset[str]


class Stage:
    """The scenes of a catalogue. One is compiled when it is first asked for: rules ask for few."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self.scenes: Mapping[str, Scene] = {one.id: one for one in scenes}
        self._compiled: dict[str, _Compiled] = {}

    def seen_by(self, profile: Profile, situation: Situation) -> Setting:
        """The scenes that somebody is in who asks in a situation."""
        return Setting(self, profile, situation)

    def compiled(self, scene: str) -> _Compiled | None:
        """A scene, ready to be asked; None of one that is not declared."""
        found = self._compiled.get(scene)
        if found is None and scene in self.scenes:
            when = expand(self.scenes[scene].when)
            read = reads(when)
            heads = {path.partition(".")[0] for path in read & SITUATION_PATHS}
            program = ENGINE.compile({"!!": [when]})
            found = self._compiled[scene] = _Compiled(program, tuple(sorted(heads)), read & CASE_PATHS)
        return found


class Setting:
    """The scenes that somebody is in: ``scene in setting``. A scene is looked at when it is asked for.

    Most tags that a scene weighs otherwise are not set in any, so that most scenes are never asked for.
    """

    __slots__ = ("_is_on", "_profile", "_situation", "_stage")

    def __init__(self, stage: Stage, profile: Profile, situation: Situation) -> None:
        self._stage, self._profile, self._situation = stage, profile, situation
        self._is_on: dict[object, bool] = {}

    def __contains__(self, scene: object) -> bool:
        """Whether a scene is on. One that is not declared is not. Raises DataLogicError."""
        is_on = self._is_on.get(scene)
        if is_on is None:
            compiled = self._stage.compiled(scene) if isinstance(scene, str) else None
            is_on = self._is_on[scene] = compiled is not None and self._holds(compiled)
        return is_on

    def _holds(self, compiled: _Compiled) -> bool:
        facts = {head: self._fact(head) for head in compiled.heads}
        if compiled.case_paths:
            facts |= values(self._profile, compiled.case_paths, self._situation.at)
        holds: bool = compiled.program.evaluate(facts)
        return holds

    def _fact(self, head: str) -> Any:
        """What is read of the situation under one head."""
        situation = self._situation
        if head == "at":
            return _clock(situation.at // _QUARTER_MS, situation.timezone)
        return situation.channel if head == "channel" else situation.text[:_LONGEST_TEXT].lower()


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
