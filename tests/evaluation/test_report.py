import io
import json
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from rich.console import Console, Group

from hm_pipeline.evaluation.baselines import BASELINES
from hm_pipeline.evaluation.scoreboard.pooling import EvaluatedWeek, pool
from hm_pipeline.evaluation.scoreboard.report import conclusion, read_json, render, sections, write_html, write_json
from hm_pipeline.evaluation.scoreboard.rows import ColumnRow

NAMES = [*(model.name for model in BASELINES), "L3 best learner", "L4 blend"]


def board(lift=0.02, weeks=3, buyers=400, names=NAMES):
    drawn, scored = np.random.default_rng(0), []
    for week_id in range(102, 102 + weeks):
        base = drawn.random(buyers) * (drawn.random(buyers) < 0.1)
        for step, model in enumerate(names):
            scores = {"week_id": week_id, "customer_id": range(buyers), "segment": ["active", "dormant", "new", "dormant"] * (buyers // 4)}
            scored.append(pl.DataFrame({**scores, "rung": model, "average_precision": base + lift * step + drawn.normal(0, 0.001, buyers)}))
    metrics = {f"reach/top 12/{name}": n for name, n in {"rows": 40, "hits": 3, "bought": 60, "buyers": 4, "reached": 3}.items()}
    metrics |= {f"reach/all candidates/{name}": n for name, n in {"rows": 40, "hits": 3, "bought": 60, "buyers": 4, "reached": 3}.items()}
    metrics |= {
        "strategy/user_neighbours/row_count": 20,
        "strategy/user_neighbours/hit_count": 2,
        "strategy/user_neighbours/unique_hit_count": 1,
    }
    columns = [ColumnRow(column="style_similarity", source="signal/style_similarity", null_share=0.1, mean=0.5)]
    return pool([EvaluatedWeek(pl.concat(scored), metrics)], columns=columns, samples=200)


BOARD = board()


def printed(scoreboard, width=100):
    text = io.StringIO()
    Console(width=width, file=text, color_system=None).print(Group(*render(scoreboard)))
    return text.getvalue()


def test_fits_a_terminal_of_100_columns_without_cutting():
    text = printed(BOARD)
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    for section in sections(BOARD):
        for row in section.lines:
            line = next(line for line in text.splitlines() if line.strip().startswith(row[0]))
            assert all(cell in line for cell in row)


def test_says_who_wins():
    assert conclusion(BOARD).startswith("L4 blend wins, ahead of L3 best learner by 0.0")
    assert conclusion(BOARD) in " ".join(printed(BOARD).split())


def test_does_not_claim_what_the_interval_denies():
    assert "crosses zero" in conclusion(board(lift=0.0))
    leaderboard = next(iter(sections(board(lift=0.0))))
    assert {row[-1] for row in leaderboard.lines[1:]} == {"no"}


def test_says_when_a_rung_is_worse_than_the_one_before():
    leaderboard = next(iter(sections(board(lift=-0.02))))
    assert [row[-1] for row in leaderboard.lines] == ["", "worse", "worse", "worse", "worse"]
    assert conclusion(board(lift=-0.02)).startswith("L0 popular wins")


def test_a_single_model_claims_nothing():
    assert "is the only row" in conclusion(board(names=["L0 popular"]))


def test_json_comes_back_as_it_was(tmp_path):
    path = tmp_path / "scoreboard.json"
    write_json(BOARD, path)
    first = path.read_bytes()
    assert read_json(path) == BOARD
    fields = json.loads(first)
    assert list(fields) == sorted(fields)
    write_json(board(), path)
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.cells = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"} and not value.startswith("#")]

    def handle_data(self, data):
        self.cells.append(data.strip())


def test_page_stands_alone_and_repeats(tmp_path):
    path = tmp_path / "scoreboard.html"
    write_html(BOARD, path)
    page = Page()
    page.feed(path.read_text())
    assert page.links == []
    assert not {"script", "img", "link"} & set(page.tags)
    assert page.tags.count("svg") == 1
    assert all(cell in page.cells for section in sections(BOARD) for row in section.lines for cell in row)
    first = path.read_bytes()
    write_html(BOARD, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("weeks", [1, 2])
def test_page_of_few_weeks(tmp_path, weeks):
    write_html(board(weeks=weeks), tmp_path / "scoreboard.html")
    assert "<svg" in (tmp_path / "scoreboard.html").read_text()


def test_names_are_escaped(tmp_path):
    write_html(board(names=["L0 <b>"]), tmp_path / "scoreboard.html")
    assert "<b>" not in (tmp_path / "scoreboard.html").read_text()
