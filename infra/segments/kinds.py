"""What the invented people of each kind do: how often things happen in 90 days, and how they go.

The figures are guesses of ours and overlap on purpose: each person has own rates around those of the kind, and what
happens is drawn from them. No feature is set; all of them come of what happened.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Means over 90 days; ``price`` of an order; shares of contacts that go badly; the mean survey answer."""

    visits: float
    views: float
    searches: float
    carts: float
    promotions: float
    helps: float
    bot: float
    orders: float
    price: float
    topics: Mapping[str, float]
    complaints: float
    unresolved: float
    passed_on: float
    urgent: float
    satisfaction: float


KINDS: Mapping[str, Ways] = {
    "business_sensitive": Ways(
        visits=7, views=8, searches=2, carts=1, promotions=1, helps=2, bot=1.2, orders=2.2, price=160,
        topics={"payment": 6, "promotion": 1.0, "product_question": 0.5, "usage": 0.7, "logistics": 1.5},
        complaints=1.6, unresolved=0.35, passed_on=0.3, urgent=0.45, satisfaction=2.5,
    ),
    "value": Ways(
        visits=18, views=14, searches=5, carts=3, promotions=2, helps=1.2, bot=0.5, orders=9, price=480,
        topics={"payment": 0.5, "promotion": 0.4, "product_question": 0.8, "usage": 0.3, "logistics": 1.2},
        complaints=0.05, unresolved=0.06, passed_on=0.05, urgent=0.05, satisfaction=4.5,
    ),
    "potential": Ways(
        visits=18, views=34, searches=13, carts=6, promotions=7, helps=1.5, bot=0.8, orders=0.5, price=120,
        topics={"payment": 0.2, "promotion": 2.5, "product_question": 4.5, "usage": 0.4, "logistics": 0.2},
        complaints=0.05, unresolved=0.1, passed_on=0.08, urgent=0.05, satisfaction=3.9,
    ),
    "guided": Ways(
        visits=8, views=6, searches=2, carts=1, promotions=1, helps=9, bot=8, orders=1.4, price=130,
        topics={"payment": 0.4, "promotion": 0.3, "product_question": 0.6, "usage": 6, "logistics": 0.5},
        complaints=0.08, unresolved=0.15, passed_on=0.12, urgent=0.06, satisfaction=4.0,
    ),
    "ordinary": Ways(
        visits=2.5, views=3, searches=0.8, carts=0.4, promotions=0.5, helps=0.3, bot=0.2, orders=1.2, price=110,
        topics={"payment": 0.15, "promotion": 0.15, "product_question": 0.15, "usage": 0.15, "logistics": 0.3},
        complaints=0.03, unresolved=0.1, passed_on=0.08, urgent=0.05, satisfaction=3.8,
    ),
}  # fmt: skip
KIND_SHARES: Mapping[str, float] = {
    "ordinary": 0.36, "business_sensitive": 0.17, "potential": 0.18, "guided": 0.16, "value": 0.13,
}  # fmt: skip


class Buying(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of shopper buys: what comes before an order, and what becomes of it. ``trends``, ``lives`` in 90 days."""

    views: float
    searches: float
    discounted: float
    at_night: float
    refunded: float
    trends: float
    lives: float
    promotions: float


SHOPPERS: Mapping[str, Buying] = {
    "style_follower": Buying(
        views=4, searches=0.6, discounted=0.15, at_night=0.15, refunded=0.08, trends=12, lives=4, promotions=0.5
    ),
    "rational": Buying(
        views=10, searches=4, discounted=0.8, at_night=0.04, refunded=0.03, trends=0.4, lives=0.2, promotions=6
    ),
    "impulse": Buying(
        views=0.8, searches=0.1, discounted=0.4, at_night=0.5, refunded=0.32, trends=1.0, lives=1.0, promotions=0.8
    ),
}
STAGES = ("newcomer", "growing", "mature", "declining", "dormant", "returned", "lost")
