"""The page of all tags for readers, made from the declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.kernel.texts import Text
from infra.library.shelf import CLASSES, CORE, DIMENSIONS, Shelved
from infra.package import ROOT

FILE = ROOT / "docs" / "understand" / "tag-library.md"

_CLASSES: Mapping[str, Text] = {
    "channel_preference": Text("渠道行为偏好", "Channel preference"),
    "service_evaluation": Text("服务评价", "Service evaluation"),
    "customer_attributes": Text("客户属性", "Customer attributes"),
    "contact_volume": Text("话务变化", "Contact volume"),
    "complaint_risk": Text("投诉风险", "Complaint risk"),
    "customer_group": Text("顾客分群", "Customer group"),
}
_DIMENSIONS: Mapping[str, Text] = {
    "demographics": Text("人口属性", "demographics"),
    "behaviour": Text("行为", "behaviour"),
    "psychology": Text("心理", "psychology"),
    "needs": Text("需求", "needs"),
    "business_state": Text("业务状态", "business state"),
}
TRADE_NAMES: Mapping[str, Text] = {
    CORE: Text("通用", "all"),
    "retail": Text("零售", "retail"),
    "finance": Text("金融", "finance"),
    "telecom": Text("电信", "telecom"),
    "it_desk": Text("IT 服务台", "IT desk"),
}
_HEAD = """# The tags that ship

Made by `make library` from the declarations in `chalicelib/tags/library/`; a test fails when it is stale. How a rule becomes a tag is told in
[Measures and tags](measures-and-tags.md).
"""
_COLUMNS = (
    "| Tag | 名称 | Name | Dimension | Trade | 含义 | Meaning | With it |",
    "|---|---|---|---|---|---|---|---|",
)


def page(shelf: Sequence[Shelved]) -> str:
    """The page in Markdown: a section per class, the tags of groups last."""
    return "\n".join([_HEAD, *_sections(shelf)])


def _sections(shelf: Sequence[Shelved]) -> Iterator[str]:
    for class_ in CLASSES:
        name = _CLASSES[class_]
        of_class = [one for one in shelf if not one.is_group and one.rule.class_ == class_]
        yield from (f"## {name.en} · {name.zh} ({len(of_class)})", "", *_table(of_class), "")
    if groups := [one for one in shelf if one.is_group]:
        yield from (f"## Tags of groups · 群体标签 ({len(groups)})", "", *_table(groups), "")


def _table(tags: Iterable[Shelved]) -> Iterator[str]:
    yield from _COLUMNS
    for one in sorted(tags, key=lambda one: (DIMENSIONS.index(one.rule.dimension), one.trades, one.rule.id)):
        rule, dimension = one.rule, _DIMENSIONS[one.rule.dimension]
        trades = "、".join(TRADE_NAMES[trade].zh for trade in one.trades)
        english = ", ".join(TRADE_NAMES[trade].en for trade in one.trades)
        yield (
            f"| `{rule.id}` | {rule.name.zh} | {rule.name.en} | {dimension.zh} {dimension.en} | {trades} {english} "
            f"| {rule.meaning.zh} | {rule.meaning.en} | {_bonds(one)} |"
        )


def _bonds(one: Shelved) -> str:
    """What it implies, and which group it is the only one of."""
    bonds = [] if one.rule.parent is None else [f"implies `{one.rule.parent}`"]
    bonds += [] if one.rule.exclusive is None else [f"one of {one.rule.exclusive.replace('_', ' ')}"]
    return "; ".join(bonds)
