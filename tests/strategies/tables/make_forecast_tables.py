"""Makes statsforecast.json and crps.json; run in a scratch environment with the versions they name.

pip install statsforecast==2.1.1 scoringrules==0.10.0; python make_forecast_tables.py
"""

import json
from pathlib import Path

import numpy as np
import scoringrules
import statsforecast
from statsforecast.models import TSB, AutoETS, CrostonClassic, CrostonSBA, SimpleExponentialSmoothing, Theta

HERE = Path(__file__).parent


def rounded(values):
    return [float(f"{v:.12g}") for v in np.asarray(values, float).ravel()]


rng = np.random.default_rng(5)
slow = (rng.random((12, 90)) < rng.uniform(0.1, 0.7, (12, 1))) * rng.poisson(3, (12, 90)) * 1.0
smooth = np.cumsum(rng.normal(0.05, 1, (12, 90)), axis=1) + 60 + rng.normal(0, 2, (12, 90))
season = smooth + 8 * np.sin(np.arange(90) * 2 * np.pi / 7)
out = {"statsforecast": statsforecast.__version__, "slow": [], "smooth": [], "ets": []}
for y in slow:
    models = {"croston": CrostonClassic(), "sba": CrostonSBA(), "tsb": TSB(0.1, 0.1)}
    out["slow"].append({"y": rounded(y), **{n: float(m.forecast(y, 1)["mean"][0]) for n, m in models.items()}})
for y in smooth:
    theta = Theta(season_length=1).fit(y)
    ses = float(SimpleExponentialSmoothing(0.3).forecast(y, 1)["mean"][0])
    par = {k: float(v) for k, v in theta.model_["par"].items() if np.ndim(v) == 0}
    out["smooth"].append({"y": rounded(y), "ses_0.3": ses, "theta": rounded(theta.predict(14)["mean"]), "par": par})
for y in season[:6]:
    model = AutoETS(season_length=7, model="AAA", damped=True).fit(y)
    m = model.model_
    out["ets"].append(
        {
            "y": rounded(y),
            "components": m["components"],
            "par": rounded(m["par"]),
            "state0": rounded(m["states"][0]),
            "forecast": rounded(model.predict(14)["mean"]),
        }
    )
(HERE / "statsforecast.json").write_text(json.dumps(out) + "\n")
cases = []
for s in (1, 2, 7, 64):
    x = rng.gamma(2, 5, (5, s))
    y = rng.gamma(2, 6, 5)
    cases.append(
        {
            "samples": [rounded(r) for r in x],
            "truth": rounded(y),
            "crps": rounded(scoringrules.crps_ensemble(y, x, estimator="nrg")),
            "pinball_90": rounded(scoringrules.quantile_score(y, x[:, 0], 0.9)),
        }
    )
(HERE / "crps.json").write_text(json.dumps({"scoringrules": scoringrules.__version__, "cases": cases}) + "\n")
