"""The intent model from the beginning: minutes of training, and so beside the unit tests."""

from __future__ import annotations

import pytest

from chalicelib.training.intents.learn import Recipe, fitted
from infra.intents import __main__ as command
from infra.intents import others
from infra.intents.scoring import score

pytestmark = pytest.mark.proof


def test_training__of_the_material__gives_the_shipped_file(capsys):
    """The file of the package is what training makes of the material, to the byte."""
    assert command.main(["--check"]) == 0
    assert "is what training makes" in capsys.readouterr().out


@pytest.mark.skipif(not others.here(), reason="the texts of others are not here")
def test_trainer__on_banking77__reaches_the_figure():
    """Taught with nine tenths of its train part, at least 0.90 of the tenth kept apart."""
    model = fitted(others.banking77(test=False), Recipe(), "banking77")
    assert score("banking77", model, others.banking77(test=True)).right >= 0.90
