"""Values that stand for nobody or for everybody: placeholders, test entries, defaults of forms.

Without this list a thousand strangers who were typed in as ``无`` become one person.
"""

from __future__ import annotations

import re

_MANY = 10
"""Of so many letters and more at least two differ, where they name somebody."""
_PLACEHOLDER_PHONE = re.compile(r"\+861\d{2}(?:0{8}|12345678)|\+8613800138000")

_WORDS = frozenset(
    [
        "-1",
        "null",
        "nil",
        "none",
        "nan",
        "na",
        "n/a",
        "undefined",
        "unknown",
        "anonymous",
        "guest",
        "visitor",
        "test",
        "tester",
        "testing",
        "user",
        "username",
        "true",
        "false",
        "default",
        "string",
        "example",
        "placeholder",
        "empty",
        "blank",
        "missing",
        "tbd",
        "xxx",
        "abc",
        "asdf",
        "qwerty",
        "?",
        ".",
        "*",
        "#",
        "[object",
        "object]",
        "无",
        "没有",
        "未知",
        "不详",
        "不明",
        "空",
        "暂无",
        "匿名",
        "匿名用户",
        "游客",
        "访客",
        "测试",
        "测试用户",
        "保密",
        "默认",
        "其他",
        "用户",
    ]
) | {"[object object]"}

_EMAILS = frozenset(
    [
        "test@test.com",
        "a@a.com",
        "a@b.com",
        "test@example.com",
        "user@example.com",
        "example@example.com",
        "email@example.com",
        "name@example.com",
        "123@qq.com",
        "123456@qq.com",
        "123@123.com",
        "123@163.com",
    ]
)
_MAILBOXES = frozenset(
    [
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "null",
        "none",
        "nobody",
        "unknown",
        "undefined",
        "anonymous",
    ]
)
# Values that many Android devices or emulators answer alike.
_DEVICES = frozenset(
    [
        "02:00:00:00:00:00",
        "9774d56d682e549c",
        "012345678912345",
        "123456789012345",
        "1234567890abcdef",
    ]
)


def is_blocked(namespace: str, value: str) -> bool:
    """Whether a visible or normalised value names no single person."""
    folded = value.casefold()
    if folded in _WORDS or not folded.strip("0-") or (len(folded) >= _MANY and not folded.strip(folded[0])):
        return True
    match namespace:
        case "phone" | "whatsapp":
            return _PLACEHOLDER_PHONE.fullmatch(value) is not None
        case "email":
            return folded in _EMAILS or folded.partition("@")[0] in _MAILBOXES
        case "device":
            return folded in _DEVICES
    return False
