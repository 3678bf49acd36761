from __future__ import annotations

import msgspec

from chalicelib.flows.what_if_job import WhatIfRequest
from chalicelib.simulation.staffing import StaffChange
from infra.what_if import lines, parser, request_of
from tests.unit.simulation.test_what_if import past_day, what_if


def test_command__options__are_a_request_that_the_api_takes():
    """What the command sends is what the route's type reads."""
    asked = parser().parse_args(["http://x", "--from", "2026-11-01T00:00:00Z", "--agents", "-2", "--policy", "retail"])
    request = msgspec.convert(request_of(asked), WhatIfRequest)
    assert (request.change, request.policy, request.runs) == (StaffChange(agents=-2), "retail", 20)
    ahead = msgspec.convert(request_of(parser().parse_args(["http://x", "--forecast", "--agents", "1"])), WhatIfRequest)
    assert (ahead.traffic, ahead.window, request.traffic) == ("forecast", None, "past")


def test_command__result__is_told_whole():
    """Every group has every figure in the table, and who loses is said in words."""
    worse, better = (msgspec.to_builtins(what_if(past_day(), StaffChange(agents=many))) for many in (-2, 2))
    told = "\n".join(lines(worse))
    assert told.count(" wait ") == len(worse["groups"]) + sum(one["figure"] == "wait" for one in worse["losers"])
    assert "segment:vip loses: wait +" in told and "–" in told
    assert "Nobody surely loses." in "\n".join(lines(better))
