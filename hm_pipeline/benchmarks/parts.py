"""Names and bars of the benchmarks, apart from their code, so that the help can list them without an import of it."""

BARS = {
    "overhead": "at most 15 % of the run is Dagster's",
    "ingest": "20 s, 30 CPU seconds, 2 GiB for 28 to 32 million purchases",
    "week": "240 s and 4 GiB for everyone's serving week at a sixteenth of H&M's size, models fitted",
    "next-week": "60 s, and a quarter of the first run, for one more week with 200 new articles and 2,000 new customers at that size",
    "retrieval": "60 s and 3 GiB at a sixteenth of H&M's size, growing linearly with the customers",
    "retrieval-full": "8 minutes and 6 GiB at H&M's own size",
    "ui": "15 s from `hm ui` to the assets on the page",
    "features": "exact: at most 1.5 times plain SQL and 4 times faster than Feast's own DuckDB store; asof: 2.5 times faster",
    "features-large": "1.6 GB for 5 million pairs of 100 million rows",
    "features-sixteenth": "15 s, as a sixteenth of features-full",
    "features-full": "4 minutes and 6 GiB for 137 million candidates on 2 cores",
    "online": "240 s for everyone's rankings; 100 customers of two views looked up in 15 ms, 99 times of 100",
}
ON_REQUEST = ("retrieval-full", "features-full", "features-large")  # take up to half an hour
