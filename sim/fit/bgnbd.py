"""How purchase rates differ between people: the BG/NBD model of Fader, Hardie & Lee 2005, by maximum likelihood.

A customer buys as a Poisson process whose rate is Gamma(r, alpha) across people, and may leave after any purchase with
a chance that is Beta(a, b) across people. Time is in days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from sim.fit.elasticity import Identified

CDNOW = (0.267, 41.9, 0.484, 2.112)
"""r, alpha (days), a, b of CDNOW's customers: what stands in."""
FEWEST = 200
"""Customers below which nothing is fitted (assumption)."""
NAMES = ("r", "alpha", "a", "b")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """A fitted model; NaN where it is not identified."""

    values: tuple[float, ...]
    """r, alpha in days, a, b."""
    se: tuple[float, ...]
    customers: int
    verdicts: tuple[Identified, ...]
    why: str


def log_likelihood(log_parameters: Floats, x: Floats, last: Floats, age: Floats) -> Floats:
    """(n,) of each customer: `x` purchases after the first, the last of them `last` days after it, watched `age` days.

    >>> float(log_likelihood(np.log([1.0, 1.0, 1.0, 1.0]), np.zeros(1), np.zeros(1), np.ones(1))[0])  # log(1 / 2)
    -0.6931471805599453
    """
    r, alpha, a, b = np.exp(log_parameters)
    head = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + age)
    with np.errstate(divide="ignore"):
        gone = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last), -np.inf)
    return np.asarray(head + np.logaddexp(alive, gone), float)


def fit_rates(visits: pd.DataFrame, since: int, end: int) -> Rates:
    """Fits customers first seen on day `since` or later; `visits` has a row (customer, day) a day of purchase."""
    groups = visits.groupby("customer")["day"].agg(["min", "max", "size"])
    new = groups[groups["min"] >= since]
    if len(new) < FEWEST or (new["size"] > 1).sum() < FEWEST / 4:
        again = int((new["size"] > 1).sum())
        return _none(len(new), f"{len(new)} newcomers, {again} of whom came back, are too few")
    cells = pd.DataFrame({"x": new["size"] - 1, "last": new["max"] - new["min"], "age": end - new["min"] + 1})
    counted = cells.groupby(["x", "last", "age"]).size()
    x, last, age = (counted.index.get_level_values(name).to_numpy(float) for name in ("x", "last", "age"))
    weight = counted.to_numpy(float)

    def leaving(log_parameters: Floats) -> float:
        return -float(weight @ log_likelihood(log_parameters, x, last, age)) / len(new)

    def staying(log_parameters: Floats) -> float:
        r, alpha = np.exp(log_parameters)
        each = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
        return -float(weight @ each) / len(new)

    values, error, why = _maximum(leaving, (CDNOW, (1.0, 30.0, 1.0, 3.0)), len(new))
    if values is not None and error is not None:
        return _rates(values, error, len(new), "")
    values, error, other = _maximum(staying, (CDNOW[:2], (1.0, 30.0)), len(new))
    if values is None or error is None:
        return _none(len(new), other)
    nan = np.full(2, np.nan)
    told = f"who leaves cannot be told ({why}); rates are those if nobody does"
    return _rates(np.concatenate([values, nan]), np.concatenate([error, nan]), len(new), told)


def _maximum(
    minus: Callable[[Floats], float], starts: Sequence[tuple[float, ...]], customers: int
) -> tuple[Floats | None, Floats | None, str]:
    """(parameters, s.e. of their logs, "") at the maximum of the likelihood, or (None, None, why there is none)."""
    bounds = [(-7.0, 9.0)] * len(starts[0])
    best = min((minimize(minus, np.log(start), method="L-BFGS-B", bounds=bounds) for start in starts),
               key=lambda result: float(result.fun))  # fmt: skip
    at = np.asarray(best.x, float)
    if (np.abs(np.abs(at - 1.0) - 8.0) < 1e-3).any():
        return None, None, "the likelihood has no inner maximum"
    curvature = _hessian(minus, at) * customers
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 0:
        return None, None, "the likelihood is flat at its maximum"
    error = np.sqrt(np.diag(np.linalg.inv(curvature)))
    if error.max() > 1.0:
        return None, None, "the likelihood hardly changes around its maximum"
    return np.exp(at), error, ""


def _rates(values: Floats, error: Floats, customers: int, why: str) -> Rates:
    """Verdicts by the s.e. of each parameter's log: below 0.5 identified."""
    verdicts: tuple[Identified, ...] = tuple(
        "not identified" if np.isnan(e) else "identified" if e < 0.5 else "weak" for e in error
    )
    return Rates(tuple(float(v) for v in values), tuple(float(v) for v in values * error), customers, verdicts, why)


def _none(customers: int, why: str) -> Rates:
    nan = (float("nan"),) * 4
    return Rates(nan, nan, customers, ("not identified",) * 4, why)


def _hessian(f: Callable[[Floats], float], at: Floats, step: float = 1e-3) -> Floats:
    """Second derivatives by central differences."""
    n = at.size
    out = np.zeros((n, n))
    eye = step * np.eye(n)
    for i in range(n):
        for j in range(i + 1):
            four = f(at + eye[i] + eye[j]) - f(at + eye[i] - eye[j]) - f(at - eye[i] + eye[j]) + f(at - eye[i] - eye[j])
            out[i, j] = out[j, i] = four / (4 * step**2)
    return out
