"""Tags as declared (a tag rule with weighted signals) and as a profile has them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text

TagClass = Literal[
    "channel_preference",
    "service_evaluation",
    "customer_attributes",
    "contact_volume",
    "complaint_risk",
    "customer_group",
]
Dimension = Literal["demographics", "behaviour", "psychology", "needs", "business_state"]
Trade = Literal["retail", "finance", "telecom", "it_desk"]
Granularity = Literal["person", "segment", "crowd"]
Purpose = Literal["service", "marketing", "analytics", "security", "legal"]


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason to set a tag: a JSONLogic condition over flat paths, and its share of the confidence."""

    id: str
    weight: float
    when: dict[str, Any]
    says: Text


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values by flat path of a person who has the tag and of one who has not. Absent paths read as unknown."""

    positive: dict[str, Any]
    negative: dict[str, Any]


class SceneWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of a tag's signals while a scene is on, by signal id; they sum to 1 as the usual ones do."""

    scene: str
    weights: dict[str, float]


class TagRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A declared tag.

    Set while the weights of its true signals, decayed by ``half_life_days`` since their last evidence,
    reach ``threshold``; and at most ``expires_days`` after that evidence. ``phrase`` is how the tag
    reads within a sentence about the person; the name where it is absent.

    ``trades`` are those it is meant for; none: all. Who has a tag has its ``parent`` as well. Of the tags of one
    ``exclusive`` group only the surest stays. In the first of its ``scenes`` that is on, its signals weigh what
    is said there. ``granularity``: of one person, of a segment of people, or of the whole crowd.
    """

    id: str
    version: int
    name: Text
    meaning: Text
    class_: TagClass
    dimension: Dimension
    owner: str
    purposes: tuple[Purpose, ...]
    signals: tuple[Signal, ...]
    threshold: float
    half_life_days: float | None
    expires_days: float | None
    examples: Examples
    phrase: Text | None = None
    trades: tuple[Trade, ...] = ()
    parent: str | None = None
    exclusive: str | None = None
    scenes: tuple[SceneWeights, ...] = ()
    granularity: Granularity = "person"


class Tag(msgspec.Struct, frozen=True, gc=False, rename={"class_": "class"}):
    """A tag that is set on a profile. ``expires_at`` None: it lasts while its signals are true."""

    id: str
    name: Text
    class_: str
    dimension: str
    value: bool
    confidence: float
    since: Millis
    expires_at: Millis | None
    source: str
    phrase: Text
    purposes: tuple[str, ...] = ()
    """What it may be used for: those it was declared for, without those that the person does not agree to."""


OVER_BUDGET = "BudgetExceeded"
"""How the engine says that a rule took more steps than one evaluation may."""


def tag_of(
    rule: TagRule,
    *,
    confidence: float,
    since: Millis,
    expires_at: Millis | None = None,
    source: str = "rule",
    value: bool = True,
    purposes: tuple[str, ...] | None = None,
) -> Tag:
    """The tag that a rule declares, as a profile has it. ``purposes``: all that were declared unless told."""
    return Tag(
        id=rule.id,
        name=rule.name,
        class_=rule.class_,
        dimension=rule.dimension,
        value=value,
        confidence=confidence,
        since=since,
        expires_at=expires_at,
        source=source,
        phrase=rule.phrase or rule.name,
        purposes=rule.purposes if purposes is None else purposes,
    )


class Failure(msgspec.Struct, frozen=True):
    """A rule that could not be evaluated: its tag is neither set nor cleared. Holds no value of a person."""

    tag_id: str
    error: str


class Assessment(msgspec.Struct, frozen=True):
    """The tags that are set, and the rules that failed, both sorted by id.

    ``ends``: when tags stop being set by their own rules, where they bear on one another; of those that others
    outlast or that give way to others, their ``expires_at`` does not say it.
    """

    tags: tuple[Tag, ...]
    failed: tuple[Failure, ...]
    ends: tuple[Millis, ...] = ()
