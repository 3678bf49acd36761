"""What the product compares of two profiles, and which keys bring two of them together."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.matching.model import Field, Rule, Schema

SCHEMA = Schema(
    fields=(
        Field("given_name", "name"),
        Field("family_name", "name", shared=True),
        Field("birth_date", "date"),
        Field("phone", "digits"),
        Field("email", "email"),
        Field("address", "text", shared=True),
        Field("city", "text", shared=True),
        Field("region", "code", shared=True),
        Field("habits", "set", shared=True),
        Field("presence", "set", shared=True),
    ),
    crossings=(("given_name", "family_name"),),
    rules=(
        Rule((("phone", "whole"),)),
        Rule((("email", "whole"),)),
        Rule((("email", "local"),)),
        Rule((("birth_date", "whole"),)),
        Rule((("given_name", "whole"), ("family_name", "whole")), any_order=True),
        Rule((("given_name", "sound"), ("family_name", "sound")), any_order=True),
        Rule((("family_name", "sound"), ("birth_date", "year"))),
        Rule((("given_name", "sound"), ("birth_date", "year"))),
        Rule((("family_name", "sound"), ("birth_date", "month_day"))),
        Rule((("given_name", "sound"), ("birth_date", "month_day"))),
        Rule((("family_name", "sound"), ("city", "whole"))),
        Rule((("given_name", "sound"), ("city", "whole"))),
        Rule((("address", "whole"),)),
        Rule((("address", "start"), ("given_name", "sound"))),
    ),
)

FIELD_NAMES: Mapping[str, Mapping[str, str]] = {
    "given_name": {"zh": "名", "en": "Given name"},
    "family_name": {"zh": "姓", "en": "Family name"},
    "birth_date": {"zh": "出生日期", "en": "Date of birth"},
    "phone": {"zh": "手机号", "en": "Phone"},
    "email": {"zh": "电子邮箱", "en": "E-mail"},
    "address": {"zh": "地址", "en": "Address"},
    "city": {"zh": "城市", "en": "City"},
    "region": {"zh": "地区", "en": "Region"},
    "habits": {"zh": "渠道与设备习惯", "en": "Channels and devices used"},
    "presence": {"zh": "活跃日期", "en": "Days of activity"},
    "given_name/family_name": {"zh": "姓与名的顺序", "en": "Order of the names"},
}

READ = ("name", "birth_date", "phone", "email", "address", "city", "region", "language", "device_os", "notify_channel")
"""The traits of a profile that a run opens, in memory only."""
