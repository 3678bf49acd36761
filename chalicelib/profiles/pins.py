"""Tags that a person set or denied: registers beside the traits, so that merges, splits and time keep them alike.

The register of the tag ``vip`` is the trait ``tag:vip``: true where somebody set it, false where somebody denied
it, None where that was taken back. No source may write a trait of such a name.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.profiles.model import Trait

PINNED = "tag.pinned"
"""The type of the event that is such a word: it is about a person and not by it."""
_PREFIX = "tag:"


def pin_name(tag_id: str) -> str:
    """The name of the register of a tag."""
    return _PREFIX + tag_id


def is_beside(name: str) -> bool:
    """Whether what stands under this name is a register beside the traits (a pin, a consent) and no trait of the person."""
    return ":" in name


def pins_of(traits: Mapping[str, Trait]) -> list[tuple[str, Trait]]:
    """Tag id and register of each tag that a person set or denied."""
    return [
        (name.removeprefix(_PREFIX), trait)
        for name, trait in traits.items()
        if name.startswith(_PREFIX) and trait.value is not None
    ]
