"""Staff of a company and what they need of its IT: tickets, requests, passwords, outages."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.truth.life import HOURS, Life, minutes
from infra.truth.moments import DAYS
from infra.truth.persona import chance, drawn

KINDS = ("consult", "operation", "fault", "demand", "change", "suggestion", "problem")
SYSTEMS = {
    "hardware": ("laptop", "printer"),
    "software": ("office", "mail", "erp"),
    "network": ("wifi", "vpn"),
    "access": ("oa", "crm"),
}


def own(rng: Random) -> dict[str, Any]:
    """What only a company's staff have."""
    door, late = drawn(rng, ("portal", 45), ("phone", 30), ("desk", 10), ("any", 15)), chance(rng, 0.18)
    state = drawn(rng, ("active", 80), ("onboarding", 12), ("leaving", 8))
    return {
        "traits": {
            "department": rng.choice(("财务部", "finance", "营销部", "生产部", "人力资源部", "信息部")),
            "post": rng.choice(("frontline", "office", "technical", "sales", "service", "management")),
            "seniority": drawn(rng, ("staff", 60), ("lead", 14), ("manager", 12), ("director", 9), ("executive", 5)),
            "work_mode": drawn(rng, ("office", 45), ("hybrid", 20), ("remote", 20), ("field", 15)),
            "employment": drawn(rng, ("permanent", 75), ("contractor", 17), ("intern", 8)),
            "employment_state": state,
            "is_key_user": chance(rng, 0.15),
            "has_admin_rights": chance(rng, 0.12),
        },
        "tickets_a_week": rng.choice((0.02, 0.25, 0.6, 1.2, 1.8)),
        "door": door,
        "ways": {"channel": "phone" if door == "phone" else "any", "hours": "evening" if late else "day"},
        "mostly": rng.choice(KINDS[:5]),
        "trouble": rng.choice((*SYSTEMS, "none", "none")),
        "weak_system": rng.choice(("printer", "mail", "erp", "vpn", "oa", "none", "none")),
        "reads_first": chance(rng, 0.25),
        "resets": drawn(rng, ("seldom", 60), ("alone", 20), ("helped", 20)),
        "remote_ok": chance(rng, 0.3),
        "onsite": chance(rng, 0.2),
        "urgent": chance(rng, 0.2),
        "chases": chance(rng, 0.2),
        "late": late,
        "requests": drawn(rng, ("none", 50), ("access", 20), ("equipment", 15), ("change", 15)),
        "fixes_fail": chance(rng, 0.14),
        "misses": chance(rng, 0.16),
        "second_line": chance(rng, 0.16),
        "suspicious": chance(rng, 0.15),
        "suggests_often": chance(rng, 0.14),
        "attacked": chance(rng, 0.15),
        "studies": chance(rng, 0.25),
        "burst_day": rng.randint(40, DAYS - 1) if chance(rng, 0.2) else -1,
        "waits": chance(rng, 0.12),
        "interests": (),
        "ends_day": rng.randint(30, DAYS - 1),
    }


def daily(life: Life, day: int) -> None:
    """A day of somebody at work."""
    own = life.who.own
    if day < -100 or (day % 7 >= 5 and life.who.week != "weekend"):
        return
    new = own["traits"]["employment_state"] == "onboarding" and day >= DAYS - 25
    if life.chance(own["tickets_a_week"] / 5 * (3 if new else 1)):
        _ticket(life, day)
    if day == own["burst_day"]:
        for step in range(3):
            _ticket(life, min(day + step, DAYS - 1), kind="fault")
    _passwords(life, day)
    if day >= 0:
        _ask_for_things(life, day)
        _learn(life, day)
        _suffer(life, day)


def _door(life: Life) -> str:
    door = life.who.own["door"]
    doors = {"portal": ("web", "app"), "phone": ("phone",), "desk": ("desk",)}
    if door == "any" or life.chance(0.08):
        return life.rng.choice(("web", "phone", "desk", "email"))
    return life.rng.choice(doors[door])


def _ticket(life: Life, day: int, kind: str = "") -> None:
    own, rng = life.who.own, life.rng
    kind = kind or (own["mostly"] if life.chance(0.65) else rng.choice(KINDS))
    about = own["trouble"] if own["trouble"] != "none" and life.chance(0.65) else rng.choice(tuple(SYSTEMS))
    system = own["weak_system"] if own["weak_system"] != "none" and life.chance(0.5) else rng.choice(SYSTEMS[about])
    urgent = life.chance(0.85 if own["urgent"] else 0.08)
    at = life.moment(day, (19, 20, 21) if own["late"] and life.chance(0.9) else HOURS["day"])
    if own["reads_first"] and life.chance(0.9):
        for step in range(rng.randint(2, 3)):
            life.viewed(at - minutes(4 + step), "web", "knowledge")
    priority = "urgent" if urgent else "normal"
    ref = life.ticket(at, about, _door(life), kind=kind, system=system, priority=priority, slow=0.15)
    fields: dict[str, Any] = {"ref": ref}
    if life.chance(0.7 if own["chases"] else 0.03):
        life.did("chased", life.after(at, 3, 30), "web", **fields)
    if life.chance(0.5 if own["misses"] else 0.02):
        life.did("deadline_missed", life.after(at, 20, 40), "desk", **fields)
    if life.chance(0.5 if own["second_line"] else 0.03):
        life.did("escalated", life.after(at, 1, 20), "desk", **fields)
    if own["remote_ok"] and life.chance(0.6):
        life.did("used", life.after(at, 1, 8), "desk", feature="remote_assist")
    if own["onsite"] and life.chance(0.5):
        life.did("engineer_came", life.after(at, 4, 40), "desk", kind="onsite")


def _passwords(life: Life, day: int) -> None:
    resets = life.who.own["resets"]
    if not life.chance(1 / 200 if resets == "seldom" else 1 / 24):
        return
    at = life.moment(day, HOURS["day"])
    if life.chance(0.4):
        life.did("locked", at, "api", system="ad")
        if life.chance(0.25):
            return
    life.did("reset_password", life.after(at, 0.3, 20), "web" if resets == "alone" else "desk", system="ad")


def _ask_for_things(life: Life, day: int) -> None:
    kind = life.who.own["requests"]
    if kind == "none" or not life.chance(1 / 24):
        return
    ref, at = life.ref("r"), life.moment(day, HOURS["day"])
    life.did("requested", at, "web", ref=ref, kind=kind, system="crm")
    answer = life.after(at, 20, 220)
    outcome = life.drawn(request_granted=60, request_refused=22, nothing=18)
    if outcome != "nothing":
        life.did(outcome, answer, "desk", ref=ref, kind=kind, system="crm")


def _learn(life: Life, day: int) -> None:
    own = life.who.own
    if own["suspicious"] and life.chance(1 / 22):
        life.used(day, "report_phishing", "web")
    if own["studies"] and life.chance(1 / 35):
        life.did("took_course", life.moment(day, HOURS["day"]), "web", course="security")
    if own["suggests_often"] and life.chance(1 / 25):
        life.ticket(
            life.moment(day, HOURS["day"]),
            "software",
            _door(life),
            kind="suggestion",
            system="office",
            priority="normal",
        )


def _suffer(life: Life, day: int) -> None:
    if life.chance(1 / 70):
        ref, at = life.ref("x"), life.moment(day, HOURS["day"])
        life.did("system_went", at, "api", ref=ref, kind="system", system="erp")
        life.did("system_back", life.after(at, 2, 80), "api", ref=ref, kind="system", system="erp")
    if life.who.own["attacked"] and life.chance(1 / 40):
        life.did("attack_seen", life.moment(day), "api", kind=life.rng.choice(("phishing", "malware")), system="mail")
