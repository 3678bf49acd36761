"""``python -m infra.demo``: a day at an invented shop, from the channel's event to an explained route."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra.demo import commands, printout
from infra.demo.api import Api
from infra.demo.commands import CommandFailed, Counts, Tenant
from infra.demo.day import make_day
from infra.demo.doors import Doors, Outcome
from infra.demo.match import TAGS, match, overall
from infra.demo.people import Person, make_people
from infra.demo.sending import Sending
from infra.demo.waiting import wait_until_accounted

FLOOR_F1 = 0.9
PLAIN_WIDTH = 130
ENV_FILE = commands.ROOT / ".local" / "demo.env"


class Options(msgspec.Struct, frozen=True):
    """What the command line asked for."""

    people: int
    events: int
    seed: int
    floor: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when every event is accounted for and the profiles match the truth well enough."""
    options = _options(arguments)
    # Tables of two languages need room; only a person's own terminal may be narrower.
    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
    try:
        return _run(options, console)
    except (CommandFailed, ValueError) as failure:
        console.print(f"[red]{failure}[/red]")
        return 2


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m infra.demo", description="A day at an invented Chinese online shop."
    )
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--floor", type=float, default=FLOOR_F1, help="the least overall F1 that counts as success")
    parser.add_argument("--quick", action="store_true", help="40 people and 1,000 events")
    chosen = parser.parse_args(arguments)
    people, events = (40, 1_000) if chosen.quick else (chosen.people, chosen.events)
    return Options(people=people, events=events, seed=chosen.seed, floor=chosen.floor)


def _run(options: Options, console: Console) -> int:
    base_url = commands.cloud_up().url
    tenant = commands.create_tenant("demo")
    _write_env(ENV_FILE, base_url, tenant)
    moment = datetime.now(UTC)
    people = make_people(options.people, options.seed, moment.date())
    day = make_day(people, seed=options.seed, now=int(moment.timestamp() * 1000), total=options.events)
    started = time.monotonic()
    outcome, counts = _send(console, tenant, base_url, day)
    printout.show_counts(console, outcome, counts, time.monotonic() - started)
    matched = _show(console, Api(base_url, tenant.admin_token), people, options)
    if counts.kept != outcome.distinct:
        console.print(f"[red]{outcome.distinct - counts.kept} 个事件没有下落 · events are not accounted for[/red]")
        return 1
    return 0 if matched else 1


def _send(console: Console, tenant: Tenant, base_url: str, day: Sequence[Sending]) -> tuple[Outcome, Counts]:
    """Registrations first, as they happened weeks ago; then all else in the order of arrival."""
    registrations = [sending for sending in day if sending.type == "profile.described"]
    others = [sending for sending in day if sending.type != "profile.described"]
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress, Doors(tenant.access(base_url)) as doors:
        sent = progress.add_task("发送 · sending", total=len(day))
        settled = progress.add_task("入画像 · applied", total=len({sending.id for sending in day}))

        def wait() -> Counts:
            return wait_until_accounted(
                lambda: commands.counts(tenant.tenant_id),
                doors.outcome.distinct,
                heard=lambda counts: progress.update(settled, completed=counts.kept),
            )

        for part in (registrations, others):
            outcome = doors.send(part, advance=lambda count: progress.advance(sent, count))
            counts = wait()
    return outcome, counts


def _show(console: Console, api: Api, people: Sequence[Person], options: Options) -> bool:
    """Print people, tags, a route, the match and what to do next; whether the match reached the floor."""
    profiles = _read_all(api, people)
    chosen = _three(people, profiles)
    printout.show_people(console, [profiles[person.index] for person in chosen])
    first = chosen[0]
    profile = profiles[first.index]
    printout.show_tags(
        console, profile, {tag["id"]: api.why(profile["profile_id"], tag["id"]) for tag in profile["tags"]}
    )
    decision = api.route(profile_id=profile["profile_id"], channel="phone", message="我的投诉怎么还没有人处理？")
    printout.show_route(console, profile["summary"]["zh"], decision)
    scores = match(people, profiles)
    pooled = overall(scores)
    printout.show_match(console, scores, pooled, options.floor)
    tag_id = next((tag["id"] for tag in profile["tags"] if tag["id"] in TAGS), "vip")
    printout.show_next_steps(
        console, api.base_url, profile["profile_id"], tag_id, str(ENV_FILE.relative_to(commands.ROOT))
    )
    return pooled.f1 >= options.floor


def _read_all(api: Api, people: Sequence[Person]) -> dict[int, Any]:
    def read(person: Person) -> tuple[int, Any]:
        known_by = ("phone", person.phone) if person.stage == "guest" else ("user_id", person.user_id)
        return person.index, api.find([known_by])

    with ThreadPoolExecutor(4) as pool:
        return {index: profile for index, profile in pool.map(read, people) if profile is not None}


def _three(people: Sequence[Person], profiles: dict[int, Any]) -> list[Person]:
    """Someone with a complaint, a VIP if there is one; a buyer of beauty who asks about it; an elderly person."""
    known = [person for person in people if person.index in profiles]
    wishes: tuple[Callable[[Person], int], ...] = (
        lambda person: 2 * (person.mood == "complainer") + person.is_vip,
        lambda person: 2 * TAGS["beauty_after_sales"](person) + (person.stage == "regular"),
        lambda person: 2 * TAGS["elderly"](person) + (person.stage == "regular"),
    )
    chosen: list[Person] = []
    for wish in wishes:
        left = [person for person in known if person not in chosen]
        if not left:
            raise ValueError("Fewer than three of the people became profiles; see: python -m infra.cloud logs")
        chosen.append(max(left, key=wish))
    return chosen


def _write_env(path: Path, base_url: str, tenant: Tenant) -> None:
    """The tenant's keys, where only this user can read them."""
    lines = {
        "ZHIYIN_URL": base_url,
        "ZHIYIN_TENANT": tenant.tenant_id,
        "ZHIYIN_TOKEN": tenant.admin_token,
        "ZHIYIN_WRITE_KEY": tenant.shop.write_key,
        "ZHIYIN_TRUSTED_WRITE_KEY": tenant.records.write_key,
        "ZHIYIN_SOURCE_ID": tenant.shop.source_id,
        "ZHIYIN_WEBHOOK_SECRET": tenant.shop.webhook_secret,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made with its mode, so that no moment exists in which others could read it.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in lines.items())


if __name__ == "__main__":
    sys.exit(main())
