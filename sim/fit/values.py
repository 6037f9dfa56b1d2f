"""Text -> numbers and moments as people and shops write them; what was read in another way than plainly is marked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SIGNS = {"¥": "CNY", "元": "CNY", "￥": "CNY", "RMB": "CNY", "CNY": "CNY", "$": "USD", "USD": "USD", "US$": "USD",
          "€": "EUR", "EUR": "EUR", "£": "GBP", "GBP": "GBP", "HK$": "HKD", "HKD": "HKD", "JPY": "JPY", "₩": "KRW",
          "CAD": "CAD", "AUD": "AUD", "R$": "BRL", "₹": "INR", "CHF": "CHF"}  # fmt: skip
_AMOUNT = re.compile(r"(\(?)([^\d().,+-]*)([+-]?)([^\d().,+-]*)([\d][\d.,' ]*|[.,]\d+)([^\d().,+-]*)(\)?)")
_DECIMAL_COMMA = re.compile(r"^\D*\d+(\.\d{3})*,(\d{1,2}|\d{4,})\D*$")
_DECIMAL_POINT = re.compile(r"^\D*\d+(,\d{3})*\.(\d{1,2}|\d{4,})\D*$")
_THOUSANDS_POINT = re.compile(r"^\d{1,3}(\.\d{3})+$")


@dataclass(frozen=True)
class Numbers:
    """A column of numbers."""

    value: Floats
    """NaN where nothing or no number is written; inf where it is no finite one."""
    blank: Mask
    mended: Mask
    """A comma, a currency sign or a bracket had to be understood."""
    currency: pd.Series
    """Code of the sign beside the number, empty without one."""


def numbers(text: pd.Series) -> Numbers:
    """Reads numbers; decimal commas and thousands are told apart by the whole column."""
    plain = pd.to_numeric(text, errors="coerce").to_numpy(float, na_value=np.nan).copy()
    rest = np.flatnonzero(np.isnan(plain))
    blank, mended = np.zeros(len(text), bool), np.zeros(len(text), bool)
    currency = pd.Series("", index=text.index, dtype="str")
    if rest.size:
        codes, unique = pd.factorize(text.iloc[rest].str.strip())
        written = [unicodedata.normalize("NFKC", str(u)).replace("−", "-").strip() for u in unique]
        comma = sum(bool(_DECIMAL_COMMA.match(w)) for w in written)
        comma_decimal = comma > sum(bool(_DECIMAL_POINT.match(w)) for w in written)
        read = [_amount(w, comma_decimal) for w in written]
        plain[rest] = np.array([value for value, _ in read])[codes]
        blank[rest] = np.array([w == "" for w in written])[codes]
        mended[rest] = np.isfinite(plain[rest])
        signs = [sign for _, sign in read]
        if any(signs):
            told = np.full(len(text), "", dtype=object)
            told[rest] = np.array(signs, dtype=object)[codes]
            currency = pd.Series(told, index=text.index, dtype="str")
        if comma_decimal:  # beside 1.234,50 a plain 1.234 is a thousand and more
            points = text.str.fullmatch(_THOUSANDS_POINT.pattern).fillna(False).to_numpy(bool)
            plain[points] = pd.to_numeric(text[points].str.replace(".", "", regex=False)).to_numpy(float)
            mended |= points
    return Numbers(plain, blank, mended, currency)


def _amount(text: str, comma_decimal: bool) -> tuple[float, str]:
    """(value, currency code) of one number.

    >>> _amount("1.234,50 €", True), _amount("¥ 1,299.00", False), _amount("(3.20)", False)
    ((1234.5, 'EUR'), (1299.0, 'CNY'), (-3.2, ''))
    """
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float("inf"), ""
    match = _AMOUNT.fullmatch(text)
    if not match or "_" in text:
        return float("nan"), ""
    opened, before, minus, between, digits, after, closed = match.groups()
    sign = (before + between + after).strip().upper()
    if (sign and sign not in _SIGNS) or bool(opened) != bool(closed):
        return float("nan"), ""
    digits = digits.strip().replace(" ", "").replace("'", "")
    last = max(digits.rfind(","), digits.rfind("."))
    if "," in digits and "." in digits:
        comma_decimal = digits[last] == ","
    if comma_decimal:
        digits = digits.replace(".", "").replace(",", ".")
    elif digits.count(",") == 1 and "." not in digits and len(digits) - last - 1 != 3:
        digits = digits.replace(",", ".")  # 4,5 in a column of points: three digits would be thousands
    else:
        digits = digits.replace(",", "")
    try:
        value = float(digits)
    except ValueError:
        return float("nan"), ""
    return -value if minus == "-" or opened else value, _SIGNS.get(sign, "")


@dataclass(frozen=True)
class Moments:
    """A column of moments in local time."""

    value: pd.Series
    """datetime64, NaT where none is written."""
    told: tuple[str, ...]
    """What was assumed, in words."""
    shifted: Mask
    """Moved from another time zone."""


_FORMATS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
            "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日",
            "%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y.%m.%d",
            "%d %b %Y", "%d %b %Y %H:%M", "%b %d, %Y", "%B %d, %Y",
            "%Y-%m-%d %I:%M:%S %p", "%d-%b-%Y")  # fmt: skip
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "")
_ZONE = r"(Z|UTC|GMT|[+-][01]\d(?::?\d{2})?)$"


def moments(text: pd.Series, zone: ZoneInfo | None = None) -> Moments:
    """Reads moments. Times of one offset are local as written; of several, they move to the commonest.

    With `zone`, times without an offset are UTC and all move there.
    """
    text = text.str.strip()
    marked = text.str.match(r".*:.*[\d ]" + _ZONE).fillna(False).to_numpy(bool)
    offset = np.zeros(len(text))
    told: list[str] = []
    if marked.any():
        sign = text[marked].str.extract(_ZONE, expand=False).fillna("Z")
        offset[marked] = sign.map({s: _minutes(s) for s in sign.unique()}).to_numpy(float)
        text = text.where(~marked, text.str.replace(r"\s*" + _ZONE, "", regex=True))
    value, formats = _parsed(text)
    told += formats
    shifted = np.zeros(len(text), bool)
    if zone is not None:
        utc = value - pd.to_timedelta(offset, unit="m")
        local = utc.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
        shifted = (local != value).to_numpy(bool) & value.notna().to_numpy(bool)
        return Moments(local, (*told, f"times are UTC where they do not say so, and were moved to {zone.key}"), shifted)
    if marked.any():
        seen, count = np.unique(offset[marked], return_counts=True)
        common = float(seen[count.argmax()])
        shifted = marked & (offset != common)
        value = value.where(~shifted, value + pd.to_timedelta(common - offset, unit="m"))
        told.append(f"times are local at UTC{common / 60:+g} h, as most are marked")
        if not marked.all():
            told.append("times without an offset are taken as local too")
    return Moments(value, tuple(told), shifted)


def _minutes(sign: str) -> float:
    if sign in ("Z", "UTC", "GMT"):
        return 0.0
    digits = sign[1:].replace(":", "")
    return (-1 if sign[0] == "-" else 1) * (60.0 * int(digits[:2]) + int(digits[2:] or 0))


def _parsed(text: pd.Series) -> tuple[pd.Series, list[str]]:
    """Every row by the first format that reads it; (moments, what was assumed)."""
    told: list[str] = []
    odd = text.str.contains(r"[T ]\d.*[-+Zz]", regex=True)  # an offset beside an hour alone, which nobody writes
    iso = (text.str.match(r"\d{4}-\d{1,2}-\d|\d{8}(?:\D|$)") & ~odd).fillna(False)
    value = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if iso.any():
        value[iso] = pd.to_datetime(text[iso], format="ISO8601", errors="coerce")
    for form in _FORMATS:
        _fill(value, text, form)
    left = value.isna() & text.str.match(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}").fillna(False)
    if left.any():
        told.append(_slashes(value, text, left))
    digits = value.isna() & text.str.fullmatch(r"\d{10}|\d{13}|\d{5}(?:\.\d+)?").fillna(False)
    if digits.any():
        number = pd.to_numeric(text[digits])
        days = number / 86_400 - 0.0
        days = days.where(number < 1e11, number / 86_400_000).where(number > 1e6, number - 25_569)
        value[digits] = pd.Timestamp(1970, 1, 1) + pd.to_timedelta((days * 86_400).round(), unit="s")
        told.append("times written as numbers are seconds since 1970 (or milliseconds, or Excel's days)")
    return value, told


def _fill(value: pd.Series, text: pd.Series, form: str, only: pd.Series | None = None) -> None:
    left = value.isna() if only is None else value.isna() & only
    if left.any():
        value[left] = pd.to_datetime(text[left], format=form, errors="coerce")


def _slashes(value: pd.Series, text: pd.Series, left: pd.Series) -> str:
    """1/2/2024: the order of day and month that reads more rows; of two that read all, the one that keeps time's
    order better, as files are mostly sorted."""
    ways = {}
    for name, front in (("month/day", "%m/%d"), ("day/month", "%d/%m")):
        found = value.copy()
        bare = text.str.replace("-", "/", regex=False)
        for year in ("%Y", "%y"):
            for clock in _TIMES:
                _fill(found, bare, f"{front}/{year} {clock}".strip(), left)
        sure = found[left].dropna()
        back = int((sure.diff().dt.total_seconds() < 0).sum())
        ways[name] = (len(sure), -back, found)
    best = max(ways, key=lambda name: ways[name][:2])
    other = next(name for name in ways if name != best)
    value[left] = ways[best][2][left]
    if ways[best][0] > ways[other][0]:
        return f"dates are {best}/year: as {other} {ways[best][0] - ways[other][0]} of them could not be read"
    return f"dates are taken as {best}/year, which fits their order better; {other} would be possible too"
