"""How far a tenant's sources can be believed just now, and what that does to the evidence that rests on them.

A rule's signals weigh as declared while all is well. Where a source is silent, has changed its shape or drifts,
the signals that read what it feeds are believed less, by the least weight of what they read: that lowers the
confidence of a tag, and not whether it is set. And what is counted from a silent source over a month and more
reads as of when it fell silent, because nothing is known since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Profile

type State = Literal["healthy", "silent", "changed", "drifting"]


class SourceHealth(msgspec.Struct, frozen=True):
    """What is the matter with a source, since when; ``weight`` is what its evidence counts: 1 = all of it."""

    state: State
    weight: float
    since: Millis
    says: Text


class MeasureHealth(msgspec.Struct, frozen=True):
    """What a measure counts, by the sources that feed it. Of ``known_until`` on nothing is known; None: it is up to date."""

    weight: float
    known_until: Millis | None = None
    says: Text = Text("", "")


class Health(msgspec.Struct, frozen=True, dict=True):
    """The sources and measures that are not well. Those that are not named are.

    Among the measures ``p.silent`` stands for how long a person is silent, ``orders.*`` for what is known of orders,
    and so for tickets and complaints.
    """

    sources: dict[str, SourceHealth] = {}
    measures: dict[str, MeasureHealth] = {}

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be weighed less or read as of earlier."""
        return not self.sources and not self.measures

    @cached_property
    def known_until(self) -> Mapping[str, Millis]:
        """Measure → the moment after which nothing is known of it."""
        return {name: one.known_until for name, one in self.measures.items() if one.known_until is not None}

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Source → what its values count, of the sources that are not well."""
        return {name: one.weight for name, one in self.sources.items()}

    def factor(self, profile: Profile, reads: Collection[str]) -> float:
        """What share of its weight a signal keeps that reads these paths: the least of what it rests on."""
        return min((weight for _, weight in self.doubts(profile, reads)), default=1.0)

    def doubts(self, profile: Profile, reads: Collection[str]) -> Iterator[tuple[str, float]]:
        """What is not well behind these paths: ``source:<id>`` or ``measure:<id>``, and its weight."""
        for path in sorted(reads):
            head, _, rest = path.partition(".")
            name = rest.partition(".")[0]
            fed = name if head == "m" else "p.silent" if path.endswith("_silent") else f"{head}.*"
            if fed in self.measures:
                yield f"measure:{fed}", self.measures[fed].weight
            trait = profile.traits.get(rest) if head == "t" else None
            if trait is not None and trait.source in self.sources:
                yield f"source:{trait.source}", self.sources[trait.source].weight


WELL = Health()
