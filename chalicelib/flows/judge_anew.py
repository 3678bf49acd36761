"""What follows when a segmentation is published: everybody is judged by it, where it judges otherwise than before."""

from __future__ import annotations

import msgspec

from chalicelib.flows.catalogue_services import Published
from chalicelib.flows.learning_services import LearningDoor
from chalicelib.flows.open_learning import RunOpened, RunOrder, open_run
from chalicelib.kernel.moments import Millis
from chalicelib.segments.segmentation import Segmentation, meaning_of, shipped_segmentations
from chalicelib.store.declarations import DeclarationStore, Version
from chalicelib.store.learned import LearnedStore


def judge_anew(
    published: Published,
    store: DeclarationStore,
    learned: LearnedStore,
    door: LearningDoor,
    settle_seconds: int,
    now: Millis,
) -> RunOpened | None:
    """Open the run that puts everybody where they are by now, or in no segment until its model was learned.

    Once per version, however often it is called. None where it says the same in other words, or where no model is in
    force: then nobody is judged at all. Raises Unavailable.
    """
    of = (published.tenant_id, published.kind, published.id)
    made, earlier = (store.version(*of, number) for number in (published.number, published.number - 1))
    assert made is not None, "a version stays"
    if _mark(earlier, published.id) == _mark(made, published.id):
        return None
    if not any(one.number for one in learned.head(published.tenant_id).models.values()):
        return None
    job_id, begins_at = f"declared_{published.version}", now + settle_seconds * 1000
    return open_run(RunOrder(published.tenant_id, job_id, made.principal, "assign", begins_at), door, now)


def _mark(version: Version | None, id_: str) -> str:
    """What a version judges by; '' where it takes the segmentation away."""
    if version is None or version.state == "shipped":
        found = shipped_segmentations().get(id_)
    else:
        found = msgspec.json.decode(version.body, type=Segmentation) if version.body else None
    return "" if found is None else meaning_of(found)
