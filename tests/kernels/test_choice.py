"""The choice kernel: noise of the right law, logit shares whatever the number of alternatives, draws that couple."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from scipy import stats

from sim.kernels.draws import bits, exp32, gumbel32, log2
from sim.kernels.people import LANES
from tests.world.markets import Played, market, play, sku

UNLIKELY = 1e-4
F32 = np.float32


@njit
def _logs(x: Any) -> Any:
    out = np.empty(x.size, np.float32)
    for n in range(x.size):
        out[n] = log2(x[n])
    return out


@njit
def _exps(x: Any) -> Any:
    out = np.empty(x.size, np.float32)
    for n in range(x.size):
        out[n] = exp32(x[n])
    return out


@njit
def _gumbels(key: Any, people: int, alternatives: Any) -> Any:
    """(people, alternatives) noise as the choice draws it: a person's 64 bits, an alternative's 32-bit key."""
    out = np.empty((people, alternatives.size))
    for i in range(people):
        b = bits(key, i, 0)
        for a in range(alternatives.size):
            out[i, a] = gumbel32(np.uint32(b & np.uint64(0xFFFFFFFF)), np.uint32(b >> np.uint64(32)), alternatives[a])
    return out


def test_log2_over_its_range() -> None:
    x = np.concatenate([np.logspace(-37, 38, 400_001), np.linspace(0.5, 2.0, 400_001)]).astype(F32)
    assert np.abs(_logs(x) - np.log2(x.astype(np.float64))).max() < 8e-6  # half a step of float32 at 126 is 3.8e-6
    near = x[(x > 2.0**-25) & (x < 2.0**25)]  # what noise asks for
    assert np.abs(_logs(near) - np.log2(near.astype(np.float64))).max() < 2e-6
    close = np.linspace(0.9, 1.1, 400_001).astype(F32)  # where rare favourites come from, the relative error counts
    close = close[close != 1.0]
    exact = np.log2(close.astype(np.float64))
    assert np.abs(_logs(close) / exact - 1.0).max() < 1.5e-6


def test_exp32_over_its_range() -> None:
    x = np.linspace(-86.9, 88.0, 800_001).astype(F32)
    exact = np.exp(x.astype(np.float64))
    assert np.abs(_exps(x) / exact - 1.0).max() < 3e-6
    assert np.all(_exps(np.array([-88.5, -104.0, -1e30], F32)) == 0.0)
    assert np.isfinite(_exps(np.array([89.0, 1e30], F32))).all()


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """(200,000 people, 8 alternatives): consecutive and scattered keys."""
    keys = np.array([0, 1, 2, 3, 0x80000000, 0xFFFFFFFF, 0x9E3779B9, 0x243F6A88], np.uint32)
    return np.asarray(_gumbels(np.uint64(0x1234_5678_9ABC_DEF0), 200_000, keys))


def test_the_noise_is_gumbel(noise: np.ndarray) -> None:
    n = noise.size
    assert n >= 1_000_000
    mean, sd = np.euler_gamma, np.pi / np.sqrt(6)
    assert abs(noise.mean() - mean) < 4 * sd / np.sqrt(n)
    assert noise.var() == pytest.approx(sd**2, rel=0.01)
    assert stats.kstest(noise.ravel(), "gumbel_r").pvalue > UNLIKELY
    for column in noise.T:
        assert stats.kstest(column, "gumbel_r").pvalue > UNLIKELY
    tail = (noise > 10.0).mean()  # rare favourites are as frequent as they should be
    assert tail == pytest.approx(-np.expm1(-np.exp(-10.0)), rel=0.35)


def test_neighbours_and_alternatives_are_independent(noise: np.ndarray) -> None:
    bound = 4.5 / np.sqrt(noise.shape[0])
    corr = np.corrcoef(noise.T) - np.eye(noise.shape[1])
    assert np.abs(corr).max() < bound
    for lag in (1, 2, 64):
        for column in noise.T:
            assert abs(np.corrcoef(column[lag:], column[:-lag])[0, 1]) < bound
    # not only uncorrelated: the best of eight is each equally often, and the difference of two is logistic
    counts = np.bincount(noise.argmax(axis=1), minlength=noise.shape[1])
    assert stats.chisquare(counts).pvalue > UNLIKELY
    assert stats.kstest(noise[:, 0] - noise[:, 1], "logistic").pvalue > UNLIKELY


def street(skus: int, channels: int, draws: str = "coupled", better: float = 0.0, not_now: float = 1.5) -> Any:
    """One category of `skus`, everybody alike but for his channel; everything on the shelf at list price."""
    names = ["app", "live", "store"][:channels]
    return market(
        market={
            "consumers": 20_000, "choice_draws": draws,
            "channels": {name: {"share": 1.0 / channels, "impulse": 0.3 * n} for n, name in enumerate(names)},
        },
        catalogue={
            "categories": {"thing": {"not_now": not_now}},
            "skus": {f"s{n:02d}": sku(appeal=0.15 * (n % 5) - 0.2 + better * (n == 1)) for n in range(skus)},
        },
    )  # fmt: skip


def logit(played: Played) -> tuple[np.ndarray, np.ndarray]:
    """(own channel, SKU x channel + not now): counted choices, and what the logit expects of these visitors."""
    world, market = played.world, played.world.spec.market
    channels = list(market.channels.values())
    skus = [world.spec.catalogue.skus[name] for name in world.shop.skus]
    visitors = np.concatenate(played.visitors)
    own_of = world.consumers.people.row["channel"]
    seen, expected = [], []
    for own in range(len(channels)):
        mine = own_of[played.lines["consumer"]] == own
        where = played.lines["sku"][mine] * len(channels) + played.lines["offer"][mine]
        counts = np.bincount(where, minlength=len(skus) * len(channels))
        total = int((own_of[visitors] == own).sum())
        utility = [k.appeal + c.impulse - market.behaviour.other_channel * (n != own)
                   for k in skus for n, c in enumerate(channels)]  # fmt: skip
        weight = np.exp([*utility, world.spec.catalogue.categories["thing"].not_now])
        seen.append(np.append(counts, total - counts.sum()))
        expected.append(total * weight / weight.sum())
    return np.array(seen), np.array(expected)


@pytest.mark.parametrize("draws", ["coupled", "inverse_cdf"])
@pytest.mark.parametrize(("skus", "channels"), [(1, 1), (3, 1), (15, 1), (16, 1), (17, 1), (1, 3), (5, 3), (11, 3)])
def test_shares_are_the_logit_s_with_any_number_of_alternatives(skus: int, channels: int, draws: str) -> None:
    played = play(street(skus, channels, draws))
    lanes = int(played.world.consumers.mind.demand["lanes"][0])
    assert lanes % LANES == 0 and 0 <= lanes - skus * channels < LANES
    seen, expected = logit(played)
    assert seen.sum() > 10_000
    for counts, wanted in zip(seen, expected, strict=True):
        assert stats.chisquare(counts, wanted).pvalue > UNLIKELY


def moves(draws: str) -> list[tuple[str | None, str | None]]:
    """Pairs before and after one SKU got better, of people who choose otherwise than before."""
    before, after = (play(street(6, 1, draws, better)).chosen for better in (0.0, 0.5))
    pairs = [(before.get(who), after.get(who)) for who in before.keys() | after.keys()]
    return [(a, b) for a, b in pairs if a != b]


def test_coupled_draws_move_people_only_toward_what_got_better() -> None:
    moved = moves("coupled")
    assert len(moved) > 300
    assert {new for _, new in moved} == {"s01/app"}


def test_one_uniform_moves_people_between_two_others() -> None:
    moved = moves("inverse_cdf")
    strangers = [pair for pair in moved if "s01/app" not in pair]
    assert len(strangers) > 300
    assert any(a is not None and b is not None for a, b in strangers)


@pytest.mark.parametrize("gone", [0, 3])
def test_the_second_choice_is_the_best_of_the_rest_under_the_same_draws(gone: int) -> None:
    """With an SKU sold out, everybody buys what he would buy were it not sold at all."""

    def closed(world: Any) -> None:
        world.consumers.sold_in[:, gone] = False

    quiet = street(6, 2)
    full, none, never = (play(quiet, before=act) for act in (None, _emptied(gone), closed))
    assert none.chosen == never.chosen
    changed = {who for who, what in full.chosen.items() if what.startswith(f"s{gone:02d}/")}
    assert {who for who in full.chosen if full.chosen[who] != none.chosen.get(who)} == changed
    substituted = sum(who in none.chosen for who in changed)
    assert 0.2 * len(changed) < substituted < len(changed)
    lost = int(none.history.daily["lost_units"].sum())
    assert lost == sum(full.lines["units"][full.lines["sku"] == gone])


def _emptied(k: int) -> Any:
    """Takes an SKU out of the opening stock, and out of the books."""

    def act(world: Any) -> None:
        value = int(world.stock[k].sum() * world.cost_fen[k])
        world.ledger.units_in[k] -= world.stock[k].sum()
        world.stock[k] = 0
        world.ledger.balance["stock"] -= value
        world.ledger.opening -= value

    return act


def test_uncoupled_second_choices_leave_as_often_as_the_logit_says() -> None:
    """After the first choice is gone, the rest and "not now" share it by their weights, by another draw."""
    played = play(street(2, 1, "inverse_cdf", not_now=0.0), before=_emptied(0))
    world = played.world
    weight = np.exp([world.spec.catalogue.skus["s01"].appeal, 0.0])
    lost = int(played.history.daily["lost_units"].sum())
    first = int(world.records.wanted[1].sum())
    substitutes = played.units(sku=1) - first
    assert lost > 3_000
    assert substitutes / lost == pytest.approx(weight[0] / weight.sum(), abs=4 * 0.5 / np.sqrt(lost))
