"""Chinese family names: those of two characters, those read in a way of their own, and common ones in pinyin."""

from __future__ import annotations

from collections.abc import Mapping

COMPOUND = frozenset(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 长孙 長孫 宇文 司徒 "
    "司空 端木 独孤 獨孤 南宫 南宮 令狐 夏侯 轩辕 軒轅 呼延 淳于 单于 万俟 澹台 公冶 百里 东郭 西门".split()
)
"""Family names of two characters."""

READ_AS: Mapping[str, str] = {
    "单": "shan", "單": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "查": "zha", "任": "ren", "区": "ou",
    "區": "ou", "朴": "piao", "盖": "ge", "蓋": "ge", "翟": "zhai", "乐": "yue", "樂": "yue", "覃": "qin", "葛": "ge",
    "华": "hua", "華": "hua", "缪": "miao", "繆": "miao", "冼": "xian", "薄": "bo", "种": "chong", "繁": "po",
    "员": "yun", "召": "shao", "燕": "yan", "那": "na", "宿": "su", "折": "she", "晟": "cheng", "尉迟": "yuchi",
    "尉遲": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "長孫": "zhangsun", "澹台": "tantai", "单于": "chanyu",
}  # fmt: skip
"""Characters whose sound as a family name is another than in a text."""

PINYIN = frozenset(
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng "
    "han feng cao peng zeng xiao tian dong yuan pan yu jiang cai jia ding wei xue ye yan du dai xia zhong tan lu fan "
    "jin shi liao zou xiong hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan lei qian yin shen duanmu "
    "yi chang qiao lai gong wen ouyang sima zhuge shangguan situ huangfu murong zhan shu shan zhai miao yue zha ge".split()
)
"""Common family names as they are written in pinyin."""
