"""One person as a purpose may see them: what may be used, and the rules that may judge by it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.services import ReadServices
from chalicelib.insights.shown_tags import NOTHING, GroupTags, tags_from_groups
from chalicelib.kernel.errors import Forbidden
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Profile
from chalicelib.profiles.permitted import Permitted, Withheld, permitted
from chalicelib.segments.purposes import leaves_out, purposes_of
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import Tag

OTHER_TAGS = Withheld("tags", "purpose")
"""That there are tags for other purposes. It says nothing of the person: it stands there whoever they are."""


class Seen(msgspec.Struct, frozen=True):
    """A person for a purpose. ``services`` hold the rules that serve it, and ``permitted`` what they may read."""

    permitted: Permitted
    services: ReadServices
    withheld: tuple[Withheld, ...]

    @property
    def profile(self) -> Profile:
        """What may be used, and nothing else."""
        return self.permitted.profile


def for_purpose(profile: Profile, asked: Asked, services: ReadServices, now: Millis) -> Seen:
    """A person as the purpose may see them."""
    whole = services.catalogue
    catalogue = whole.for_purpose(asked.purpose)
    found = permitted(usable(profile, whole.health.weights), asked, now, whole.measures)
    withheld = set(found.withheld)
    if not found.unjudged and _leaves_out(whole, catalogue):
        withheld.add(OTHER_TAGS)
    if not found.unjudged:
        # As with tags: that some of them serve other purposes stands there whoever the person is.
        learned = {"scores": purposes_of("scores"), "segments": services.segment_purposes()}
        withheld.update(Withheld(sort, "purpose") for sort, of in learned.items() if leaves_out(of, asked.purpose))
    return Seen(found, msgspec.structs.replace(services, catalogue=catalogue), tuple(sorted(withheld)))


def tags_for(seen: Seen, now: Millis, group_tags: GroupTags = NOTHING, scenes: Collection[str] = ()) -> tuple[Tag, ...]:
    """The tags that serve the purpose, their own and those of their groups; none where no rule may judge."""
    if seen.permitted.unjudged:
        return ()
    own = current_tags(seen.profile, seen.services, now, scenes=scenes)
    serving = {rule.id for rule in seen.services.catalogue.group_rules}
    of_groups = tags_from_groups(group_tags, seen.profile, own, now)
    return (*own, *(tag for tag in of_groups if tag.id in serving))


def explained_for(tag_id: str, seen: Seen, services: ReadServices) -> Seen:
    """The same, if the tag may be explained: it serves the purpose, and rules may judge the person. Raises Forbidden."""
    if seen.permitted.unjudged:
        raise Forbidden("not_profiled", "No rule judges this person for this purpose.")
    if tag_id in _ids(services.catalogue) - _ids(seen.services.catalogue):
        raise Forbidden("purpose_not_allowed", "This tag does not serve this purpose.")
    return seen


def _leaves_out(whole: Catalogue, part: Catalogue) -> bool:
    return len(part.rules) + len(part.group_rules) < len(whole.rules) + len(whole.group_rules)


def _ids(catalogue: Catalogue) -> set[str]:
    return {*catalogue.rules, *(rule.id for rule in catalogue.group_rules)}
