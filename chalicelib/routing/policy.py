"""Load a policy: check all of it, tell every mistake at once, compile its conditions once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.kernel.errors import BadInput
from chalicelib.routing.conditions import Board, Conditions
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.effects import Effects
from chalicelib.routing.facts import PROFILE_STEMS
from chalicelib.routing.hints import Talk
from chalicelib.routing.policy_checks import mistakes_of_conditions, mistakes_of_names, mistakes_of_numbers
from chalicelib.routing.policy_desk_checks import mistakes_of_desk
from chalicelib.routing.policy_paths import Known, mistakes_of_paths, paths_outside_conditions
from chalicelib.routing.reasons import Reasons
from chalicelib.routing.shape import Mistake, mistakes_of_shape
from chalicelib.routing.shipped import DEFAULT_TRADE, shipped_declaration
from chalicelib.routing.trials import Trial, trials_of

_MARK_BYTES = 8
_SCORE = "urgency.score"
_PLAIN_NUMBERS = msgspec.json.Encoder(decimal_format="number")


class PolicyRefused(BadInput):
    """A policy with mistakes; ``mistakes`` holds every one."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("bad_policy", f"Mistakes in the policy: {len(mistakes)}.", mistakes[0].path)
        self.mistakes = tuple(mistakes)


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


def load_policy(raw: Mapping[str, Any], known: Known | None = None) -> Policy:
    """Check and compile a policy. Raises PolicyRefused with every mistake.

    Mistakes of shape come with those of conditions; names, numbers and paths need a shape to be looked up in.
    """
    # A strict reader of JSON gives exact decimals, which neither the engine nor a float field takes.
    plain = _PLAIN_NUMBERS.encode(raw)
    raw = msgspec.json.decode(plain)
    try:
        declared = msgspec.convert(raw, PolicyDeclaration)
    except msgspec.ValidationError as error:
        # The first mistake is all the conversion tells; the walk that finds the others is dear at a cold start.
        shape = list(mistakes_of_shape(raw, PolicyDeclaration)) or [Mistake("", "wrong_type", str(error))]
        raise PolicyRefused([*shape, *mistakes_of_conditions(raw)]) from None
    mistakes = list(mistakes_of_conditions(raw))
    if mistakes:
        raise PolicyRefused([*mistakes, *_mistakes_of_values(declared)])
    sections = _sections(declared)
    reads = {name: conditions.reads for name, conditions in sections.items()}
    mistakes = [
        *_mistakes_of_values(declared),
        *mistakes_of_paths(declared, reads, known or Known()),
    ]
    if mistakes:
        raise PolicyRefused(mistakes)
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
        mark=sha256(plain).digest()[:_MARK_BYTES],
        number=0,
        **sections,
    )


def _mistakes_of_values(declared: PolicyDeclaration) -> Iterator[Mistake]:
    yield from mistakes_of_names(declared)
    yield from mistakes_of_numbers(declared)
    yield from mistakes_of_desk(declared)


@cache
def _shipped(trade: str) -> Policy:
    return load_policy(shipped_declaration(trade))


def shipped_policy(trade: str = DEFAULT_TRADE) -> Policy:
    """The policy of the package for a trade. Raises FileNotFoundError for a trade that this version has not."""
    return _shipped(trade)


def _sections(declared: PolicyDeclaration) -> dict[str, Conditions]:
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
