"""What our store inherits of Feast's own: saved data sets and the online store."""

import polars as pl
import pytest
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage

from .conftest import STOCK_WARNING, at, view

pytestmark = STOCK_WARNING


@pytest.fixture
def store(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 1, 2], "event_timestamp": [at(0), at(5), at(5)], "value": [1, 2, 3]})
    rows.write_parquet(tmp_path / "a.parquet")
    return repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))


def test_the_latest_rows_go_online(store):
    store.materialize(at(-1), at(6))
    online = store.get_online_features(features=["visits:value"], entity_rows=[{"customer_id": key} for key in (2, 1, 9)]).to_dict()
    assert online["value"] == [3, 2, None]


def test_a_saved_data_set_is_not_overwritten_unasked(tmp_path, store):
    asked = pl.DataFrame({"customer_id": [2, 1], "event_timestamp": [at(6), at(4)]})
    job = store.get_historical_features(entity_df=asked, features=["visits:value"])
    storage = SavedDatasetFileStorage(path=str(tmp_path / "saved.parquet"))
    job.persist(storage)
    assert pl.read_parquet(tmp_path / "saved.parquet")["value"].to_list() == [3, 1]
    with pytest.raises(SavedDatasetLocationAlreadyExists):
        job.persist(storage)
    job.persist(storage, allow_overwrite=True)
