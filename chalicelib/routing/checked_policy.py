"""A policy as somebody declares it: check all of it, tell every mistake at once, compile it once.

What ships is checked by the tests, and a cold start reads nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.kernel.errors import BadInput
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.policy import Policy, content_of, policy_of, sections_of
from chalicelib.routing.policy_checks import mistakes_of_conditions, mistakes_of_names, mistakes_of_numbers
from chalicelib.routing.policy_desk_checks import mistakes_of_desk
from chalicelib.routing.policy_paths import Known, mistakes_of_paths
from chalicelib.routing.shape import Mistake, mistakes_of_shape


class PolicyRefused(BadInput):
    """A policy with mistakes; ``mistakes`` holds every one."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("bad_policy", f"Mistakes in the policy: {len(mistakes)}.", mistakes[0].path)
        self.mistakes = tuple(mistakes)


def load_policy(raw: Mapping[str, Any], known: Known | None = None) -> Policy:
    """Check and compile a policy. Raises PolicyRefused with every mistake.

    Mistakes of shape come with those of conditions; names, numbers and paths need a shape to be looked up in.
    """
    plain = content_of(raw)
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
    sections = sections_of(declared)
    reads = {name: conditions.reads for name, conditions in sections.items()}
    mistakes = [
        *_mistakes_of_values(declared),
        *mistakes_of_paths(declared, reads, known or Known()),
    ]
    if mistakes:
        raise PolicyRefused(mistakes)
    return policy_of(declared, plain, sections)


def _mistakes_of_values(declared: PolicyDeclaration) -> Iterator[Mistake]:
    yield from mistakes_of_names(declared)
    yield from mistakes_of_numbers(declared)
    yield from mistakes_of_desk(declared)
