"""The policies of the package, one for each trade: what a trade's file says, with what it takes from the core.

A file has the shape of a policy. A list may hold the name of an entry of ``core.json`` in place of an entry, and a
mapping the word ``core`` in place of a value; a field that the file does not have is the core's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from chalicelib.tags.model import Trade

TRADES: tuple[str, ...] = get_args(Trade)
DEFAULT_TRADE = "retail"
CORE = "core"
_LISTS = ("intents", "rules", "hints", "what_if")
_MAPPINGS = ("queues", "next_best")
_NAMELESS = "hints"
"""The section whose entries have no id of their own."""


def shipped_declaration(trade: str) -> dict[str, Any]:
    """The policy of a trade as it would be published. Raises FileNotFoundError where there is none of it."""
    if trade not in TRADES:
        raise FileNotFoundError(trade)
    core, own = file_of(CORE), file_of(trade)
    whole = {**core, **own, "texts": {**core["texts"], **own["texts"]}}
    for section in _LISTS:
        whole[section] = _listed(own[section], core[section], named=section != _NAMELESS)
    for section in _MAPPINGS:
        whole[section] = {key: core[section][key] if one == CORE else one for key, one in own[section].items()}
    rules = _listed(own["urgency"]["rules"], core["urgency"]["rules"], named=True)
    whole["urgency"] = {**core["urgency"], **own["urgency"], "rules": rules}
    whole["texts"] = _used(whole["texts"], whole["hints"])
    return whole


def file_of(name: str) -> dict[str, Any]:
    """What a file of the policies says, by its name without the ending."""
    raw: dict[str, Any] = msgspec.json.decode((Path(__file__).parent / "policies" / f"{name}.json").read_bytes())
    return raw


def _listed(own: Sequence[Any], core: Mapping[str, Any], *, named: bool) -> list[Any]:
    taken = ((one, core[one]) if isinstance(one, str) else ("", one) for one in own)
    return [{"id": name, **entry} if name and named else entry for name, entry in taken]


def _used(texts: Mapping[str, Any], hints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The texts that the hints name: of the core's, a trade says some only."""
    named = {one for hint in hints for field in ("ask", "do_not_ask") for one in hint.get(field, ())}
    named |= {hint["offer"] for hint in hints if "offer" in hint}
    return {id_: text for id_, text in texts.items() if id_ in named}
