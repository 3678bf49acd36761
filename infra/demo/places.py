"""Names and places the invented people are made of. Invented or public words only; no person's data."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city, the province-level region it lies in, its commercial tier (1 is largest) and a street."""

    name: str
    region: str
    tier: int
    street: str


CITIES = (
    City("北京市", "北京", 1, "朝阳区建国路"),
    City("上海市", "上海", 1, "浦东新区世纪大道"),
    City("广州市", "广东", 1, "天河区体育东路"),
    City("深圳市", "广东", 1, "南山区科技园路"),
    City("成都市", "四川", 2, "锦江区春熙路"),
    City("杭州市", "浙江", 2, "西湖区文三路"),
    City("武汉市", "湖北", 2, "江汉区解放大道"),
    City("南京市", "江苏", 2, "鼓楼区中山路"),
    City("西安市", "陕西", 2, "雁塔区长安路"),
    City("合肥市", "安徽", 3, "蜀山区长江路"),
    City("福州市", "福建", 3, "鼓楼区五四路"),
    City("昆明市", "云南", 3, "五华区人民路"),
    City("洛阳市", "河南", 4, "西工区中州路"),
    City("绵阳市", "四川", 4, "涪城区临园路"),
    City("宜宾市", "四川", 5, "翠屏区南岸路"),
    City("赣州市", "江西", 5, "章贡区文清路"),
)

SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余")
GIVEN_FEMALE = (
    "雨桐",
    "诗涵",
    "欣怡",
    "梓萱",
    "佳琪",
    "静怡",
    "丽华",
    "秀英",
    "桂兰",
    "淑珍",
    "玉梅",
    "晓燕",
    "海燕",
    "文静",
    "雪梅",
    "思颖",
    "婷婷",
    "美玲",
    "慧敏",
    "若曦",
    "语嫣",
    "安琪",
    "芳",
)
GIVEN_MALE = (
    "浩然",
    "子轩",
    "宇航",
    "俊杰",
    "明哲",
    "志强",
    "建国",
    "建军",
    "国华",
    "德明",
    "伟",
    "磊",
    "鹏",
    "文博",
    "嘉豪",
    "天佑",
    "思远",
    "海涛",
    "永福",
    "学文",
    "家辉",
    "睿",
    "晨",
)

# Reserved for documentation by RFC 2606: no mail sent to them reaches anyone.
MAIL_DOMAINS = ("example.com", "example.net", "example.org")

CATEGORIES = ("beauty", "fashion", "electronics", "home", "food", "baby")
CATEGORY_ZH = {
    "beauty": "美妆",
    "fashion": "服饰",
    "electronics": "数码",
    "home": "家居",
    "food": "食品",
    "baby": "母婴",
}
