"""Learn scores on people of others, beside the yardsticks of the trade, and write the page: `make scores`.

python -m infra.score_models

Prints every figure with its split, writes docs/understand/scores.md with its pictures, and exits 1 where a promise is not
kept. Without the people of others there is nothing to score: it says so and writes nothing.
"""

from __future__ import annotations

import sys
import time

from rich.console import Console
from threadpoolctl import threadpool_limits

from infra.package import ROOT
from infra.score_models import cdnow, page, telco
from infra.score_models.compared import compared


def main() -> int:
    """The exit code: 1 where a promise is not kept."""
    if not (telco.FILE.exists() and cdnow.FILE.exists()):
        print(
            "Skipped: the people of others are in ../shared/data beside the checkout, or where ZHIYIN_SHARED_DATA says."
        )
        return 0
    told, begun = Console(stderr=True, highlight=False), time.monotonic()

    def tell(line: str) -> None:
        told.print(f"[dim]{time.monotonic() - begun:5.0f} s[/] {line}")

    # Many small fits: threads that wait for each other make them slower.
    with threadpool_limits(1):
        customers = telco.telco()
        folds = [telco.folds_of(customers, seed, tell) for seed in (telco.SEED, *telco.OTHER_SEEDS)]
        others = telco.yardsticks(customers, telco.SEED)
        shop = cdnow.shop()
        split = cdnow.split_of(shop, tell)
        beside = compared(shop, split)
    for line in page.table(folds, others, beside):
        print(line)
    page.drawn(folds[0], beside, split.learned)
    page.FILE.write_text(page.page(folds, others, beside, split.learned))
    print(
        f"written: {page.FILE.relative_to(ROOT)}, {page.CALIBRATION.relative_to(ROOT)}, {page.IMPORTANCES.relative_to(ROOT)}"
    )
    if folds[0].auc < telco.LEAST_AUC or folds[0].ece > telco.MOST_ECE:
        print(f"telco_churn: AUC {folds[0].auc:.4f}, calibration error {folds[0].ece:.4f}: not kept", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
