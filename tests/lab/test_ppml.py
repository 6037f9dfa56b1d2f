"""Poisson pseudo-maximum likelihood gives back what made-up data were made of."""

from __future__ import annotations

import numpy as np

from sim.lab.ppml import dummies, poisson


def test_poisson_gives_back_the_coefficients_of_noiseless_means() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=60), dummies(np.arange(60) % 3, drop_first=False)])
    truth = np.array([-2.5, 1.0, 2.0, 0.5])
    found, mean = poisson(np.exp(x @ truth), x)
    np.testing.assert_allclose(found, truth, atol=1e-6)
    np.testing.assert_allclose(mean, np.exp(x @ truth), rtol=1e-6)
