"""Truths of every trade: who people are, how they get in touch and visit, what they value."""

from __future__ import annotations

from infra.truth.moments import local_day, local_hour
from infra.truth.truths.reading import Judge, in_touch, said, written

_LATE_WEEK = 5
_FIRST_MONDAY = 4


def _prefers(channel: str) -> Judge:
    """The channel is the person's own, and was used twice or more in two months."""
    return lambda p: p.who.channel == channel and p.n("contact", 60, by=channel) >= 2


def _hours(kept: str, *hours: int) -> Judge:
    """These are the person's hours, and it was in touch in them three times or more within a quarter."""
    return lambda p: p.who.hours == kept and sum(local_hour(one.at) in hours for one in p.of("contact", 90)) >= 3


def _is_weekend(at: int) -> bool:
    return (local_day(at) - _FIRST_MONDAY) % 7 >= _LATE_WEEK


def _trait(name: str, *values: object) -> Judge:
    return lambda p: p.who.stage != "stranger" and getattr(p.who, name) in values


def _system(name: str) -> Judge:
    return lambda p: p.who.stage != "stranger" and p.who.device_os == name


FACTS: dict[str, Judge] = {
    "multi_channel": lambda p: len({one.by for one in p.of("contact", 90)} - {"desk", "web", "api"}) >= 3,
    "wants_human": lambda p: said(p, 30, "human") >= 1,
    "accepts_marketing": lambda p: p.n("consented") > 0 and p.n("withdrew") == 0,
    "declines_marketing": lambda p: p.n("withdrew") > 0,
    "chasing_on_channels": lambda p: len({one.by for one in p.of("contact", 3)} - {"desk", "web", "api"}) >= 2,
    "newcomer": lambda p: p.known_days <= 30 and p.n("paid") <= 1,
    "long_time_customer": lambda p: p.known_days >= 365 and p.n("paid") >= 1,
    "growing_customer": lambda p: 30 < p.known_days <= 180 and p.silent_days < 30,
    "established_customer": lambda p: p.known_days > 180 and p.silent_days < 30,
    "cooling_down": lambda p: 30 <= p.silent_days < 90,
    "silent": lambda p: p.silent_days >= 90,
    "lapsed": lambda p: p.silent_days >= 365,
    "daily_visitor": lambda p: p.on_days("visited", 30) >= 15,
    "regular_visitor": lambda p: 4 <= p.on_days("visited", 30) < 15,
    "occasional_visitor": lambda p: 1 <= p.on_days("visited", 30) < 4,
    "visit_surge": lambda p: p.n("visited", 30) >= 6 and p.rise("visited", 30) >= 2,
    "visit_drop": lambda p: p.n("visited", 90) >= 6 and 0 <= p.rise("visited", 30) <= 0.5,
    "needs_invoice": lambda p: p.n("contact", 365, about="invoice") >= 2,
    "account_help": lambda p: p.n("contact", 30, about="account") >= 2,
    "needs_repair": lambda p: p.n("contact", 14, about="fault") >= 1,
    "subscriber": lambda p: p.n("subscribed", 365) >= 1,
    "renewing_subscriber": lambda p: p.n("subscribed", 365) >= 2,
    "subscription_ending": lambda p: (
        p.ago("subscription_ending") <= 30
        and p.ago("subscription_ending") < min(p.ago("subscribed"), p.ago("subscription_ended"))
    ),
    "subscription_lapsed": lambda p: p.ago("subscription_ended") < min(90, p.ago("subscribed")),
    "price_change_affected": lambda p: p.ago("price_changed") <= 14,
    "high_engagement": lambda p: (
        p.n("visited", 30) >= 3
        and p.n("viewed", 30) + 3 * (p.n("searched", 30) + p.n("carted", 30)) + 15 * p.n("rated", 30) >= 15
    ),
    "elderly_seeking_help": lambda p: p.who.age_band == "60_plus" and p.n("contact", 30) >= 3,
    "elderly_dissatisfied": lambda p: p.who.age_band == "60_plus" and p.n("rated", 60, score=(1, 2)) >= 1,
    "minor_in_dispute": lambda p: (
        p.who.age_band == "14_17"
        and (p.n("contact", 60, about=("after_sales", "refund", "return")) >= 1 or p.n("complained", 60) >= 1)
    ),
    "onboarding_need": lambda p: (
        p.known_days <= 30
        and (
            p.n("contact", 30, about="usage") >= 1
            or p.n("used", 30, feature=("faq", "help_center", "order_tracking", "bot")) >= 2
        )
    ),
    "potential": lambda p: (
        p.n("paid") == 0
        and (
            p.n("carted", 30) >= 1
            or sum(bool(one.more["category"]) for one in p.of("viewed", 30)) >= 5
            or p.n("contact", 30, about="product_question") >= 1
        )
    ),
    "feature_explorer": lambda p: p.n("used", 30) >= 10,
    "workday_contact": lambda p: in_touch(p, 4) and not any(_is_weekend(one.at) for one in p.of("contact", 90)),
    "exploring_functions": lambda p: p.n("contact", 14, about="product_question") >= 1,
    "needs_guidance": lambda p: p.n("contact", 14, about="usage") >= 1,
}

TRAITS: dict[str, Judge] = {
    "prefers_wechat": _prefers("wechat"),
    "prefers_phone": _prefers("phone"),
    "prefers_web_chat": _prefers("web_chat"),
    "prefers_app": _prefers("app"),
    "prefers_email": _prefers("email"),
    "prefers_sms": lambda p: p.who.notify == "sms" or _prefers("sms")(p),
    "night_contact": _hours("night", 22, 23, 0, 1, 2, 3, 4, 5),
    "morning_contact": _hours("morning", 6, 7, 8, 9, 10),
    "evening_contact": _hours("evening", 18, 19, 20, 21),
    "weekend_contact": lambda p: (
        p.who.week == "weekend" and sum(_is_weekend(one.at) for one in p.of("contact", 60)) >= 2
    ),
    "night_browser": lambda p: (
        p.who.hours == "night" and sum(not 6 <= local_hour(one.at) < 22 for one in p.of("visited", 30)) >= 3
    ),
    "visits_by_app": lambda p: p.who.visits_by == "app" and p.n("visited", 60) >= 3,
    "visits_by_web": lambda p: p.who.visits_by == "web" and p.n("visited", 60) >= 3,
    "self_service_user": lambda p: (
        (p.who.self_service or p.who.bot == "uses" or bool(p.who.own.get("tracks")))
        and p.n("used", 60, feature=("faq", "help_center", "order_tracking", "bot")) >= 3
    ),
    "accepts_bot": lambda p: p.who.bot == "uses" and p.n("used", 60, feature="bot") >= 3 and not said(p, 90, "human"),
    "female": _trait("gender", "female"),
    "male": _trait("gender", "male"),
    "minor": _trait("age_band", "14_17"),
    "young_adult": _trait("age_band", "18_24", "25_29"),
    "thirties": _trait("age_band", "30_39"),
    "middle_aged": _trait("age_band", "40_49", "50_59"),
    "elderly": _trait("age_band", "60_plus"),
    "first_tier_city": _trait("city_tier", 1),
    "second_tier_city": _trait("city_tier", 2),
    "lower_tier_city": _trait("city_tier", 3, 4, 5),
    "urban_young": lambda p: p.who.age_band in ("18_24", "25_29") and p.who.city_tier in (1, 2),
    "county_elderly": lambda p: p.who.age_band == "60_plus" and p.who.city_tier >= 3,
    "foreign_language": _trait("language", "en", "ja"),
    "student": _trait("occupation", "student"),
    "office_worker": _trait("occupation", "employee"),
    "public_sector_worker": _trait("occupation", "public_sector"),
    "self_employed": _trait("occupation", "self_employed"),
    "manual_worker": _trait("occupation", "manual"),
    "homemaker": _trait("occupation", "homemaker"),
    "retired": _trait("occupation", "retired"),
    "has_children": lambda p: (
        p.who.family in ("young_children", "school_children") or "baby" in p.who.own.get("likes", ())
    ),
    "overseas": _trait("abroad", True),
    "business_customer": _trait("company", True),
    "anonymous_visitor": lambda p: p.who.stage == "stranger",
    "many_devices": lambda p: p.who.devices >= 3 and p.n("visited") + p.n("viewed") + p.n("used") >= 5,
    "ios_user": _system("ios"),
    "android_user": _system("android"),
    "harmony_user": _system("harmonyos"),
    "member": _trait("member_level", "silver", "gold", "platinum", "diamond"),
    "high_tier_member": _trait("member_level", "platinum", "diamond"),
    "vip": lambda p: p.who.is_vip,
    "privacy_minded": lambda p: p.n("withdrew", 365) >= 1 or (p.who.privacy_minded and said(p, 365, "privacy") >= 1),
    "cautious": lambda p: p.who.cautious and said(p, 90, "caution") >= 2,
    "word_of_mouth": lambda p: p.who.follows_opinion and said(p, 90, "opinion") >= 2,
    "convenience_minded": lambda p: p.who.wants_it_easy and said(p, 90, "easy") >= 2,
    "makes_suggestions": lambda p: (
        (p.who.suggests and said(p, 180, "suggestion") >= 2) or p.n("ticket_opened", 180, kind="suggestion") >= 2
    ),
    "price_sensitive": lambda p: (
        p.who.price_minded and p.n("contact", 75, about="promotion") + said(p, 75, "price") >= 2
    ),
    "quality_sensitive": lambda p: (
        any((p.who.quality_minded, p.who.own.get("doubts"), p.who.own.get("unsure_of_size")))
        and p.n("contact", 75, about="product_question") >= 2
    ),
    "impatient": lambda p: p.who.temper == "impatient" and said(p, 90, "urgent") >= 3,
    "talkative": lambda p: (
        sum(one.more["messages"] for one in written(p, 30)) >= 20
        or (p.who.chatty and len([one for one in written(p, 30) if one.by != "email"]) >= 2)
    ),
    "long_caller": lambda p: p.who.call_length == "long" and p.n("asked", 60, by="phone") >= 1,
    "brief_caller": lambda p: p.who.call_length == "brief" and p.n("asked", 90, by="phone") >= 3,
}
