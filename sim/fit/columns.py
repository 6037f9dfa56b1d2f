"""Which column of a file is what: our own names, those of common shop exports, and what the user says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.errors import DataError, did_you_mean

NEEDED = ("ordered_at", "order_id", "customer_id", "sku", "units", "list_price", "paid")
"""The columns of our own format."""

ALIASES: dict[str, tuple[str, ...]] = {
    "ordered_at": (
        "ordered_at", "order date", "order time", "invoicedate", "created at", "date created", "transaction timestamp",
        "purchase date", "paid at", "datetime", "timestamp", "date", "下单时间", "订单创建时间", "创建时间", "拍下时间",
        "订单付款时间", "付款时间", "成交时间", "付款确认时间", "下单日期", "日期",
    ),
    "order_id": (
        "order_id", "order number", "order no", "order", "invoiceno", "invoice", "basket_id", "transaction_id",
        "订单编号", "订单号", "主订单编号", "交易编号",
    ),
    "customer_id": (
        "customer_id", "customer", "user_id", "household_id", "buyer", "email", "billing email", "email billing",
        "customer email", "买家会员名", "买家昵称", "买家id", "下单帐号", "下单账号", "用户名", "会员名", "客户编号",
        "客户姓名", "收货人手机", "收货人姓名",
    ),
    "sku": (
        "sku", "lineitem sku", "stockcode", "product_id", "item sku", "product sku", "variant sku", "asin",
        "商家编码", "外部系统编号", "商品编码", "商品编号", "商品id", "宝贝id", "货号", "lineitem name", "item name",
        "product name", "product", "宝贝标题", "商品名称", "商品标题", "标题", "description",
    ),
    "units": (
        "units", "quantity", "qty", "lineitem quantity", "item quantity", "quantity refund", "quantity ordered",
        "购买数量", "订购数量", "商品数量", "宝贝总数量", "宝贝数量", "数量", "件数",
    ),
    "paid": (
        "paid", "unit price", "lineitem price", "item cost", "item price", "price", "成交价", "成交单价", "实付单价",
        "商品单价", "单价", "商品价格", "价格",
    ),
    "paid_total": (
        "paid_total", "sales value", "line total", "order line total", "item total", "line subtotal", "line amount",
        "amount", "total price", "买家实际支付金额", "实际支付金额", "实付金额", "结算金额", "应付金额", "买家应付货款",
        "商品金额", "金额",
    ),
    "list_price": (
        "list_price", "lineitem compare at price", "compare at price", "regular price", "shelf price", "rrp", "msrp",
        "京东价", "原价", "吊牌价", "市场价", "标价", "划线价",
    ),
    "discount": ("discount", "lineitem discount", "line discount", "retail disc", "优惠金额", "折扣金额", "优惠"),
    "mailer": ("mailer", "feature", "featured", "promoted"),
    "currency": ("currency", "currency code", "order currency", "币种", "货币"),
    "status": ("status", "order status", "financial status", "订单状态", "交易状态"),
    "cancelled_at": ("cancelled_at", "canceled at"),
}  # fmt: skip
"""Names by field, the likeliest first; compared without case, spaces and signs."""

MEANINGS = {
    "ordered_at": "local time", "order_id": "who bought in which basket", "customer_id": "who bought",
    "sku": "what was bought", "units": "how many; below 0 a return", "paid": "price paid a unit",
    "paid_total": "paid for the line", "list_price": "shelf price a unit", "discount": "taken off the line",
    "mailer": "0 or 1, in that week's mailer", "currency": "of the prices", "status": "of the order",
    "cancelled_at": "when it was called off",
}  # fmt: skip

_SHOPS: dict[str, tuple[str, ...]] = {
    "Shopify": ("Lineitem quantity", "Lineitem price", "Created at"),
    "Taobao": ("订单编号", "买家会员名"),
    "Taobao (items)": ("订单编号", "购买数量"),
    "JD": ("订单号", "订购数量"),
    "WooCommerce": ("Order Number", "Item Cost"),
    "Instacart": ("order_dow", "order_hour_of_day"),
    "UCI Online Retail": ("StockCode", "InvoiceDate"),
    "Complete Journey": ("household_id", "basket_id", "sales_value"),
}
"""Columns by which an export is known."""


@dataclass(frozen=True)
class ColumnMap:
    """Fields by the position of their column."""

    position: dict[str, int]
    shop: str
    """Whose export it looks like; empty where it is our own format or nobody's."""
    told: tuple[str, ...]
    """`field=column` in the order of the fields, and who said so."""


def normal(text: str) -> str:
    """A name without case, spaces and signs.

    >>> normal(" Order_ID "), normal("Email (Billing)"), normal("订单编号")
    ('orderid', 'emailbilling', '订单编号')
    """
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def printable(text: str) -> str:
    r"""Text of a file that may go to a terminal: control characters are spelled out.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def asked_of(texts: tuple[str, ...]) -> dict[str, str]:
    """`ordered_at=date,paid=price` as a dict. Raises DataError."""
    out: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        field, sign, column = (piece.strip() for piece in part.partition("="))
        if not sign or not column:
            raise DataError(f"--columns: must be FIELD=COLUMN[,...], got {part!r}")
        if field not in ALIASES:
            near = did_you_mean(field, ALIASES)
            hint = f"; did you mean {near!r}?" if near else ""
            raise DataError(f"--columns: must name a field of {', '.join(ALIASES)}, got {field!r}{hint}")
        if field in out:
            raise DataError(f"--columns: must name {field} once, got it twice")
        out[field] = column
    return out


def mapped(path: Path, line: int, header: list[str], asked: Mapping[str, str]) -> ColumnMap:
    """Finds every field's column. Raises DataError that says which is missing and what was found."""
    where = f"{path}:{line}"
    wanted = set(asked.values())
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    twice = [n for n in repeated if n in wanted or (not asked and any(normal(n) in _names(f) for f in NEEDED))]
    if twice:
        raise DataError(f"{where}: must name each column once; twice there: {printable(', '.join(twice))}")
    position: dict[str, int] = {}
    for field, column in asked.items():
        if column not in header:
            near = did_you_mean(column, header)
            hint = f"; did you mean {near!r}?" if near else f"; columns: {printable(', '.join(header)[:300])}"
            raise DataError(f"{where}: must have the column {column!r} that --columns names for {field}{hint}")
        position[field] = header.index(column)
    names = [normal(name) for name in header]
    shop = next((s for s, marks in _SHOPS.items() if all(normal(m) in names for m in marks)), "")
    if shop == "Shopify" and "name" in names:
        position.setdefault("order_id", names.index("name"))
    for field in ALIASES:
        if field in position or (field == "paid_total" and "paid" in position):
            continue
        found = next((names.index(a) for a in _names(field) if a in names and names.index(a) not in
                      position.values()), None)  # fmt: skip
        if found is not None:
            position[field] = found
    _complete(where, header, position, shop)
    ours = all(name in position and header[position[name]] == name for name in NEEDED)
    told = tuple(f"{field}={header[position[field]]}{' (asked)' if field in asked else ''}"
                 for field in ALIASES if field in position)  # fmt: skip
    return ColumnMap(position, "" if ours else shop, told)


def _names(field: str) -> tuple[str, ...]:
    return tuple(normal(alias) for alias in ALIASES[field])


def _complete(where: str, header: list[str], position: Mapping[str, int], shop: str) -> None:
    """Raises DataError where time, SKU, units or every price is missing."""
    missing = [field for field in ("ordered_at", "sku", "units") if field not in position]
    priced = {"paid", "paid_total", "list_price"} & set(position)
    if not missing and priced:
        return
    hints = []
    for name in [*missing, *([] if priced else ["paid"])]:
        near = did_you_mean(name, [h for n, h in enumerate(header) if n not in position.values()])
        hints.append(f"{name!r} (found {near!r})" if near else repr(name))
    export = f" (it looks like an export of {shop}, which does not tell them)" if shop == "Instacart" else ""
    got = printable(", ".join(header)[:300])
    raise DataError(
        f"{where}: must have the columns {', '.join(NEEDED)}; missing: {', '.join(hints)}{export}; "
        f"name them by --columns {(missing or ['paid'])[0]}=...; columns: {got}"
    )
