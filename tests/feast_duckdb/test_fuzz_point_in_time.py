"""A few dozen random questions; ``python -m tests.feast_duckdb.fuzz_point_in_time`` asks thousands."""

from tests.feast_duckdb.fuzz_point_in_time import run


def test_random_questions_are_answered_as_the_oracle_answers() -> None:
    faults: list[str] = []
    assert run(cases=40, seed=1, say=faults.append) == 0, "\n".join(faults)
