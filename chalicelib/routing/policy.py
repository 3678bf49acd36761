"""A policy ready to route by: its conditions are compiled once. Those of the package are here by their trade.

A declaration is taken to be checked: a tenant's by ``checked_policy``, the shipped ones by the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.routing.conditions import Board, Conditions
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.effects import Effects
from chalicelib.routing.facts import PROFILE_STEMS
from chalicelib.routing.hints import Talk
from chalicelib.routing.policy_reads import paths_outside_conditions
from chalicelib.routing.reasons import Reasons
from chalicelib.routing.shipped import DEFAULT_TRADE, shipped_declaration
from chalicelib.routing.trials import Trial, trials_of

_MARK_BYTES = 8
_SCORE = "urgency.score"
_PLAIN_NUMBERS = msgspec.json.Encoder(decimal_format="number")


class Policy(msgspec.Struct, frozen=True):
    """A checked policy with its compiled conditions.

    ``paths`` are the values it reads from a profile; ``tag_ids`` the tags it reads.
    """

    declared: PolicyDeclaration
    intents: Conditions
    urgency: Conditions
    rules: Conditions
    hints: Conditions
    what_if: Conditions
    board: Board
    """Rules, hints and what-ifs, which are asked together."""
    effects: Effects
    reasons: Reasons
    talk: Talk
    trials: tuple[Trial, ...]
    reads_score: bool
    """Whether its rules read the points of urgency beside its level."""
    paths: frozenset[str]
    tag_ids: frozenset[str]
    mark: bytes
    """What tells its content from any other's: a decision keeps it, and is made again by no other policy."""
    number: int = 0
    """Which of the tenant's own versions it is; 0 is what is shipped."""


def content_of(raw: Mapping[str, Any]) -> bytes:
    """What a declared policy says, to be decoded and marked."""
    # A strict reader of JSON gives exact decimals, which neither the engine nor a float field takes.
    return _PLAIN_NUMBERS.encode(raw)


def policy_of(declared: PolicyDeclaration, content: bytes, sections: Mapping[str, Conditions]) -> Policy:
    """The policy of a checked declaration, of its content and of its compiled sections."""
    reads = {name: conditions.reads for name, conditions in sections.items()}
    effects = Effects(declared)
    board = Board(sections["rules"], sections["hints"], sections["what_if"])
    paths = {path for section in reads.values() for rule in section for path in rule}
    paths |= {path for _, path in paths_outside_conditions(declared)}
    return Policy(
        declared=declared,
        board=board,
        effects=effects,
        reasons=Reasons(declared, reads["rules"], reads["urgency"], reads["intents"]),
        talk=Talk(declared),
        trials=trials_of(declared, sections["intents"], effects.times),
        reads_score=_SCORE in effects.times or board.reads_score,
        paths=frozenset(path for path in paths if path.partition(".")[0] in PROFILE_STEMS),
        tag_ids=frozenset(path.removeprefix("tags.") for path in paths if path.startswith("tags.")),
        mark=sha256(content).digest()[:_MARK_BYTES],
        number=0,
        **sections,
    )


def sections_of(declared: PolicyDeclaration) -> dict[str, Conditions]:
    """The conditions of each section, compiled."""
    return {
        "intents": Conditions(
            [rule.when for rule in declared.intents],
            also=("stated", *(rule.intent["var"] for rule in declared.intents if not isinstance(rule.intent, str))),
        ),
        "urgency": Conditions([rule.when for rule in declared.urgency.rules]),
        "rules": Conditions([rule.when for rule in declared.rules]),
        "hints": Conditions([rule.when for rule in declared.hints]),
        "what_if": Conditions([trial.when for trial in declared.what_if]),
    }


@cache
def _shipped(trade: str) -> Policy:
    content = content_of(shipped_declaration(trade))
    declared = msgspec.json.decode(content, type=PolicyDeclaration)
    return policy_of(declared, content, sections_of(declared))


def shipped_policy(trade: str = DEFAULT_TRADE) -> Policy:
    """The policy of the package for a trade. Raises FileNotFoundError for a trade that this version has not."""
    return _shipped(trade)
