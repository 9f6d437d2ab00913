"""Features of more pairs than fit into memory, such as a week's candidates: streamed, some shards at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.features.feast_objects import KEYS
from hm_pipeline.features.historical import dated, names_of, service_of

if TYPE_CHECKING:
    import pyarrow as pa
    from feast import FeatureStore

AT_ONCE = 2  # a shard's rows are read by one thread
AHEAD = 4  # batches that wait for the consumer, some fifty megabytes each
LOOK_SECONDS = 0.1


def stream(
    store: "FeatureStore", shards: Iterable[pl.DataFrame | str], *, service: str, calendar: Calendar, at_once: int = AT_ONCE
) -> Iterator["pa.RecordBatch"]:
    """Yield the features of pairs as of their weeks' cutoffs, batch by batch, in any order.

    Parameters
    ----------
    shards
        Pairs as :func:`fetch` takes them, in parts; of each part's rows a few batches are held at a time.
    service
        Feast service that names the features.
    at_once
        Parts that are read at once.

    Yields
    ------
    pyarrow.RecordBatch
        The keys, then the features in the service's order; in all, one row per pair.

    Raises
    ------
    MissingInput
        If a key is missing, or a week has not been materialised.
    RowCountMismatch
        If a view holds a key twice, or the store loses rows.
    """
    registered = service_of(store, service)
    wanted, asking = [*KEYS, *names_of(registered)], Lock()

    def features(pairs: pl.DataFrame | str) -> Iterator["pa.RecordBatch"]:
        with asking:  # Feast's registry is for one thread
            job = store.get_historical_features(entity_df=dated(pairs, calendar), features=registered)
        yield from (batch.select(wanted) for batch in job.to_record_batches())

    return together(map(features, shards), at_once=at_once)


@dataclass(frozen=True)
class _End:
    """Last item of a reader: nothing, or its error."""

    error: Exception | None = None


def together(streams: Iterable[Iterator[Any]], *, at_once: int, ahead: int = AHEAD) -> Iterator[Any]:
    """Yield all that streams yield, in any order.

    Parameters
    ----------
    at_once
        How many streams are read at once, each in a thread of its own.
    ahead
        Most items that wait to be taken.
    """
    items, is_over = Queue[Any](ahead), Event()
    left, taking = iter(streams), Lock()

    def take() -> Iterator[Any] | None:
        with taking:
            return None if is_over.is_set() else next(left, None)

    with ThreadPoolExecutor(at_once) as pool:
        running = len([pool.submit(_read, take, items, is_over) for _ in range(at_once)])
        try:
            while running:
                item = items.get()
                if not isinstance(item, _End):
                    yield item
                    continue
                if item.error:
                    raise item.error
                running -= 1
        finally:
            is_over.set()


def _read(take: Callable[[], Iterator[Any] | None], items: Queue[Any], is_over: Event) -> None:
    try:
        while (stream := take()) is not None:
            for item in stream:
                if not _put(items, item, is_over):
                    return
        _put(items, _End(), is_over)
    except Exception as error:  # noqa: BLE001 - raised again where the items are taken
        _put(items, _End(error), is_over)


def _put(items: Queue[Any], item: Any, is_over: Event) -> bool:
    """Hand an item on, and return whether anybody waited for it."""
    while not is_over.is_set():
        with suppress(Full):
            items.put(item, timeout=LOOK_SECONDS)
            return True
    return False
