"""Random deliveries and what they must do to a home, told in plain Python: the oracle of the fuzz."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.datasets.kaggle.tiny_files import AR, CU, TX

EPOCHS = (date(2018, 9, 19), date(2018, 9, 17))
START = date(2020, 7, 1)
NAMES = ("t_dat", "customer_id", "article_id", "price", "sales_channel_id")
Purchase = tuple[str, int, date, int, int | None]  # customer, article, day, millionths, channel


def customer(number: int, *, twin: bool = False) -> str:
    return ("f" if twin else "0") * 48 + f"{number:016x}"


@dataclass
class State:
    """What a home must hold."""

    rows: Counter[Purchase] = field(default_factory=Counter)
    customers: dict[str, int | None] = field(default_factory=dict)  # age
    articles: dict[int, int | None] = field(default_factory=dict)  # type
    epoch: date = EPOCHS[0]

    def week(self, day: date) -> int:
        return (day - self.epoch).days // 7

    def by_week(self, rows: Counter[Purchase]) -> dict[int, Counter[Purchase]]:
        found: dict[int, Counter[Purchase]] = {}
        for row, count in rows.items():
            found.setdefault(self.week(row[2]), Counter())[row] += count
        return found

    def calendar(self) -> tuple[int, int, date]:
        """First week, serving week and last day, by the rule of the shop's habit."""
        days = {row[2] for row in self.rows}
        first, end = self.week(min(days)), max(days)
        last = self.week(end)
        before = range(max(first, last - 8), last)
        for offset in range((end - self.epoch).days % 7 + 1, 7):
            usual = sum(self.epoch + timedelta(days=7 * week + offset) in days for week in before)
            if before and 2 * usual >= len(before):
                return first, last, end
        return first, last + 1, end


@dataclass
class Delivery:
    """Files, and what they are to do to a state; ``error`` where they must be refused."""

    files: dict[str, bytes]
    options: dict[str, object]
    after: State | None


class Maker:
    """Makes deliveries out of dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    # Rows ------------------------------------------------------------------------------------------------------

    def purchase(self, state: State, day: date) -> Purchase:
        dice = self.dice
        channel = dice.choice((1, 2, None))
        return customer(dice.randrange(6)), 100 + dice.randrange(5), day, dice.choice((0, 1, 25424, 999_999, 2_000_000)), channel

    def rows(self, state: State) -> Counter[Purchase]:
        dice, stored = self.dice, state.by_week(state.rows)
        first = START + timedelta(days=dice.randrange(40))
        days = [first + timedelta(days=number) for number in range(dice.choice((1, 3, 9, 25))) if self.chance(0.8)] or [first]
        found: Counter[Purchase] = Counter()
        for day in days:
            for _ in range(dice.randrange(1, 3)):
                found[self.purchase(state, day)] += dice.choice((1, 1, 2))
        if stored and self.chance(0.7):  # whole weeks again, so that they may be taken
            for week in {state.week(row[2]) for row in found}:
                found |= stored.get(week, Counter())
        return found

    # Text ------------------------------------------------------------------------------------------------------

    def article(self, number: int) -> str:
        return self.dice.choice((f"{number:010d}", str(number), f"{number}.0", f"{number:010d}.00", f" {number}"))

    def fields(self, row: Purchase) -> dict[str, str]:
        buyer, article, day, price, channel = row
        written = self.dice.choice((f"{price / 1e6:.6f}", repr(price / 1e6), f"{price / 1e6:.9f}"))
        shown = "" if channel is None else self.dice.choice((str(channel), f"{channel}.0"))
        values = (day.isoformat(), buyer, self.article(article), written, shown)
        return dict(zip(NAMES, values, strict=True))

    def spoil(self, fields: dict[str, str]) -> str | None:
        """Make a row bad, in a field or as a whole line, which is returned."""
        dice = self.dice
        name, values = dice.choice(
            [
                ("t_dat", ("2020-02-30", "", "1.7.2020", "2018-01-01", "2999-01-01", "2020-07-01 10:00")),
                ("customer_id", ("", "abc", "F" * 64, "z" * 64)),
                ("article_id", ("", "top", "-5", "100.5", "101.000001", "1" * 20, "0,5")),
                ("price", ("", "cheap", "nan", "inf", "-0.5", "2148", "0,5", "1e400")),
                ("sales_channel_id", ("web", "1.5", "300", "x")),
                ("", ('{}"x', "{},7,7,7", "a,b", '"{}', "   ", '"a"b,{}')),
            ]
        )
        value = dice.choice(values)
        if name in fields:
            fields[name] = value
            return None
        return value if name == "" else "only one field"

    def table(self, names: list[str], rows: list[dict[str, str] | str], *, one_line: bool = True) -> bytes:
        dice = self.dice
        ends = dice.choice((["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]))
        quoting = dice.choice((0.0, 0.0, 0.5, 1.0))
        others = [f"other {number}" for number in range(dice.choice((0, 0, 1, 2)))]
        order = [*names, *others]
        if self.chance(0.5):
            dice.shuffle(order)
        filler = {name: dice.choice(("", "x", "1.5", '5"' if quoting == 0 else "y")) for name in others}

        def quoted(text: str) -> str:
            needs = "," in text or '"' in text[:1] or "\n" in text
            return '"' + text.replace('"', '""') + '"' if needs or self.dice.random() < quoting else text

        lines = [",".join(order)]
        for row in rows:
            if isinstance(row, str):
                lines.append(row)
            else:
                lines.append(",".join(quoted({**filler, **row}[name]) for name in order))
            if self.chance(0.05):
                lines.append("")
        text = "".join(line + dice.choice(ends) for line in lines)
        if self.chance(0.3):
            text = text.rstrip("\r\n")
        return (("\ufeff" if self.chance(0.2) else "") + text).encode()

    # Deliveries ------------------------------------------------------------------------------------------------

    def delivery(self, state: State) -> Delivery:
        after = State(Counter(state.rows), dict(state.customers), dict(state.articles), state.epoch)
        is_refused = False
        options: dict[str, object] = {}
        if state.rows and self.chance(0.15):
            is_refused |= not self.drop(after, options)
        customers, refused = self.customers(after)
        is_refused |= refused
        articles, refused = self.articles(after)
        is_refused |= refused
        transactions, refused = self.transactions(state, after, options)
        is_refused |= refused
        return Delivery({CU: customers, AR: articles, TX: transactions}, options, None if is_refused or not after.rows else after)

    def drop(self, after: State, options: dict[str, object]) -> bool:
        """Take weeks back; false where that must be refused."""
        first, serving, _ = after.calendar()
        weeks = sorted(self.dice.randrange(first - (self.chance(0.1)), serving + 1 + self.chance(0.1)) for _ in range(2))
        days = [after.epoch + timedelta(days=7 * week + self.dice.randrange(7)) for week in weeks]
        options["drop_weeks"] = (min(days), max(days))
        dropped = range(after.week(min(days)), after.week(max(days)) + 1)
        if dropped[0] < first or dropped[-1] > serving:
            return False
        after.rows = Counter({row: count for row, count in after.rows.items() if after.week(row[2]) not in dropped})
        return True

    def customers(self, after: State) -> tuple[bytes, bool]:
        numbers = self.dice.sample(range(6), self.dice.randrange(3, 7))
        with_age = self.chance(0.8)
        rows: list[dict[str, str] | str] = []
        ids = [customer(number) for number in numbers]
        is_bad = self.chance(0.08)
        kind = self.dice.choice(("twin", "twice", "id", "age"))
        if is_bad and kind == "twin":
            ids[0] = customer(self.dice.randrange(6), twin=True)
        ends = Counter(other[-16:] for other in {*ids, *after.customers})
        is_refused = any(count > 1 for count in ends.values())
        for number in ids:
            age = self.dice.choice((None, 20, 55))
            rows.append(
                {"customer_id": number} | ({"age": "" if age is None else self.dice.choice((str(age), f"{age}.0"))} if with_age else {})
            )
            if with_age or number not in after.customers:
                after.customers[number] = age if with_age else None
        if is_bad and kind != "twin":
            is_refused = True
            bad = {"twice": rows[0], "id": {**rows[0], "customer_id": "77"}, "age": {**rows[0], "customer_id": "e" * 64, "age": "old"}}  # type: ignore[dict-item]
            if kind == "age" and not with_age:
                kind = "id"
            rows.append(bad[kind])
        return self.table(["customer_id", *(["age"] if with_age else [])], rows), is_refused

    def articles(self, after: State) -> tuple[bytes, bool]:
        names = ["article_id", "product_code", "product_type_no", "product_type_name", "detail_desc"]
        rows: list[dict[str, str] | str] = []
        for number in self.dice.sample(range(100, 105), self.dice.randrange(3, 6)):
            kind = self.dice.choice((None, 253, -1))
            text = self.dice.choice(("", "plain", "of two\nlines", "with, comma", 'a "word"', '"'))
            shown = "" if kind is None else self.dice.choice((str(kind), f"{kind}.0"))
            values = (self.article(number), "7", shown, "Vest", text)
            rows.append(dict(zip(names, values, strict=True)))
            after.articles[number] = kind
        is_refused = self.chance(0.08)
        if is_refused:
            bad = self.dice.choice(
                (("article_id", "100.5"), ("article_id", ""), ("article_id", "-3"), ("product_type_no", "1.5"), ("product_code", "x"))
            )
            rows.append({**rows[0], **dict([bad])} if self.chance(0.7) else self.dice.choice((rows[0], 'a,"b', "one,two", 'x"y')))  # type: ignore[dict-item]
        return self.table(names, rows), is_refused

    def transactions(self, state: State, after: State, options: dict[str, object]) -> tuple[bytes, bool]:
        dice = self.dice
        delivered = self.rows(state)
        with_units = self.chance(0.2)
        bads = dice.choice((0, 0, 0, 1, 2))
        skip = options["skip_bad_rows"] = self.chance(0.5)
        replace = options["replace_weeks"] = self.chance(0.2)
        units = {"quantity": dice.choice(("1", "1.0"))} if with_units else {}
        lines: list[dict[str, str] | str] = [self.fields(row) | units for row in delivered.elements()]
        for _ in range(bads):
            fields = self.fields(self.purchase(state, START)) | ({"quantity": "1"} if with_units else {})
            whole = (
                self.spoil(fields)
                if not with_units or self.chance(0.7)
                else fields.update(quantity=dice.choice(("2", "-1", "0", "", "1.5")))
            )
            lines.append(fields if whole is None else whole.replace("{}", ",".join(fields.values())))
        dice.shuffle(lines)
        text = self.table([*NAMES, *(["quantity"] if with_units else [])], lines)
        known = Counter({row: count for row, count in delivered.items() if row[0] in after.customers and row[1] in after.articles})
        is_refused = (bads > 0 and not skip) or not known
        for week, rows in after.by_week(known).items():
            stored = after.by_week(after.rows).get(week, Counter())
            is_refused |= not replace and bool(stored - rows)
            after.rows = Counter({row: count for row, count in after.rows.items() if after.week(row[2]) != week}) + rows
        return text, is_refused
