"""The registers of consent as words that a view shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.flows.views import ConsentView
from chalicelib.kernel.moments import format_moment
from chalicelib.profiles.consents import consents_of
from chalicelib.profiles.model import Trait


def words_of(traits: Mapping[str, Trait]) -> tuple[ConsentView, ...]:
    """The registers as words, by purpose."""
    return tuple(_words(traits))


def _words(traits: Mapping[str, Trait]) -> Iterator[ConsentView]:
    for purpose, one in sorted(consents_of(traits).items()):
        yield ConsentView(purpose, one.granted, format_moment(one.at), one.source, one.channel, one.version, one.proof)
