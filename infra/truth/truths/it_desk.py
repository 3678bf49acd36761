"""Truths of staff and what they need of IT."""

from __future__ import annotations

from infra.truth.ledger import Past
from infra.truth.moments import DAY_MS, local_day, local_hour
from infra.truth.truths.reading import Judge, high, later, low, solved


def _told(name: str, *values: object) -> Judge:
    """What the company's own records say."""
    return lambda p: p.who.own["traits"][name] in values


def _tickets(p: Past, days: float | None = None, **match: object) -> int:
    return p.n("ticket_opened", days, **match)


def _mostly(kind: str) -> Judge:
    """The kind is what this person mostly needs, and was asked for three times or more in a quarter."""
    return lambda p: _tickets(p, 90, kind=kind) >= 3 and _tickets(p, 90, kind=kind) >= 0.4 * _tickets(p, 90)


def _trouble(least: int, **match: object) -> Judge:
    return lambda p: _tickets(p, 60, **match) >= least


def _door(habit: str, *channels: str) -> Judge:
    return lambda p: p.who.own["door"] == habit and _tickets(p, 85, by=channels) >= 3


def _unanswered(p: Past, days: float, least: float, **match: object) -> bool:
    """Whether the last request of the kind is still without an answer."""
    answered = {one.more["ref"] for what in ("request_granted", "request_refused") for one in p.of(what)}
    waiting = [one for one in p.of("requested", days, **match) if one.more["ref"] not in answered]
    return any((p.now - one.at) / DAY_MS >= least for one in waiting)


def _late(p: Past) -> int:
    return sum(not 8 <= local_hour(one.at) < 19 for one in p.of("ticket_opened", 60))


def _came_back(p: Past) -> bool:
    """A fault was reported this week, soon after another had been solved, and nothing was solved since."""
    faults, fixes = p.of("ticket_opened", 7, kind="fault"), p.of("ticket_solved", 14)
    return bool(faults and fixes) and faults[-1].at > fixes[-1].at and p.n("ticket_opened", 14, kind="fault") >= 2


def _system_down(p: Past) -> bool:
    back = {one.more["ref"] for one in p.of("system_back")}
    return any(one.more["ref"] not in back for one in p.of("system_went", 3))


def _weeks_with_tickets(p: Past) -> int:
    return len({local_day(one.at) // 7 for one in p.of("ticket_opened", 90)})


def _stuck(p: Past) -> float:
    return p.oldest_open("ticket", "ticket_solved")


FACTS: dict[str, Judge] = {
    "repeated_fault": lambda p: _tickets(p, 30, kind="fault") >= 3,
    "locked_out": lambda p: p.ago("locked") <= 3 and later(p, "locked", "reset_password"),
    "password_trouble": lambda p: p.n("reset_password", 90) >= 3,
    "request_waiting": lambda p: _unanswered(p, 30, 3),
    "equipment_waiting": lambda p: _unanswered(p, 30, 0, kind="equipment"),
    "request_rejected": lambda p: p.ago("request_refused") <= 14 and later(p, "request_refused", "request_granted"),
    "system_outage_hit": _system_down,
    "security_incident": lambda p: p.ago("attack_seen") <= 14,
    "fault_surge": lambda p: _tickets(p, 7, kind="fault") >= 3,
    "onboarding_burst": lambda p: p.who.own["traits"]["employment_state"] == "onboarding" and _tickets(p, 14) >= 3,
    "rarely_asks": lambda p: _tickets(p) >= 1 and _tickets(p, 180) <= 1 and p.known_days >= 180,
    "steady_ticket_load": lambda p: _tickets(p, 90) >= 10 and _weeks_with_tickets(p) >= 7,
    "system_learner": _mostly("consult"),
    "operation_requester": _mostly("operation"),
    "fault_reporter": _mostly("fault"),
    "demand_owner": lambda p: _tickets(p, 90, kind="demand") >= 2,
    "change_requester": lambda p: _tickets(p, 90, kind="change") + p.n("requested", 90, kind="change") >= 3,
    "access_seeker": lambda p: p.n("requested", 60, kind="access") >= 2,
    "hardware_trouble": _trouble(3, about="hardware"),
    "software_trouble": _trouble(3, about="software"),
    "office_network_trouble": _trouble(2, about="network"),
    "business_system_user": _trouble(3, system=("erp", "crm", "oa")),
    "mail_trouble": _trouble(2, system="mail"),
    "printing_trouble": _trouble(2, system="printer"),
    "remote_access_trouble": _trouble(2, system="vpn"),
    "training_candidate": lambda p: _tickets(p, 90, kind="consult") >= 3 and p.n("took_course", 180) == 0,
    "reopens_repeatedly": lambda p: p.n("ticket_reopened", 90) >= 3,
    "sla_let_down": lambda p: p.n("deadline_missed", 60) >= 2,
    "escalated_often": lambda p: p.n("escalated", 60) >= 2,
    "stuck_ticket": lambda p: _stuck(p) >= 7,
    "fix_not_holding": _came_back,
    "system_improver": lambda p: _tickets(p, 180, kind="suggestion") >= 2,
    "trusts_it": lambda p: (
        solved(p, 90) >= 2 and high(p, 90) >= 2 and low(p, 90) == 0 and p.n("ticket_reopened", 90) == 0
    ),
    "walk_in": lambda p: p.n("contact", 60, by="desk") >= 2,
}

TRAITS: dict[str, Judge] = {
    "portal_user": _door("portal", "web", "app"),
    "phones_the_desk": _door("phone", "phone"),
    "knowledge_reader": lambda p: p.who.own["reads_first"] and p.n("viewed", 28, category="knowledge") >= 4,
    "resets_alone": lambda p: p.who.own["resets"] == "alone" and p.n("reset_password", 180) >= 2,
    "remote_help": lambda p: p.who.own["remote_ok"] and p.n("used", 85, feature="remote_assist") >= 2,
    "onsite_help": lambda p: p.who.own["onsite"] and p.n("engineer_came", 85) >= 2,
    "deadline_minded": lambda p: p.who.own["chases"] and p.n("chased", 30) >= 2,
    "after_hours": lambda p: p.who.own["late"] and _late(p) >= 3,
    "executive_user": _told("seniority", "director", "executive"),
    "manager_user": _told("seniority", "lead", "manager"),
    "frontline_post": _told("post", "frontline", "service", "sales"),
    "office_post": _told("post", "office"),
    "technical_post": _told("post", "technical"),
    "finance_staff": _told("department", "财务部", "finance"),
    "remote_worker": _told("work_mode", "remote"),
    "field_worker": _told("work_mode", "field"),
    "external_staff": _told("employment", "contractor", "intern"),
    "new_employee": _told("employment_state", "onboarding"),
    "leaving_employee": _told("employment_state", "leaving"),
    "key_user": _told("is_key_user", True),
    "privileged_account": _told("has_admin_rights", True),
    "security_aware": lambda p: p.who.own["suspicious"] and p.n("used", 180, feature="report_phishing") >= 2,
    "marks_all_urgent": lambda p: p.who.own["urgent"] and _tickets(p, 60, priority="urgent") >= 3,
}
