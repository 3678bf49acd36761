"""Sentences as customers of China write them, with the personal data that stands in them. Nobody's data is real.

Two sets of templates that share none: those that the patterns were tuned on, and those that they are judged by.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import msgspec

TUNED_ON = (
    "我的手机号是{phone}，麻烦帮我查一下快递",
    "请联系{phone}，收件人{name}",
    "身份证{id_card}，帮我核实一下实名",
    "卡号{bank_card}，钱还没有退回来",
    "地址是{address}，别再送错了",
    "车牌{plate}的保单什么时候到期",
    "打我电话{phone}就行，我叫{name}。",
    "实名信息：{name_plain}，{id_card}，{phone}",
    "退到这张卡{bank_card}上，谢谢",
    "我家住{address}，网络又断了",
    "帮我把{plate}绑定到账号里",
    "你们客服用{phone}给我打过电话",
    "订单{order}，收货电话{phone}，怎么还没发货？",
    "昨天刷了{bank_card}，显示扣款{amount}元",
    "我邮箱{email}收不到验证码",
)
JUDGED_BY = (
    "怎么换绑啊，旧号{phone}已经停机了，新号{phone}",
    "{phone} 这个号登录不上，密码也忘了",
    "收货信息改成 {address}，电话 {phone}",
    "证件号码填的{id_card}，提示不一致",
    "本人{id_card}，申请注销账户",
    "我的储蓄卡 {bank_card} 被重复扣款两次",
    "银行卡尾号对不上，完整的是{bank_card}",
    "上门地址：{address}，明天下午在家",
    "寄到{address}就可以",
    "师傅说找不到{address}，让我自己去拿",
    "{plate}在高速上抛锚了，救援什么时候到",
    "我的车{plate}被重复收费了，金额{amount}",
    "麻烦给{phone}回个电话，我姓王",
    "联系人电话{phone}，备用{phone}。",
    "绑定的手机尾号8000，完整号码{phone}，一直收不到短信",
    "发票抬头是公司，寄{address}，收件电话{phone}",
    "核对一下：证件{id_card}，卡{bank_card}",
    "你好，{plate}今天进不了停车场",
    "订单号{order}一直不发货，着急！打{phone}",
    "报修地址{address}，报障电话{phone}，编号{order}",
)
CLEAN = (
    "订单{order}什么时候发货？已经等了5天了",
    "一共付了{amount}元，优惠券没有用上",
    "2025年11月9日下的单，编号{order}",
    "我等了30分钟，排队第128位",
    "套餐每月199元，流量100G，合约24个月",
    "工单{order}显示已关闭，问题没有解决",
    "我在地铁2号线上，信号不好",
    "第3季度账单比上月多了{amount}元",
)
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰"
_CITIES = (
    "上海市浦东新区",
    "北京市朝阳区",
    "广东省深圳市南山区",
    "浙江省杭州市西湖区",
    "成都市武侯区",
    "江苏省苏州市工业园区",
    "武汉市洪山区",
)
_ROADS = (
    "张江路",
    "建国路",
    "科技南路",
    "文三路",
    "人民南路",
    "星湖街",
    "珞喻路",
    "中山大道",
    "幸福巷",
    "光明村",
    "阳光花园",
    "锦绣家园",
)
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
_PLACE = re.compile(r"\{(\w+)\}")
KINDS = {
    **{kind: kind for kind in ("phone", "id_card", "bank_card", "address", "plate", "email", "name")},
    "name_plain": "name",
}
"""What is scored: the name in a template, and the kind that is to be found."""


class Sentence(msgspec.Struct, frozen=True):
    """A text and what stands in it: kind, start and end of each."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def sentences(templates: tuple[str, ...], count: int, seed: int) -> Iterator[Sentence]:
    """So many sentences, the templates in turn, each with values of its own."""
    chance = random.Random(seed)  # noqa: S311 - invented sentences, the same ones every time
    for place in range(count):
        yield _filled(templates[place % len(templates)], chance)


def _filled(template: str, chance: random.Random) -> Sentence:
    text, at, spans = "", 0, list[tuple[str, int, int]]()
    for match in _PLACE.finditer(template):
        text += template[at : match.start()]
        value = _MAKERS[match[1]](chance)
        if match[1] in KINDS:
            spans.append((KINDS[match[1]], len(text), len(text) + len(value)))
        text += value
        at = match.end()
    return Sentence(text + template[at:], tuple(spans))


def _phone(chance: random.Random) -> str:
    head, middle, tail = (
        f"1{chance.choice('3456789')}{chance.randrange(10)}",
        chance.randrange(10_000),
        chance.randrange(10_000),
    )
    form = chance.choice(
        ["{}{:04}{:04}", "{} {:04} {:04}", "{}-{:04}-{:04}", "+86 {}{:04}{:04}", "{}{:04}{:04}", "86{}{:04}{:04}"]
    )
    made = form.format(head, middle, tail)
    other = chance.random()
    if other < 0.08:
        return made.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    if other < 0.16:
        return f"0{chance.choice(['10', '21', '755', '571'])}-{chance.randrange(20_000_000, 89_999_999)}"
    return made


def _id_card(chance: random.Random) -> str:
    born = f"{chance.randrange(1950, 2006)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    body = f"{chance.choice(['110105', '310115', '440305', '330106', '510107'])}{born}{chance.randrange(1_000):03}"
    made = body + _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]
    return made.lower() if chance.random() < 0.2 else made


def _bank_card(chance: random.Random) -> str:
    body = chance.choice(["6222", "6217", "6228", "4392", "5187"]) + "".join(
        chance.choices("0123456789", k=chance.choice([11, 14]))
    )
    total = sum(
        value - 9 if (value := int(digit) * (2 - place % 2)) > 9 else value
        for place, digit in enumerate(reversed(body))
    )
    made = body + str(-total % 10)
    return " ".join(made[place : place + 4] for place in range(0, len(made), 4)) if chance.random() < 0.3 else made


def _address(chance: random.Random) -> str:
    city = chance.choice(_CITIES) if chance.random() < 0.8 else ""
    road = f"{chance.choice(_ROADS)}{chance.randrange(1, 2_000)}号"
    inside = chance.choice(
        [
            "",
            f"{chance.randrange(1, 30)}栋{chance.randrange(101, 3_000)}室",
            f"{chance.randrange(1, 9)}号楼{chance.randrange(1, 6)}单元{chance.randrange(101, 2_000)}",
        ]
    )
    return city + road + inside


def _plate(chance: random.Random) -> str:
    tail = "".join(
        chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=1) + chance.choices("0123456789", k=4 + (chance.random() < 0.3))
    )
    return f"{chance.choice('京沪粤浙苏川鄂')}{chance.choice('ABCDEFG')}{chance.choice(['', '', '·'])}{tail}"


def _name(chance: random.Random) -> str:
    return chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.choice([1, 2])))


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "phone": _phone,
    "id_card": _id_card,
    "bank_card": _bank_card,
    "address": _address,
    "plate": _plate,
    "name": _name,
    "name_plain": _name,
    "email": lambda chance: f"{chance.choice(['lin', 'wang.fang', 'zhao_88'])}@example.com",
    "order": lambda chance: f"20251{chance.randrange(100_000_000, 999_999_999)}",
    "amount": lambda chance: f"{chance.randrange(1, 9_999)}.{chance.randrange(100):02}",
}
