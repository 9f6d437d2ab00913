"""Four simulated weeks of the automation with the real page and daemon: one comes corrupt first, one lacks a day that comes late.

`python -m tests.e2e.automation_weeks [FOLDER]` prints what happened; minutes for a small shop.  `pytest --automation-weeks` runs it, too.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import served_week
from tests.e2e.ui_page import Inbox, Page, until

FILE, ENDED = "transactions_train.csv", {"SUCCESS", "FAILURE"}
FIRST, LAST = date(2020, 8, 26), date(2020, 9, 23)  # first day that is not in the home at the start; the week after the fourth
PATIENCE = 1200  # seconds for a week


@dataclass(frozen=True)
class Happened:
    """What a delivery led to."""

    delivery: str
    runs: tuple[tuple[str, str, str], ...]
    online: str
    alerts: tuple[str, ...]
    seconds: float


class Weeks:
    """A shop's weeks, delivered one after the other."""

    def __init__(self, folder: Path) -> None:
        simulate(folder / "shop", customers=300, articles=300, weeks=17, seed=3)
        self.header, *rows = (folder / "shop" / FILE).read_text().splitlines(keepends=True)
        self.rows = [(date.fromisoformat(row[:10]), row) for row in rows]
        self.raw, self.home = folder / "raw", folder / "home"
        self.raw.mkdir()
        self.deliver(date.min, FIRST)
        for name in ("articles.csv", "customers.csv"):
            (folder / "shop" / name).rename(self.raw / name)

    def deliver(self, first: date, last: date, *, without: date | None = None, corrupt: bool = False) -> None:
        """Put the purchases of some days where the sensor looks, in one rename."""
        rows = [row for day, row in self.rows if first <= day < last and day != without]
        if corrupt:
            rows[7] = ",".join([*rows[7].split(",")[:3], "cheap", "2\n"])
        aside = self.raw / "being-written"
        aside.write_text(self.header + "".join(rows))
        aside.rename(self.raw / FILE)

    def online(self) -> str:
        """Return the week that is served."""
        calendar = Home(self.home).calendar
        week = served_week(open_store(self.home)) if (self.home / "feast").exists() else None
        return "" if week is None else calendar.key(week)


def run_weeks(folder: Path, report: Callable[[Happened], object] = lambda _: None) -> list[Happened]:
    """Deliver the weeks to a real `hm ui --automate`, and return what each led to; ``report`` is called with each as it ends."""
    inbox, weeks, happened = Inbox(), Weeks(folder), list[Happened]()
    os.environ |= {"HM_RAW": str(weeks.raw), "HM_RAW_EVERY": "2", "HM_ALERT_WEBHOOK": f"{inbox.url}/alerts", "HM_LATE_AFTER": "9999"}
    page = Page(weeks.home, "--automate")

    def watch(delivery: str, is_done) -> None:
        started, runs, alerts = time.monotonic(), len(page.runs()), len(inbox.posts)
        until(lambda: (new := page.runs()[runs:]) and is_done(new) and {run[2] for run in new} <= ENDED, PATIENCE)
        new, sent = page.runs()[runs:], inbox.posts[alerts:]
        if any(run[2] == "FAILURE" for run in new):
            sent = until(lambda: inbox.posts[alerts:])
        ended = tuple(run[:3] for run in new)
        titles = tuple(body["title"] for _, body in sent)
        happened.append(Happened(delivery, ended, weeks.online(), titles, round(time.monotonic() - started, 1)))
        report(happened[-1])

    def serves(day: date):
        return lambda runs: (
            ("week", str(day)) in {run[:2] for run in runs} and ("backfill", str(day - timedelta(7))) in {run[:2] for run in runs}
        )

    try:
        until(page.runs)
        watch("history up to the first week", serves(FIRST))
        one, two, three, four = (FIRST + timedelta(7 * number) for number in range(4))
        weeks.deliver(one, two)
        watch("week 1", serves(two))
        weeks.deliver(two, three, corrupt=True)
        watch("week 2, corrupt", lambda runs: ("ingest", "", "FAILURE") in {run[:3] for run in runs})
        weeks.deliver(two, three)
        watch("week 2, mended", serves(three))
        late = three + timedelta(3)
        weeks.deliver(three, four, without=late)
        watch("week 3 without a day", serves(four))
        weeks.deliver(four, LAST)
        watch("week 4", serves(LAST))
        weeks.deliver(three, four)  # a delivery holds whole weeks
        watch("week 3 with its late day", lambda runs: serves(LAST)(runs) and ("backfill", str(three)) in {run[:2] for run in runs})
    finally:
        page.close()
        inbox.close()
    return happened


def main() -> None:
    """Print what happened as a table."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    table = Table("delivery", "runs", "online", "alerts", "seconds")
    console = Console(width=120)
    for one in run_weeks(folder, lambda one: console.print(f"{one.delivery}: {one.online} is online after {one.seconds:.0f} s")):
        runs = "\n".join(f"{job} {week} {status.lower()}" for job, week, status in one.runs)
        table.add_row(one.delivery, runs, one.online, "\n".join(one.alerts), f"{one.seconds:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
