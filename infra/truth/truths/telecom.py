"""Truths of a network's subscribers."""

from __future__ import annotations

from infra.truth.ledger import Past
from infra.truth.moments import DAY_MS, local_hour
from infra.truth.truths.finance import _after as scored_after
from infra.truth.truths.reading import Judge, later

_LINE = ("line_check", "speed_test", "router_restart")


def _told(name: str, *values: object) -> Judge:
    """What the network's own records say."""
    return lambda p: p.who.stage != "stranger" and p.who.own["traits"][name] in values


def _records(p: Past, name: str) -> int:
    return int(p.who.own["traits"][name]) if p.who.stage != "stranger" else 0


def _owed(p: Past) -> float:
    """How many days the oldest bill is overdue that was not paid; -inf without one."""
    paid = {one.more["ref"] for one in p.of("paid_bill")}
    late = [one for one in p.of("fell_overdue", 90) if one.more["ref"] not in paid]
    return max(((p.now - one.at) / DAY_MS for one in late), default=-1.0)


def _down(p: Past) -> bool:
    back = {one.more["ref"] for one in p.of("network_back")}
    return any(one.more["ref"] not in back for one in p.of("network_went", 7))


def _shock(p: Past) -> bool:
    bills = [float(one.more["amount"]) for one in p.of("billed", 90)]
    return len(bills) >= 2 and p.ago("billed") <= 30 and bills[-1] >= 1.5 * (sum(bills[:-1]) / len(bills[:-1]))


def _data(p: Past, days: float) -> float:
    return p.total("used_data", "quantity", days)


def _silent_line(p: Past) -> bool:
    used = p.n("used_data", 90) >= 5 or p.n("spoke", 90) >= 5
    return used and min(p.ago("used_data"), p.ago("spoke")) >= 14


def _at_night(p: Past) -> float:
    return sum(float(one.more["quantity"]) for one in p.of("used_data", 30) if not 6 <= local_hour(one.at) < 22)


def _topped(by: tuple[str, ...], habit: str) -> Judge:
    return lambda p: p.who.own["tops_up"] == habit and p.n("topped_up", 80, by=by) >= 2


def _missed(p: Past) -> bool:
    return p.ago("technician_missed") <= 21 and later(p, "technician_missed", "technician_came")


FACTS: dict[str, Judge] = {
    "bill_shock": _shock,
    "arrears": lambda p: _owed(p) >= 0,
    "suspension_risk": lambda p: _owed(p) >= 20,
    "network_outage_hit": _down,
    "repeated_outages": lambda p: p.n("network_went", 30) >= 3,
    "outage_calls": lambda p: p.n("network_went", 3) >= 1 and p.n("contact", 3) >= 2,
    "charge_disputer": lambda p: p.n("complained", 60, about=("bill", "tariff")) >= 1,
    "bill_questions_rise": lambda p: p.n("contact", 30, about="bill") >= 3,
    "voice_drop": lambda p: (
        p.total("spoke", "quantity", 90) >= 300
        and p.total("spoke", "quantity", 30)
        < 0.5 * (p.total("spoke", "quantity", 90) - p.total("spoke", "quantity", 30)) / 2
    ),
    "data_surge": lambda p: (
        p.known_days >= 45 and _data(p, 7) >= 5_000 and _data(p, 7) / 7 >= 3 * (_data(p, 60) - _data(p, 7)) / 53
    ),
    "usage_stopped": _silent_line,
    "ported_in": lambda p: p.ago("ported", direction="in") <= 180 and p.n("ported", direction="out") == 0,
    "light_user": lambda p: (
        p.known_days >= 30
        and p.n("used_data", 30) + p.n("spoke", 30) >= 1
        and _data(p, 30) < 2_000
        and p.total("spoke", "quantity", 30) < 100
    ),
    "contract_ending": lambda p: (
        p.ago("contract_ends_soon") <= 30 and p.ago("contract_ends_soon") < p.ago("changed_plan", direction="up")
    ),
    "upgrade_ready": lambda p: (
        p.n("exceeded", 60) >= 1
        and (p.n("viewed", 30, category="tariff") >= 2 or p.n("contact", 30, about="tariff") >= 1)
    ),
    "downgrader": lambda p: p.ago("changed_plan", direction="down") <= 90,
    "upgraded_lately": lambda p: p.ago("changed_plan", direction="up") <= 60,
    "visit_missed": _missed,
    "broadband_repair_again": lambda p: p.n("ticket_opened", 30, about="broadband") >= 2,
    "values_technician": lambda p: scored_after(p, "technician_came", 60, 4, 5),
    "trip_ahead": lambda p: p.n("contact", 14, about="roaming") >= 1 and p.n("used_data", 3, roaming=True) == 0,
    "broadband_prospect": lambda p: (
        not _records(p, "has_broadband")
        and (p.n("viewed", 30, category="broadband") >= 3 or p.n("contact", 30, about="broadband") >= 1)
    ),
    "tariff_puzzled": lambda p: (
        p.n("contact", 60, about="tariff") >= 1
        and p.n("contact", 60, about="bill") >= 1
        and p.n("contact", 60, about=("tariff", "bill")) >= 3
    ),
    "allowance_overrun": lambda p: p.n("exceeded", 60) >= 2,
}

TRAITS: dict[str, Judge] = {
    "checks_usage": lambda p: (
        p.who.own["checks_usage"] and p.on_days("used", 30, feature=("usage_check", "balance_check")) >= 5
    ),
    "sms_commander": lambda p: p.who.own["by_sms"] and p.n("used", 80, by="sms") >= 3,
    "autopay_user": lambda p: p.who.own["autopay"] and p.n("paid_bill", 90, automatic=True) >= 2,
    "tops_up_online": _topped(("app", "web", "wechat"), "online"),
    "tops_up_in_shop": _topped(("shop",), "shop"),
    "self_diagnoser": lambda p: p.who.own["tests_line"] and p.n("used", 30, feature=_LINE) >= 2,
    "port_out_risk": lambda p: p.who.own["leaves_network"] and p.ago("ported", direction="out") <= 55,
    "nuisance_calls": lambda p: p.who.own["spam"] and p.n("used", 30, feature="report_spam") >= 3,
    "premium_plan": _told("plan_tier", "premium"),
    "basic_plan": _told("plan_tier", "basic"),
    "prepaid": _told("billing_kind", "prepaid"),
    "postpaid": _told("billing_kind", "postpaid"),
    "family_account": _told("account_kind", "family"),
    "line_fleet": lambda p: _records(p, "lines") >= 10,
    "loyal_subscriber": lambda p: _records(p, "tenure_years") >= 5,
    "broadband_home": _told("has_broadband", True),
    "bundle_customer": lambda p: bool(_records(p, "has_broadband")) and _records(p, "lines") >= 2,
    "five_g_user": _told("network_kind", "5g"),
    "legacy_network_user": _told("network_kind", "3g", "2g"),
    "data_heavy": lambda p: p.who.own["data"] == "heavy" and _data(p, 30) >= 40_000,
    "voice_heavy": lambda p: p.who.own["voice"] == "heavy" and p.total("spoke", "quantity", 30) >= 700,
    "roamer": lambda p: p.who.own["roams"] and p.on_days("used_data", 90, roaming=True) >= 3,
    "handset_shopper": lambda p: p.who.own["wants_handset"] and p.n("viewed", 14, category="handset") >= 4,
    "small_topups": lambda p: p.who.own["little_by_little"] and p.n("topped_up", 30) >= 3,
    "night_surfer": lambda p: (
        p.who.own["surfs_at_night"] and _at_night(p) >= 500 and _at_night(p) >= 0.5 * _data(p, 30)
    ),
    "signal_dissatisfied": lambda p: (
        p.n("contact", 60, about="signal") >= 2 or p.n("complained", 60, about="signal") >= 1
    ),
    "slow_broadband": lambda p: (
        p.who.own["tests_line"] and p.n("used", 30, feature=_LINE) >= 2 and p.n("contact", 30, about="broadband") >= 1
    ),
}
