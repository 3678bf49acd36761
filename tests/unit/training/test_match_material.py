from __future__ import annotations

import gzip

import pytest

from infra.matches import __main__ as command
from infra.matches import material
from infra.matches.material import Material

NEEDS = pytest.mark.skipif(not material.FOLDER.is_dir(), reason="the people that others invented are not here")


def small(name: str, pairs: list[tuple[str, str]]) -> Material:
    """Rows whose ids begin with the person's."""
    from chalicelib.matching.model import Row

    rows = tuple(Row(row_id, {"given_name": given, "family_name": "x", "birth_date": "1"}) for row_id, given in pairs)
    return Material(name, rows, {row.row_id: row.row_id[0] for row in rows})


def test_score__of_known_pairs__is_precision_recall_and_f1():
    """Two of three found pairs are right, and two of four true ones were found."""
    given = small("s", [("a1", "x"), ("a2", "x"), ("a3", "x"), ("b1", "y"), ("b2", "y")])
    found = command.score(given, [("a1", "a2"), ("b1", "b2"), ("a1", "b1")])
    assert (given.true_pairs(), found.right) == (4, 2)
    assert (found.precision, found.recall) == (pytest.approx(2 / 3), 0.5)
    assert found.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))


def test_yardstick__equal_names_and_birth_date__pairs_all_of_them():
    """What is beaten is the join that everybody writes first."""
    given = small("s", [("a1", "x"), ("a2", "x"), ("b1", "x"), ("b2", "")])
    assert command.exact(given).found == 3


def test_split__of_a_person__is_always_the_same():
    """All rows of a person are in one half, and each row in exactly one."""
    given = small("s", [(f"{person}{copy}", "x") for person in "abcdefghij" for copy in range(3)])
    test, train = given.half(test=True), given.half(test=False)
    assert sorted(row.row_id for one in (test, train) for row in one.rows) == sorted(row.row_id for row in given.rows)
    assert not {test.person[row.row_id] for row in test.rows} & {train.person[row.row_id] for row in train.rows}


def test_command__material_absent__says_so(monkeypatch, tmp_path, capsys):
    """Where the sets are not there, nothing is claimed."""
    monkeypatch.setattr(material, "FOLDER", tmp_path / "none")
    assert command.main([]) == 0
    assert capsys.readouterr().out.startswith("Skipped: ")


def test_file__of_febrl__is_read_into_rows(monkeypatch, tmp_path):
    """Spaces after commas are no values, and a missing value is left out."""
    (tmp_path / "febrl").mkdir()
    names = "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id"
    with gzip.open(tmp_path / "febrl" / "dataset1.csv.gz", "wt") as file:
        file.write(f"{names}\nrec-7-dup-0, , Waller, 6, tullaroop street, , st james, 4011, wa, 19081209, 6988048\n")
    monkeypatch.setattr(material, "FOLDER", tmp_path)
    (row,) = material.febrl(1).rows
    assert material.febrl(1).person == {"rec-7-dup-0": "7"}
    assert (row.values["family_name"], row.values["birth_date"], "estate" in row.values) == (
        "waller",
        "19081209",
        False,
    )


@NEEDS
@pytest.mark.parametrize(("id_number", "least"), [(True, 0.98), (False, 0.93)])
def test_febrl__test_half__scores_as_told(id_number, least):
    """People that FEBRL's authors invented and spoiled are found, with and without the id number."""
    given = material.febrl(1).half(test=True)
    _, found = command.scored(given if id_number else given.without("id_number"))
    assert found.f1 >= least and found.f1 > command.exact(given).f1 + 0.3


@NEEDS
def test_fake_1000__test_half__beats_the_yardstick_and_stays_precise():
    """Where a fifth of the e-mails is missing, far more is found than by equality, at a precision of 0.97."""
    given = material.fake_1000().half(test=True)
    _, found = command.scored(given)
    assert found.precision >= 0.97 and found.f1 > command.exact(given).f1 + 0.5


@NEEDS
def test_spoiled__rows__are_as_many_as_asked():
    """The timed run has as many rows as it says, the same ones every time."""
    given = material.spoiled(500)
    assert len(given.rows) == len({row.row_id for row in given.rows}) == 500
    assert given.rows == material.spoiled(500).rows and given.true_pairs() > 100
