"""Whether a policy reads only what may be used for service: that is what people are routed for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.privacy.uses import Use, wider
from chalicelib.profiles.conditions import reads
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.facts import PROFILE_STEMS
from chalicelib.routing.policy_checks import rules_of
from chalicelib.routing.policy_reads import paths_outside_conditions
from chalicelib.tags.model import TagRule
from chalicelib.tags.shapes import Mistake
from chalicelib.tags.uses import Uses

PURPOSE = "service"


def policy_purpose_mistakes(raw: Mapping[str, Any], uses: Uses) -> Iterator[Mistake]:
    """What a sound policy reads and may not, each with its place."""
    places = [(f"{place}.when", path) for place, rule in rules_of(raw) for path in sorted(reads(rule.get("when")))]
    places += paths_outside_conditions(load_policy(raw).declared)
    for place, path in places:
        use = _use(path, uses)
        if use is not None and wider([PURPOSE], use):
            allowed = ", ".join(use.purposes)
            message = f"“{path}” may not be used for {PURPOSE}, but for {allowed}."
            yield Mistake(f"$.{place}", "not_for_purpose", message)


def _use(path: str, uses: Uses) -> Use | None:
    head, _, rest = path.partition(".")
    if head == "tags":
        rule: TagRule | None = uses.rules.get(rest)
        return None if rule is None else uses.of_rule(rule)
    return uses.of_path(path) if head in PROFILE_STEMS else None
