"""Truths of shoppers."""

from __future__ import annotations

from infra.truth.ledger import Past
from infra.truth.moments import DAY_MS, local_day, local_hour
from infra.truth.retail import SPELLINGS
from infra.truth.truths.reading import AFTER_SALES, Judge, high, later, low, open_orders, said, underway_days


def _buys_by(channel: str) -> Judge:
    return lambda p: p.who.own["buys_by"] == channel and p.n("paid", 150) >= 2


def _likes(what: str) -> Judge:
    """The interest is the person's own, and was followed six times or more in two months, or twice this week."""
    return lambda p: what in p.who.own["likes"] and (_looks(p, what, 50) >= 6 or _looks(p, what, 6) >= 2)


def _looks(p: Past, what: str, days: float) -> int:
    spelt = SPELLINGS[what]
    return sum(p.n(deed, days, category=spelt) for deed in ("viewed", "carted", "paid"))


def _lately(p: Past) -> float:
    return p.ago("paid")


def _open(*states: str) -> Judge:
    return lambda p: bool(open_orders(p, *states))


def _won_back(p: Past) -> bool:
    lately, before = p.of("paid", 30), p.before("paid", 30)
    return bool(lately and before) and lately[0].at - before[-1].at >= 60 * DAY_MS


def _restock(p: Past) -> bool:
    bought = p.of("paid")
    if len(bought) < 3 or p.n("paid", 365) < 3:
        return False
    rhythm = (bought[-1].at - bought[0].at) / DAY_MS / (len(bought) - 1)
    return rhythm <= p.ago("paid") <= 2 * rhythm


def _cart_waits(p: Past) -> bool:
    return p.ago("carted") <= 3 and later(p, "carted", "ordered") and later(p, "carted", "paid")


def _leaves_carts(p: Past) -> bool:
    return p.n("paid", 30) == 0 and ((p.n("carted", 30) >= 2 and p.ago("carted") <= 14) or p.n("ordered", 7) >= 1)


def _refund_prone(p: Past) -> bool:
    return (p.who.own["sends_back"] != "seldom" and p.n("refunded", 365) >= 2) or _serial(p)


def _serial(p: Past) -> bool:
    return p.n("refunded", 365) >= 4 and p.n("refunded", 365) >= 0.5 * p.n("paid", 365)


def _late_parcel(p: Past) -> bool:
    waits = underway_days(p)
    return waits >= 5 or (waits >= 3 and p.n("contact", 7, about="logistics") >= 1)


def _at_weekends(p: Past, days: float) -> int:
    return sum((local_day(one.at) - 4) % 7 >= 5 for one in p.of("paid", days))


FACTS: dict[str, Judge] = {
    "open_order": _open(),
    "unpaid_order": _open("ordered"),
    "awaiting_shipment": _open("paid"),
    "parcel_on_its_way": _open("sent"),
    "just_delivered": lambda p: p.n("delivered", 7) >= 1,
    "delivery_overdue": _late_parcel,
    "delivery_very_late": lambda p: underway_days(p) >= 10,
    "cart_waiting": _cart_waits,
    "cart_abandoner": _leaves_carts,
    "first_time_buyer": lambda p: p.n("paid") == 1 and _lately(p) < 90,
    "developing_buyer": lambda p: p.n("paid") >= 2 and p.n("paid", 365) < 5 and _lately(p) < 90,
    "loyal_buyer": lambda p: p.n("paid", 365) >= 5 and _lately(p) < 90,
    "lapsing_buyer": lambda p: 90 <= _lately(p) < 180,
    "lost_buyer": lambda p: p.n("paid") >= 1 and _lately(p) >= 180,
    "dormant_member": lambda p: p.who.member_level not in ("", "none") and p.n("paid") >= 1 and _lately(p) >= 180,
    "won_back_buyer": _won_back,
    "repeat_buyer": lambda p: p.n("paid", 90) >= 2 or (p.n("paid", 365) >= 4 and p.ago("paid") <= 40),
    "high_repurchase": lambda p: p.n("paid", 90) >= 4,
    "small_and_often": lambda p: p.n("paid", 90) >= 5 and p.mean("paid", "amount", 90) <= 100,
    "large_and_rare": lambda p: 1 <= p.n("paid", 365) <= 3 and p.mean("paid", "amount", 365) >= 2_000,
    "purchase_surge": lambda p: p.n("paid", 30) >= 3 and p.rise("paid", 30) >= 2,
    "purchase_drop": lambda p: p.n("paid", 90) >= 4 and 0 <= p.rise("paid", 30) <= 0.5,
    "browsing_surge": lambda p: p.n("viewed", 1) >= 8 or (p.n("viewed", 30) >= 10 and p.rise("viewed", 30) >= 2),
    "asks_about_every_order": lambda p: p.n("paid", 90) >= 3 and p.n("contact", 90) >= p.n("paid", 90),
    "buys_without_asking": lambda p: p.n("paid", 90) >= 3 and p.n("contact", 90) == 0,
    "restock_due": _restock,
    "refund_pending": lambda p: (
        p.ago("asked", about="refund") <= 15 and p.ago("asked", about="refund") < p.ago("refunded")
    ),
    "serial_refunds": _serial,
    "goods_arrived_wrong": lambda p: said(p, 14, "damage") >= 1,
    "wants_price_match": lambda p: said(p, 14, "price_drop") >= 1 and p.n("paid", 30) >= 1,
    "needs_size_advice": lambda p: said(p, 14, "size") >= 1 or p.n("used", 14, feature="size_guide") >= 2,
    "wishes_without_buying": lambda p: p.n("used", 30, feature="wish_list") >= 3 and p.n("paid", 30) == 0,
    "unhappy_with_delivery": lambda p: low(p, 60, subject="delivery") + p.n("complained", 60, about="logistics") >= 1,
    "unhappy_with_goods": lambda p: low(p, 60, subject="product") >= 1,
    "praises_goods": lambda p: high(p, 180, subject="product") >= 2 and low(p, 180, subject="product") == 0,
    "buys_online_and_in_shops": lambda p: 0 < p.n("paid", 180, by="shop") < p.n("paid", 180),
    "logistics_minded": lambda p: (
        p.n("contact", 30, about="logistics") >= 2
        or (p.n("contact", 30, about="logistics") >= 1 and bool(open_orders(p)))
    ),
}

TRAITS: dict[str, Judge] = {
    "buys_in_app": _buys_by("app"),
    "buys_on_web": _buys_by("web"),
    "buys_by_wechat": _buys_by("wechat"),
    "buys_in_shop": _buys_by("shop"),
    "live_shopper": lambda p: p.who.own["watches_live"] and p.n("used", 30, feature="live_stream") >= 4,
    "tracks_parcels": lambda p: p.who.own["tracks"] and p.n("used", 30, feature="order_tracking") >= 3,
    "night_shopper": lambda p: (
        p.who.hours == "night" and sum(not 6 <= local_hour(one.at) < 22 for one in p.of("paid", 150)) >= 2
    ),
    "weekend_shopper": lambda p: p.who.week == "weekend" and _at_weekends(p, 150) >= 3,
    "waits_for_price_drops": lambda p: p.who.own["alerts"] and p.n("used", 50, feature="price_alert") >= 1,
    "social_sharer": lambda p: p.who.own["shares"] and p.n("used", 75, feature="share") >= 3,
    "refund_prone": _refund_prone,
    "order_canceller": lambda p: (
        p.who.own["cancels"] and p.n("cancelled", 75) >= 1 and p.n("cancelled", 90) * 3 >= p.n("ordered", 90)
    ),
    "doubts_authenticity": lambda p: p.who.own["doubts"] and said(p, 28, "fake") >= 1,
    "baby_family": lambda p: (
        p.who.family == "young_children" or ("baby" in p.who.own["likes"] and _looks(p, "baby", 75) >= 4)
    ),
    "pet_owner": lambda p: "pet" in p.who.own["likes"] and _looks(p, "pet", 75) >= 4,
    "gift_giver": lambda p: p.who.own["gifts"] and p.n("paid", 365, gift=True) >= 2,
    "bulk_buyer": lambda p: p.who.own["bulk"] and sum(one.more["items"] >= 10 for one in p.of("paid", 180)) >= 2,
    "pays_by_instalments": lambda p: p.who.own["instalments"] and p.n("paid", 180, payment_method="huabei") >= 2,
    "discount_buyer": lambda p: p.who.own["discounts"] == "always" and p.n("paid", 180) >= 3,
    "full_price_buyer": lambda p: p.who.own["discounts"] == "never" and p.n("paid", 180) >= 4,
    "impulse_buyer": lambda p: p.who.own["kind"] == "impulse" and p.n("paid", 75) >= 2,
    "rational_consumer": lambda p: p.who.own["kind"] == "rational" and p.n("paid", 75) >= 1,
    "style_follower": lambda p: (
        p.who.own["kind"] == "style" and p.n("viewed", 50, category=("new_arrival", "trend", "lookbook")) >= 5
    ),
    "product_reviewer": lambda p: p.who.own["reviews"] and p.n("rated", 180, subject="product") >= 3,
    "beauty_after_sales": lambda p: (
        "beauty" in p.who.own["likes"] and p.n("contact", 60, about=AFTER_SALES, category=SPELLINGS["beauty"]) >= 1
    ),
    **{f"likes_{what}": _likes(what) for what in ("fashion", "electronics", "food", "home", "beauty", "sports")},
}
