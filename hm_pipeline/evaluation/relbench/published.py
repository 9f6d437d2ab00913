"""What others report for the test week of rel-hm's tasks: citations, not our measurements.

Nothing here was run by us.  Figures come from different papers, boards and repositories, with different budgets; most
are single runs.  They belong beside a result only where :func:`~hm_pipeline.evaluation.relbench.title` says "RelBench test
week", and only on the real data.
"""

from hm_pipeline.evaluation.scoreboard.rows import Row

CHURN, SALES, PURCHASE = "user-churn", "item-sales", "user-item-purchase"
METRICS = {CHURN: "AUROC", SALES: "MAE", PURCHASE: "MAP@12"}
LESS_IS_BETTER = frozenset({SALES})


class Published(Row):
    """A published test result.

    ``is_seen`` shows whether the figure was read in its source, or in a copy or table that cites it, when it was written
    down here; the others were handed on to us with their source's name only.
    """

    task: str
    method: str
    value: float
    source: str
    is_seen: bool

    @property
    def metric(self) -> str:
        """The task's measure."""
        return METRICS[self.task]


_PAPER = "RelBench paper, arXiv:2407.20060"
_REQUESTS = "huggingface.co/datasets/relbench/requests"
_STUDY = "RelBench user study, github.com/snap-stanford/relbench-user-study"
_GETML = "github.com/getml/getml-relbench"
_KUMO = "KumoRFM technical report, kumo.ai, May 2025"
_KAPSO = "github.com/Leeroo-AI/kapso, benchmarks/relbench"
_RELARENA = "RelArena, github.com/PriorLabs/relarena, as quoted by the README of kurversc 0.1.2 on PyPI"

_ROWS = (
    (CHURN, "global constant", 0.500, _RELARENA, True),
    (CHURN, "LightGBM, customer's columns only", 0.552, f"{_REQUESTS}, LightGBM", True),
    (CHURN, "constant per customer", 0.648, _RELARENA, True),
    (CHURN, "human SQL and LightGBM", 0.690, _STUDY, True),
    (CHURN, "GNN (RDL)", 0.6988, f"{_PAPER}; {_REQUESTS}, RDL", True),
    (CHURN, "getML FastProp and XGBoost", 0.7075, f"{_GETML}, hm-churn.ipynb; its README rounds to 0.707", False),
    (CHURN, "KumoRFM fine-tuned", 0.7123, f"{_KUMO}, table 2", True),
    (CHURN, "Kapso agent", 0.716, f"{_KAPSO}/RESULTS.md", True),
    (SALES, "global zero", 0.076, f"{_PAPER}; {_RELARENA}", True),
    (SALES, "GNN (RDL)", 0.0556, f"{_PAPER}; {_REQUESTS}, RDL", True),
    (SALES, "human SQL and LightGBM", 0.036, f"{_STUDY}; 0.0365 in {_REQUESTS}, Relbench User Study", True),
    (SALES, "KumoRFM fine-tuned", 0.034, f"{_KUMO}, table 3", True),
    (SALES, "KurveRSC", 0.0321, "RelBench's board, Kurve-RSC; 0.0318 in the README of kurversc 0.1.2 on PyPI", False),
    (SALES, "getML FastProp and LightGBM", 0.031, f"{_GETML}, README", True),
    (PURCHASE, "global popularity", 0.0030, _PAPER, False),
    (PURCHASE, "past visit, run again", 0.0220, "RelBench's baseline examples/baseline_link.py, run again by a third party", False),
    (PURCHASE, "GraphSAGE", 0.0080, f"{_PAPER}; ContextGNN, arXiv:2411.19513, table 2", True),
    (PURCHASE, "ID-GNN", 0.0281, f"{_PAPER}; ContextGNN, arXiv:2411.19513, table 2, as NBFNet", True),
    (PURCHASE, "ContextGNN", 0.0293, "ContextGNN, arXiv:2411.19513, table 2", True),
    (PURCHASE, "KumoRFM fine-tuned", 0.0314, f"{_KUMO}, table 4", True),
    (PURCHASE, "plain Claude Code", 0.0332, f"{_KAPSO}/claude_code_baseline", False),
)
PUBLISHED = tuple(
    Published(task=task, method=method, value=value, source=source, is_seen=seen) for task, method, value, source, seen in _ROWS
)


def published(task: str) -> tuple[Published, ...]:
    """Return what is published of a task, the worst first."""
    return tuple(sorted((row for row in PUBLISHED if row.task == task), key=lambda row: row.value, reverse=task in LESS_IS_BETTER))
