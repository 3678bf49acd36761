"""What the demo shows at its end, in Chinese and English."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from infra.demo.commands import Counts
from infra.demo.doors import Outcome
from infra.demo.match import Score


def show_counts(console: Console, outcome: Outcome, counts: Counts, seconds: float) -> None:
    """How many events ended where: accepted = applied + duplicate + quarantined + what has no end yet."""
    accepted, distinct = outcome.accepted.total(), outcome.distinct
    table = Table(title="事件去向 · What became of the events")
    columns = {
        "接收\naccepted": accepted,
        "已应用\napplied": counts.applied,
        "重复\nduplicate": accepted - distinct,
        "隔离\nquarantined": counts.quarantined,
        "无下落\nmissing": distinct - counts.kept,
        "死信（消息）\ndead messages": counts.dead_messages,
        "门口拒绝\nrefused at the door": sum(outcome.refused.values()),
    }
    for heading in columns:
        table.add_column(heading, justify="right")
    table.add_row(*(str(number) for number in columns.values()))
    console.print(table)
    for code, number in sorted(outcome.refused.items()):
        console.print(f"  门口拒绝 refused · {code}: {number}")
    rate = accepted / max(seconds, 0.001)
    console.print(f"  用时 {seconds:.1f} 秒 · {rate:.0f} events/s, from the first sent to the last applied")


def show_people(console: Console, profiles: Sequence[Any]) -> None:
    """Each person in one sentence."""
    table = Table(title="一句话认识三位顾客 · Three people in one sentence each", show_lines=True)
    table.add_column("profile_id", no_wrap=True)
    table.add_column("画像 · Summary")
    for profile in profiles:
        summary = profile["summary"]
        table.add_row(profile["profile_id"], escape(f"{summary['zh']}\n{summary['en']}"))
    console.print(table)


def show_tags(console: Console, profile: Any, reasons: dict[str, Any]) -> None:
    """One profile's tags, each with the signals it rests on."""
    table = Table(title=f"标签与依据 · Tags and their why · {profile['profile_id']}", show_lines=True)
    table.add_column("标签 · Tag")
    table.add_column("置信度 · Confidence", justify="right")
    table.add_column("依据 · Why")
    for tag in sorted(profile["tags"], key=lambda tag: -float(tag["confidence"])):
        name = tag["name"]
        lines = [escape(_signal_line(signal)) for signal in reasons.get(tag["id"], {}).get("signals", ())]
        table.add_row(f"{name['zh']}\n{name['en']}", f"{float(tag['confidence']):.2f}", "\n".join(lines))
    console.print(table)


def _signal_line(signal: Any) -> str:
    says = signal["says"]
    mark = "✓" if signal.get("true") else "·"
    values = ", ".join(f"{path}={_short(value)}" for path, value in (signal.get("values") or {}).items())
    span = " → ".join(_day(signal[end]) for end in ("first_event_at", "last_event_at") if signal.get(end))
    return f"{mark} {float(signal['weight']):.2f} {says['zh']} / {says['en']} ({values}) {span}".rstrip()


def _day(moment: str | int) -> str:
    """The day of a moment, which is RFC 3339 or milliseconds."""
    return moment[:10] if isinstance(moment, str) else datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()


def _short(value: Any) -> str:
    return _json(value)[:40]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def show_route(console: Console, asked: str, decision: Any) -> None:
    """One decision with its reasons and what would change it."""
    intent, urgency, sla = decision["intent"], decision["urgency"], decision["sla"]
    where = f"方式 mode {decision['mode']} · 队列 queue {decision['queue']} · 技能 skill {decision['skill']}"
    limits = f"SLA {sla['first_response_seconds']} s / {sla['resolve_seconds']} s"
    lines = [
        f"来访 · Caller: {asked}",
        f"{where} · 优先级 priority {decision['priority']}",
        f"意图 intent {intent['id']} ({intent['confidence']}) · 紧急 urgency {urgency['level']} · {limits}",
        *_hint_lines(decision["hints"]),
        "理由 · Reasons:",
        *(
            f"  {reason['weight']:.2f} {reason['says']['zh']} / {reason['says']['en']} {_json(reason['evidence'])}"
            for reason in decision["reasons"]
        ),
        "若…则… · What would change it:",
        *(
            f"  {change['if']['zh']} / {change['if']['en']} → {_json(change['then'])}"
            for change in decision.get("would_change", ())
        ),
    ]
    console.print(Panel(escape("\n".join(lines)), title="一次可解释的分流 · One explained route"))


def _hint_lines(hints: Any) -> list[str]:
    spoken = " · ".join(f"{name} {hints[name]}" for name in ("tone", "format", "language", "scene") if name in hints)
    lines = [f"话术 hints: {spoken}"]
    for name, title in (("ask", "要问 ask"), ("do_not_ask", "不要问 do not ask")):
        lines += [f"  {title}: {one['says']['zh']} / {one['says']['en']}" for one in hints.get(name, ())]
    if hints.get("offer"):
        lines.append(f"  提供 offer: {hints['offer']['says']['zh']} / {hints['offer']['says']['en']}")
    return lines


def show_match(console: Console, scores: Sequence[Score], pooled: Score, floor: float) -> None:
    """Precision and recall per attribute against the truth."""
    table = Table(title="与真值对照 · How well profiles match the truth")
    table.add_column("属性 · Attribute", no_wrap=True)
    for heading in ("精确率\nprecision", "召回率\nrecall", "F1", "正确\nright", "找到\nfound", "应有\ntrue"):
        table.add_column(heading, justify="right")
    for score in (*scores, pooled):
        label = f"{score.kind} {score.name}".strip() if score is not pooled else "[b]总体 overall[/b]"
        table.add_row(
            label,
            f"{score.precision:.3f}",
            f"{score.recall:.3f}",
            f"{score.f1:.3f}",
            str(score.right),
            str(score.found),
            str(score.true),
        )
    console.print(table)
    verdict = "达标 reached" if pooled.f1 >= floor else "[red]未达标 missed[/red]"
    console.print(f"  总体 F1 {pooled.f1:.3f} · 下限 floor {floor:.2f} · {verdict}")


def show_next_steps(console: Console, base_url: str, profile_id: str, tag_id: str, env_file: str) -> None:
    """URLs and curl lines to go on with. The token stays in a file only its owner can read."""
    bearer = '-H "Authorization: Bearer $ZHIYIN_TOKEN"'
    lines = (
        f". {env_file}   # ZHIYIN_URL, ZHIYIN_TOKEN, ZHIYIN_WRITE_KEY …",
        f'curl -s {bearer} "$ZHIYIN_URL/v1/profiles/{profile_id}?purpose=service"',
        f'curl -s {bearer} "$ZHIYIN_URL/v1/profiles/{profile_id}/tags/{tag_id}/why?purpose=service"',
        f'curl -s {bearer} "$ZHIYIN_URL/v1/profiles/{profile_id}/timeline?limit=5&purpose=service"',
        f'curl -s {bearer} "$ZHIYIN_URL/v1/profiles/{profile_id}/context?purpose=service&channel=wechat"',
        f"""curl -s {bearer} -H "Content-Type: application/json" -d '{{"profile_id":"{profile_id}","channel":"phone","purpose":"service"}}' "$ZHIYIN_URL/v1/route\"""",
        """curl -s -u "$ZHIYIN_WRITE_KEY:" -H "Content-Type: application/json" -d '{"userId":"u1","event":"Order Completed","properties":{"order_id":"o1","total":"99.00","currency":"CNY"}}' "$ZHIYIN_URL/v1/track\"""",
    )
    console.print(f"\n[b]接下来 · Go on with[/b]  {base_url}/v1/health · {base_url}/v1/openapi.json")
    for line in lines:
        # Printed bare, so that a line can be copied whole.
        console.out(line, highlight=False)
    console.print("停止本地云 · Stop the local cloud: [b]python -m infra.cloud down[/b]")
