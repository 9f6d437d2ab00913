"""THE FILE: the whole graph, from the shop's files to what a customer is shown, in the order of the story.

Each step says what it reads and calls one function.  ``at`` is the week itself, ``before`` the weeks before it; the
runner opens nothing else.  Signals and strategies join by their registries alone.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import polars as pl

from hm_pipeline.base.contracts import Articles, Audience, Customers, Labels, Transactions
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import Reads, Step, Week, at, before
from hm_pipeline.evaluation.retrieval import weekly as recall
from hm_pipeline.evaluation.scoreboard import weekly as judge
from hm_pipeline.evaluation.signal_metrics import losses as measures
from hm_pipeline.evaluation.signal_metrics import weekly as grades
from hm_pipeline.features import matrix
from hm_pipeline.features import online_load as materialise
from hm_pipeline.features import online_views as arrays
from hm_pipeline.features.tables import RANKING, feature_tables, matrix_schema
from hm_pipeline.recommender import labels as truths
from hm_pipeline.recommender import text_vectors as text
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage import model as first_stage
from hm_pipeline.recommender.ensemble import training as learn
from hm_pipeline.recommender.history import (
    article_sales,
    basket_pairs,
    bought_together,
    shared_buyers,
    type_pairs,
    type_rates,
    type_sales,
    vectors,
)
from hm_pipeline.recommender.signals import SIGNALS
from hm_pipeline.recommender.signals._lib.signal import Signal

STEPS: dict[str, Step] = {}
ENTRY = f"{__name__}:PRODUCT"  # where a process of workers finds a step of this file
OWN_PAST = ("transactions", "purchases")
SEARCH_WEEKS, ENSEMBLE_WEEKS, LABELLED = 13, 4, 8  # cadences; weeks of data before the first ensemble


def step(name: str, **what: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a body as a step of the graph."""

    def register(body: Callable[..., Any]) -> Callable[..., Any]:
        kind, told = what.pop("kind", "weekly"), (body.__doc__ or "").strip()
        STEPS[name] = Step(name, kind, body, description=told, entry=ENTRY if body.__module__ == __name__ else "", **what)
        return body

    return register


def reads_of(inputs: tuple[str, ...], history_weeks: int | None = None, *, back: int = 0) -> tuple[Reads, ...]:
    """Say what named inputs mean: transactions before the week, everything else as known at it."""
    past = [before("transactions", history_weeks, of_audience=name == "purchases") for name in inputs if name in OWN_PAST]
    return (*past, *(at(name, back=back) for name in inputs if name not in OWN_PAST))


# Data: what the shop's files say ---------------------------------------------------------------------------------


@step("transactions", kind="raw", schema=Transactions, group="data")
def transactions() -> None:
    """Purchases of the week, as `hm ingest` read them.  One row per unit; price in millionths."""


@step("articles", kind="static", schema=Articles, group="data")
def articles() -> None:
    """The catalogue, as `hm ingest` read it.  One row per article."""


@step("customers", kind="static", schema=Customers, group="data")
def customers() -> None:
    """Everyone who can be recommended something, as `hm ingest` read them.  One row per customer."""


@step("embeddings", kind="static", schema=text.TextVectors, reads=(at("articles"),), settings=("seed",), group="data")
def embeddings(inputs: Inputs, week: Week) -> pl.DataFrame:
    """Text vectors of the catalogue: articles described with the same rare words lie close."""
    return text.compute(inputs.static("articles"), seed=week.settings.seed)


# History: what is remembered from week to week -------------------------------------------------------------------

LAST_WEEK = before("transactions", 1)


@step("history/article_sales", schema=article_sales.ArticleSales, group="history",
      reads=(LAST_WEEK, before("history/article_sales", 1), at("customers")))  # fmt: skip
def history_article_sales(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Sales of every article so far, by days and weeks before the cutoff, with price and buyers' age."""
    return article_sales.compute(inputs, week_id=week.week_id)


@step("history/type_sales", schema=type_sales.TypeSales, group="history",
      reads=(LAST_WEEK, before("history/type_sales", 1), at("articles"), at("customers")))  # fmt: skip
def history_type_sales(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Units sold per clothing type, index group and age band of buyers in every week so far."""
    return type_sales.compute(inputs, week_id=week.week_id)


@step("history/type_rates", schema=type_rates.TypeRates, group="history",
      reads=(before("transactions", type_rates.MONTH), at("articles"), at("customers")))  # fmt: skip
def history_type_rates(inputs: Inputs, week: Week) -> pl.DataFrame:
    """Shares of buyers, around every age, who took each clothing type in the last week and in the last four."""
    return type_rates.compute(inputs, week_id=week.week_id)


@step("history/type_pairs", schema=type_pairs.TypePairs, group="history",
      reads=(before("transactions", type_pairs.WEEKS), at("articles")))  # fmt: skip
def history_type_pairs(inputs: Inputs, week: Week) -> pl.DataFrame:
    """Which clothing types go with, and follow on, which others."""
    return type_pairs.compute(inputs, week_id=week.week_id)


@step("history/basket_pairs", schema=basket_pairs.BasketPairs, group="history",
      reads=(before("transactions", basket_pairs.EARLIER_WEEKS),))  # fmt: skip
def history_basket_pairs(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Which articles last week's customers had bought, and what they took: one week's pairs, counted once."""
    return basket_pairs.compute(inputs, week_id=week.week_id)


@step("history/bought_together", schema=bought_together.BoughtTogether, group="history",
      reads=(at("history/basket_pairs", back=bought_together.WEEKS - 1),))  # fmt: skip
def history_bought_together(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """The articles most often bought with or after each article in the last weeks."""
    return bought_together.compute(inputs, week_id=week.week_id)


@step("history/shared_buyers", schema=shared_buyers.SharedBuyers, group="history",
      reads=(before("transactions", shared_buyers.WEEKS),))  # fmt: skip
def history_shared_buyers(inputs: Inputs, week: Week) -> pl.DataFrame:
    """The articles most bought by the same customers as each article: what neighbours recommend, summed beforehand."""
    return shared_buyers.compute(inputs, week_id=week.week_id)


@step("history/vectors", schema=vectors.Vectors, settings=("seed",), group="history",
      reads=(before("transactions", vectors.WEEKS),))  # fmt: skip
def history_vectors(inputs: Inputs, week: Week) -> pl.DataFrame:
    """Collaborative vectors: articles bought by the same customers lie close."""
    return vectors.compute(inputs, week_id=week.week_id, seed=week.settings.seed)


# Signals: need, season, style, availability ----------------------------------------------------------------------


def shared(signal: Signal) -> dict[str, Any]:
    """Return what the steps of a signal have in common."""
    code = tuple(part for part in (signal.compute, signal.fit) if part)
    return {"code": code, "group": "signals", "parameters": signal.parameters}


def add_model(signal: Signal) -> None:
    """Register the model of a signal that is fitted."""
    fitted = tuple(name for name in signal.inputs if name not in ("purchases", "candidates"))

    def fit(inputs: Inputs, week: Week) -> Any:
        return signal.fit(inputs, week_id=week.week_id, seed=week.settings.seed) if signal.fit else None

    STEPS[f"model/{signal.name}"] = Step(
        f"model/{signal.name}", "model", fit, reads=reads_of(fitted, back=signal.past_weeks), settings=("seed",), load=signal.load,
        every=signal.refit_weeks, warm_up=2, entry=ENTRY,
        description=f"Fit of {signal.name}, or a pointer to the one that serves the week.", **shared(signal),
    )  # fmt: skip


def add_signal(signal: Signal) -> None:
    """Register a signal, whose model is there already."""
    model = f"model/{signal.name}" if signal.fit else None

    def compute(inputs: Inputs, week: Week) -> Any:
        fitted_model = {"model": week.model} if model else {}
        return signal.compute(inputs, week_id=week.week_id, **fitted_model, **signal.parameters)

    of_customers = (at("audience"),) if signal.is_of_customers else ()
    STEPS[f"signal/{signal.name}"] = Step(
        f"signal/{signal.name}", "weekly", compute, schema=signal.schema, model=model, is_sharded=signal.is_of_customers, entry=ENTRY,
        reads=(*reads_of(signal.inputs, signal.history_weeks), *of_customers), description=signal.description, **shared(signal),
    )  # fmt: skip


for fitted_signal in (signal for signal in SIGNALS if signal.fit):  # before tables of customers: workers start once for all of those
    add_model(fitted_signal)
for article_signal in (signal for signal in SIGNALS if not signal.is_of_customers):
    add_signal(article_signal)


# Retrieval: who gets recommendations, and about a hundred articles for each --------------------------------------


@step("audience", schema=Audience, reads=(at("transactions"), at("customers")), group="retrieval")
def audience(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Customers who get recommendations: the week's buyers where it trains or is judged, everyone where it serves."""
    return truths.audience(inputs, week_id=week.week_id, kind=week.audience)


PROPOSED = tuple(dict.fromkeys(name for strategy in STRATEGIES for name in strategy.inputs))
FITTED_ON = tuple(name for name in PROPOSED if name != "purchases")


@step("model/first_stage", kind="model", settings=("seed",), every=4, warm_up=4, group="retrieval",
      load=first_stage.FirstStage.load, reads=(before("transactions"), *reads_of(FITTED_ON, back=2)))  # fmt: skip
def first_stage_model(inputs: Inputs, week: Week) -> first_stage.FirstStage:
    """Weights of ranks, sales and tastes, fitted on what buyers of the last weeks would have been proposed and took."""
    return first_stage.fit(STRATEGIES, inputs, week_id=week.week_id, seed=week.settings.seed)


@step("candidates", schema=first_stage.candidates_schema(STRATEGIES), settings=("candidates",),
      is_sharded=True, model="model/first_stage", group="retrieval", reads=(*reads_of(PROPOSED), at("audience")))  # fmt: skip
def candidates(inputs: Inputs, week: Week) -> pl.DataFrame:
    """About a hundred articles a customer: all strategies' proposals, the best of them by the first stage."""
    return first_stage.retrieve(STRATEGIES, inputs, week_id=week.week_id, model=week.model, most=week.settings.candidates)


for pair_signal in (signal for signal in SIGNALS if signal.is_of_customers):
    add_signal(pair_signal)


# Features and labels: one row per pair, through Feast ------------------------------------------------------------

VIEWS = tuple(at(table.table) for table in feature_tables() if RANKING in table.services)


@step("feature_store", kind="static", schema=matrix.Registered, reads=(at("articles"), at("customers")), group="features")
def feature_store(_inputs: Inputs, week: Week) -> pl.DataFrame:
    """Feast's entities, views and services, registered from SIGNALS and STRATEGIES.  One row per feature."""
    return matrix.register(week)


@step("labels", schema=Labels, is_sharded=True, group="features",
      reads=(at("transactions"), at("candidates"), at("audience")))  # fmt: skip
def labels(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Candidates of the week's buyers, and whether they were bought."""
    return truths.label(inputs, week_id=week.week_id)


@step("feature_matrix", schema=matrix_schema(), is_sharded=True, group="features",
      reads=(at("labels"), at("audience"), at("feature_store"), *VIEWS))  # fmt: skip
def feature_matrix(inputs: Inputs, week: Week) -> pl.DataFrame:
    """What was known at the cutoff about each labelled pair: Feast's service `ranking`, kept for weeks that teach."""
    return matrix.of_labels(inputs, week)


# Ensemble: FLAML searches, learners are blended, customers get their lists ---------------------------------------


@step("search", kind="model", every=SEARCH_WEEKS, warm_up=LABELLED, load=learn.load_search, group="ensemble",
      settings=("seed", "trials", "learners", "training_rows", "threads"),
      reads=(before("feature_matrix", 4), before("labels", 4), before("transactions", 2)))  # fmt: skip
def search(inputs: Inputs, week: Week) -> Any:
    """FLAML's search of each learner's settings, judged by MAP@12 on a later week."""
    return learn.search_settings(inputs, week)


@step("ensemble", kind="model", every=ENSEMBLE_WEEKS, warm_up=LABELLED, load=learn.load_ensemble, group="ensemble",
      settings=("seed", "training_rows", "threads"), model="search",
      reads=(before("feature_matrix", 4), before("labels", 4), before("transactions", 2)))  # fmt: skip
def ensemble(inputs: Inputs, week: Week) -> Any:
    """The learners and their blend, each fitted, compared and weighed on weeks of its own."""
    return learn.fit(inputs, week)


@step("recommendations", schema=learn.Recommended, is_sharded=True, model="ensemble", group="results",
      reads=(at("audience"), at("history/article_sales"), at("feature_store"), *VIEWS))  # fmt: skip
def recommendations(inputs: Inputs, week: Week) -> pl.DataFrame:
    """The best candidates of each customer, best first, with their scores and the strategy that proposed each."""
    return learn.recommend(inputs, week, matrix.of_candidates(inputs, week))


# Online: what an application looks up, customer by customer --------------------------------------------------------


@step("rankings", schema=arrays.Rankings, is_sharded=True, group="results",
      reads=(at("recommendations"), at("audience")))  # fmt: skip
def rankings(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """Each customer's recommendations as arrays: articles, scores and strategies, best first."""
    return arrays.rankings(inputs, week)


@step("needs", schema=arrays.Needs, is_sharded=True, group="results",
      reads=(at("signal/type_need"), at("audience")))  # fmt: skip
def needs(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """The clothing types that each customer needs most, as arrays."""
    return arrays.needs(inputs, week)


@step("online_store", schema=materialise.Materialised, settings=("online_store",), group="results",
      reads=(at("feature_store"), *(at(table.table) for table in materialise.online_tables())))  # fmt: skip
def online_store(inputs: Inputs, week: Week) -> pl.DataFrame:
    """What is served online, key by key: rankings, needs, and the views of customers and articles.  One row per view."""
    return materialise.materialise(inputs, week)


# Results ---------------------------------------------------------------------------------------------------------


@step("scoreboard", schema=judge.Judged, model="ensemble", measure=judge.figures, group="results",
      reads=(before("transactions"), at("transactions"), at("articles"), at("customers"), at("candidates"),
             at("recommendations")))  # fmt: skip
def scoreboard(inputs: Inputs, week: Week) -> pl.DataFrame:
    """Average precision of each buyer of the week on every rung of the ladder, the rules beside the model."""
    return judge.judge(inputs, week)


@step("recall_budget", schema=recall.RecallBudget, settings=("candidates",), model="model/first_stage",
      measure=recall.seconds, group="results",
      reads=(before("transactions"), at("transactions"), *(at(name) for name in FITTED_ON if name != "transactions")))  # fmt: skip
def recall_budget(inputs: Inputs, week: Week) -> pl.DataFrame:
    """What retrieval reaches of the week's purchases: each strategy's rows and hits, and what a smaller budget costs."""
    return recall.count(inputs, week)


@step("signal_scores", schema=measures.Graded, group="results",
      reads=(before("transactions"), at("transactions"), at("articles"), at("customers"), at("history/type_rates"),
             at("history/article_sales"), at("signal/seasonality"), at("signal/availability"), at("signal/type_need")))  # fmt: skip
def signal_scores(inputs: Inputs, week: Week) -> pl.DataFrame:
    """How good the signals are by themselves: need, season and availability beside trivial rivals, in sums that add up."""
    return grades.grade(inputs, week)


@step("submission", schema=learn.Served, is_sharded=True, group="results",
      reads=(at("recommendations"), at("audience"), at("customers")))  # fmt: skip
def submission(inputs: Inputs, week: Week) -> pl.LazyFrame:
    """The 12 articles each customer was served, kept: a later evaluation of the week does not touch it."""
    return learn.serve(inputs, week)


PRODUCT = MappingProxyType(dict(STEPS))  # what importing this file gives, whatever a session puts into STEPS afterwards
