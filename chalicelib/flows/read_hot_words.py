"""What people ask now against the usual, from the tallies that ingestion keeps."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.events.types import CHANNELS
from chalicelib.flows.insight_views import ForecastView, HotWordsView, HotWordView
from chalicelib.insights.groupings import OTHER, SEGMENTS, UNKNOWN
from chalicelib.insights.hot_words import EVERY, WINDOW_HOURS, Span, against_usual, family_of, hours_needed, span_of
from chalicelib.insights.lexicon import HotWord, Lexicon
from chalicelib.insights.usual import LEAST_SHOWN, Compared
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import HOUR_MS, Millis, format_moment
from chalicelib.privacy import derive
from chalicelib.store.tallies import Buckets, TallyStore

MOST_WORDS = 200
MOST_RISERS = 10


class Asked(msgspec.Struct, frozen=True):
    """Which words are asked for: of a window, and of one region, segment and channel, or of all."""

    window: str = "24h"
    region: str = ""
    segment: str = ""
    channel: str = ""


class WordServices(msgspec.Struct, frozen=True):
    """What reading hot words needs: the tallies, and a tenant's words by their ids."""

    tallies: TallyStore
    words: Callable[[str], Lexicon]


def read_hot_words(tenant_id: str, asked: Asked, services: WordServices, now: Millis) -> HotWordsView:
    """The words of a window, most frequent first, and those that rise most. Raises BadInput and Unavailable."""
    region = _checked(asked)
    span = span_of(asked.window, now)
    tallies = _read(tenant_id, family_of(region or EVERY), span, services.tallies)
    of_all = not (region or asked.segment or asked.channel)
    found = against_usual(tallies, span, asked.segment or EVERY, asked.channel or EVERY, of_all=of_all)
    lexicon = services.words(tenant_id).words
    named = {word: one for word, one in found.words.items() if word in lexicon}
    ordered = sorted(named, key=lambda word: (-named[word].count, word))
    rising = sorted((word for word in named if named[word].rises), key=lambda word: (-(named[word].lift or 0), word))
    return HotWordsView(
        window=asked.window,
        since=format_moment(span.first * HOUR_MS),
        until=format_moment(now),
        region=region or None,
        segment=asked.segment or None,
        channel=asked.channel or None,
        messages=None if 0 < found.messages < LEAST_SHOWN else found.messages,
        weeks=found.weeks,
        risers=tuple(rising[:MOST_RISERS]),
        words=tuple(_view(lexicon[word], named[word], found.messages) for word in ordered[:MOST_WORDS]),
    )


def _checked(asked: Asked) -> str:
    """The region as it is counted: a province or country, or ''. Raises BadInput for what is none of the choices."""
    if asked.window not in WINDOW_HOURS:
        raise BadInput("bad_window", f"A window is one of {', '.join(WINDOW_HOURS)}.", "window")
    if asked.segment and asked.segment not in {*SEGMENTS, OTHER}:
        raise BadInput("unknown_segment", f"A segment is one of {', '.join((*SEGMENTS, OTHER))}.", "segment")
    if asked.channel and asked.channel not in CHANNELS:
        raise BadInput("unknown_channel", f"A channel is one of {', '.join(sorted(CHANNELS))}.", "channel")
    if not asked.region or asked.region in {UNKNOWN, OTHER} or _is_country(asked.region):
        return asked.region
    province = derive.region(asked.region)
    if province is None:
        raise BadInput("unknown_region", "A region is a province, a country's two letters, unknown or other.", "region")
    return province


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isupper()


def _read(tenant_id: str, family: str, span: Span, tallies: TallyStore) -> Buckets:
    found: Buckets = {}
    for hours in hours_needed(span):
        found |= tallies.read(tenant_id, family, hours[0], hours[-1])
    return found


def _view(word: HotWord, one: Compared, messages: int) -> HotWordView:
    forecast = one.forecast
    return HotWordView(
        id=word.id,
        name=word.name,
        topic=word.topic,
        trade=word.trade,
        count=one.count,
        share=round(one.count / max(messages, 1), 4),
        expected=one.expected,
        lift=one.lift,
        lift_is_floor=one.lift_is_floor,
        p=one.p,
        q=one.q,
        rises=one.rises,
        forecast=None if forecast is None else ForecastView(forecast.expected, forecast.low, forecast.high),
    )
