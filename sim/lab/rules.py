"""When does it win? A shallow decision tree over sampled worlds, said in words, with an honest accuracy.

The tree is CART (Breiman, Friedman, Olshen & Stone 1984): splits that lower the Gini impurity most, at most three
deep. How deep is chosen by cross-validation, the shallowest within one standard error of the best, a depth of 0 (no
rule at all) among them. The accuracy that is told repeats all of that, the choice of the depth too, on folds that the
tree has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.streams import Streams

DEEPEST = 3
FOLDS = 5
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bounds = dict[int, tuple[float, float]]
"""By field, above what and below what; infinite where it does not matter."""


@dataclass(frozen=True)
class Node:
    """A leaf that says who wins, or a split: `below` where the field is less than the threshold."""

    wins: bool
    field: int = -1
    threshold: float = math.nan
    below: Node | None = None
    above: Node | None = None


@dataclass(frozen=True)
class Rule:
    """A tree and how far it can be believed."""

    tree: Node
    samples: int
    wins_share: float
    """Share of the sampled worlds in which it wins."""
    in_sample: float
    """Share of the sampled worlds in which the rule is right."""
    cross_validated: float
    """The same on worlds that it has not seen."""
    majority: float
    """Share in which always naming the more frequent winner is right."""

    def boxes(self) -> list[Bounds]:
        """The boxes of the space of fields in which it wins."""
        return list(_boxes(self.tree, {}))

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """JSON-able; `null` where a box has no bound."""
        ends = [
            {names[f]: [e if math.isfinite(e) else None for e in b] for f, b in box.items()} for box in self.boxes()
        ]
        return {
            "boxes_above_below": ends, "samples": self.samples, "wins_share": self.wins_share,
            "accuracy_in_sample": self.in_sample, "accuracy_cross_validated": self.cross_validated,
            "accuracy_of_majority": self.majority,
        }  # fmt: skip


def _gini(wins: Floats, count: Floats) -> Floats:
    """Impurity times count."""
    return 2.0 * wins * (count - wins) / count


def _best_split(x: Floats, y: Bools, least: int) -> tuple[int, float] | None:
    """The field and threshold that lower the impurity most, first field and lowest threshold on ties; None where
    nothing does. x (n, fields), y (n,)."""
    n, best, found = y.size, 1e-12, None
    total = float(y.sum())
    before = 2.0 * total * (n - total) / n
    for f in range(x.shape[1]):
        order = np.argsort(x[:, f], kind="stable")
        values, wins = x[order, f], np.cumsum(y[order])[:-1].astype(np.float64)
        left = np.arange(1, n, dtype=np.float64)
        gain = before - _gini(wins, left) - _gini(total - wins, n - left)
        allowed = (values[1:] > values[:-1]) & (left >= least) & (n - left >= least)
        gain = np.where(allowed, gain, -np.inf)
        if gain.size and gain.max() > best + 1e-12:
            cut = int(gain.argmax())
            best, found = float(gain[cut]), (f, short_between(float(values[cut]), float(values[cut + 1])))
    return found


def grow(x: Floats, y: Bools, depth: int, least: int) -> Node:
    """A tree of at most `depth` splits on a path, `least` worlds in a leaf; splits that decide nothing are undone."""
    wins = bool(2 * int(y.sum()) > y.size)
    split = _best_split(x, y, least) if depth and y.any() and not y.all() else None
    if split is None:
        return Node(wins)
    low = x[:, split[0]] < split[1]
    below, above = (grow(x[part], y[part], depth - 1, least) for part in (low, ~low))
    if below.field < 0 and above.field < 0 and below.wins == above.wins:
        return Node(below.wins)
    return Node(wins, split[0], split[1], below, above)


def predict(tree: Node, x: Floats) -> Bools:
    """Who wins, for x (n, fields)."""
    if tree.below is None or tree.above is None:
        return np.full(len(x), tree.wins)
    low = x[:, tree.field] < tree.threshold
    return np.where(low, predict(tree.below, x), predict(tree.above, x))


def _folds(y: Bools, generator: np.random.Generator) -> NDArray[np.int64]:
    """(n,) the fold of each world, winners spread evenly."""
    fold = np.zeros(y.size, np.int64)
    order = generator.permutation(y.size)
    for turn, n in enumerate(sorted(order, key=lambda n: bool(y[n]))):
        fold[n] = turn % FOLDS
    return fold


def _chosen(x: Floats, y: Bools, least: int, generator: np.random.Generator) -> Node:
    """The tree of the depth that cross-validation chooses."""
    fold = _folds(y, generator)
    right = np.zeros((DEEPEST + 1, y.size))
    for k in range(FOLDS):
        test = fold == k
        for depth in range(DEEPEST + 1) if test.any() and not test.all() else ():
            right[depth, test] = predict(grow(x[~test], y[~test], depth, least), x[test]) == y[test]
    mean = right.mean(axis=1)
    best = int(mean.argmax())
    error = math.sqrt(mean[best] * (1.0 - mean[best]) / y.size)
    return grow(x, y, int(np.flatnonzero(mean >= mean[best] - error)[0]), least)


def learn(x: Floats, y: Bools, seed: int) -> Rule:
    """The rule that tells from fields x (n, fields) whether it wins, y (n,); at least 10 worlds."""
    if y.size < 2 * FOLDS or x.shape[0] != y.size:
        raise ValueError(f"a rule needs at least {2 * FOLDS} worlds, got {y.size}")
    least = max(2, round(0.05 * y.size))
    streams = Streams(seed)
    fold, right = _folds(y, streams.generator("folds of the accuracy")), np.zeros(y.size)
    for k in range(FOLDS):
        test = fold == k
        tree = _chosen(x[~test], y[~test], least, streams.generator("folds of the depth", k))
        right[test] = predict(tree, x[test]) == y[test]
    tree = _chosen(x, y, least, streams.generator("folds of the depth", FOLDS))
    share = float(y.mean())
    return Rule(tree, y.size, share, float((predict(tree, x) == y).mean()), float(right.mean()), max(share, 1 - share))


def _boxes(node: Node, bounds: Bounds) -> Iterator[Bounds]:
    if node.below is None or node.above is None:
        if node.wins:
            yield bounds
        return
    low, high = bounds.get(node.field, (-math.inf, math.inf))
    yield from _boxes(node.below, bounds | {node.field: (low, min(high, node.threshold))})
    yield from _boxes(node.above, bounds | {node.field: (max(low, node.threshold), high)})


def short_between(a: float, b: float) -> float:
    """The number with the fewest digits that lies above a and at most at b, near their middle.

    >>> short_between(0.2187, 0.2239), short_between(30.0, 31.0)
    (0.22, 30.5)
    """
    middle = a + (b - a) / 2
    for digits in range(1, 17):
        short = float(f"{middle:.{digits}g}")
        if a < short < b:
            return short
    return b


def _condition(name: str, above: float, below: float, whole: bool) -> str:
    """`market.consumers > 200`; a whole number's half is rounded out."""
    if whole:
        above, below = (math.floor(above) if math.isfinite(above) else above,
                        math.ceil(below) if math.isfinite(below) else below)  # fmt: skip
    if math.isfinite(above) and math.isfinite(below):
        return f"{above:g} < {name} < {below:g}"
    return f"{name} > {above:g}" if math.isfinite(above) else f"{name} < {below:g}"


def sentence(rule: Rule, winner: str, loser: str, names: Sequence[str], whole: Sequence[bool]) -> str:
    """The rule in words, with all that is needed to doubt it.

    A world exactly on a threshold counts as above it.
    """
    believed = (
        f"right in {rule.in_sample:.0%} of {rule.samples} sampled worlds; cross-validated "
        f"{rule.cross_validated:.2f}, always naming the more frequent winner {rule.majority:.2f}"
    )
    if rule.tree.field < 0:
        usual, other = (winner, loser) if rule.tree.wins else (loser, winner)
        share = rule.wins_share if rule.tree.wins else 1.0 - rule.wins_share
        return (
            f"No rule of up to {DEEPEST} conditions tells when {other} beats {usual}: {usual} is ahead in {share:.0%} "
            f"of {rule.samples} sampled worlds."
        )
    told = []
    for box in rule.boxes():
        told.append(" and ".join(_condition(names[f], *bounds, whole[f]) for f, bounds in sorted(box.items())))
    return f"{winner} beats {loser} when {', or when '.join(told)} ({believed})."
