"""Choices of options and arguments: named in the help and completed without an import of what they choose from."""

from collections.abc import Sequence
from typing import Any

import typer

from hm_pipeline.base.errors import InvalidInput

ANALYSES = SIGNALS, RETRIEVAL, ABLATION = ("signals", "retrieval", "ablation")
SHOPS = ("complete-journey",)
UI = ("webserver", "daemon")
RELBENCH = ("user-churn", "item-sales", "user-item-purchase")


def one_of(names: Sequence[str], *, kind: str) -> dict[str, Any]:
    """Return what makes a text option or argument of typer take one of some names, or nothing.

    A wrong name is an :class:`InvalidInput`, so that it costs one line, which typer's own choices do not.

    Parameters
    ----------
    names
        The choices.
    kind
        What they are, for the error.
    """

    def check(param: typer.CallbackParam, value: str) -> str:
        if value and value not in names:
            where = param.metavar if param.param_type_name == "argument" else param.opts[0]
            raise InvalidInput(f"there is no {kind} {value!r}", where=str(where), hint=f"choose one of {', '.join(names)}")
        return value

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return {"callback": check, "autocompletion": complete}
