"""Simulation of one week of the shop: visitors, their purchases, and the update of their state.

A customer sees a few articles that his circle finds, and takes the one that suits him best; some articles are
taken again from the last visit, some go with what lies in the basket.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.catalogue import Array, Catalogue
from hm_pipeline.datasets.simulator.customers import BASKET, Segments, SimulatedCustomers

BASKET_MEAN = 3.25  # articles chosen in a visit
CHOICE_SET_SIZE = 5  # articles a customer looks at before he takes one
NOISE = 0.8  # scale of the mood that decides between articles of equal utility
LIKES = {"style": 0.4, "favourite": 1.1, "need": 1.1, "colour": 0.6, "purse": -0.7}  # weights of :func:`likes`
REPURCHASE_WEEKS = np.array([kind.rhythm for kind in words.TYPES], np.float32)
WEEKDAYS = np.array([0.13, 0.14, 0.15, 0.17, 0.15, 0.13, 0.13])  # Wednesday to Tuesday
AGAIN = np.array([0.0, 0.006, 0.02, 0.011, 0.005, 0.005, 0.005, 0.004, 0.001, 0.008, 0.01, 0.014, 0.024])  # by weeks since the last visit
EXCHANGE = 0.14  # chance that a visit in the week after the last is only to take one article again
SIBLING, COMPLETED = 0.1, 0.07  # chances that an article of the last visit is taken in another colour, or what goes with it


@dataclass(frozen=True)
class Basket:
    """Rows of a week's purchases: customer and article by place, day of the week, and whether online."""

    customer: Array
    article: Array
    day: Array
    online: Array


def simulate_week(
    shop: Catalogue, shoppers: SimulatedCustomers, segments: Segments, week_id: int, trend: Array, rng: np.random.Generator
) -> Basket:
    """Let everyone shop for a week; the memories of the customers change."""
    buyers = _who_comes(shoppers, week_id, rng)
    offered, weight = shop.weight(week_id, trend)
    chances = segments.distribution(shop, offered, weight)
    counts = _how_many(shoppers, buyers, week_id, rng)
    since = np.minimum(week_id - shoppers.last_visit[buyers], len(AGAIN) - 1)
    exchanges = (since == 1) & (rng.random(len(buyers)) < EXCHANGE)
    customer = np.repeat(buyers, np.where(exchanges, 0, counts))
    article = _what_suits(shop, shoppers, customer, offered, chances, week_id, rng)
    article = _what_goes_with_it(shop, customer, article, week_id, rng)
    known = _what_was_good(shop, shoppers, buyers, exchanges, AGAIN[since] * counts / BASKET_MEAN, week_id, rng)
    customer, article = np.concatenate([customer, known[0]]), np.concatenate([article, known[1]])
    _remember(shop, shoppers, customer, article, week_id, rng)
    copies = np.where(rng.random(len(customer)) < 0.095, 2, 1)
    customer, article = np.repeat(customer, copies), np.repeat(article, copies)
    day = np.zeros(shoppers.size, np.int8)
    day[buyers] = rng.choice(7, len(buyers), p=WEEKDAYS)
    online = np.zeros(shoppers.size, bool)
    online[buyers] = rng.random(len(buyers)) < shoppers.online[buyers]
    order = np.lexsort((customer, day[customer]))
    return Basket(customer[order], article[order], day[customer][order], online[customer][order])


def _who_comes(shoppers: SimulatedCustomers, week_id: int, rng: np.random.Generator) -> Array:
    since = np.minimum(week_id - shoppers.last_visit, 200).astype(np.float32)
    chance = shoppers.rate * (0.9 + 0.35 * np.exp(-since / 3)) * (1 + 0.12 * np.cos(2 * np.pi * (week_id - 38) / 52))
    new = shoppers.joined == week_id
    chance = np.where(shoppers.here(week_id), np.where(new, 0.6, np.minimum(chance, 0.75)), 0)
    return np.flatnonzero(rng.random(shoppers.size, dtype=np.float32) < chance)


def _how_many(shoppers: SimulatedCustomers, buyers: Array, week_id: int, rng: np.random.Generator) -> Array:
    """Draw the sizes of baskets: larger in the sales of summer and winter, and for the free of hand."""
    more = 2.15 * (1 + 0.25 * np.cos(4 * np.pi * (week_id - 11) / 52)) * np.exp(-0.7 * shoppers.thrift[buyers])
    return np.asarray(np.minimum(1 + rng.negative_binomial(0.7, 0.7 / (0.7 + more)), 40))


def _what_suits(
    shop: Catalogue, shoppers: SimulatedCustomers, customer: Array, offered: Array, chances: Array, week_id: int, rng: np.random.Generator
) -> Array:
    """Draw what the circle finds, and take what suits the customer's style, needs, colours and purse."""
    seen = look(shoppers, customer, offered, chances, rng)
    mood = rng.gumbel(0, NOISE, seen.shape)
    return np.asarray(seen[np.arange(len(customer)), (utility(shop, shoppers, customer, seen, week_id) + mood).argmax(axis=1)])


def look(shoppers: SimulatedCustomers, customer: Array, offered: Array, chances: Array, rng: np.random.Generator) -> Array:
    """Draw the articles that customers look at, shape (customers, LOOKS), from the chances of their circles."""
    segment = shoppers.segment[customer]
    order = np.argsort(segment, kind="stable")
    bounds = np.searchsorted(segment[order], np.arange(len(chances) + 1))
    seen = np.empty((len(customer), CHOICE_SET_SIZE), np.int64)
    draws = rng.random((len(customer), CHOICE_SET_SIZE))
    for circle, (first, last) in enumerate(pairwise(bounds.tolist())):
        rows = order[first:last]
        seen[rows] = np.searchsorted(chances[circle], draws[rows])
    return np.asarray(offered[np.minimum(seen, len(offered) - 1)])


def likes(shop: Catalogue, shoppers: SimulatedCustomers, customer: Array, seen: Array, week_id: int) -> dict[str, Array]:
    """Return the terms of the articles' utility, shape (customers, articles seen by each), before weighing."""
    kind = shop.kind[seen]
    who = customer[:, None]
    waited = (week_id - shoppers.last_bought[who, kind].astype(np.float32)) / REPURCHASE_WEEKS[kind]
    return {
        "style": np.einsum("nd,nkd->nk", shoppers.style[customer], shop.style[seen]),
        "favourite": (shoppers.favourites[who] >> kind) & 1,
        "need": np.exp(-(((waited - 1) / 0.5) ** 2)) - 0.6 * (waited < 0.3),
        "colour": (shop.colour[seen][:, :, None] == shoppers.colour[customer][:, None, :]).any(axis=2),
        "purse": shoppers.thrift[who] * np.log(shop.euros[seen] / 15),
    }


def utility(shop: Catalogue, shoppers: SimulatedCustomers, customer: Array, seen: Array, week_id: int) -> Array:
    """Return how well articles suit customers, as the power of e."""
    terms = likes(shop, shoppers, customer, seen, week_id)
    return np.asarray(sum(LIKES[name] * term for name, term in terms.items()))


def _what_goes_with_it(shop: Catalogue, customer: Array, article: Array, week_id: int, rng: np.random.Generator) -> Array:
    """Exchange some articles for the companion, or another colour, of the one before in the same basket."""
    if not len(article):
        return article
    before = np.concatenate([article[:1], article[:-1]])
    same = np.concatenate([[False], customer[1:] == customer[:-1]])
    luck = rng.random(len(article))
    sibling = _another_colour(shop, before)
    colourway = np.where(sibling == before, article, sibling)
    wanted = np.where(luck < 0.12, shop.companion[before], np.where(luck < 0.25, colourway, article))
    return np.asarray(np.where(same & shop.is_offered(wanted, week_id), wanted, article))


def _what_was_good(
    shop: Catalogue, shoppers: SimulatedCustomers, buyers: Array, exchanges: Array, chance: Array, week_id: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Take articles of the last visit again while they are on offer, or in another colour, or what goes with them.

    A visitor who exchanges buys one article, preferably an expensive one; the others buy each with a probability.
    """
    basket = shoppers.last_basket[buyers]
    luck = rng.random(basket.shape)
    again = shop.is_offered(basket, week_id) & (basket >= 0)
    worth = np.where(again, luck ** (1 / shop.euros[basket]), -1)
    first = again & (worth == worth.max(axis=1, keepdims=True))
    again &= np.where(exchanges[:, None], first, luck < chance[:, None])
    taken = [(basket, again)]
    for related, share in ((_another_colour(shop, basket), SIBLING), (shop.companion[basket], COMPLETED)):
        wanted = (rng.random(basket.shape) < share) & (basket >= 0) & (related != basket) & ~exchanges[:, None]
        taken.append((related, wanted & shop.is_offered(related, week_id)))
    places = [(articles, np.nonzero(chosen)) for articles, chosen in taken]
    who = np.concatenate([buyers[rows] for _, (rows, _) in places])
    return who, np.concatenate([articles[place] for articles, place in places]).astype(np.int64)


def _another_colour(shop: Catalogue, articles: Array) -> Array:
    """Return the next colourway of the same product, else the one before, else the article itself."""
    after, before = np.minimum(articles + 1, shop.size - 1), np.maximum(articles - 1, 0)
    colourway = np.where(shop.product[after] == shop.product[articles], after, before)
    return np.asarray(np.where(shop.product[colourway] == shop.product[articles], colourway, articles))


def _remember(
    shop: Catalogue, shoppers: SimulatedCustomers, customer: Array, article: Array, week_id: int, rng: np.random.Generator
) -> None:
    """Note the visit of everyone who bought, and some articles of each basket."""
    shoppers.last_visit[customer] = week_id
    shoppers.last_bought[customer, shop.kind[article]] = week_id
    shoppers.last_basket[customer] = -1
    order = np.lexsort((rng.random(len(customer)), customer))
    who, what = customer[order], article[order]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    kept = place < BASKET
    shoppers.last_basket[who[kept], place[kept]] = what[kept]
