"""A week in the simulated shop: who comes, what they take, and what they remember of it.

A customer sees a few articles that his circle finds, and takes the one that suits him best; some articles are
taken again from the last visit, some go with what lies in the basket.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hm_pipeline.datasets import vocabulary as words
from hm_pipeline.datasets.shop import Array, Shop
from hm_pipeline.datasets.shoppers import BASKET, Segments, Shoppers

LOOKS = 5  # articles a customer looks at before he takes one
NOISE = 0.8  # scale of the mood that decides between articles that suit alike
LIKES = {"style": 0.4, "favourite": 1.1, "need": 1.1, "colour": 0.6, "purse": -0.7}  # weights of :func:`likes`
RHYTHM = np.array([kind.rhythm for kind in words.TYPES], np.float32)
WEEKDAYS = np.array([0.13, 0.14, 0.15, 0.17, 0.15, 0.13, 0.13])  # Wednesday to Tuesday
AGAIN = np.array([0.0, 0.02, 0.015, 0.012, 0.01, 0.01, 0.008, 0.008, 0.007])  # by weeks since the last visit
EXCHANGE = np.array([0.0, 0.14, 0.07, 0.04, 0.03, 0.02, 0.0, 0.0, 0.0])  # visits only to take the same again, by weeks


@dataclass(frozen=True)
class Basket:
    """Rows of a week's purchases: customer and article by place, day of the week, and whether online."""

    customer: Array
    article: Array
    day: Array
    online: Array


def shop_a_week(shop: Shop, shoppers: Shoppers, segments: Segments, week_id: int, trend: Array, rng: np.random.Generator) -> Basket:
    """Let everyone shop for a week; the memories of the customers change."""
    buyers = _who_comes(shoppers, week_id, rng)
    offered, weight = shop.weight(week_id)
    chances = segments.distribution(shop, offered, weight + trend[offered])
    counts = np.minimum(1 + rng.negative_binomial(0.75, 0.25, len(buyers)), 40)
    since = np.minimum(week_id - shoppers.last_visit[buyers], len(AGAIN) - 1)
    exchanges = rng.random(len(buyers)) < EXCHANGE[since]
    customer = np.repeat(buyers, np.where(exchanges, 0, counts))
    article = _what_suits(shop, shoppers, customer, offered, chances, week_id, rng)
    article = _what_goes_with_it(shop, customer, article, week_id, rng)
    again_customer, again_article = _what_was_good(shop, shoppers, buyers, np.where(exchanges, 0.45, AGAIN[since]), week_id, rng)
    customer, article = np.concatenate([customer, again_customer]), np.concatenate([article, again_article])
    copies = np.where(rng.random(len(customer)) < 0.085, 2, 1)
    customer, article = np.repeat(customer, copies), np.repeat(article, copies)
    day = np.zeros(shoppers.size, np.int8)
    day[buyers] = rng.choice(7, len(buyers), p=WEEKDAYS)
    online = np.zeros(shoppers.size, bool)
    online[buyers] = rng.random(len(buyers)) < shoppers.online[buyers]
    _remember(shop, shoppers, customer, article, buyers, week_id)
    order = np.lexsort((customer, day[customer]))
    return Basket(customer[order], article[order], day[customer][order], online[customer][order])


def _who_comes(shoppers: Shoppers, week_id: int, rng: np.random.Generator) -> Array:
    since = np.minimum(week_id - shoppers.last_visit, 200).astype(np.float32)
    chance = shoppers.rate * (0.85 + 0.9 * np.exp(-since / 3)) * (1 + 0.12 * np.cos(2 * np.pi * (week_id - 38) / 52))
    new = shoppers.joined == week_id
    chance = np.where(week_id < shoppers.joined, 0, np.where(new, 0.6, np.minimum(chance, 0.75)))
    return np.flatnonzero(rng.random(shoppers.size, dtype=np.float32) < chance)


def _what_suits(
    shop: Shop, shoppers: Shoppers, customer: Array, offered: Array, chances: Array, week_id: int, rng: np.random.Generator
) -> Array:
    """Draw what the circle finds, and take what suits the customer's style, needs, colours and purse."""
    seen = look(shoppers, customer, offered, chances, rng)
    mood = rng.gumbel(0, NOISE, seen.shape)
    return np.asarray(seen[np.arange(len(customer)), (utility(shop, shoppers, customer, seen, week_id) + mood).argmax(axis=1)])


def look(shoppers: Shoppers, customer: Array, offered: Array, chances: Array, rng: np.random.Generator) -> Array:
    """Draw the articles that customers look at, shape (customers, LOOKS), from the chances of their circles."""
    segment = shoppers.segment[customer]
    order = np.argsort(segment, kind="stable")
    bounds = np.searchsorted(segment[order], np.arange(len(chances) + 1))
    seen = np.empty((len(customer), LOOKS), np.int64)
    draws = rng.random((len(customer), LOOKS))
    for circle, (first, last) in enumerate(pairwise(bounds.tolist())):
        rows = order[first:last]
        seen[rows] = np.searchsorted(chances[circle], draws[rows])
    return np.asarray(offered[np.minimum(seen, len(offered) - 1)])


def likes(shop: Shop, shoppers: Shoppers, customer: Array, seen: Array, week_id: int) -> dict[str, Array]:
    """Return what speaks for articles, shape (customers, articles seen by each), before weighing."""
    kind = shop.kind[seen]
    who = customer[:, None]
    waited = (week_id - shoppers.last_bought[who, kind].astype(np.float32)) / RHYTHM[kind]
    return {
        "style": np.einsum("nd,nkd->nk", shoppers.style[customer], shop.style[seen]),
        "favourite": (shoppers.favourites[who] >> kind) & 1,
        "need": np.exp(-(((waited - 1) / 0.5) ** 2)) - 0.6 * (waited < 0.3),
        "colour": (shop.colour[seen][:, :, None] == shoppers.colour[customer][:, None, :]).any(axis=2),
        "purse": shoppers.thrift[who] * np.log(shop.euros[seen] / 15),
    }


def utility(shop: Shop, shoppers: Shoppers, customer: Array, seen: Array, week_id: int) -> Array:
    """Return how well articles suit customers, as the power of e."""
    terms = likes(shop, shoppers, customer, seen, week_id)
    return np.asarray(sum(LIKES[name] * term for name, term in terms.items()))


def _what_goes_with_it(shop: Shop, customer: Array, article: Array, week_id: int, rng: np.random.Generator) -> Array:
    """Exchange some articles for the companion, or another colour, of the one before in the same basket."""
    if not len(article):
        return article
    before = np.concatenate([[-1], article[:-1]])
    same = np.concatenate([[False], customer[1:] == customer[:-1]])
    luck = rng.random(len(article))
    neighbour = np.minimum(before + 1, shop.size - 1)
    colourway = np.where(shop.product[neighbour] == shop.product[before], neighbour, before - 1)
    colourway = np.where(shop.product[colourway] == shop.product[before], colourway, article)
    wanted = np.where(luck < 0.12, shop.companion[before], np.where(luck < 0.25, colourway, article))
    offered = (shop.launch[wanted] <= week_id) & (week_id < shop.launch[wanted] + shop.life[wanted])
    return np.asarray(np.where(same & offered, wanted, article))


def _what_was_good(
    shop: Shop, shoppers: Shoppers, buyers: Array, chance: Array, week_id: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Take articles of the last visit again while they are on offer, the more likely the shorter it is ago."""
    basket = shoppers.last_basket[buyers]
    offered = (week_id < shop.launch[basket] + shop.life[basket]) & (basket >= 0)
    taken = offered & (rng.random(basket.shape) < chance[:, None])
    rows, places = np.nonzero(taken)
    return buyers[rows], basket[rows, places].astype(np.int64)


def _remember(shop: Shop, shoppers: Shoppers, customer: Array, article: Array, buyers: Array, week_id: int) -> None:
    shoppers.last_visit[buyers] = week_id
    shoppers.last_bought[customer, shop.kind[article]] = week_id
    shoppers.last_basket[buyers] = -1
    order = np.lexsort((article, customer))
    who, what = customer[order], article[order]
    fresh = np.concatenate([[True], (who[1:] != who[:-1]) | (what[1:] != what[:-1])])[: len(who)]
    who, what = who[fresh], what[fresh]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    kept = place < BASKET
    shoppers.last_basket[who[kept], place[kept]] = what[kept]
