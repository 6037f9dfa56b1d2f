"""Order files: shop exports are recognised, dirty data are mended or set aside and told, bad files are named."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from sim.errors import DataError, UsageError
from sim.fit import Ask, files, fit_orders
from sim.fit.columns import ALIASES, asked_of, normal
from sim.fit.job import asking
from sim.fit.orders import Orders, read_orders
from sim.fit.reading import FATES
from sim.fit.values import moments, numbers

HEAD = "ordered_at,order_id,customer_id,sku,units,list_price,paid\n"
GOOD = "2017-03-27 10:09:30,1,2,a,1,4.59,3.34\n"
DAYS = [f"2024-{m:02}-{d:02}" for m in (1, 2, 3) for d in (1, 3, 5, 8, 12, 15, 19, 22, 26)]


def plain(days: list[str] = DAYS) -> list[str]:
    """Two lines a day of two SKUs; prices alternate."""
    return [
        f"{day} 10:{n:02}:00,o{n},c{n % 7},{sku},{1 + n % 2},10,{10 - 2 * ((n + (sku == 'b')) % 3)}\n"
        for n, day in enumerate(days) for sku in "ab"
    ]  # fmt: skip


def read(tmp_path: Path, text: str | bytes, ask: Ask | None = None, name: str = "orders.csv") -> Orders:
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    orders = read_orders(file, ask)
    check_account(orders)
    return orders


def check_account(orders: Orders) -> None:
    """Every row has one fate, and every row that is not used is listed with its line."""
    reading = orders.reading
    assert set(reading.count) == set(FATES)
    assert sum(reading.count.values()) == reading.rows
    assert reading.count["used"] == len(orders.lines)
    assert len(reading.aside) == reading.rows - len(orders.lines)
    assert not set(reading.aside["line"]) & set(orders.lines["line"])
    assert (reading.aside["problem"] != "").all()


# ---- shop exports ------------------------------------------------------------------------------
SHOPS = {
    "Shopify": (
        "Name,Email,Financial Status,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        "Lineitem compare at price,Lineitem sku,Lineitem discount,Cancelled at\n",
        "#{n},c{c}@x.test,paid,USD,{day} 10:00:00 +0800,{u},Tea {s},{p},10.00,{s},0.00,\n",
    ),
    "Taobao (items)": (
        "订单编号,标题,价格,购买数量,商家编码,订单状态,订单付款时间\n",
        "{n},茶{s},{p},{u},{s},交易成功,{day} 10:00:00\n",
    ),
    "Taobao": (
        "订单编号,买家会员名,买家实际支付金额,订单状态,订单创建时间,宝贝标题,宝贝总数量\n",
        "{n},c{c},{t},交易成功,{day} 10:00:00,{s},{u}\n",
    ),
    "JD": (
        "订单号,商品ID,商品名称,订购数量,京东价,结算金额,订单状态,下单时间,下单帐号\n",
        "{n},{s},茶,{u},10.00,{t},完成,{day} 10:00:00,c{c}\n",
    ),
    "WooCommerce": (
        "Order Number,Order Status,Order Date,Email (Billing),SKU,Item Name,Quantity (- Refund),Item Cost\n",
        "{n},Completed,{day} 10:00,c{c}@x.test,{s},Tea,{u},{p}\n",
    ),
    "UCI Online Retail": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
        "{n},{s},TEA,{u},{us} 10:00,{p},{c},United Kingdom\n",
    ),
    "Complete Journey": (
        "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,transaction_timestamp\n",
        "{c},1,{n},{s},{u},{t},{d},{day} 10:00:00\n",
    ),
}  # fmt: skip


def export(shop: str) -> str:
    head, line = SHOPS[shop]
    out = [head]
    for n, day in enumerate(DAYS):
        for k, s in enumerate(("a1", "b2")):
            p, u = 10 - 2 * ((n + k) % 3), 1 + n % 2
            year, month, date = day.split("-")
            out.append(line.format(n=1000 + n, c=n % 7, day=day, us=f"{int(month)}/{int(date)}/{year}", s=s, p=p, u=u,
                                   t=p * u, d=(10 - p) * u))  # fmt: skip
    return "".join(out)


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_exports_of_shops_are_guessed_and_shown(tmp_path: Path, shop: str, encoding: str) -> None:
    orders = read(tmp_path, export(shop).encode(encoding))
    assert orders.reading.shop == shop and shop in orders.reading.told()[0]
    assert len(orders.lines) == 2 * len(DAYS) and orders.skus == ["a1", "b2"]
    assert orders.lines["ordered_at"].dt.strftime("%Y-%m-%d").drop_duplicates().tolist() == DAYS
    assert sorted(orders.lines["paid"].unique()) == [6.0, 8.0, 10.0]
    assert orders.lines["units"].sum() == 2 * sum(1 + n % 2 for n in range(len(DAYS)))
    assert (orders.lines["list_price"] == 10.0).all()
    assert orders.lines["customer_id"].nunique() == (1 if shop == "Taobao (items)" else 7)


def test_an_export_without_prices_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it looks like an export of Instacart, which does not tell them"):
        read(tmp_path, "order_id,user_id,order_dow,order_hour_of_day,product_id,quantity\n1,2,3,4,5,6\n")


def test_lines_of_an_order_take_what_its_first_line_says(tmp_path: Path) -> None:
    rows = ["Name,Email,Created at,Lineitem quantity,Lineitem price,Lineitem sku\n"]
    for n, day in enumerate(DAYS):
        rows += [f"#{n},c{n}@x.test,{day} 10:00:00 +0800,1,10,a\n", f"#{n},,,2,8,b\n"]
    orders = read(tmp_path, "".join(rows))
    assert len(orders.lines) == 2 * len(DAYS) and (orders.lines["customer_id"] != "").all()
    assert any("taken from the line above" in repair.what for repair in orders.reading.repairs)


def test_columns_may_be_named(tmp_path: Path) -> None:
    text = "".join(["wann;wer;was;stück;preis;order\n", *(
        f"{d} 09:00;c{n};tee;{1 + n % 3};{8 + n % 3},5;{n}\n" for n, d in enumerate(DAYS))])  # fmt: skip
    ask = Ask(asked_of(("ordered_at=wann,customer_id=wer", "sku=was, units=stück,paid=preis")))
    orders = read(tmp_path, text, ask)
    assert sorted(orders.lines["paid"].unique()) == [8.5, 9.5, 10.5]
    assert any("comma" in repair.what for repair in orders.reading.repairs)
    with pytest.raises(DataError, match=r"must have the column 'wan' .* did you mean 'wann'\?"):
        read(tmp_path, text, Ask({"ordered_at": "wan"}))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: asked_of(("orderd_at=x",)), "did you mean 'ordered_at'"),
        (lambda: asked_of(("ordered_at",)), "must be FIELD=COLUMN"),
        (lambda: asked_of(("sku=a,sku=b",)), "must name sku once"),
        (lambda: asking(rates=("USD",)), "must be CURRENCY=WORTH"),
        (lambda: asking(time_zone="Asia/Shangai"), "did you mean 'Asia/Shanghai'"),
    ],
)
def test_wrong_options_are_told(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises((DataError, UsageError), match=message):
        call()


def test_no_two_fields_share_a_name() -> None:
    names = [normal(alias) for aliases in ALIASES.values() for alias in aliases]
    assert len(names) == len(set(names))


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(HEAD + "".join(plain()))
    frame = pd.read_csv(tmp_path / "o.csv", parse_dates=["ordered_at"])
    frame["sku"] = frame["sku"].astype("category")
    frame.to_parquet(tmp_path / "o.parquet")
    a, b = read_orders(tmp_path / "o.csv"), read_orders(tmp_path / "o.parquet")
    check_account(b)
    pd.testing.assert_frame_equal(a.lines.drop(columns="line"), b.lines.drop(columns="line"))
    (tmp_path / "torn.parquet").write_bytes((tmp_path / "o.parquet").read_bytes()[:600])
    with pytest.raises(DataError, match="must be a whole Parquet file"):
        read_orders(tmp_path / "torn.parquet")


def test_offsets_of_moments() -> None:
    """As ISO 8601, databases and shops write them; beside an hour alone there is none."""
    read = moments(pd.Series(["2024-01-02 10:00:00+08", "2024-01-02 10:00:00 +0800", "2024-01-02T10:00:00.5+08:00",
                              "2024-01-02 02:00Z", "2024-01-02 10-00:00"], dtype="str"))  # fmt: skip
    assert read.value.dt.hour.tolist()[:4] == [10, 10, 10, 10] and read.value.isna().tolist() == [False] * 4 + [True]
    assert read.shifted.tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_damaged_csv_files_are_read_or_told(tmp_path: Path, encoding: str) -> None:
    """Bytes of a file replaced, put in and taken out at random, 200 times. Never another error."""
    whole, draw, told = (HEAD + "".join(plain())).replace(",a,", ",茶,").encode(encoding), random.Random(5), 0
    put = [b'"', b"\n", b",", b"\0", b";", b"\r", b"-", b"9999999999"]
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 3, 10, 40])):
            at, way = draw.randrange(len(damaged)), draw.randrange(3)
            damaged[at : at + (0, 1, 20)[way]] = (draw.choice(put), draw.randbytes(1), b"")[way]
        (tmp_path / "x.csv").write_bytes(damaged)
        try:
            read_orders(tmp_path / "x.csv")
        except DataError as error:
            assert str(error).startswith(f"{tmp_path}/x.csv")
            told += 1
    assert 10 < told < 190


def test_damaged_parquet_files_are_read_or_told(tmp_path: Path) -> None:
    """Bytes of a file replaced at random, 400 times: names of columns, pages, counts of rows. Never another error."""
    (tmp_path / "o.csv").write_text(HEAD + "".join(plain()))
    frame = pd.read_csv(tmp_path / "o.csv").assign(tags=[["gift"]] * len(plain()))
    frame.to_parquet(tmp_path / "o.parquet", compression=None)
    what_is = "must be a whole Parquet file", "must be plain values"
    whole, draw, told = (tmp_path / "o.parquet").read_bytes(), random.Random(2), Counter[str]()
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 1, 3, 10])):
            damaged[draw.randrange(4, len(damaged) - 8)] = draw.randrange(256)
        (tmp_path / "x.parquet").write_bytes(damaged)
        try:
            read_orders(tmp_path / "x.parquet")
            told["read"] += 1
        except DataError as error:
            assert str(error).startswith(f"{tmp_path}/x.parquet:")
            told[next((what for what in what_is if what in str(error)), "other")] += 1
    print(told)
    assert min(told[what] for what in ("read", *what_is)) > 10


# ---- dirty data --------------------------------------------------------------------------------
def test_each_kind_of_dirt_is_set_aside_and_told(tmp_path: Path) -> None:
    dirt = [
        "2024-01-05 10:02:00,o2,c2,a,1,10,6\n",  # equal to a line of `plain`
        "2024-02-05 11:00:00,r1,c4,a,-1,10,6\n",  # return, days after the purchase
        "2024-01-03 10:30:00,r2,c1,a,-2,10,8\n",  # called off: same day, same units
        "2024-02-05 11:00:00,g1,c4,a,1,10,0\n",  # gift
        "2024-02-05 11:00:00,b1,c4,a,900,10,6\n",  # bulk
        "2024-02-05 11:00:00,n1,,a,1,10,6\n",  # nobody
        "soon,x1,c4,a,1,10,6\n",
        "2024-02-05 11:00:00,x2,c4,a\n",
        "\n",
    ]
    orders = read(tmp_path, HEAD + "".join(plain()) + "".join(dirt))
    first = 2 + 2 * len(DAYS)
    fates = dict(zip(orders.reading.aside["line"], orders.reading.aside["fate"], strict=True))
    assert fates.pop(4 if 4 in fates else 5) == "cancelled"  # the purchase that `r2` calls off
    assert fates == {first: "duplicate", first + 1: "return", first + 2: "cancelled", first + 3: "free",
                     first + 4: "bulk", first + 6: "bad", first + 7: "bad"}  # fmt: skip
    assert orders.reading.blank == 1
    assert orders.returns[["sku", "units"]].values.tolist() == [["a", 1]]
    assert (orders.lines["customer_id"] == "").sum() == 1
    told = "\n".join(orders.reading.told())
    for text in ("equal to an earlier one", "goods that came back", "called off", "gifts", "bulk orders",
                 "lines without a customer", f"orders.csv:{first + 6}: ordered_at must be",
                 f"orders.csv:{first + 7}: must have 7 values as the header, got 4"):  # fmt: skip
        assert text in told, text


def test_duplicates_may_be_kept(tmp_path: Path) -> None:
    rows = plain()
    assert len(read(tmp_path, HEAD + "".join([*rows, rows[0]])).lines) == len(rows)
    assert len(read(tmp_path, HEAD + "".join([*rows, rows[0]]), Ask(keep_duplicates=True)).lines) == len(rows) + 1


def test_currencies_are_kept_apart_or_changed(tmp_path: Path) -> None:
    rows = [line.rstrip("\n") + f",{'USD' if n % 5 == 0 else 'CNY'}\n" for n, line in enumerate(plain())]
    text = HEAD.rstrip("\n") + ",currency\n" + "".join(rows)
    apart = read(tmp_path, text)
    assert apart.reading.count["currency"] == sum(n % 5 == 0 for n in range(len(rows)))
    changed = read(tmp_path, text, Ask(rates={"USD": 7.0}))
    assert changed.reading.count["currency"] == 0 and changed.lines["paid"].max() == 70.0


def test_time_zones(tmp_path: Path) -> None:
    rows = [line.replace(":00,", ":00+09:00," if n == 0 else ":00+08:00,", 1) for n, line in enumerate(plain())]
    orders = read(tmp_path, HEAD + "".join(rows))
    assert orders.lines["ordered_at"].iloc[0] == pd.Timestamp("2024-01-01 09:00")  # 10:00+09:00 in the others' zone
    assert any("UTC+8" in note for note in orders.reading.notes)
    moved = read(tmp_path, HEAD + "".join(plain()), Ask(zone=ZoneInfo("Asia/Shanghai")))
    assert moved.lines["ordered_at"].iloc[0] == pd.Timestamp("2024-01-01 18:00")


def test_a_gap_is_left_out_of_weekly_figures(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=84).strftime("%Y-%m-%d")
    busy = [f"{d} {h}:00:00,{d}-{h},c{h},{s},1,10,{9 if int(d[-2:]) % 2 else 7}\n" for d in days for h in range(10, 20)
            for s in "ab" if not "2024-02-05" <= d <= "2024-02-13"]  # fmt: skip
    orders = read(tmp_path, HEAD + "".join(busy))
    assert orders.shut == (5, 6) and len(orders.open_weeks) == 10
    fit = fit_orders(tmp_path / "orders.csv")
    assert fit.pattern.weekly_units["a"] == pytest.approx(70.0)
    assert any("days without any order" in note for note in fit.notes)


def test_orders_without_customers_tell_nothing_of_repurchase(tmp_path: Path) -> None:
    text = "ordered_at,order_id,sku,units,paid\n" + "".join(
        f"{d},{n},{s},1,{8 + n % 3}\n" for n, d in enumerate(DAYS) for s in "ab"
    )
    read(tmp_path, text)
    fit = fit_orders(tmp_path / "orders.csv")
    assert {f.verdict for f in fit.findings if "repurchase" in f.name or "BG/NBD" in f.name} == {"not identified"}
    assert any("no column of customers" in note for note in fit.notes)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,5", "2,50", "1.234,00"], [1.5, 2.5, 1234.0]),
        (["1.234", "2,50", "3,75"], [1234.0, 2.5, 3.75]),
        (["1,234.50", "¥1,299", "￥ 8.80元"], [1234.5, 1299.0, np.nan]),
        (["$3.20", "(4.10)", "-5"], [3.2, -4.1, -5.0]),
        (["8.80元", "US$ 7", "１２.５"], [8.8, 7.0, 12.5]),
        (["1_0", "abc", "1e3"], [np.nan, np.nan, 1000.0]),
    ],
)
def test_numbers_as_people_write_them(texts: list[str], values: list[float]) -> None:
    np.testing.assert_allclose(numbers(pd.Series(texts, dtype="str")).value, values)


@pytest.mark.parametrize(
    "text",
    ["2024-03-09 14:05", "2024/3/9 14:05:00", "09.03.2024 14:05", "2024年3月9日 14:05", "3/9/2024 14:05",
     "3/9/24 2:05 PM", "1709993100", "1709993100000", "2024-03-09T14:05:00", "20240309 14:05"],
)  # fmt: skip
def test_moments_as_shops_write_them(text: str) -> None:
    other = text.replace("9/2024", "29/2024").replace("9/24", "29/24") if "/9/" not in text or text[0] == "3" else text
    read = moments(pd.Series([text, other], dtype="str"))
    assert read.value.iloc[0] == pd.Timestamp("2024-03-09 14:05")


def test_day_and_month_are_told_apart_by_the_whole_column() -> None:
    read = moments(pd.Series(["03/04/2024", "25/04/2024"], dtype="str"))
    assert read.value.tolist() == [pd.Timestamp("2024-04-03"), pd.Timestamp("2024-04-25")]
    assert "day/month" in read.told[0]


# ---- files that cannot be used -----------------------------------------------------------------
BAD = {
    b"": "must hold order lines, got an empty file",
    b"\x00\x01\x02": "must be a text file (CSV), got binary data",
    b"PK\x03\x04" + b"x" * 99: "got a ZIP or Excel file",
    HEAD.encode() + b"2017-03-27,1,2,\x81\xff,1,1,1\n": ":2: must be UTF-8 text, got byte 0x81",
    b"a;b;c\n1;2;3\n": ":1: must have the columns",
    b"ordered_at,order_id,customer_id,sku,unit,list_price,paid\n": "missing: 'units' (found 'unit')",
    HEAD.replace("paid", "sku").encode(): "must name each column once; twice there: sku",
    HEAD.encode(): "must hold at least one order line, got none",
    (HEAD + GOOD).encode(): "must span at least 28 days to be fitted, got 1",
    (HEAD + "soon,1,2,a,1,1,1\n").encode(): ":2: ordered_at must be a date and time like 2017-03-27",
    (HEAD + "2017-03-27,1,2,a,many,1,1\n").encode(): ":2: units must be a number, got 'many'",
    (HEAD + "2017-03-27,1,2,a,1.5,1,1\n").encode(): ":2: units must be a whole number from 1 to 1,000,000",
    (HEAD + "2017-03-27,1,2,a,0,1,1\n").encode(): ":2: units must be a whole number from 1 to 1,000,000",
    (HEAD + "2017-03-27,1,2,a,1,nan,1\n").encode(): ":2: list_price must be a finite number, got 'nan'",
    (HEAD + "2017-03-27,1,2,a,1,1,-4\n").encode(): ":2: paid must be from 0 to 1e7, got '-4'",
    (HEAD + "2017-03-27,,2,a,1,1,1\n").encode(): ":2: order_id must be given",
    (HEAD + "2017-03-27,1,2\n").encode(): ":2: must have 7 values as the header, got 3",
    (HEAD + "2017-03-27,1,2,a,1_0,1,1\n").encode(): ":2: units must be a number, got '1_0'",
    (HEAD + '"2017-03-27","1\n1",2,a,1,1,1\nsoon,1,2,a,1,1,1\n').encode(): ":4: ordered_at must be",
    (HEAD + '2017-03-27,"1,2,a,1,1,1\n').encode(): "must be a CSV file",
    (HEAD + "1817-03-27,1,2,a,1,1,1\n").encode(): ":2: ordered_at must be of the years 1990 to 2100",
}  # fmt: skip


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_unusable_files_are_named_never_a_traceback(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_orders(file)
    assert str(caught.value).startswith(str(file)) and BAD[raw] in str(caught.value)
    assert caught.value.exit_code == 2


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(HEAD + GOOD + "2017-03-27,1,2,a,x,1,1\n" * 25)
    with pytest.raises(DataError) as caught:
        read_orders(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 11 and lines[-1].endswith("and 15 further bad lines of 26")


def test_no_such_file() -> None:
    with pytest.raises(DataError, match="must be a file that can be read"):
        read_orders(Path("no/such.csv"))


def test_rows_are_numbered_by_the_lines_on_which_they_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read many at a time, as one by one: through values with line breaks, empty lines and every line ending."""
    monkeypatch.setattr(files, "_CHUNK", 7)
    kinds = ["\n", '"x\ny",2,3\n', '"x\r\ny\rz",2,3\r\n', ",,\n", "1,2\n", "1,2,3,,\n", "1,2,3,4\r", "1,2,3\n"]
    rng = np.random.default_rng(1)
    path = tmp_path / "rows.csv"
    path.write_bytes(("a,b,c\n" + "".join(rng.choice(kinds, 300))).encode())
    with path.open(newline="", encoding="utf-8") as file:
        one_by_one = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader]
    for size in (1, 7, 1000):
        many = [row for ends, rows in files._chunks(path, "utf-8", ",", size) for row in zip(ends, rows, strict=True)]
        assert many == one_by_one and len(many) > 200
    raw = files.read(files.head_of(path), [0, 1, 2])
    assert [n for n in raw.line.tolist() if n not in raw.trimmed] == [
        number for number, row in one_by_one[1:] if any(row) and len(row) == 3
    ]
    unfit = {number for number, row in one_by_one if row and len(row) != 3}
    assert {number for number, _ in raw.broken} | set(raw.trimmed) == unfit
    assert raw.blank == sum(not any(row) for _, row in one_by_one)
