"""Makes stockpyl.csv: 100 random inventory problems and stockpyl's answers, to hold the strategies against.

Run once, in an environment of its own (stockpyl is no dependency): `pip install stockpyl==1.0.2`, then
`python make_stockpyl.py > stockpyl.csv`. Made with stockpyl 1.0.2 (numpy 2.2.6, scipy 1.17.1), seed 5.
"""

from __future__ import annotations

import random

from stockpyl.newsvendor import newsvendor_normal, newsvendor_poisson  # type: ignore[import-not-found,unused-ignore]  # only in the scratch environment
from stockpyl.ss import s_s_power_approximation  # type: ignore[import-not-found,unused-ignore]  # only in the scratch environment

COLUMNS = "holding,stockout,fixed,mean,sd,lead_days,newsvendor,base_stock,poisson,s,S"


def main() -> None:
    """One line a case. `mean` and `sd` are a day's; `newsvendor` covers 1 day, `base_stock` lead_days + 1."""
    draw = random.Random(5)
    print(COLUMNS)
    for _ in range(100):
        holding, fixed = round(draw.uniform(0.05, 2.0), 3), round(draw.uniform(1.0, 100.0), 2)
        stockout = round(holding * draw.uniform(1.5, 40.0), 3)
        mean, lead = round(draw.uniform(5.0, 200.0), 2), draw.randrange(0, 15)
        sd = round(mean * draw.uniform(0.1, 0.3), 3)
        one, _cost = newsvendor_normal(holding, stockout, mean, sd)
        level, _cost = newsvendor_normal(holding, stockout, mean, sd, lead_time=lead)
        count, _cost = newsvendor_poisson(holding, stockout, mean)
        low, high = s_s_power_approximation(holding, stockout, fixed, mean, sd)
        numbers = (one, level, float(count), low, high)
        print(holding, stockout, fixed, mean, sd, lead, *(f"{x:.8f}" for x in numbers), sep=",")


if __name__ == "__main__":
    main()
