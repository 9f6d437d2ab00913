"""Graph of all assets, from the ingested files to what a customer is shown, in the order in which they are made.

Each step names what it reads, ``at`` the week itself or ``before`` it, and calls one function; nothing else is opened.
Histories, signals and strategies join by their registries alone.
"""

from types import MappingProxyType
from typing import Any

import polars as pl

from hm_pipeline.base.contracts import Articles, Audience, Customers, Labels, Transactions
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.registry import Steps, reads_of
from hm_pipeline.engine.step import WeekContext, after, at, before
from hm_pipeline.evaluation import coverage, drift, leakage, previews, raw_tables
from hm_pipeline.evaluation.retrieval import week_recall
from hm_pipeline.evaluation.scoreboard import map_drop, week_scores
from hm_pipeline.evaluation.signal_metrics import losses, week_losses
from hm_pipeline.features import checks, matrix, online_load, online_views, registration
from hm_pipeline.features.tables import RANKING, feature_tables, matrix_schema
from hm_pipeline.recommender import labels as week_labels
from hm_pipeline.recommender import text_vectors
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage import model as first_stage
from hm_pipeline.recommender.ensemble import training
from hm_pipeline.recommender.history import HISTORY
from hm_pipeline.recommender.signals import SIGNALS
from hm_pipeline.recommender.signals._lib.steps import model_step, table_step

STEPS = Steps(f"{__name__}:PRODUCT")
SEARCH_WEEKS, ENSEMBLE_WEEKS, LABELLED = 13, 4, training.UNLABELLED + training.LEAST_WEEKS  # cadences; weeks before the first ensemble

# A step's facts stand close to its body, so that the graph reads as a table.
# fmt: off
# Data: the ingested files ---------------------------------------------------------------------------------------

@STEPS.step("transactions", kind="raw", schema=Transactions, group="data", unit="an item sold; prices in millionths of the files' unit",
            why="Everything else is computed from these rows. A week's rows are known only from the next week on.",
            checks=raw_tables.CHECKS, grain="a row for each unit sold: the same article bought twice is two rows")
def transactions() -> None:
    """Purchases of the week, as `hm ingest` read them.  One row per unit; price in millionths."""

@STEPS.step("articles", kind="dimension", schema=Articles, group="data", unit="an article, colour by colour",
            why="What is sold, and how it is described: types, colours, departments, texts.")
def articles() -> None:
    """The catalogue, as `hm ingest` read it.  One row per article."""

@STEPS.step("customers", kind="dimension", schema=Customers, group="data", unit="a customer",
            why="Who is there to be recommended something, their ages, and the order of a submission.")
def customers() -> None:
    """Everyone who can be recommended something, as `hm ingest` read them.  One row per customer."""

STEPS.add(text_vectors.STEPS)  # a model of the words, and the catalogue's vectors by it

# History: what is remembered from week to week -------------------------------------------------------------------

STEPS.add(table.step() for table in HISTORY)

# Signals: models before tables of customers, as workers start once for all of those ------------------------------

STEPS.add(model_step(signal) for signal in SIGNALS if signal.fit)
STEPS.add(table_step(signal) for signal in SIGNALS if not signal.is_of_customers)

# Retrieval: who gets recommendations, and about a hundred articles for each --------------------------------------

@STEPS.step("audience", schema=Audience, reads=(at("transactions"), at("customers")), group="retrieval", unit="a customer",
            why="Training and evaluation need the week's buyers only; serving is for everyone. Smaller weeks are made sooner.")
def audience(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Customers who get recommendations: the week's buyers where it trains or is evaluated, everyone where it serves."""
    return week_labels.audience(inputs, week_id=week.week_id, kind=week.audience)

PROPOSED = tuple(dict.fromkeys(name for strategy in STRATEGIES for name in strategy.inputs))
FITTED_ON = tuple(name for name in PROPOSED if name != "purchases")

@STEPS.step("model/first_stage", kind="model", settings=("seed",), every=4, warm_up=4, group="retrieval",
            load=first_stage.FirstStage.load, reads=(before("transactions"), *reads_of(FITTED_ON, back=2)),
            unit="weights of the strategies' ranks",
            why="Strategies propose more than can be ranked: the first stage keeps the hundred that promise most.")
def first_stage_model(inputs: Inputs, week: WeekContext) -> first_stage.FirstStage:
    """Weights of ranks, sales and affinities, fitted on what buyers of the last weeks would have been proposed and took."""
    return first_stage.fit(STRATEGIES, inputs, week_id=week.week_id, seed=week.settings.seed)

@STEPS.step("candidates", schema=first_stage.candidates_schema(STRATEGIES), settings=("candidates",), is_sharded=True,
            model="model/first_stage", group="retrieval", reads=(*reads_of(PROPOSED), at("audience")),
            unit="a proposal, with its rank in every strategy", checks=(coverage.CHECK,),
            why="What is not proposed here cannot be recommended: the upper bound of the recall.")
def candidates(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """About a hundred articles a customer: all strategies' proposals, the best of them by the first stage."""
    return first_stage.retrieve(STRATEGIES, inputs, week_id=week.week_id, model=week.model, most=week.settings.candidates)

STEPS.add(table_step(signal) for signal in SIGNALS if signal.is_of_customers)
STEPS.add((drift.STEP,))

# Features and labels: one row per pair, through Feast ------------------------------------------------------------

VIEWS = tuple(at(table.table) for table in feature_tables() if RANKING in table.services)

@STEPS.step("feature_store", kind="static", schema=matrix.Registered, group="features",
            previews=(registration.REGISTERED,), checks=(checks.VIEWS, leakage.LEAK_AUDIT), unit="a feature",
            why="One registry serves training, scoring and notebooks, so that they cannot differ.")
def feature_store(_inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Feast's entities, views and services, registered from SIGNALS and STRATEGIES.  One row per feature."""
    return matrix.register(week)

@STEPS.step("labels", schema=Labels, is_sharded=True, group="features", reads=(at("transactions"), at("candidates"), at("audience")),
            unit="1 bought, 0 not", why="Targets of the ensemble: the candidates of buyers, and which of them were bought.")
def labels(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Candidates of the week's buyers, and whether they were bought."""
    return week_labels.label_candidates(inputs, week_id=week.week_id)

@STEPS.step("feature_matrix", schema=matrix_schema(), is_sharded=True, group="features",
            reads=(at("labels"), at("audience"), at("feature_store"), *VIEWS), unit="a value for each feature of the service `ranking`",
            why="Training weeks are kept as they were known, and are not joined again.")
def feature_matrix(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Features of each labelled pair as known at the cutoff: Feast's service `ranking`, kept for training weeks."""
    return matrix.features_of_labels(inputs, week)

# Ensemble: FLAML searches, learners are blended, customers get their lists ---------------------------------------

@STEPS.step("search", kind="model", every=SEARCH_WEEKS, warm_up=LABELLED, load=training.load_search, group="ensemble",
            settings=("seed", "trials", "learners", "training_rows", "threads"),
            reads=(*training.LEARNT, before("transactions", 2)), unit="settings of each learner",
            why="Good settings last for months: searched every quarter, used by every fit between.")
def search(inputs: Inputs, week: WeekContext) -> Any:
    """FLAML's search of each learner's settings, evaluated by MAP@12 on a later week."""
    return training.search_settings(inputs, week)

@STEPS.step("ensemble", kind="model", every=ENSEMBLE_WEEKS, warm_up=LABELLED, load=training.load_ensemble, group="ensemble",
            settings=("seed", "training_rows", "threads"), model="search",
            reads=(*training.LEARNT, before("transactions", 2)), unit="learners and their weights",
            why="Turns all signals into one order. Fitted anew every four weeks, as fashion passes.")
def ensemble(inputs: Inputs, week: WeekContext) -> Any:
    """The learners and their blend, each fitted, compared and weighed on weeks of its own."""
    return training.fit(inputs, week)

@STEPS.step("recommendations", schema=training.Recommended, is_sharded=True, model="ensemble", group="results", checks=(coverage.LISTS,),
            reads=(at("audience"), at("history/article_sales"), at("feature_store"), *VIEWS), previews=(previews.TOP_ARTICLES,),
            unit="an article for a customer, best first, with its score", why="What the product is for.")
def recommendations(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """The best candidates of each customer, best first, with their scores and the strategy that proposed each."""
    return training.recommend(inputs, week, matrix.features_of_candidates(inputs, week))

@STEPS.step("rankings", schema=online_views.Rankings, is_sharded=True, group="results", reads=(at("recommendations"), at("audience")),
            unit="lists of articles, scores and strategies", why="An application asks for one customer's page: one row answers it.")
def rankings(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Each customer's recommendations as arrays: articles, scores and strategies, best first."""
    return online_views.rankings(inputs, week)

@STEPS.step("needs", schema=online_views.Needs, is_sharded=True, group="results", reads=(at("signal/type_need"), at("audience")),
            unit="lists of clothing types and probabilities", why="The types a customer needs most head a page; all thirty do not.")
def needs(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """The clothing types that each customer needs most, as arrays."""
    return online_views.needs(inputs, week)

@STEPS.step("online_store", schema=online_load.Materialised, settings=("online_store",), group="results",
            reads=(at("feature_store"), *(at(table.table) for table in online_load.online_tables())), unit="keys that can be looked up",
            checks=(checks.AGREEMENT,), why="Lookups take milliseconds and must return what was computed.")
def online_store(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Online tables, served by key: rankings, needs, and the views of customers and articles.  One row per view."""
    return online_load.materialise(inputs, week)

# Results ---------------------------------------------------------------------------------------------------------

@STEPS.step("scoreboard", schema=week_scores.BuyerScores, model="ensemble", measure=week_scores.week_metrics, unit="AP@12, 0 to 1",
            reads=(before("transactions"), at("transactions"), at("articles"), at("customers"), at("candidates"), at("recommendations"),
                   at("audience")), group="results", previews=(previews.MAP_OVER_WEEKS,), checks=(map_drop.MAP_DROP,),
            why="Model and simple rules on the same buyers.")
def scoreboard(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Average precision of each buyer of the week on every row of the scoreboard, the rules beside the model."""
    return week_scores.evaluate(inputs, week)

@STEPS.step("recall_budget", schema=week_recall.RecallBudget, settings=("candidates",), model="model/first_stage",
            measure=week_recall.seconds, group="results", previews=(previews.RECALL_BUDGET,),
            reads=(before("transactions"), at("transactions"), *(at(name) for name in FITTED_ON if name != "transactions")),
            unit="proposals and those that were bought", why="What is not proposed cannot be ranked, and every row costs time.")
def recall_budget(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Recall of retrieval on the week's purchases: each strategy's rows and hits, and the cost of a smaller budget."""
    return week_recall.count(inputs, week)

@STEPS.step("signal_scores", schema=losses.SignalLoss, group="results",
            reads=(before("transactions"), at("transactions"), after("articles"), at("customers"), at("history/type_rates"),
                   at("history/article_sales"), at("signal/seasonality"), at("signal/availability"), at("signal/type_need")),
            unit="log loss, error or area of each method", previews=(previews.ALL_METRICS,),
            why="A signal that a trivial rule beats is not worth its column: seen here before it is seen in lists.")
def signal_scores(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Losses of the signals by themselves: need, season and availability beside trivial baselines, in sums that add up."""
    return week_losses.evaluate(inputs, week)

@STEPS.step("submission", schema=training.Submission, is_sharded=True, group="results", checks=(coverage.LISTS,),
            reads=(at("recommendations"), at("audience"), at("customers")), unit="an article served to a customer",
            why="What was served is kept, and later made weeks cannot change it.")
def submission(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """The 12 articles each customer was served, kept: a later evaluation of the week does not touch it."""
    return training.submission_rows(inputs, week)

PRODUCT = MappingProxyType(dict(STEPS))  # what importing this file gives, whatever a session puts into STEPS afterwards
