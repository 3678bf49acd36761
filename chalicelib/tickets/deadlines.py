"""By when somebody wants something: the words for it in Chinese and English, and the instant that they mean.

Where words have two readings, the earlier one counts: who is served before that is served in time either way. "Before
tomorrow" ends with today, "by tomorrow" and "tomorrow" with tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.kernel.moments import Millis
from chalicelib.tickets.model import Deadline
from chalicelib.tickets.numbers import CHINESE, ENGLISH, number_of

type _Reading = Callable[[re.Match[str], datetime], datetime | None]

_HOURS: Mapping[str, float] = {
    **dict.fromkeys(("分钟", "minute", "minutes", "min", "mins"), 1 / 60),
    **dict.fromkeys(("小时", "个小时", "钟头", "个钟头", "hour", "hours", "hrs", "hr"), 1),
    **dict.fromkeys(("天", "日", "day", "days"), 24),
    **dict.fromkeys(("周", "个星期", "星期", "个礼拜", "week", "weeks"), 168),
}
_WORKDAYS = frozenset({"个工作日", "工作日", "working day", "working days", "business day", "business days"})
_DAYS_AHEAD: Mapping[str, int] = {
    **dict.fromkeys(("今天", "今日", "今晚", "today", "tonight", "end of day", "the end of the day", "eod"), 0),
    **dict.fromkeys(("明天", "明日", "明晚", "tomorrow"), 1),
    **dict.fromkeys(("后天", "the day after tomorrow"), 2),
    "大后天": 3,
}
_WEEKDAYS: Mapping[str, int] = {
    **{one: at for at, one in enumerate("一二三四五六")},
    **dict.fromkeys(("日", "天"), 6),
    **{
        one: at for at, one in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
    },
}
_SHORTER_BY_ONE = ("之前", "以前", "前", "before")
_MOST_DAYS = 366
_N = rf"(\d{{1,4}}|[{CHINESE}]{{1,6}})"
_EN_N = r"(\d{1,4}|" + "|".join(sorted(map(re.escape, ENGLISH), key=len, reverse=True)) + r")"
_END = r"(?![a-z])"


def _within(match: re.Match[str], now: datetime) -> datetime | None:
    number, unit = number_of(match[1]), re.sub(r"\s+", " ", match[2])
    if number is None or not number:
        return None
    if unit in _WORKDAYS:
        return _after_workdays(now, number) if number <= _MOST_DAYS else None
    hours = number * _HOURS[unit]
    return now + timedelta(hours=hours) if hours <= _MOST_DAYS * 24 else None


def _after_workdays(now: datetime, days: int) -> datetime:
    while days:
        now += timedelta(days=1)
        days -= now.weekday() < 5
    return now


def _day(match: re.Match[str], now: datetime) -> datetime:
    ahead = _DAYS_AHEAD[re.sub(r"\s+", " ", match["day"])]
    return _end_of(now, max(0, ahead - _is_shorter(match)))


def _weekday(match: re.Match[str], now: datetime) -> datetime:
    ahead = (_WEEKDAYS[match["day"]] - now.weekday()) % 7
    if (match.groupdict().get("week") or "").startswith(("下", "next")):
        ahead = _WEEKDAYS[match["day"]] - now.weekday() + 7
    return _end_of(now, max(0, ahead - _is_shorter(match)))


def _date(match: re.Match[str], now: datetime) -> datetime | None:
    try:
        at = now.replace(month=int(match[1]), day=int(match[2]), hour=0, minute=0, second=0, microsecond=0)
        at = at if at.date() >= now.date() else at.replace(year=at.year + 1)
    except ValueError:
        return None
    return _end_of(at, 0 if not _is_shorter(match) or at.date() == now.date() else -1)


def _week_or_month(match: re.Match[str], now: datetime) -> datetime:
    if "月" in match[0] or "month" in match[0]:
        following = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
        return _end_of(following, -1)
    return _end_of(now, 6 - now.weekday())


def _is_shorter(match: re.Match[str]) -> bool:
    return any(match.groupdict().get(one) in _SHORTER_BY_ONE for one in ("end", "begin"))


def _end_of(day: datetime, ahead: int) -> datetime:
    return (day + timedelta(days=ahead + 1)).replace(hour=0, minute=0, second=0, microsecond=0)


_CHINESE_END = r"\s?(?P<end>之前|以前|前|之内|以内|内|中)?"
_ZH_UNITS = r"(分钟|个?小时|个?钟头|个?工作日|天|日|个?星期|个礼拜|周)"
_EN_UNITS = r"(minutes?|mins?|hours?|hrs?|(?:working|business) days?|days?|weeks?)"
_READINGS: tuple[tuple[re.Pattern[str], _Reading], ...] = (
    (re.compile(rf"(?<![\d月]){_N}\s?{_ZH_UNITS}(?:之内|以内|内|里|之前|前)"), _within),
    (re.compile(rf"(?:within|in) (?:the next )?{_EN_N}[ -]{_EN_UNITS}{_END}"), _within),
    (re.compile(rf"(?P<day>大后天|后天|明天|明日|明晚|今天|今日|今晚){_CHINESE_END}"), _day),
    (
        re.compile(
            rf"(?P<begin>by|before|until) (?P<day>the day after tomorrow|tomorrow|today|tonight|(?:the )?end of (?:the )?day|eod){_END}"
        ),
        lambda match, now: _day(match, now) if match["day"] in _DAYS_AHEAD else _end_of(now, 0),
    ),
    (
        re.compile(
            r"(?P<week>下|本|这)?(?:个?星期|周|礼拜)(?P<day>[一二三四五六日天])\s?(?P<end>之前|以前|前|之内|内)"
        ),
        _weekday,
    ),
    (
        re.compile(
            rf"(?P<begin>by|before|until) (?P<week>next )?(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday){_END}"
        ),
        _weekday,
    ),
    (re.compile(r"(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]\s?(?P<end>之前|以前|前|之内|内)"), _date),
    (re.compile(r"(?:本周|这周|本月|月底|这个月)\s?(?:之内|以内|内|前|之前)"), _week_or_month),
    (re.compile(rf"(?:by|before) the end of (?:the|this) (?:week|month){_END}"), _week_or_month),
)
"""Every way to say it, none with a repeat in a repeat: a text costs what it is long."""


def deadline_in(text: str, now: Millis, timezone: str) -> Deadline | None:
    """The earliest deadline that a text names; ``text`` is case folded already."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(timezone))
    found: list[Deadline] = []
    for pattern, reading in _READINGS:
        for match in pattern.finditer(text):
            at = reading(match, local)
            if at is not None:
                found.append(Deadline(match[0].strip(), round(at.timestamp() * 1000)))
    return min(found, key=lambda one: one.at, default=None)
