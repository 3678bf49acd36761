"""Finding declared words in a message, beside one compiled alternation of all their forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.insights.lexicon import folded, shipped_lexicon, shipped_words
from tests.bench.measure import Row, in_turns, row_of

MESSAGE = (
    "你好，我上周买的羽绒服快递到哪了？物流显示已经签收但是我没收到货，已经好几天了还没到，客服态度差，一直没回，"
    "再不处理我就投诉到12315，请尽快退款，退款没到账的话我就要曝光。另外优惠券不能用，价格比上周贵了，能不能保价？"
    "电子发票也没有给我开，抬头写错了。谢谢。"
)[:200].ljust(200, "。")
"""200 characters that speak of more than most."""


def rows() -> Iterator[Row]:
    """The row of hot words."""
    lexicon = shipped_lexicon()
    forms = sorted({folded(form) for word in shipped_words() for form in word.words}, key=len, reverse=True)
    alternation = re.compile("|".join(map(re.escape, forms)))

    def found() -> object:
        return lexicon.found_in(MESSAGE)

    def matched() -> object:
        return alternation.findall(folded(MESSAGE))

    assert found() and matched()
    pair = in_turns(found, matched, rounds=9, calls=50)
    note = f"{len(lexicon.words)} words in {len(forms):,} forms. The aim is at most 0.1 ms a message."
    yield row_of("hot words of 200 characters ÷ one compiled alternation of all forms", pair, 1.0, found, note=note)
