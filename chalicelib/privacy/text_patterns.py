"""What personal data looks like in a text: one pattern for each way it is written, the surest kinds first.

All are compiled when this module is imported, which only who looks into a text does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from chalicelib.privacy import text_checks as checks

_CONTEXT = 28
"""How far before a number the word may stand that tells what it is."""
_LABEL = re.compile(r"\s?[-/(（]\s?")
"""What stands between a number and the word behind it that tells what it is."""


class Found(msgspec.Struct, frozen=True, order=True):
    """Personal data in a text: characters from ``start`` to before ``end``."""

    start: int
    end: int
    kind: str


class Finder(msgspec.Struct, frozen=True):
    """A pattern for one kind. Group 1, where there is one, is what is found. ``hint``: a text without it has none.

    ``check`` says of the found text whether it is one; ``told`` of those that fail, the words before that make them
    one if ``may_be`` does not forbid it.
    """

    kind: str
    pattern: re.Pattern[str]
    hint: Callable[[str], bool]
    check: Callable[[str], bool] | None = None
    told: re.Pattern[str] | None = None
    may_be: Callable[[str], bool] | None = None

    def find(self, text: str) -> Iterator[Found]:
        """Every one in a text."""
        if not self.hint(text):
            return
        group = 1 if self.pattern.groups else 0
        for match in self.pattern.finditer(text):
            start, end = match.span(group)
            if self.check is None or self.check(text[start:end]) or self._is_told(text, start, end):
                yield Found(start, end, self.kind)

    def _is_told(self, text: str, start: int, end: int) -> bool:
        if self.told is None or (self.may_be is not None and not self.may_be(text[start:end])):
            return False
        if self.told.search(text, max(0, start - _CONTEXT), start) is not None:
            return True
        label = _LABEL.match(text, end)
        return label is not None and self.told.match(text, label.end()) is not None


def _always(text: str) -> bool:
    return True


def _has_digit(text: str) -> bool:
    return _A_DIGIT.search(text) is not None


_A_DIGIT = re.compile(r"\d")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
_COMPOUND_SURNAMES = (
    "欧阳|司马|上官|诸葛|夏侯|东方(?!航空|财富|明珠|证券|卫视|购物|甄选)|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|轩辕|南宫|长孙|宇文|公冶|太史|申屠|仲孙|钟离|鲜于"
    "|闻人|司空|赫连|澹台|濮阳|淳于|呼延|独孤|拓跋"
)
_PHONE_WORDS = re.compile(
    r"电话|手机|联系|致电|号码|传真|座机|打给|拨打|phone|mobile|\btel|fax|\bcall|desk|\bcell|registered|number is|answering at|messages to|reach me|contact|sms|whatsapp",
    re.IGNORECASE,
)

FINDERS: Sequence[Finder] = (
    Finder(
        "email",
        re.compile(
            r"[A-Za-z0-9_\u00c0-\u024f.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9\u00c0-\u024f-]{1,63}(?:\.[A-Za-z0-9\u00c0-\u024f-]{1,63}){1,6}"
        ),
        lambda text: "@" in text,
    ),
    Finder(
        "secret",
        re.compile(
            r"(?:密码|口令|验证码|动态码|password|passwd|passcode|\bpwd|\bpin(?: code)?|token|api[ _-]?key|secret)"
            r"\s{0,2}(?:是|为|is|[:：=])\s{0,2}([^\s，。,;；]{3,128})",
            re.IGNORECASE,
        ),
        _always,
    ),
    Finder(
        "secret",
        re.compile(
            r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{16,}"
            r"|\bAKIA[0-9A-Z]{16}\b|(?<=[Bb]earer )[\w.~+/=-]{8,}"
        ),
        _always,
    ),
    Finder(
        "iban",
        re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)"),
        _has_digit,
        checks.is_iban,
        re.compile(r"\biban\b", re.IGNORECASE),
    ),
    Finder(
        "id_card",
        re.compile(
            r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
        ),
        _has_digit,
        checks.is_identity_card,
        re.compile(r"身份证|证件号|identity|\bid\b", re.IGNORECASE),
    ),
    Finder(
        "phone",
        re.compile(r"(?<![\dA-Za-z])(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d){8}(?![\dA-Za-z])"),
        _has_digit,
    ),
    Finder(
        "bank_card",
        re.compile(r"(?<![\dA-Za-z.-])\d(?:[ -]?\d){11,18}(?![\dA-Za-z])"),
        _has_digit,
        checks.is_bank_card,
        re.compile(r"卡号|银行卡|信用卡|储蓄卡|账号|\bcards?\b|\bcc\b|account", re.IGNORECASE),
        checks.may_be_bank_card,
    ),
    Finder("ssn", re.compile(r"(?<![\d-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"), _has_digit),
    Finder(
        "license",
        re.compile(r"(?:driver'?s licen[sc]e|驾驶证|驾照)\D{0,16}?([A-Z]?\d[\d-]{5,17}\d)", re.IGNORECASE),
        _has_digit,
    ),
    Finder(
        "passport",
        re.compile(r"(?:护照|通行证|passport)\D{0,12}?((?<![A-Za-z])[A-Za-z]{0,2}\d{6,9})(?!\d)", re.IGNORECASE),
        _has_digit,
    ),
    Finder(
        "plate",
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·•・ -]?"
            r"(?=[A-Za-z0-9]*\d)[A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳](?![A-Za-z0-9])"
        ),
        _has_digit,
    ),
    Finder(
        "ip",
        re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"),
        _has_digit,
    ),
    Finder("ip", re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"), lambda text: ":" in text),
    Finder(
        "phone",
        re.compile(
            r"(?<![〇零一二三四五六七八九幺])[一幺][三四五六七八九][〇零一二三四五六七八九幺]{9}(?![〇零一二三四五六七八九幺])"
        ),
        lambda text: "一" in text or "幺" in text,
    ),
    Finder(
        "phone",
        re.compile(
            r"(?<![A-Za-z0-9_.-])(?<!\d,)(?:\+|00)?\(?\d{1,4}\)?(?:[ .-]{0,2}\(?\d{1,8}\)?){1,6}(?:(?:x| ?ext\.? ?|转)\d{1,5})?(?![A-Za-z0-9_@%]|[.-]\d)",
            re.IGNORECASE,
        ),
        _has_digit,
        checks.is_phone_by_form,
        _PHONE_WORDS,
        checks.may_be_phone,
    ),
    Finder(
        "address",
        re.compile(
            r"(?:寄到|寄往|送到|地址[是为]?[:：]?|家住|住在?|搬到|找不到|送错到|发到)?("
            r"(?:[\u4e00-\u9fff]{2,8}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,7}?市)?(?:[\u4e00-\u9fff]{1,7}?(?:新区|区|县|旗))?"
            r"(?:[\u4e00-\u9fff]{1,9}?(?:镇|乡|街道))?[\u4e00-\u9fff\dA-Za-z]{1,12}?"
            r"(?:大道|路|街|巷|胡同|里弄|弄|村|小区|花园|家园|新城|公馆|苑|公寓|大厦|广场|园区|科技园)"
            r"[\u4e00-\u9fff\dA-Za-z#\-—－]{0,16}?\d{1,5}(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层|房)"
            r"(?:[\dA-Za-z\-—－#一二三四五六七八九十东西南北]{0,6}(?:号楼|号|栋|幢|座|单元|室|楼|层|房)){0,5}(?:-?\d{1,5}(?!\d))?)"
        ),
        _has_digit,
    ),
    Finder(
        "address",
        re.compile(
            r"(?<!\w)\d{1,6}[A-Za-z]? (?:[A-Z][\w'.-]{0,24} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace)\b\.?"
            r"(?:,? (?:Apt|Suite|Unit|Flat|#)\.? ?\w{1,6})?"
        ),
        _has_digit,
    ),
    Finder(
        "name",
        re.compile(
            rf"(?:我叫|名字叫|名字是|姓名[:：是为]?|收件人[:：是为]?|联系人[:：是为]?|收货人[:：是为]?|本人姓名|我是)\s?((?:{_COMPOUND_SURNAMES}|[{_SURNAMES}])[\u4e00-\u9fff]{{1,2}})"
            r"(?=[，。,.!！?？、；;：:\s（(]|$|的|电话|手机|身份)"
        ),
        _always,
    ),
    Finder(
        "name",
        re.compile(
            r"(?:\b[Mm]y name is|\b[Nn]ame:|\bMr\.?|\bMrs\.?|\bMs\.?|\bDr\.?|\bDear(?! Sir| Madam| Customer| Team))\s{1,3}"
            r"([^\W\d_a-z][\w'’-]{1,30}(?:\s[^\W\d_a-z]\.?(?=\s))?(?:[ ][^\W\d_a-z][\w'’-]{1,30}){0,2})"
        ),
        _always,
    ),
)
"""The surest kinds first: a card is no phone number."""
