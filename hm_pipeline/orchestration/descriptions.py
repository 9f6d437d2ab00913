"""Descriptions of assets for the UI: what each is, its grain, its unit and why it is there."""

from collections.abc import Mapping

from hm_pipeline.engine.step import Step

GROUP_ORDER = ("data", "history", "retrieval", "signals", "features", "ensemble", "results")


def describe(step: Step) -> str:
    """Return the UI's description of an asset, in Markdown: what it is, then grain, unit and why where they are known."""
    facts = {"Grain": step.grain or _grain(step), "Unit": step.unit, "Why": step.why}
    lines = [f"**{name}:** {_sentence(text)}" for name, text in facts.items() if text]
    return "\n\n".join([step.description, *lines])


def group_of(step: Step) -> str:
    """Return the group with its place in the story in front: the UI sorts groups by name."""
    return f"{GROUP_ORDER.index(step.group) + 1}_{step.group}" if step.group in GROUP_ORDER else step.group


def asset_table(steps: Mapping[str, Step]) -> str:
    """Return all assets as Markdown tables, a table for each group; it is kept as ``docs/assets.md``."""
    lines = ["# Assets", "", "In the order in which they are made. `python -m hm_pipeline.orchestration.descriptions` prints this page."]
    for group in GROUP_ORDER:
        lines += ["", f"## {group.capitalize()}", "", "| asset | what | grain | unit | why |", "|---|---|---|---|---|"]
        for step in (step for step in steps.values() if step.group == group):
            what, *facts = (line.partition(":** ")[2] or line for line in describe(step).split("\n\n"))
            cells = [f"`{step.name}`", " ".join(what.split()), *facts]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _grain(step: Step) -> str:
    if step.kind == "model":
        return "a model for each week it is fitted in" + (f", which serves {step.every} weeks" if step.every > 1 else "")
    keys = step.schema.primary_key() if step.schema else []
    return f"a row for each {', '.join(keys)}" if keys else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


if __name__ == "__main__":
    from hm_pipeline.assets import STEPS

    print(asset_table(STEPS), end="")  # noqa: T201 - the page itself
