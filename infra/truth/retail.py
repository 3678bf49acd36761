"""Shoppers: what they like, how they buy, and what becomes of their orders."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.truth.habits import words_of
from infra.truth.life import Life, minutes
from infra.truth.moments import DAY_MS, DAYS, Millis
from infra.truth.persona import chance, drawn

CATEGORIES = ("fashion", "electronics", "food", "home", "beauty", "sports", "baby", "pet")
SPELLINGS = {
    "fashion": ("fashion", "clothing", "女装"),
    "electronics": ("electronics", "数码"),
    "food": ("food", "snacks", "生鲜"),
    "home": ("home", "家居"),
    "beauty": ("beauty", "skincare", "美妆"),
    "sports": ("sports", "outdoor"),
    "baby": ("baby", "母婴"),
    "pet": ("pet", "宠物"),
}
FAR_BACK = -220
"""Orders before this day are of no consequence to anything."""


def own(rng: Random) -> dict[str, Any]:
    """What only a shop's customers have."""
    likes = rng.sample(CATEGORIES, rng.choice((0, 1, 1, 2)))
    return {
        "likes": tuple(likes),
        "interests": tuple(one for like in likes for one in SPELLINGS[like]),
        "orders_a_month": rng.choice((0.0, 0.0, 0.25, 0.8, 1.6, 3.0)),
        "buying_trend": drawn(rng, ("even", 72), ("surge", 13), ("drop", 15)),
        "usual_price": rng.choice((40, 70, 180, 180, 450, 900, 3_200)),
        "buys_by": drawn(rng, ("app", 34), ("web", 24), ("wechat", 16), ("shop", 16), ("any", 10)),
        "kind": drawn(rng, ("plain", 55), ("impulse", 15), ("rational", 15), ("style", 15)),
        "discounts": drawn(rng, ("always", 22), ("never", 22), ("some", 56)),
        "sends_back": drawn(rng, ("seldom", 78), ("often", 14), ("mostly", 8)),
        "cancels": chance(rng, 0.14),
        "gifts": chance(rng, 0.12),
        "bulk": chance(rng, 0.1),
        "instalments": chance(rng, 0.14),
        "fills_carts": chance(rng, 0.25),
        "watches_live": chance(rng, 0.15),
        "tracks": chance(rng, 0.3),
        "alerts": chance(rng, 0.1),
        "shares": chance(rng, 0.12),
        "wishes": chance(rng, 0.12),
        "asks_each_time": chance(rng, 0.12),
        "reviews": chance(rng, 0.25),
        "broken_goods": chance(rng, 0.12),
        "waits": chance(rng, 0.12),
        "ends_day": rng.randint(30, DAYS - 1),
        "unlucky": chance(rng, 0.15),
        "doubts": chance(rng, 0.1),
        "unsure_of_size": chance(rng, 0.12),
    }


def daily(life: Life, day: int) -> None:
    """A day of a shopper."""
    _buy(life, day)
    if day >= -30:
        _look_around(life, day)
        _fill_cart(life, day)
        _speak_up(life, day)


def _buy(life: Life, day: int) -> None:
    own = life.who.own
    lately = day >= life.who.change_day
    trend = {"even": 1.0, "surge": 3.5 if lately else 0.6, "drop": 0.05 if lately else 1.5}[own["buying_trend"]]
    rate = own["orders_a_month"] / 30 * trend
    if day < 0 and day < FAR_BACK:
        rate *= 0.5
    weekend = (day % 7) >= 5
    if life.who.week == "weekend":
        rate *= 3.3 if weekend else 0.08
    if life.chance(rate):
        _order(life, life.moment(day))


def _order(life: Life, at: Millis) -> None:
    who, own, rng = life.who, life.who.own, life.rng
    by = (
        own["buys_by"]
        if own["buys_by"] != "any" and life.chance(0.93)
        else rng.choice(("app", "web", "wechat", "shop"))
    )
    amount = round(own["usual_price"] * rng.uniform(0.7, 1.4), 2)
    discount = (own["discounts"] == "always" and life.chance(0.95)) or (own["discounts"] == "some" and life.chance(0.4))
    category = rng.choice(own["interests"]) if own["interests"] else ""
    views = {"impulse": rng.randint(0, 1), "rational": rng.randint(9, 14)}.get(own["kind"], rng.randint(3, 5))
    for step in range(views):
        life.viewed(at - minutes(3 * step + 5), life.web(), category or "gadgets")
    for _ in range(4 if own["kind"] == "rational" else 0):
        life.did("searched", at - minutes(50), life.web(), query="对比 评测")
    fields: dict[str, Any] = {
        "case": "order",
        "ref": life.ref("o"),
        "amount": f"{amount:.2f}",
        "currency": "CNY",
        "items": rng.randint(12, 40) if own["bulk"] and life.chance(0.7) else rng.randint(1, 3),
        "category": category,
        "discount": f"{amount * 0.15:.2f}" if discount else "0",
        "payment_method": "huabei" if own["instalments"] and life.chance(0.7) else "wechat_pay",
        "gift": own["gifts"] and life.chance(0.6),
    }
    life.did("ordered", at, by, **fields)
    if life.chance(0.4 if own["cancels"] else 0.03):
        life.did("cancelled", life.after(at, 0.2, 20), by, **fields)
    elif life.chance(0.06):
        # Left unpaid: the shop gives such an order up after a while.
        life.did("cancelled", life.after(at, 40, 120), by, **fields)
    else:
        _fulfil(life, life.did("paid", at + minutes(2), by, **fields), by, fields)
    if who.own["asks_each_time"] and life.chance(0.95):
        life.ask(life.after(at, 3, 40), "logistics", words=words_of(life), category=category)


def _fulfil(life: Life, at: Millis, by: str, fields: dict[str, Any]) -> None:
    own = life.who.own
    if by == "shop":
        arrived = life.did("delivered", at + minutes(1), by, **fields)
    else:
        sent = life.did("sent", life.after(at, 4, 40), by, **fields)
        slow = own["unlucky"] and life.chance(0.35)
        arrived = life.after(sent, 130, 400) if slow else life.after(sent, 24, 76)
        if own["tracks"]:
            for _ in range(life.rng.randint(2, 4)):
                life.did("used", life.after(sent, 1, 40), "app", feature="order_tracking")
        if slow and life.chance(0.6):
            life.ask(life.after(sent, 80, 125), "logistics", words=words_of(life))
            if life.chance(0.5):
                life.did("rated", arrived + minutes(50), "app", score=1, subject="delivery", text="太慢了")
        life.did("delivered", arrived, by, **fields)
    _judge(life, arrived)
    share = {"seldom": 0.04, "often": 0.3, "mostly": 0.8}[own["sends_back"]]
    if life.chance(share):
        asked = life.after(arrived, 5, 70)
        life.ask(
            asked, life.rng.choice(("refund", "refund", "return")), words=words_of(life), category=fields["category"]
        )
        life.did("refunded", life.after(asked, 20, 150), by, **fields)


def _judge(life: Life, at: Millis) -> None:
    """What the buyer says of the goods."""
    own = life.who.own
    bad = own["broken_goods"] and life.chance(0.5)
    if own["reviews"] and life.chance(0.85):
        life.did("rated", life.after(at, 20, 90), "app", score=2 if bad else 5, subject="product", text="")
    if bad:
        life.ask(life.after(at, 1, 60), "after_sales", words=("damage",), by=_written(life))


def _written(life: Life) -> str:
    by = life.channel()
    return "wechat" if by == "phone" else by


def _look_around(life: Life, day: int) -> None:
    own, at, by = life.who.own, life.moment(day), life.web()
    for like in own["likes"]:
        if life.chance(0.16):
            for step in range(2):
                life.viewed(at + minutes(step), by, life.rng.choice(SPELLINGS[like]))
    if life.chance(0.01):
        life.viewed(at, by, life.rng.choice(SPELLINGS[life.rng.choice(CATEGORIES)]))
    if own["kind"] == "style" and life.chance(0.16):
        life.viewed(at, by, life.rng.choice(("new_arrival", "trend", "lookbook")))
    if own["watches_live"] and life.chance(0.3):
        life.used(day, "live_stream", "app")
    for has, feature, often in (
        (own["alerts"], "price_alert", 0.06),
        (own["shares"], "share", 0.1),
        (own["wishes"], "wish_list", 0.2),
    ):
        if has and life.chance(often):
            life.used(day, feature)


def _fill_cart(life: Life, day: int) -> None:
    if life.who.own["fills_carts"] and life.chance(0.09):
        at = life.moment(day)
        for step in range(life.rng.randint(1, 2)):
            life.did("carted", at + minutes(9 * step), "app", amount="99.00", currency="CNY", items=1, category="")


def _speak_up(life: Life, day: int) -> None:
    own, at = life.who.own, life.moment(day)
    if own["doubts"] and life.chance(0.05):
        life.ask(at, "product_question", words=("fake",), by=_written(life))
    if own["unsure_of_size"] and life.chance(0.1):
        if life.chance(0.5):
            life.ask(at, "product_question", words=("size",), by=_written(life))
        else:
            life.used(day, "size_guide")
            life.used(day, "size_guide")
    bought = [one for one in life.deeds if one.what == "paid" and at - 12 * DAY_MS < one.at <= at]
    if bought and life.who.price_minded and life.chance(0.08):
        life.ask(at, "promotion", words=("price_drop",), by=_written(life))
