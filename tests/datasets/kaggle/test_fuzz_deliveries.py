"""A few dozen random cases; ``python -m tests.datasets.kaggle.fuzz_deliveries`` runs thousands."""

from tests.datasets.kaggle.fuzz_deliveries import run


def test_random_deliveries_do_what_the_oracle_says() -> None:
    assert run(cases=24, seed=1) == []
