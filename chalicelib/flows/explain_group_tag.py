"""Why somebody has a tag from a group of theirs, or why not: the group that speaks for it most, and what was counted of it."""

from __future__ import annotations

import msgspec

from chalicelib.flows.count_people import LATEST, LIMIT_BYTES
from chalicelib.flows.counting_services import InsightServices
from chalicelib.flows.for_purpose import Seen
from chalicelib.flows.why_views import SignalView, WhyView
from chalicelib.insights.groupings import CROWD, groups_of, key_of
from chalicelib.insights.groups import SignalOutcome, may_have_tags, outcomes_of
from chalicelib.insights.results import Result
from chalicelib.insights.shown_tags import SOURCE, GroupTags, tags_from_groups
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.tags.confidence import weight_of
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Tag, TagRule
from chalicelib.tags.why_words import not_judged


class _Speaker(msgspec.Struct, frozen=True):
    """The group of somebody that comes nearest to a tag, and what its signals say of it."""

    key: str
    signals: tuple[SignalOutcome, ...]
    weight: float


def explain_group_tag(
    tenant_id: str, seen: Seen, tag_id: str, group_tags: GroupTags, services: InsightServices, now: Millis
) -> WhyView:
    """Why a tag of groups is shown on somebody, or is not. Raises NotFound ``no_such_tag`` and ``no_counts``."""
    catalogue, profile = seen.services.catalogue, seen.profile
    rule = next((one for one in catalogue.group_rules if one.id == tag_id), None)
    if rule is None:
        raise NotFound("no_such_tag", "The catalogue has no tag of that id.", "tag_id")
    if not profile.is_profiled:
        nothing = _view(rule, _Speaker("", (), 0.0), None, catalogue.version, now)
        return msgspec.structs.replace(nothing, says=not_judged(rule.name))
    kept = services.counts.load(tenant_id, LATEST)
    if kept is None:
        raise NotFound("no_counts", "Nobody has been counted then; people are counted every night.")
    result = decode(kept.content, Result, limit_bytes=LIMIT_BYTES)
    tags = assess(catalogue, profile, now).tags
    shown = {tag.id: tag for tag in tags_from_groups(group_tags, profile, tags, now)}
    speaker = _speaker(
        rule, [CROWD, *(key_of(*one) for one in groups_of(profile, {t.id for t in tags}).items())], result
    )
    return _view(rule, speaker, shown.get(rule.id), result.catalogue_version, now)


def _speaker(rule: TagRule, keys: list[str], result: Result) -> _Speaker:
    best = _Speaker("", (), 0.0)
    for key in keys:
        if not may_have_tags(rule, key, result):
            continue
        signals = tuple(outcomes_of(rule, key, result))
        weight = weight_of(rule, sum(1 << place for place, one in enumerate(signals) if one.true))
        if not best.key or weight > best.weight:
            best = _Speaker(key, signals, weight)
    return best


def _view(rule: TagRule, speaker: _Speaker, tag: Tag | None, catalogue_version: int, now: Millis) -> WhyView:
    return WhyView(
        tag=rule.id,
        name=rule.name,
        meaning=rule.meaning,
        set=tag is not None,
        signals=tuple(map(_signal, speaker.signals)),
        weights_sum=speaker.weight,
        trust=1.0,
        decay=1.0,
        confidence=speaker.weight if tag is None else tag.confidence,
        threshold=rule.threshold,
        half_life_days=None,
        since=None if tag is None else format_moment(tag.since),
        expires_at=None if tag is None or tag.expires_at is None else format_moment(tag.expires_at),
        rule_version=rule.version,
        source=SOURCE,
        says=_says(rule, speaker, is_set=tag is not None),
        catalogue_version=catalogue_version,
        scene=None,
        parent=None,
        level=0,
        doubts=(),
        filled=(),
        implied_by=(),
        lost_to=None,
        pinned=None,
        switched_off=False,
        as_of=format_moment(now),
    )


def _signal(one: SignalOutcome) -> SignalView:
    return SignalView(
        id=one.id,
        says=one.says,
        weight=one.weight,
        factor=1.0,
        true=one.true,
        values=one.values,
        first_event_at=None,
        last_event_at=None,
        error=None,
    )


def _says(rule: TagRule, speaker: _Speaker, *, is_set: bool) -> Text:
    true = [one.says for one in speaker.signals if one.true]
    zh, en = "；".join(one.zh for one in true), "; ".join(one.en for one in true)
    if is_set:
        return Text(
            zh=f"所属群体（{speaker.key}）标记为“{rule.name.zh}”：{zh}。",
            en=f"A group of theirs ({speaker.key}) is tagged “{rule.name.en}”: {en}.",
        )
    return Text(zh=f"所属群体都未标记“{rule.name.zh}”。", en=f"No group of theirs is tagged “{rule.name.en}”.")
