"""Lookup of customers by the hash of their 64-digit id, millions of them in a second."""

import numpy as np
import polars as pl


class Keys:
    """Customers by hash.

    Parameters
    ----------
    hashes, customer_ids
        Hash and short id of each customer.
    """

    def __init__(self, hashes: pl.Series, customer_ids: pl.Series) -> None:
        ordered = pl.DataFrame({"key": hashes, "customer_id": customer_ids}).sort("key")
        bits = max(ordered.height.bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        end = np.array([np.iinfo(np.uint64).max], np.uint64)  # nothing steps past it
        self._keys = np.concatenate([ordered["key"].to_numpy(), end])
        self._ids = pl.concat([ordered["customer_id"], pl.Series("customer_id", [None], pl.Int64)])
        self._starts = np.searchsorted(self._keys, np.arange(1 << bits, dtype=np.uint64) << self._shift)

    def look_up(self, hashes: pl.Series) -> pl.Series:
        """Return short ids, null for strangers: start where the leading bits point to, and step on while the key there is smaller."""
        wanted = hashes.to_numpy()
        places = self._starts[wanted >> self._shift]
        behind = np.flatnonzero(self._keys[places] < wanted)
        while len(behind):
            places[behind] += 1
            behind = behind[self._keys[places[behind]] < wanted[behind]]
        return self._ids.gather(places).set(pl.Series(self._keys[places] != wanted), None)
