"""The features that models see: declared once, readable everywhere, and never of what is sealed."""

from __future__ import annotations

from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.values import is_known
from chalicelib.segments.features import features
from chalicelib.segments.model import Column, scaled


def test_features__each__reads_what_the_shipped_measures_know() -> None:
    """A feature of an unknown path would be 0 for everybody, and nobody would notice."""
    paths = [path for one in features() for path in one.paths]
    assert [path for path in paths if not is_known(path, load_measures().measures)] == []
    assert len({one.id for one in features()}) == len(features())


def test_features__none__reads_a_trait() -> None:
    """Models rest on what people did, never on who they are: no sealed field, and no field that stands for one."""
    assert not any(path.startswith("t.") for one in features() for path in one.paths)


def test_scaled__missing_and_out_of_bounds__are_filled_and_bounded() -> None:
    """What is missing is what the model was told to take it for; what is beyond its bounds is at them."""
    column = Column("spend_90d", 0, 2.0, 1.0, 9.0, is_log=False, center=1.0, scale=2.0)
    assert [scaled([column], [one]) for one in (None, 0.0, 5.0, 100.0)] == [(0.5,), (0.0,), (2.0,), (4.0,)]
