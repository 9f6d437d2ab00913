"""What the UI says of every asset beside its first sentence: grain, unit, and why it is there.

Grains follow from the contracts where these have a key.  The texts stand here, as what a step's body says is part of
its fingerprint, and a better sentence should not make anything again.
"""

from typing import NamedTuple

from hm_pipeline.engine.step import Step
from hm_pipeline.recommender.signals import SIGNALS


class Story(NamedTuple):
    """Unit and reason of an asset; the grain where its contract has no key to tell it."""

    unit: str
    why: str
    grain: str = ""


STORIES: dict[str, Story] = {
    "transactions": Story(
        "an item sold; prices in millionths of the files' unit",
        "Everything else is computed from these rows. A week's rows are known only from the next week on.",
        "a row for each item of a receipt: the same article bought twice is two rows",
    ),
    "articles": Story("an article, colour by colour", "What is sold, and how it is described: types, colours, departments, texts."),
    "customers": Story("a customer", "Who is there to be recommended something, their ages, and the order of a submission."),
    "embeddings": Story(
        "vectors of length 1: a product of two is their cosine", "New articles have no sales yet, but they have a text: it places them."
    ),
    "history/article_sales": Story(
        "items sold, prices, ages of buyers",
        "Popularity, launches and price falls of an article, so that no later step reads two years again.",
    ),
    "history/type_sales": Story("items sold in a week", "Seasons are seen in types of clothing: single articles live too short."),
    "history/type_rates": Story("shares of buyers", "What everyone of an age takes now is the first guess at what one of them needs."),
    "history/type_pairs": Story("logarithms of ratios", "A new coat calls for a scarf: types follow on, and go with, one another."),
    "history/basket_pairs": Story(
        "times bought after one another", "Counted once a week, so that what is bought together can be added up over any weeks."
    ),
    "history/bought_together": Story(
        "times bought after one another, later weeks counting more", "Who bought this goes on to buy that: a source of candidates."
    ),
    "history/shared_buyers": Story(
        "likeness, each common buyer weighed by how much both purchases say",
        "What customers with the same purchases took is the best that costs little.",
    ),
    "history/vectors": Story(
        "vectors of length 1: a product of two is their cosine", "Customers' choices say more about the likeness of articles than any text."
    ),
    "audience": Story(
        "a customer", "Whoever trains or judges needs the week's buyers alone; serving is for everyone. Smaller weeks are made sooner."
    ),
    "model/first_stage": Story(
        "weights of the strategies' ranks",
        "Strategies propose more than can be ranked: the first stage keeps the hundred that promise most.",
    ),
    "candidates": Story(
        "a proposal, with its rank in every strategy", "What is not proposed here cannot be recommended: the ceiling of the whole."
    ),
    "feature_store": Story("a feature", "One registry serves training, scoring and notebooks alike, so that they cannot differ."),
    "labels": Story("1 bought, 0 not", "What the ensemble learns: the candidates of people who bought, and which of them they took."),
    "feature_matrix": Story(
        "a value for each feature of the service `ranking`", "Weeks that teach are kept as they were known, and are not joined again."
    ),
    "search": Story("settings of each learner", "Good settings last for months: searched every quarter, used by every fit between."),
    "ensemble": Story("learners and their weights", "Turns all signals into one order. Fitted anew every four weeks, as fashion passes."),
    "recommendations": Story("an article for a customer, best first, with its score", "What the product is for."),
    "scoreboard": Story("average precision at 12, 0 to 1", "Tells whether the model beats simple rules, on the same buyers, week by week."),
    "recall_budget": Story(
        "proposals and those that were bought",
        "What is not proposed cannot be ranked, and every row costs time: this is what rows are worth.",
    ),
    "signal_scores": Story(
        "log loss, error or area of each method",
        "A signal that a trivial rule beats is not worth its column: seen here before it is seen in lists.",
    ),
    "rankings": Story("lists of articles, scores and strategies", "An application asks for one customer's page: one row answers it."),
    "needs": Story("lists of clothing types and probabilities", "The types a customer needs most head a page; all thirty do not."),
    "online_store": Story("keys that can be looked up", "What is shown must be found in milliseconds, and be what was computed."),
    "submission": Story("an article served to a customer", "What was served is kept, and later made weeks cannot change it."),
}
ORDER = ("data", "history", "retrieval", "signals", "features", "ensemble", "results")


def describe(step: Step) -> str:
    """Return what the UI says of an asset, in Markdown: what it is, then grain, unit and why where they are known."""
    story = STORIES.get(step.name) or _of_signal(step.name)
    facts = {"Grain": story.grain or _grain(step), "Unit": story.unit, "Why": story.why}
    lines = [f"**{name}:** {_sentence(text)}" for name, text in facts.items() if text]
    return "\n\n".join([step.description, *lines])


def group_of(step: Step) -> str:
    """Return the group with its place in the story in front: the UI sorts groups by name."""
    return f"{ORDER.index(step.group) + 1}_{step.group}" if step.group in ORDER else step.group


def _of_signal(name: str) -> Story:
    kind, _, own = name.partition("/")
    signal = next((signal for signal in SIGNALS if signal.name == own), None)
    if signal is None:
        return Story("", "")
    if kind == "model":
        return Story("a fitted model and its settings", signal.why)
    headline = signal.schema.columns().get(own)
    return Story(headline.description or "" if headline else "", signal.why)


def _grain(step: Step) -> str:
    if step.kind == "model":
        return "a model for each week it is fitted in" + (f", which serves {step.every} weeks" if step.every > 1 else "")
    keys = step.schema.primary_key() if step.schema else []
    return f"a row for each {', '.join(keys)}" if keys else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
