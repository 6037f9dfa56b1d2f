"""Sizes: which variants an SKU has, how purchase orders split over them, and which sizes are broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.catalogue import Sku

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """V variants of K SKUs, small to large; an SKU without sizes has one variant."""

    first: Ints
    """(K + 1,) variants of SKU k are first[k] : first[k + 1]."""
    sku: Ints
    """(V,)"""
    share: Floats
    """(V,) share of people whom a variant fits."""
    below: Floats
    """(V,) share of people whose size is at most this variant."""

    @classmethod
    def of(cls, skus: list[Sku]) -> Sizes:
        """The size curves of a catalogue."""
        curves = [np.array(list(sku.sizes.values()) or [1.0]) for sku in skus]
        counts = [curve.size for curve in curves]
        return cls(
            first=np.r_[0, np.cumsum(counts)].astype(np.int64), sku=np.repeat(np.arange(len(skus)), counts),
            share=np.concatenate(curves), below=np.concatenate([curve.cumsum() for curve in curves]),
        )  # fmt: skip

    def split(self, units: Ints, share: Floats | None = None) -> Ints:
        """(K, ...) units of SKUs -> (V, ...) in proportion to `share` (V, ...), by default the size curve; exact in
        sum: cumulated shares are rounded, so no size gets more than one unit off its part."""
        if self.sku.size == units.shape[0]:
            return units.astype(np.int64)
        weight = np.broadcast_to(self.share.reshape(-1, *(1,) * (units.ndim - 1)) if share is None else share,
                                 (self.sku.size, *units.shape[1:]))  # fmt: skip
        cumulated = np.cumsum(weight, axis=0)
        cumulated = np.concatenate([np.zeros((1, *units.shape[1:])), cumulated])
        start, whole = cumulated[self.first[:-1]], np.diff(cumulated[self.first], axis=0)
        upto = (cumulated[1:] - start[self.sku]) / np.where(whole > 0, whole, 1.0)[self.sku]
        edges = np.floor(upto * units[self.sku] + 0.5).astype(np.int64)
        before = np.concatenate([np.zeros((1, *units.shape[1:]), np.int64), edges[:-1]])
        before[self.first[:-1]] = 0
        return np.asarray(edges - before)

    def total(self, stock: Ints) -> Ints:
        """(V, ...) -> (K, ...) units of each SKU."""
        if self.sku.size == self.first.size - 1:
            return stock.copy()
        return np.asarray(np.add.reduceat(stock, self.first[:-1], axis=0))

    def broken(self, stock: Ints) -> Floats:
        """(V, W) -> (K, W) share of people whose own size is not on the shelf."""
        gone = (stock <= 0) * self.share[:, None]
        return np.asarray(np.add.reduceat(gone, self.first[:-1], axis=0))
