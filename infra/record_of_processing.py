"""Write the record of processing from the data map, in English and Chinese: `make record`.

python -m infra.record_of_processing            write docs/understand/record-of-processing.md and .zh-CN.md
python -m infra.record_of_processing --check    say whether they are what would be written, and exit 1 if they are not
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from chalicelib.flows.data_map import KINDS, Entry, data_map
from chalicelib.flows.effective import InForce
from chalicelib.kernel.texts import Text
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.permission import ASKED_FIRST, PURPOSES
from infra.package import ROOT

type Language = Literal["en", "zh"]

FILES: Mapping[Language, Path] = {
    "en": ROOT / "docs" / "understand" / "record-of-processing.md",
    "zh": ROOT / "docs" / "understand" / "record-of-processing.zh-CN.md",
}
_SUMMED_UP = frozenset({"measure", "tag"})
"""Kinds of which there are hundreds: their lines are short."""
_WORDS: Mapping[str, Text] = {
    "service": Text("服务", "service"),
    "marketing": Text("营销", "marketing"),
    "analytics": Text("分析", "analytics"),
    "security": Text("安全", "security"),
    "legal": Text("法定义务", "legal"),
    "contract": Text("合同", "contract"),
    "consent": Text("同意", "consent"),
    "legitimate_interest": Text("正当利益", "legitimate interest"),
    "legal_obligation": Text("法定义务", "legal obligation"),
    "public": Text("公开", "public"),
    "internal": Text("内部", "internal"),
    "personal": Text("个人（封存）", "personal (sealed)"),
    "sensitive": Text("敏感（封存）", "sensitive (sealed)"),
    "any_source": Text("各来源", "any source"),
    "named_source": Text("指定来源", "sources named for it"),
    "derived": Text("推导", "derived"),
    "staff": Text("员工更正或设置", "staff"),
    "person": Text("本人", "the person"),
    "bot": Text("机器人", "bot"),
    "agent": Text("客服", "agent"),
    "supervisor": Text("主管", "supervisor"),
    "analyst": Text("分析员", "analyst"),
    "marketer": Text("营销员", "marketer"),
    "rule_editor": Text("规则编辑", "rule editor"),
    "privacy_officer": Text("隐私专员", "privacy officer"),
    "admin": Text("管理员", "admin"),
    "subscribers": Text("变更总线的订阅者", "subscribers of the bus"),
}
_TITLES: Mapping[str, Text] = {
    "trait": Text("属性", "Traits"),
    "identifier": Text("标识", "Identifiers"),
    "standing": Text("状态与计数", "Standing"),
    "measure": Text("度量", "Measures"),
    "tag": Text("标签", "Tags"),
    "consent": Text("同意", "Consents"),
    "event": Text("事件", "Events"),
    "event_field": Text("事件字段", "Fields of events"),
    "record": Text("工单、会话与决策", "Tickets, conversations and decisions"),
}
_COLUMNS: Mapping[str, Text] = {
    "path": Text("路径", "Path"),
    "name": Text("名称", "Name"),
    "class": Text("类别", "Class"),
    "purposes": Text("用途", "Purposes"),
    "basis": Text("依据", "Legal basis"),
    "days": Text("保留（天）", "Retention, days"),
    "sources": Text("来源", "Sources"),
    "recipients": Text("接收者", "Recipients"),
    "made_of": Text("由何得出", "Made of"),
}
_HEAD = Text(
    zh="""# 处理活动记录

由 `make record` 从数据地图生成（`chalicelib/privacy/fields.json`、度量与标签的声明、各角色的权限）；过期则测试失败。
对应 GDPR 第 30 条与《个人信息保护法》第 55、56 条。它列出随产品发布的内容；租户自己的声明见 `GET /v1/privacy/data-map`。

- 封存：个人与敏感字段以及每条事件的原文以 AES-256-GCM 加密；答复里只有掩码。
- 依据为“同意”的，说“不”之后不再使用；营销与分析在说“不”之后一律停止。默认需先同意的用途：{asked}。
- 保留天数从最后一条相关事件算起；过期者任何人、任何规则都读不到。0：随此人档案保留。删除见[隐私](privacy.md)。
- 法定义务之下（本人查询、法院）如实全部答复。十四岁以下不做画像，也不用于营销和分析。
""",
    en="""# Record of processing

Made by `make record` from the data map (`chalicelib/privacy/fields.json`, the declarations of measures and tags, the scopes of roles); a test fails
when it is stale. It answers GDPR art. 30 and PIPL art. 55 and 56 for what ships; a tenant's own declarations stand in `GET /v1/privacy/data-map`.

- Sealed: personal and sensitive fields, and the whole original of every event, are kept under AES-256-GCM; answers show masks.
- What rests on consent is not used after a no; for marketing and analytics nothing is. Asked first, unless a tenant says otherwise: {asked}.
- Days of retention count from the last event that told it; what is past them is read by nobody and by no rule. 0: while the person is kept. How
  somebody is erased is told in [Privacy](privacy.md).
- For the law (the person who asks, a court) the answer is whole. Under 14 nobody is profiled, nor used for marketing or analytics.
""",
)
_BY_PURPOSE = Text("## 按用途", "## By purpose")
_WHO_READS = Text(
    "| 用途 | 可读的角色 | " + " | ".join(_TITLES[kind].zh for kind in KINDS) + " |",
    "| Purpose | Roles that read for it | " + " | ".join(_TITLES[kind].en for kind in KINDS) + " |",
)


def page(entries: Sequence[Entry], language: Language) -> str:
    """The record in one language."""
    return "\n".join([*_head(language), *_purposes(entries, language), *_sections(entries, language)]) + "\n"


def main() -> int:
    """The exit code: 1 where, when checked, a page is stale."""
    parser = argparse.ArgumentParser(prog="python -m infra.record_of_processing", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, stale = parser.parse_args().check, 0
    entries = data_map(InForce({})).entries
    for language, file in FILES.items():
        made = page(entries, language)
        if not check:
            file.write_text(made)
        elif not file.exists() or file.read_text() != made:
            print(f"{file.relative_to(ROOT)} is stale: run make record")
            stale = 1
    return stale


def _head(language: Language) -> Iterator[str]:
    asked = _list(ASKED_FIRST, language)
    yield getattr(_HEAD, language).format(asked=asked)


def _purposes(entries: Sequence[Entry], language: Language) -> Iterator[str]:
    yield from (getattr(_BY_PURPOSE, language), "", getattr(_WHO_READS, language), "|---" * (2 + len(KINDS)) + "|")
    for purpose in PURPOSES:
        roles = [role for role, scopes in SCOPES.items() if f"purpose:{purpose}" in scopes]
        held = [sum(one.kind == kind and purpose in one.purposes for one in entries) for kind in KINDS]
        cells = (_word(purpose, language), _list(roles, language), *map(str, held))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _sections(entries: Sequence[Entry], language: Language) -> Iterator[str]:
    for kind in KINDS:
        of_kind = [one for one in entries if one.kind == kind]
        left_out = {"class", "sources"} if kind in _SUMMED_UP else {"made_of"}
        columns = [name for name in _COLUMNS if name not in left_out]
        yield from (f"## {getattr(_TITLES[kind], language)} ({len(of_kind)})", "")
        yield f"| {' | '.join(getattr(_COLUMNS[name], language) for name in columns)} |"
        yield "|---" * len(columns) + "|"
        for one in of_kind:
            cells = _cells(one, language)
            yield f"| {' | '.join(cells[name] for name in columns)} |"
        yield ""


def _cells(one: Entry, language: Language) -> Mapping[str, str]:
    return {
        "path": f"`{one.path}`",
        "name": getattr(one.names, language),
        "class": _word(one.class_, language),
        "purposes": _list(one.purposes, language),
        "basis": _word(one.legal_basis, language),
        "days": str(one.retention_days),
        "sources": _list(one.sources, language),
        "recipients": _list(one.recipients, language) or "–",
        "made_of": " ".join(f"`{path}`" for path in one.made_of),
    }


def _list(words: Sequence[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(_word(one, language) for one in words)


def _word(word: str, language: Language) -> str:
    return str(getattr(_WORDS[word], language))


if __name__ == "__main__":
    sys.exit(main())
