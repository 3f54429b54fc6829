"""How much the first page loads."""

import gzip
import pathlib

import pytest

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"


def loaded(page, path, ready):
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path)
    page.locator(ready).first.wait_for()
    page.wait_for_timeout(500)
    return answers


def weight(answers):
    return sum(len(gzip.compress(answer.body(), 9)) for answer in answers)


def is_file(answer):
    return "/api/" not in answer.url


def test_the_first_page_is_ten_files_and_few_bytes(page, server):
    server.experiment("first page")
    answers = loaded(page, "/", "main table")
    files = [answer for answer in answers if is_file(answer) and not answer.url.endswith(".svg")]
    assert len(files) <= 10
    assert len({answer.url for answer in answers}) <= 12
    assert weight(files) < 30_000


def test_the_run_table_is_few_bytes(page, server):
    experiment = server.experiment("run table")
    server.run(experiment, "run", {"m": [1.0, 2.0]})
    answers = loaded(page, f"/e/{experiment}", "#row-0")
    assert weight(filter(is_file, answers)) < 60_000
    assert len([answer for answer in answers if not is_file(answer)]) <= 5


def test_all_files_together_stay_below_the_budget():
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in WEB.rglob("*") if path.is_file()) < 90_000


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.js")), ids=lambda path: path.name)
def test_every_file_can_be_read_in_one_go(path):
    assert len(path.read_text().splitlines()) <= 400
