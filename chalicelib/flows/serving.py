"""What a purpose may use of a person, and the rules that may judge by it: for those who show nothing of it themselves."""

from __future__ import annotations

import msgspec

from chalicelib.flows.services import ReadServices
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Profile
from chalicelib.profiles.permitted import used


def serving(profile: Profile, asked: Asked, services: ReadServices, now: Millis) -> tuple[Profile, ReadServices]:
    """The profile without what the purpose may not use, and the services without the rules that do not serve it."""
    whole = services.catalogue
    fit = used(usable(profile, whole.health.weights), asked, now, whole.measures)
    catalogue = whole.for_purpose(asked.purpose)
    return fit, services if catalogue is whole else msgspec.structs.replace(services, catalogue=catalogue)
