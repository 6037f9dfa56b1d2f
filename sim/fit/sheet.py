"""The rows of an order file on their way to order lines: each is used, or set aside for a reason that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import DataError
from sim.fit.columns import ALIASES
from sim.fit.files import Head, Raw
from sim.fit.reading import FATES, Reading
from sim.fit.values import Moments, Numbers, moments, numbers

_MOST_NAMED = 10
MOST_BAD = 0.2
"""Share of lines that cannot be read beyond which the file is refused: the rest would be another shop."""
MOST_SKUS = 100
_MOST_UNITS, _MOST_PRICE = 1_000_000, 1e7
_BULK_UNITS, _BULK_TIMES, _BULK_WEEKS = 12.0, 8.0, 1.0
_CALLED_OFF = r"(?i)cancel|void|closed|failed|expired|^refunded$|关闭|取消|失败|作废|退款成功|已退款"

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ask:
    """How a file is to be read, where its owner knows better."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> column."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Currency -> worth of one unit in the file's main currency."""
    zone: ZoneInfo | None = None
    """Move times there; those without an offset are UTC."""
    keep_duplicates: bool = False
    skus: int = MOST_SKUS
    """How many SKUs, the best-selling ones."""


@dataclass(frozen=True)
class _Written:
    """Prices as a file writes them."""

    amount: dict[str, Floats]
    """By field."""
    mended: Mask
    currency: pd.Series
    """Code, empty where none is told."""


class Sheet:
    """A file's rows on their way to order lines; `fate` says what becomes of each."""

    def __init__(self, head: Head, raw: Raw, position: Mapping[str, int], ask: Ask, reading: Reading) -> None:
        self.head, self.raw, self.ask, self.reading = head, raw, ask, reading
        self.size = len(raw.frame)
        self.position = position
        self.fate = np.full(self.size, "used", dtype=object)
        self.problem = np.full(self.size, "", dtype=object)
        self.returns = pd.DataFrame()

    def text(self, name: str) -> pd.Series | None:
        """A field as text, or None where the file has it not."""
        return self.raw.frame[str(self.position[name])] if name in self.position else None

    def lines(self) -> pd.DataFrame:
        """Order lines in order of time; the account is written into `reading`."""
        raw, reading = self.raw, self.reading
        texts = self._filled()
        when = moments(texts["ordered_at"], self.ask.zone)
        table = self._names(texts, when)
        units, written = numbers(texts["units"]), self._written(texts)
        self._judge(texts, when, units)
        table["units"] = np.where(np.isfinite(units.value), units.value, 0.0).astype(np.int64)
        table["paid"], table["list_price"] = self._prices(texts, written, table["units"].to_numpy(np.int64))
        table["mailer"] = self._mailer(texts)
        table["line"] = raw.line
        self._account(self.fate == "bad")
        if "order_id" in self.position and not self.ask.keep_duplicates:
            again = pd.Series(raw.same).duplicated().to_numpy()
            self._set(again, "duplicate", "equal to an earlier line")
        self._set_aside(table, texts)
        used = table[self.fate == "used"]
        self._set_rare(used)
        self._close()
        used = pd.DataFrame(table[self.fate == "used"])
        used["list_price"] = _list_prices(used, reading)
        reading.mend("numbers with a comma or a currency sign", raw.line[(units.mended | written.mended)
                     & (self.fate == "used")])  # fmt: skip
        reading.mend("times moved to the file's time zone", raw.line[when.shifted & (self.fate == "used")])
        reading.mend("lines with empty values beyond the header", raw.trimmed)
        nobody = (table["customer_id"] == "").to_numpy(bool) & (self.fate == "used")
        if "customer_id" in self.position:
            reading.mend("lines without a customer, used for demand but not for what is told per customer",
                         raw.line[nobody])  # fmt: skip
        reading.notes += when.told
        for name in ("order_id", "customer_id"):  # read as text once, not at every grouping: a fit takes half the time
            used[name] = used[name].astype("category")
        return used.sort_values(["ordered_at", "order_id", "sku"], kind="stable", ignore_index=True)

    def _filled(self) -> dict[str, pd.Series]:
        """Texts by field; what exports write only on the first line of an order is copied to the others."""
        texts = {name: text for name in ALIASES if (text := self.text(name)) is not None}
        if "order_id" not in texts or not self.size:
            return texts
        order = texts["order_id"]
        inside = (order == order.shift()) & (order.str.strip() != "")
        for name in ("ordered_at", "customer_id", "currency", "status", "cancelled_at"):
            if name in texts:
                blank = (texts[name].str.strip() == "") & inside
                if blank.any():
                    known = texts[name].where(texts[name].str.strip() != "")
                    first = known.groupby((~inside).cumsum()).ffill().fillna("")
                    filled = blank & (first != "")
                    texts[name] = texts[name].where(~filled, first)
                    if name != "cancelled_at":
                        self.reading.mend(f"empty {name} taken from the line above of the same order",
                                          self.raw.line[filled.to_numpy(bool)])  # fmt: skip
        return texts

    def _names(self, texts: dict[str, pd.Series], when: Moments) -> pd.DataFrame:
        """ordered_at, order_id, customer_id and sku; orders that are not numbered are made."""
        table = pd.DataFrame({"ordered_at": when.value, "sku": texts["sku"].str.strip()})
        nobody = pd.Series("", index=table.index, dtype="str")
        table["customer_id"] = texts["customer_id"].str.strip() if "customer_id" in texts else nobody
        if "customer_id" not in texts:
            self.reading.notes.append("no column of customers: nothing is told of repurchase and purchase rates")
        if "order_id" in texts:
            table["order_id"] = texts["order_id"].str.strip()
            self._bad((table["order_id"] == "").to_numpy(bool), "order_id must be given")
        else:
            who = table["customer_id"].where(table["customer_id"] != "", pd.Series(self.raw.line.astype(str)))
            table["order_id"] = who + " " + when.value.dt.strftime("%Y-%m-%d %H:%M").fillna("").astype("str")
            self.reading.notes.append("no column of orders: lines of a customer in one minute are one order")
        self._bad((table["sku"] == "").to_numpy(bool), "sku must be given")
        return table

    def _judge(self, texts: dict[str, pd.Series], when: Moments, units: Numbers) -> None:
        """Bad moments and units."""
        self._bad(when.value.isna().to_numpy(bool), "ordered_at must be a date and time like 2017-03-27 10:09:30, got",
                  texts["ordered_at"])  # fmt: skip
        year = when.value.dt.year.to_numpy(float, na_value=2000.0)
        self._bad((year < 1990) | (year > 2100), "ordered_at must be of the years 1990 to 2100, got",
                  texts["ordered_at"])  # fmt: skip
        count, text = units.value, texts["units"]
        self._bad(np.isnan(count), "units must be a number, got", text)
        self._bad(np.isinf(count), "units must be a finite number, got", text)
        with np.errstate(invalid="ignore"):
            odd = (count == 0) | (count != np.round(count)) | (np.abs(count) > _MOST_UNITS)
        self._bad(odd, f"units must be a whole number from 1 to {_MOST_UNITS:,}, or below 0 for a return, got", text)
        units.value[~np.isfinite(count) | odd] = 0.0

    def _written(self, texts: dict[str, pd.Series]) -> _Written:
        """Prices as written, with their currency and what was mended."""
        amount: dict[str, Floats] = {}
        mended = np.zeros(self.size, bool)
        code = pd.Series("", index=self.raw.frame.index, dtype="str")
        for name in ("paid", "paid_total", "list_price", "discount"):
            if name in texts:
                read = numbers(texts[name])
                self._bad(np.isnan(read.value) & ~read.blank, f"{name} must be a number, got", texts[name])
                self._bad(np.isinf(read.value), f"{name} must be a finite number, got", texts[name])
                amount[name] = np.where(np.isfinite(read.value), read.value, np.nan)
                mended |= read.mended
                code = code.where(code != "", read.currency)
        if "currency" in texts:
            told = texts["currency"].str.strip().str.upper()
            code = told.where(told != "", code)
        return _Written(amount, mended, code)

    def _prices(
        self, texts: dict[str, pd.Series], written: _Written, units: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """`paid` and `list_price` a unit, from what the file has; other currencies are changed or set aside."""
        count = np.where(units == 0, 1, np.abs(units)).astype(float)
        nan = np.full(self.size, np.nan)
        priced = written.amount
        listed = priced.get("list_price", nan)
        off = np.nan_to_num(np.abs(priced.get("discount", nan)))
        if "paid" in priced:
            paid = priced["paid"]
            if "discount" in priced:
                listed, paid = np.where(np.isnan(listed), paid, listed), paid - off / count
        elif "paid_total" in priced:
            total = np.abs(priced["paid_total"])
            paid = total / count
            if "discount" in priced:
                listed = np.where(np.isnan(listed), (total + off) / count, listed)
        else:
            paid = listed - off / count
        source = next(name for name in ("paid", "paid_total", "list_price") if name in texts)
        sold = units > 0
        self._bad(sold & np.isnan(paid), f"{source} must be given, got", texts[source])
        with np.errstate(invalid="ignore"):
            self._bad(sold & ((paid < 0) | (paid > _MOST_PRICE)), f"{source} must be from 0 to 1e7, got", texts[source])
            if "list_price" in texts:
                wrong = sold & ((listed < 0) | (listed > _MOST_PRICE))
                self._bad(wrong, "list_price must be from 0 to 1e7, got", texts["list_price"])
            tiny = paid <= 1e-9 * np.nan_to_num(listed)  # a discount of all leaves crumbs
        self._set(sold & tiny, "free", "nothing was paid")
        listed = np.where(listed > 0, listed, np.nan)
        rate = self._rates(written.currency)
        return paid * rate, listed * rate

    def _rates(self, code: pd.Series) -> Floats:
        """(rows,) worth of each row's currency in the main one; rows without a rate are set aside."""
        seen = code[(self.fate == "used") & (code != "").to_numpy(bool)].value_counts()
        rate = np.ones(self.size)
        if seen.empty:
            return rate
        main = str(sorted(seen.items(), key=lambda item: (-item[1], str(item[0])))[0][0])
        self.reading.notes.append(f"prices are in {main}" + (
            f"; also seen: {', '.join(str(c) for c in seen.index if c != main)}" if len(seen) > 1 else ""))  # fmt: skip
        for other in seen.index:
            mask = (code == other).to_numpy(bool)
            if other in self.ask.rates:
                rate[mask] = self.ask.rates[str(other)]
                self.reading.mend(f"prices in {other} changed at {self.ask.rates[str(other)]:g}", self.raw.line[mask])
            elif other != main:
                self._set(mask, "currency", f"in {other}; --rates {other}=... would use it")
        return rate

    def _mailer(self, texts: dict[str, pd.Series]) -> Floats:
        """0 or 1; anything above 0, yes, true or Y counts."""
        if "mailer" not in texts:
            return np.zeros(self.size)
        said = texts["mailer"].str.strip().str.lower()
        value = numbers(said).value
        return ((np.nan_to_num(value) > 0) | said.isin(["y", "yes", "true", "t"]).to_numpy(bool)).astype(float)

    def _set_aside(self, table: pd.DataFrame, texts: dict[str, pd.Series]) -> None:
        """Called-off orders, returns, and bulk orders."""
        if "status" in texts:
            off = texts["status"].str.contains(_CALLED_OFF, regex=True).fillna(False).to_numpy(bool)
            self._set(off, "cancelled", "the order was called off")
        if "cancelled_at" in texts:
            self._set((texts["cancelled_at"].str.strip() != "").to_numpy(bool), "cancelled", "the order was called off")
        back = (table["units"] < 0).to_numpy(bool)
        self._set(back, "return", "units below 0")
        mine = table[(self.fate == "return")].copy()
        mine["units"] = -mine["units"]
        self.returns = self._take_off(table, mine)
        used = table[self.fate == "used"]
        units = used.groupby("sku")["units"]
        week = used["ordered_at"].dt.normalize().astype("int64") // (7 * 86_400 * 10**6)
        weekly = used.groupby(["sku", week])["units"].sum().groupby("sku").median()
        usual = np.maximum(_BULK_TIMES * units.transform("quantile", 0.95), _BULK_WEEKS * used["sku"].map(weekly))
        bulk = np.zeros(self.size, bool)
        bulk[used.index[(used["units"] > np.maximum(_BULK_UNITS, usual)).to_numpy(bool)]] = True
        self._set(bulk, "bulk", "far more units than the SKU usually sells")

    def _take_off(self, table: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
        """Returns of the very day and size of a purchase call it off: both go; the others stay returns."""
        if back.empty:
            return back[["ordered_at", "customer_id", "sku", "units", "line"]]
        key = ["customer_id", "sku", "units", "day", "nth"]
        both = []
        for part in (table[self.fate == "used"], back):
            part = part[part["customer_id"] != ""]
            part = part.assign(day=part["ordered_at"].dt.normalize(), row=part.index)
            both.append(part.assign(nth=part.groupby(key[:4]).cumcount())[[*key, "row", "ordered_at"]])
        pair = both[0].merge(both[1], on=key, suffixes=("", "_back"))
        pair = pair[pair["ordered_at_back"] >= pair["ordered_at"]]
        off = np.zeros(self.size, bool)
        off[pair["row"].to_numpy(int)] = True
        self._set(off, "cancelled", "called off on the same day")
        off[pair["row_back"].to_numpy(int)] = True
        self.fate[off], self.problem[off] = "cancelled", "called off on the same day"
        keep = back[~back.index.isin(pair["row_back"].to_numpy(int))]
        return pd.DataFrame(keep[["ordered_at", "customer_id", "sku", "units", "line"]])

    def _set_rare(self, used: pd.DataFrame) -> None:
        """All but the best-selling SKUs."""
        sums = used.groupby("sku")["units"].sum()
        if len(sums) <= self.ask.skus:
            return
        best = sums.sort_index().sort_values(ascending=False, kind="stable").index[: self.ask.skus]
        rare = np.zeros(self.size, bool)
        rare[used.index[~used["sku"].isin(best).to_numpy(bool)]] = True
        self._set(rare, "rare", f"not among the {self.ask.skus} best-selling SKUs")
        share = float(sums[best].sum() / sums.sum())
        self.reading.notes.append(f"the {self.ask.skus} best-selling of {len(sums):,} SKUs are fitted "
                                  f"({100 * share:.0f} % of units); --skus N takes more")  # fmt: skip

    def _bad(self, mask: Mask, must: str, got: pd.Series | None = None) -> None:
        """Rows that cannot be read, with their first problem."""
        rows = np.flatnonzero(mask & (self.fate == "used"))
        if rows.size:
            self.fate[rows] = "bad"
            self.problem[rows] = [must if got is None else f"{must} {got.iloc[row][:60]!r}" for row in rows]

    def _set(self, mask: Mask, fate: str, why: str) -> None:
        """Rows that are used no more."""
        rows = mask & (self.fate == "used")
        self.fate[rows], self.problem[rows] = fate, why

    def _account(self, bad: Mask) -> None:
        """Refuses a file that is mostly unreadable. Raises DataError."""
        path, broken = self.head.path, self.raw.broken
        total, wrong = self.size + len(broken), int(bad.sum()) + len(broken)
        if total == 0:
            raise DataError(f"{path}: must hold at least one order line, got none")
        if wrong <= MOST_BAD * total:
            return
        told = sorted([*broken, *zip(self.raw.line[bad].tolist(), self.problem[bad], strict=True)])
        text = [f"{path}:{line}: {problem}" for line, problem in told[:_MOST_NAMED]]
        more = f"\n{path}: and {wrong - _MOST_NAMED} further bad lines of {total}" if wrong > _MOST_NAMED else ""
        raise DataError("\n".join(text) + more)

    def _close(self) -> None:
        """Writes the account."""
        reading, broken = self.reading, self.raw.broken
        reading.rows, reading.blank = self.size + len(broken), self.raw.blank
        gone = self.fate != "used"
        aside = pd.DataFrame({"line": self.raw.line[gone], "fate": self.fate[gone], "problem": self.problem[gone]})
        torn = pd.DataFrame({"line": [n for n, _ in broken], "fate": "bad", "problem": [p for _, p in broken]})
        reading.aside = pd.concat([aside, torn]).sort_values("line", kind="stable", ignore_index=True)
        reading.count = {fate: int((self.fate == fate).sum()) for fate in FATES}
        reading.count["bad"] += len(broken)


def _list_prices(used: pd.DataFrame, reading: Reading) -> pd.Series:
    """Shelf prices; where none is written, the 95th percentile of what was paid for the SKU."""
    blank = used["list_price"].isna()
    if not blank.any():
        return used["list_price"]
    high = used.groupby("sku")["paid"].transform("quantile", 0.95)
    known = used.groupby("sku")["list_price"].transform("median")
    reading.mend("shelf prices not given: the SKU's median one, or the 95th percentile of what was paid",
                 used.loc[blank, "line"].to_numpy(np.int64))  # fmt: skip
    return used["list_price"].where(~blank, known.fillna(high))
