"""What several forecasters need: hour profiles, noise, whole days drawn again."""

from __future__ import annotations

import numpy as np

from sim.contracts import Floats, View

HOUR_DAYS = 28
"""Past days that an hour profile is taken from."""


def hour_profile(view: View) -> Floats:
    """(24,) share of orders by hour lately, with one order an hour added so that no hour is impossible."""
    counts = view.orders_by_hour[:, -HOUR_DAYS:].sum(axis=1) + 1.0
    return np.asarray(counts / counts.sum())


def hour_shares(view: View, horizon: int, rush: float = 0.25) -> Floats:
    """(H, 24) recent hour profile; a festival's first day puts `rush` x ritual right after the start."""
    shares = np.tile(hour_profile(view), (horizon, 1))
    for c in view.campaigns:
        ahead = int(np.floor(c.start_day)) - view.day
        if 0 <= ahead < horizon and c.ritual > 0:
            hour = int((c.start_day % 1.0) * 24 + 1e-6)  # 20:00 as a share of a day is not exact
            after = np.where(np.arange(24) >= hour, shares[ahead], 0.0)
            after = 0.5 * after / after.sum() + 0.5 * (np.arange(24) == hour)
            extra = rush * min(c.ritual, 1.0)
            shares[ahead] = (1.0 - extra) * shares[ahead] + extra * after
    return shares


def gamma_paths(mean: Floats, relative_variance: Floats | float, samples: int, rng: np.random.Generator) -> Floats:
    """(S, ...) Gamma noise of variance m + v m^2 around `mean`, scaled to keep the mean exactly.

    The continuous stand-in for a negative binomial; the cube of a normal is nearly a Gamma (Wilson & Hilferty 1931).
    """
    shape = mean / (1.0 + relative_variance * mean) + 1e-9
    paths = rng.standard_normal((samples, *mean.shape))
    paths *= 1.0 / (3.0 * np.sqrt(shape))
    paths += 1.0 - 1.0 / (9.0 * shape)
    np.maximum(paths, 0.0, out=paths)
    paths *= paths * paths
    paths *= mean / np.maximum(paths.mean(axis=0), 1e-12)
    return paths


def event_days(view: View, days: int) -> Floats:
    """(K, days + 60) 1 on promo days (a markdown or a ritual in the own calendar), the last `days` days first."""
    event = (view.depth > 0) | (view.ritual > 0)
    return event[:, event.shape[1] - 60 - days :].astype(np.float64)
