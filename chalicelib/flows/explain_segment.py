"""Why somebody is in a segment, or in none: what is kept of them, told by what is in force.

Reasons are made of what the purpose may use and of nothing else: a feature that reads anything more is unknown to them,
as if nobody knew it, and is named in ``masked``. They are told for the instant at which the person was judged, since when
nothing about them was saved; so they give the segment that is kept, unless another version is in force by now.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.flows.describe_judged import judged_for, name_of, segment_id
from chalicelib.flows.for_purpose import Seen, for_purpose
from chalicelib.flows.models import Models
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import MaskedPath, SegmentView
from chalicelib.flows.why_segment_views import (
    ConditionView,
    MoveView,
    NamedSegment,
    NoSegment,
    PullView,
    SegmentWhyView,
)
from chalicelib.kernel.errors import Forbidden, NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.profiles.uses import path_use
from chalicelib.segments.assign import is_for
from chalicelib.segments.features import features, place_of, raw_vector
from chalicelib.segments.model import Membership
from chalicelib.segments.purposes import may_serve
from chalicelib.segments.reads import features_of
from chalicelib.segments.segmentation import Segmentation
from chalicelib.segments.why_segment import Held, Move, Pull, WhySegment, why, why_by_rule

_LEGAL = "legal"
_NONE = {
    "not_profiled": Text(
        "规则和模型不会为此目的对此人作出判断", "no rule and no model judges this person for this purpose"
    ),
    "no_model": Text("尚无生效的模型", "no model is in force"),
    "withheld": Text("其依据的数据不可用于此目的", "what it reads may not be used for this purpose"),
    "not_for_them": Text("此分群不适用于此人", "it does not group people like this one"),
    "not_judged": Text("尚未对此人作出判断", "nobody has judged this person yet"),
}
_UNTOLD = Text(
    "现行规则与模型，凭可用于此目的的数据，无法说明理由",
    "what is in force cannot tell why by what may be used for this purpose",
)


def explain_segment(
    person: Profile, segmentation_id: str, asked: Asked, services: ReadServices, now: Millis
) -> SegmentWhyView:
    """Why a person is in their segment of a segmentation. Raises NotFound for one that is not declared, and Forbidden
    for one that does not serve the purpose.
    """
    spec = services.segmentations().get(segmentation_id)
    if spec is None:
        raise NotFound("no_such_segmentation", "There is no such segmentation.")
    if not may_serve(services.segment_purposes(), spec.id, asked.purpose):
        raise Forbidden("purpose_not_allowed", "This segmentation does not serve this purpose.")
    seen = for_purpose(person, asked, services, now)
    judged = judged_for(seen, asked.purpose, now)
    kept = judged.segments.get(spec.id) if judged is not None else None
    at = judged.at if judged is not None and kept is not None else now
    measures = services.catalogue.measures
    withheld = _withheld(spec, person, seen.profile, asked, measures)
    case = _Case(spec, services.models(), seen, withheld, measures, at)
    if kept is None:
        return _view(case, now, none=_why_none(case, person))
    told = case.told(kept.segment)
    view = _view(case, now, segment=_kept(spec, kept), judged_at=format_moment(at), says=(_UNTOLD,))
    return view if told is None else _with_reasons(view, case, kept, told)


class _Case(msgspec.Struct, frozen=True):
    """A person before a segmentation, at an instant. ``withheld``: feature → why it may not be used for the purpose."""

    spec: Segmentation
    models: Models
    seen: Seen
    withheld: Mapping[str, str]
    measures: MeasureSet
    at: Millis

    @property
    def version(self) -> int | None:
        """That of what is in force, None where nothing is."""
        if self.spec.by == "rule":
            # Rules are judged by beside models, and where there is none nobody is judged.
            return self.spec.version if self.models else None
        model = self.models.segments.get(self.spec.id)
        return None if model is None else model.version

    def raw(self) -> list[float | None]:
        """The features that the purpose may use; None instead of the others."""
        raw = list(raw_vector(self.seen.profile, self.at, self.measures))
        for feature in self.withheld:
            raw[place_of(feature)] = None
        return raw

    def told(self, was: str) -> WhySegment | None:
        """The reasons of what is in force for somebody who is in a segment; None where it has none."""
        raw, model = self.raw(), self.models.segments.get(self.spec.id)
        if self.version is None or not is_for(self.spec, raw):
            return None
        if self.spec.by == "rule" or model is None:
            return why_by_rule(self.spec, raw)
        return why(self.spec, model, raw, was)

    def named(self, segment: str) -> NamedSegment:
        """A segment with its name."""
        return NamedSegment(
            segment_id(self.spec.id, segment), name_of(self.spec.id, segment, {self.spec.id: self.spec})
        )


def _withheld(
    spec: Segmentation, person: Profile, shown: Profile, asked: Asked, measures: MeasureSet
) -> dict[str, str]:
    """Of the features that a segmentation reads, those that the purpose may not use of a person, each with the reason.

    ``shown`` is the person as the purpose may see them.
    """
    if asked.purpose == _LEGAL:
        return {}
    uses, read = measures.uses, features_of(spec)
    found: dict[str, str] = {}
    for feature in (one for one in features() if one.id in read):
        for path in feature.paths:
            use = path_use(path, uses)
            reason = "" if use is None else use.withheld(asked.purpose, person.said, asked.asked_first)
            if reason or _is_gone(path, person, shown):
                found[feature.id] = reason or "expired"
    return found


def _is_gone(path: str, person: Profile, shown: Profile) -> bool:
    head, _, rest = path.partition(".")
    name = rest.partition(".")[0]
    return head == "m" and name in person.series and name not in shown.series


def _why_none(case: _Case, person: Profile) -> NoSegment:
    code = "not_judged"
    if case.seen.permitted.unjudged or not person.is_profiled:
        code = "not_profiled"
    elif case.version is None:
        code = "no_model"
    elif case.withheld:
        code = "withheld"
    elif not is_for(case.spec, case.raw()):
        code = "not_for_them"
    return NoSegment(code, _NONE[code])


def _kept(spec: Segmentation, kept: Membership) -> SegmentView:
    return SegmentView(
        id=segment_id(spec.id, kept.segment),
        name=name_of(spec.id, kept.segment, {spec.id: spec}),
        since=format_moment(kept.since),
        model_version=str(kept.model_version),
    )


def _view(
    case: _Case,
    now: Millis,
    *,
    segment: SegmentView | None = None,
    none: NoSegment | None = None,
    judged_at: str | None = None,
    says: tuple[Text, ...] = (),
) -> SegmentWhyView:
    """The answer without reasons."""
    masked = () if none is not None and none.code == "not_profiled" else sorted(case.withheld.items())
    return SegmentWhyView(
        profile_id=case.seen.profile.profile_id,
        segmentation=case.spec.id,
        name=case.spec.names,
        by=case.spec.by,
        segment=segment,
        none=none,
        told_by=None,
        told_segment=None,
        confidence=None,
        against=None,
        beyond=0.0,
        pulls=(),
        moves=(),
        conditions=(),
        says=says if none is None else (none.says,),
        judged_at=judged_at,
        as_of=format_moment(now),
        masked=tuple(MaskedPath(f"features.{feature}", reason) for feature, reason in masked),
    )


def _with_reasons(view: SegmentWhyView, case: _Case, kept: Membership, told: WhySegment) -> SegmentWhyView:
    # What is unknown only to this purpose pulls nobody, and no value of it may be told to move anybody.
    pulls = [one for one in told.pulls if one.feature not in case.withheld]
    moves = [one for one in told.moves if one.feature not in case.withheld]
    gone = [one.says for one in told.pulls if one.feature in case.withheld]
    gone += [one.says for one in told.moves if one.feature in case.withheld]
    return msgspec.structs.replace(
        view,
        told_by=str(case.version),
        told_segment=case.named(told.segment),
        confidence=round(told.confidence, 6),
        against=None if told.against is None else case.named(told.against),
        beyond=round(told.beyond, 6),
        pulls=tuple(map(_pull, pulls)),
        moves=tuple(_move(case, one) for one in moves),
        conditions=tuple(map(_condition, told.held)),
        says=(*_unlike(case, kept, told), *(one for one in told.says if one not in gone)),
    )


def _unlike(case: _Case, kept: Membership, told: WhySegment) -> tuple[Text, ...]:
    """That another version tells, and that it says another segment."""
    found: list[Text] = []
    if case.version != kept.model_version:
        zh = f"此人由第{kept.model_version}版归入，以下按现行的第{case.version}版说明"
        en = f"version {kept.model_version} put them there; the reasons are those of version {case.version}, in force now"
        found.append(Text(zh, en))
    if told.segment != kept.segment:
        name = case.named(told.segment).name
        zh = f"凭可用于此目的的数据，按现行版本应归入“{name.zh}”"
        en = f"what is in force puts them into {name.en}, by what may be used for this purpose"
        found.append(Text(zh, en))
    return tuple(found)


def _pull(one: Pull) -> PullView:
    typical, there = round(one.typical, 6), round(one.typical_there, 6)
    return PullView(one.feature, _name(one.feature), one.value, typical, there, round(one.share, 6), one.says)


def _move(case: _Case, one: Move) -> MoveView:
    return MoveView(case.named(one.segment), one.feature, _name(one.feature), one.value, one.to, one.says)


def _condition(one: Held) -> ConditionView:
    return ConditionView(one.feature, _name(one.feature), one.value, one.op, one.bound, one.times or None, one.says)


def _name(feature: str) -> Text:
    return features()[place_of(feature)].names
