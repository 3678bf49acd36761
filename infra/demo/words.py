"""What the invented customers say, by topic. ``{category}`` is filled with what they buy."""

from __future__ import annotations

from random import Random

from infra.demo.places import CATEGORY_ZH

SAYINGS: dict[str, tuple[str, ...]] = {
    "after_sales": (
        "上次买的{category}用了有点问题，售后怎么处理？",
        "{category}想走售后，需要准备什么？",
        "售后进度到哪一步了？",
    ),
    "logistics": ("我的{category}包裹什么时候到？", "物流两天没有更新了，帮我查一下。", "可以改一下收货时间吗？"),
    "refund": ("这单{category}想退款，多久到账？", "退款申请提交了，请尽快处理。", "东西不合适，我要退款。"),
    "promotion": ("{category}最近有优惠券吗？", "满减能不能和会员折扣一起用？", "有没有更便宜的？"),
    "product_question": ("这款{category}的材质和成分是什么？", "质量怎么样，有检测报告吗？", "哪一款品质更好？"),
    "invoice": ("麻烦开一张电子发票。", "发票抬头可以改吗？"),
    "account": ("怎么修改绑定的手机号？", "积分在哪里看？"),
    "usage": ("这个{category}怎么用？", "说明书里第二步没看懂。"),
    "payment": ("一直付款失败，怎么回事？", "银行卡扣款不成功。"),
    "complaint": ("等了很久没人理，我要投诉！", "服务态度太差了，要求给个说法。"),
    "praise": ("客服很耐心，给个五星好评，谢谢！", "问题马上就解决了，很满意。"),
}
ANSWERS = (
    "您好，已经为您登记，请稍等。",
    "感谢您的耐心等待，我来帮您看看。",
    "这边已经处理好了，还有其他可以帮您的吗？",
)
COMMON_TOPICS = ("logistics", "invoice", "account", "usage")
SEARCHES = {
    "price": "{category} 折扣 特价",
    "quality": "{category} 高品质 进口",
    "rich": "{category} 旗舰 礼盒",
    "plain": "{category} 推荐",
}


def say(rng: Random, topic: str, category: str) -> str:
    """A sentence a customer might write about a topic."""
    return rng.choice(SAYINGS[topic]).format(category=CATEGORY_ZH[category])


def search_for(shopping: str, category: str) -> str:
    """What a shopper of this kind types into the search box."""
    return SEARCHES[shopping].format(category=CATEGORY_ZH[category])
