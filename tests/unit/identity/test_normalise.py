"""Every spelling of one identifier has one form; what names nobody or everybody is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.events.model import Identifier
from chalicelib.events.types import NAMESPACES
from chalicelib.identity.normalise import normalise, normalise_all
from chalicelib.kernel.errors import BadInput

CASES = json.loads((Path(__file__).parents[2] / "cases" / "normalise.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['namespace']}: {case['why']}")
def test_normalise__row_of_the_table__form_or_code(case: dict[str, str]) -> None:
    """The table ``normalise.json`` says what each spelling becomes or why it is refused."""
    region = case.get("region", "CN")
    if "becomes" in case:
        assert normalise(case["namespace"], case["value"], region=region) == case["becomes"]
        return
    with pytest.raises(BadInput) as caught:
        normalise(case["namespace"], case["value"], region=region)
    assert caught.value.code == case["code"]
    assert len(case["value"]) < 4 or case["value"] not in str(caught.value)


@pytest.mark.parametrize("case", [each for each in CASES if "becomes" in each], ids=lambda case: case["why"])
def test_normalise__own_result__unchanged(case: dict[str, str]) -> None:
    """Normalising what is normalised changes nothing, in any region."""
    assert normalise(case["namespace"], case["becomes"], region="CN") == case["becomes"]
    assert normalise(case["namespace"], case["becomes"], region="US") == case["becomes"]


@settings(deadline=None)  # the first number imports the numbering plans
@given(namespace=st.sampled_from(NAMESPACES), value=st.text(max_size=50))
def test_normalise__any_text__stable_form_or_refusal(namespace: str, value: str) -> None:
    """Whatever is sent, the answer is a form that stays, or BadInput; never another exception."""
    with suppress(BadInput):
        form = normalise(namespace, value)
        assert form
        assert normalise(namespace, form) == form


@settings(deadline=None)
@given(
    value=st.from_regex(r"\A[+(]?[0-9零一二三四五六七八九０-９ ().-]{5,18}\Z"),
    region=st.sampled_from(["CN", "US", "GB", "JP", "HK", "AR", "MX", "IT", "BR"]),
)
def test_phone__anything_dialled__e164_that_stays(value: str, region: str) -> None:
    """A phone number that is accepted is E.164 and the same wherever it is read again."""
    try:
        form = normalise("phone", value, region=region)
    except BadInput:
        return
    assert form.startswith("+")
    assert form[1:].isdecimal()
    assert normalise("phone", form, region="CN") == form


@pytest.mark.parametrize("mark", ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\ufe0f"])
@pytest.mark.parametrize(
    ("namespace", "value"),
    [
        ("phone", "13912345670"),
        ("email", "lilei@example.com"),
        ("user_id", "u-1"),
        ("device", "cYbZ9xQ_T4-aB"),
    ],
)
def test_invisible_letter__anywhere__makes_no_second_person(namespace: str, value: str, mark: str) -> None:
    """A letter that nobody sees cannot make two people of one."""
    for place in range(len(value) + 1):
        assert normalise(namespace, value[:place] + mark + value[place:]) == normalise(namespace, value)


def test_namespace__registered_by_the_tenant__opaque() -> None:
    """A tenant's own namespace is taken as it is; blocked values are blocked there too."""
    assert normalise("loyalty", "Ab-1", registered={"loyalty"}) == "Ab-1"
    with pytest.raises(BadInput, match="blocked_identifier"):
        normalise("loyalty", "null", registered={"loyalty"})


def test_phone__unknown_region__refused() -> None:
    """A national number of no country is refused, an international one is not."""
    with pytest.raises(BadInput, match="bad_identifier"):
        normalise("phone", "02071838750", region="ZZ")
    assert normalise("phone", "+44 20 7183 8750", region="ZZ") == "+442071838750"


def test_lone_surrogate__in_an_identifier__refused() -> None:
    """Half a surrogate pair would break at the store."""
    for namespace in NAMESPACES:
        with pytest.raises(BadInput, match="bad_identifier"):
            normalise(namespace, "a\ud800b@example.com")


def test_normalise_all__blocked_and_bad_among_good__dropped_with_reason() -> None:
    """An event goes on with the identifiers that name a person; the others are named with a code."""
    kept, dropped = normalise_all(
        [
            Identifier("phone", "无"),
            Identifier("user_id", "u-1"),
            Identifier("user_id", "ｕ-1"),
            Identifier("email", "nonsense"),
            Identifier("twitter", "lilei"),
        ]
    )
    assert kept == (Identifier("user_id", "u-1"),)
    assert [(each.namespace, each.code) for each in dropped] == [
        ("phone", "blocked_identifier"),
        ("email", "bad_identifier"),
        ("twitter", "unknown_namespace"),
    ]


def test_normalise_all__nothing_left__first_reason() -> None:
    """An event of nobody is refused, with the reason of its first identifier."""
    with pytest.raises(BadInput, match="blocked_identifier"):
        normalise_all([Identifier("phone", "13800138000"), Identifier("email", "x")])
    with pytest.raises(BadInput, match="no_identifier"):
        normalise_all([])


def test_identity__common_identifiers__import_no_numbering_plan() -> None:
    """A cold start with mainland numbers and ASCII addresses does not pay for the big tables."""
    code = (
        "import sys; from chalicelib.identity.normalise import normalise;"
        "normalise('phone', '13912345670'); normalise('email', 'a.b@example.com');"
        "assert not {'phonenumbers', 'idna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
