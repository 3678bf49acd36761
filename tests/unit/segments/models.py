"""Models made by hand and by chance, for tests of segments."""

from __future__ import annotations

from hypothesis import strategies as st

from chalicelib.segments.features import FEATURES_VERSION, features, place_of
from chalicelib.segments.model import Column, SegmentModel
from chalicelib.segments.segmentation import Segmentation, shipped_segmentations

PLACES = len(features())


def customers() -> Segmentation:
    return shipped_segmentations()["customers"]


def stages() -> Segmentation:
    return shipped_segmentations()["stages"]


def column(feature: str, *, center: float = 0.0, scale: float = 1.0, low: float = 0.0, high: float = 100.0) -> Column:
    place = place_of(feature)
    return Column(feature, place, 0.0, low, high, features()[place].is_log, center, scale)


def model(columns: tuple[Column, ...], centroids: list[list[float]], segments: list[str] | None = None) -> SegmentModel:
    names = segments or [kind.id for kind in customers().kinds][: len(centroids)]
    middles = tuple(tuple(one) for one in centroids)
    return SegmentModel("customers", 1, FEATURES_VERSION, "k_means", 0, 100, columns, middles, tuple(names))


def raw(**known: float | None) -> list[float | None]:
    """The features of somebody: 0 but for those that are told."""
    row: list[float | None] = [0.0] * PLACES
    for name, value in known.items():
        row[place_of(name)] = value
    return row


_FEATURES = ("contacts_90d", "spend_365d", "satisfaction", "channels", "phone_share", "basket")


@st.composite
def situations(draw) -> tuple[SegmentModel, list[float | None]]:
    """A model of some features, and somebody who is any place within or beyond its bounds."""
    names = draw(st.lists(st.sampled_from(_FEATURES), min_size=2, max_size=5, unique=True))
    columns = tuple(
        column(
            name,
            center=draw(st.floats(0, 3)),
            scale=draw(st.floats(0.2, 3)),
            high=1.0 if name.endswith("share") else draw(st.floats(2, 500)),
        )
        for name in names
    )
    part = st.floats(-3, 3).map(lambda one: round(one, 3))
    centroids = draw(st.lists(st.lists(part, min_size=len(names), max_size=len(names)), min_size=2, max_size=5))
    row = raw(**{name: draw(st.none() | st.floats(0, 600).map(lambda one: round(one, 2))) for name in names})
    return model(columns, centroids), row
