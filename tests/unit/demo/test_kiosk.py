"""The show of the kiosk, small: the same code with 200 people, and what it says when protections are off."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from infra.demo import kiosk
from infra.demo.in_process import InProcess
from infra.demo.kiosk import Shown, show


def shown(people: int, shop: InProcess) -> tuple[Shown, str]:
    printed = io.StringIO()
    found = show(shop, people, Console(file=printed, width=130))
    return found, printed.getvalue()


def test_kiosk__200_people_of_one_phone__stay_200_people() -> None:
    """One blob without protections; with them everybody is there, the phone leads nowhere, and a split restores."""
    found, printed = shown(200, InProcess())
    assert (found.blob.people, found.blob.largest) == (1, 200)
    assert (found.kept.people, found.kept.accounts) == (200, 1)
    assert (found.kept.phone.shared, found.kept.phone.profile_id) == (True, "")
    assert set(found.kept.codes) == {"too_many_user_id", "shared"} and found.kept.codes["shared"] > 150
    wrong = found.wrong
    assert wrong is not None
    assert wrong.preview.protections == ("too_many_user_id",) and wrong.preview.needs_force
    assert wrong.before == wrong.after
    assert sorted(bool(one) for one in wrong.merged.values()) == [False, True]
    assert found.is_good
    for heading in ("没有保护会怎样", "What Zhiyin made", "quarantine's review", "byte for byte", "stays who they are"):
        assert heading in printed
    assert kiosk.PHONE not in printed.partition("What Zhiyin made")[2]


def test_kiosk__protections_off__the_show_says_that_people_were_taken_for_one() -> None:
    """Negative control: with accounts unbounded and no phone shared, the first of them become one person."""
    found, printed = shown(30, InProcess(limits={"user_id": 1000}, shared_after=1000))
    assert (found.kept.people, found.kept.accounts) == (1, 30)
    assert not found.is_good and "taken for one" in printed


def test_kiosk_command__few_people__ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that the pages name."""
    assert kiosk.main(["--people", "20"]) == 0
    assert "每个人仍是自己" in capsys.readouterr().out
