"""Descriptions of checks for the UI and for ``docs/checks.md``: what each expects, and what follows where it is not so."""

from collections.abc import Mapping

from hm_pipeline.engine.presentation import Check
from hm_pipeline.engine.step import Step
from hm_pipeline.orchestration.table_checks import checks_of

SHOWN = 4  # assets of a check, of which most have the same

INTRODUCTION = """# Checks

Every asset has checks; each result names its partition, what was expected and what was found. `python -m
hm_pipeline.orchestration.check_descriptions` prints this page.

**Blocks**: a failure stops what reads the asset in the same run, and `hm`, with exit code 1. A failure that is only mild warns.
**Fails**: a failure is an error in the UI and stops nothing. **Warns**: the rows may be used.

A run of a week has that week's partition checked, a backfill of the UI each of its weeks. `hm` makes years in one run, whose every
row is validated as it is written: checks that block are of each week, the others of the last one. What `hm` reads and does not make,
such as the last purchases before the week, goes through its blocking checks first. `HM_BLOCKING_CHECKS=false` makes blocking
checks warn: for the day on which the fault is known and the lists must go out.

![A delivery with prices in cents: `price_range` of `transactions` failed, expected and found beside it](pictures/failed-check.png)

The week's run stopped at `check_transactions`: what reads no purchases was made, all else was not."""
DRIFT = """The picture of `drift`, which `no_drift` refers to: a feature has drifted where its PSI is large *and* beyond the grey bar, which
single weeks before reached, or chance. Here one of 25 has: `seasonality_share`.

![PSI of fifteen features of a week against the weeks before, beside what single weeks had](pictures/drift.png)"""


def describe_check(check: Check) -> str:
    """Return the UI's description of a check: what it expects, and what a failure does."""
    return f"{check.description} {effect_of(check)}"


def effect_of(check: Check) -> str:
    """Return in a word what a failure of a check does."""
    effect = "Blocks." if check.is_blocking else "Warns." if check.is_warning else "Fails."
    return f"{effect} Runs on request." if check.is_on_request else effect


def check_table(steps: Mapping[str, Step]) -> str:
    """Return all checks as a Markdown table, each with the assets that it is of; it is kept as ``docs/checks.md``."""
    assets: dict[tuple[str, str, str], list[str]] = {}
    for step in steps.values():
        for check in checks_of(step):
            assets.setdefault((check.name, check.description, effect_of(check)), []).append(step.name)
    lines = [INTRODUCTION, "", "| check | expects | a failure | assets |", "|---|---|---|---|"]
    for (name, description, effect), where in sorted(assets.items(), key=lambda entry: entry[0][2]):
        listed = ", ".join(f"`{asset}`" for asset in where[:SHOWN]) + (" and others" if len(where) > SHOWN else "")
        lines.append(f"| `{name}` | {description} | {effect} | {listed} |")
    return "\n".join([*lines, "", DRIFT]) + "\n"


if __name__ == "__main__":
    from hm_pipeline.assets import PRODUCT

    print(check_table(PRODUCT), end="")  # noqa: T201 - the page itself
