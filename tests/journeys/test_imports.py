"""A file from its upload to profiles, on the deployed template: bucket, announcement, queue, worker, ingestion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.live import Live, bring_file, unique

pytestmark = pytest.mark.deployed

LINES = 400


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
        view = bring_file(live, declaration, content)
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
