"""The nightly search as it is deployed: the packaged function, its layer, its list."""

from __future__ import annotations

import json

import pytest

from tests.journeys.live import Live, described, unique

pytestmark = pytest.mark.deployed

FAMILIES, GIVENS = "王李张刘陈杨黄赵吴周徐孙", "伟芳娜敏静丽强磊军洋勇杰"


def invoke_nightly(live: Live) -> None:
    """Invoke the function as its schedule does."""
    functions = live.aws("lambda")
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    (name,) = [one for one in names if "ScheduleMatches" in one]
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event | {"detail": {}, "resources": []}))
    assert answer.get("FunctionError") is None, answer["Payload"].read()


def test_search__person_there_twice__is_on_the_list(live: Live) -> None:
    """People who came through the doors, one of them once in characters and once in letters, are found by the deployed job."""
    sent = [
        described(unique("u"), name=family + given, birthday=f"19{60 + at}-0{1 + at % 9}-1{at % 10}")
        for at, (family, given) in enumerate(zip(FAMILIES, GIVENS, strict=True))
    ]
    twins = [unique("twin"), unique("twin")]
    names = zip(twins, ("沈从文", "Shen Congwen"), strict=True)
    live.send([*sent, *(described(user, name=name, birthday="1990-03-14") for user, name in names)])
    profiles = live.profiles([("user_id", user) for user in twins])
    invoke_nightly(live)
    (found,) = live.api.call("GET", "/v1/merge-candidates")["candidates"]
    assert set(found["profile_ids"]) == {one["profile_id"] for one in profiles.values()}
    assert {one["level"] for one in found["fields"][:2]} == {"sounds_same"}
