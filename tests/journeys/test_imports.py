"""A file from its upload to profiles, on the deployed template: bucket, announcement, queue, worker, ingestion."""

from __future__ import annotations

import time
import urllib.request
from typing import Any

import pytest

from tests.journeys.live import Live, unique

pytestmark = pytest.mark.deployed

LINES = 400
SECONDS = 120


def _ask(live: Live, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {live.tenant.admin_token}"}
    answer = live.session.request(method, f"{live.cloud.url}{path}", json=body, headers=headers, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def _upload(url: str, content: bytes) -> None:
    urllib.request.urlopen(urllib.request.Request(url, content, {"Content-Type": "text/csv"}, method="PUT")).close()


def _import(live: Live, declaration: dict[str, Any], content: bytes) -> Any:
    """Declare, upload, and wait until it is over."""
    opened = _ask(live, "POST", "/v1/imports", declaration)
    _upload(opened["upload"]["url"], content)
    ends_at = time.monotonic() + SECONDS
    while (view := _ask(live, "GET", f"/v1/imports/{opened['import_id']}"))["state"] in ("waiting", "running"):
        assert time.monotonic() < ends_at, view
        time.sleep(0.5)
    return view


def _orders(live: Live, user: str, shop: str) -> tuple[dict[str, Any], bytes]:
    mapping = {
        "identifiers.user_id": "会员",
        "data.order_id": "订单",
        "data.amount": "金额",
        "status": "状态",
        "time": "时间",
    }
    declaration = {
        "source_id": live.tenant.shop.source_id,
        "kind": "orders",
        "format": "csv",
        "mapping": mapping,
        "values": {"status": {"已付款": "paid"}},
        "constants": {"data.currency": "CNY"},
        "time_format": "local",
        "timezone": "Asia/Shanghai",
    }
    lines = [
        f"{user}-{number % 20},{shop}-{number},10.00,已付款,2026-10-0{number % 9 + 1} 10:00\n"
        for number in range(LINES)
    ]
    lines[99] = lines[99].replace("10.00", "免费")
    lines[199] = "\n"
    return declaration, ("会员,订单,金额,状态,时间\n" + "".join(lines)).encode()


def test_import__orders__uploaded_read_and_in_the_profiles(live: Live) -> None:
    """The upload alone starts it; what it tells adds up; orders count in profiles, and a second import adds nothing."""
    user = unique("buyer")
    declaration, content = _orders(live, user, unique("order"))
    for _ in range(2):
        view = _import(live, declaration, content)
        assert (view["state"], view["records"], view["accepted"], view["refused"], view["blank"]) == (
            "finished",
            LINES,
            LINES - 2,
            1,
            1,
        )
        assert view["refused_lines"] == [{"line": 101, "code": "bad_amount", "path": "data.amount"}]
        counts = live.settle(LINES - 1)
        assert (counts.applied, counts.quarantined) == (LINES - 2, 1)
        assert live.api.lookup([("user_id", f"{user}-3")])["measures"]["orders_paid"]["count"] == LINES // 20
    left = live.aws("s3").list_objects_v2(Bucket=live.cloud.outputs["ImportsBucketName"], Prefix="uploads/")
    assert not [one for one in left.get("Contents", []) if live.tenant.tenant_id in one["Key"]]
