"""An agent as a supervisor declares one, and everything that may be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Annotated

import msgspec

from chalicelib.desk.model import Agent, Proficiency, Shift
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import local_hour

MOST_SKILLS, MOST_COSTS, MOST_LANGUAGES, MOST_SHIFTS = 60, 40, 20, 28
_AGENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

type _Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$(?!\n)")]
type _Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", max_length=20)]
type _Units = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class AgentDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent can do, in which hours, and how much at once. None and what is left out: as the policy says.

    ``units`` is how much work at once, ``costs`` what a conversation of a channel takes of it: a phone call of 10 units
    fills an agent who could hold five chats of 2.
    """

    skills: dict[_Name, Proficiency]
    units: _Units | None = None
    costs: dict[_Name, _Units] = {}
    languages: tuple[_Language, ...] = ()
    shifts: tuple[Shift, ...] = ()
    timezone: Annotated[str, msgspec.Meta(max_length=64)] = ""


def is_agent_id(text: str) -> bool:
    """Whether an agent may have this id: it stands in addresses and keys, and is the name of their token."""
    return _AGENT_ID.fullmatch(text) is not None


def declared(agent_id: str, declaration: AgentDeclaration, units: int, version: int) -> Agent:
    """The agent; ``units`` where the declaration names none."""
    return Agent(
        agent_id=agent_id,
        skills=declaration.skills,
        units=units if declaration.units is None else declaration.units,
        costs=declaration.costs,
        languages=declaration.languages,
        shifts=declaration.shifts,
        timezone=declaration.timezone,
        version=version,
    )


def mistakes_of_agent(agent: Agent, skills: Collection[str]) -> Iterator[BadInput]:
    """Everything wrong with an agent of a desk whose policy asks for ``skills``."""
    sizes = (("skills", MOST_SKILLS), ("costs", MOST_COSTS), ("languages", MOST_LANGUAGES), ("shifts", MOST_SHIFTS))
    for name, most in sizes:
        if len(getattr(agent, name)) > most:
            yield BadInput("too_many", f"At most {most} of them.", name)
    if len(agent.skills) <= MOST_SKILLS:
        # Likenesses are looked for in each: of too many that would take as long as somebody likes.
        yield from (_unknown(skill, skills) for skill in agent.skills if skill not in skills)
    for channel, cost in agent.costs.items():
        if cost > agent.units:
            yield BadInput("cost_over_units", "More than the agent has: nobody would be given.", f"costs.{channel}")
    for place, shift in enumerate(agent.shifts):
        if not shift.weekdays:
            yield BadInput("no_weekday", "A shift is of at least one day of the week.", f"shifts[{place}].weekdays")
    if agent.timezone:
        try:
            local_hour(0, agent.timezone)
        except BadInput as bad:
            yield bad


def _unknown(skill: str, skills: Collection[str]) -> BadInput:
    alike = get_close_matches(skill, sorted(skills), 1, 0.6)
    message = "No queue of the policy asks for this skill."
    return BadInput("unknown_skill", message, f"skills.{skill}", alike[0] if alike else "")
