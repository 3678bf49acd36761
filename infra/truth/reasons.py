"""Why some tags are wrong more often than others, by the values of some whom they were wrong of, and by what their rules say."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "weekend_contact": "of few contacts, most fall on a weekend by chance, or a follow-up does not",
    "rational_consumer": "who visits often looks at many products for each of few orders without comparing",
    "impulse_buyer": "who buys fast and visits now and then looks at more than two products for each order",
    "visits_by_app": "of few visits, seven in ten are by one way by chance; fewer than five do not count",
    "visits_by_web": "of few visits, seven in ten are by one way by chance; fewer than five do not count",
    "prefers_app": "who has no channel of its own still has most of few contacts in one",
    "prefers_web_chat": "who has no channel of its own still has most of few contacts in one",
    "prefers_email": "who has no channel of its own still has most of few contacts in one",
    "prefers_wechat": "who has no channel of its own still has most of few contacts in one",
    "unresolved_repeat": "in touch again before and not after the question stayed unresolved; and fades within eleven days",
    "quality_sensitive": "who asks much asks of products too, without minding them more",
    "high_engagement": "fades two weeks after the last visit",
    "self_service_user": "who is not known for it used self-service three times",
    "privacy_minded": "one word in a year is enough",
    "needs_guidance": "judged for two weeks, set for twelve days",
    "dissatisfied": "low scores fade within five weeks",
    "night_contact": "those who keep other hours were in touch at night by chance; some who live at night keep office hours now and then",
    "complaint_settled": "the last thirty days are those of UTC; what was settled is forgotten with the oldest of 32 steps",
    "open_complaint": "of somebody with many tickets, the complaint is older than every step that is kept, and no longer held for open",
    "complaint_overdue": "of somebody with many tickets, the complaint is older than every step that is kept, and no longer held for open",
    "high_purchasing_power": "one of three signs is not enough, and two fade within seven weeks",
    "common_question_prone": "fades seven weeks after the last question",
    "accepts_bot": "set by three uses within 90 days, judged by 60",
    "order_canceller": "one order given up of few is a third of them",
    "back_after_silence": "knows windows and no gaps: contacts 61 days apart may lie in one window of 90 days",
    "voice_drop": "asks for a fall to less than half of a third of the quarter, which a fall to half is not",
    "postpaid": "what the records said last fades when the customer has left",
    "five_g_user": "what the records said last fades when the customer has left",
    "long_caller": "one call of half an hour is enough",
    "price_sensitive": "others ask for prices twice in a quarter as well",
    "talkative": "who writes much in few conversations has one sign of two",
    "subscriber": "of those who left, the start of a subscription is told in months, which end before the year does",
    "likely_to_complain": "fades earlier than the month for which annoyances are judged",
    "praise_giver": "fades within half a year",
    "roamer": "who travelled once roamed on three days",
}
