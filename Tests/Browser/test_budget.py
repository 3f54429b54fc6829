"""How much the first page loads."""

import gzip
import math
import pathlib
import random
import time

import pytest

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"


def loaded(page, path, ready):
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path)
    page.locator(ready).first.wait_for()
    page.wait_for_timeout(500)
    return answers


def quiet():
    """A page that opens while runs are still announced rightly reads them once more: on a busy machine for seconds."""
    time.sleep(4)


def weight(answers):
    return sum(len(gzip.compress(answer.body(), 9)) for answer in answers)


def is_file(answer):
    return "/api/" not in answer.url


def test_the_first_page_is_ten_requests_and_few_bytes(page, server):
    # Without any run there is one request more, for the lines that make one.
    server.run(server.experiment("first page"), "a run")
    quiet()
    answers = loaded(page, "/", "main table")
    assert len({answer.url for answer in answers}) <= 10
    assert weight(filter(is_file, answers)) < 30_000


@pytest.fixture(scope="module")
def thirty(server):
    experiment = server.experiment("run table")
    for index in range(30):
        server.run(experiment, f"run-{index}", {"m": [1.0, 2.0]})
    quiet()
    return experiment


def test_the_run_table_is_few_bytes(page, thirty):
    experiment = thirty
    answers = loaded(page, f"/e/{experiment}", "#row-0")
    assert weight(filter(is_file, answers)) < 60_000
    assert len({answer.url for answer in answers if is_file(answer)}) <= 20
    assert len([answer for answer in answers if not is_file(answer)]) <= 5


def test_the_modules_of_a_page_are_asked_for_at_once(page, thirty):
    page.goto(f"/e/{thirty}")
    page.locator("#row-0").wait_for()
    # Each wave is a round trip: the document, its files, those of the page.
    hinted = page.locator("link[rel=modulepreload]").evaluate_all("links => links.map((link) => link.href)")
    used = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.endsWith('.js'))")
    late = {name for name in used if name not in hinted} - {page.evaluate(f"new URL('js/{name}.js', document.baseURI).href")
                                                            for name in ("main", "pages/experiment")}
    assert late == set()


def test_all_files_together_stay_small():
    # No page loads all of them; see above for what the first ones load. New pages may make it grow.
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in WEB.rglob("*") if path.is_file()) < 286_000


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.js")), ids=lambda path: path.name)
def test_every_file_can_be_read_in_one_go(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.fixture(scope="module")
def noisy(server):
    """Thirty runs with twelve metrics of two thousand points, all digits of which are noise."""
    dice = random.Random(1)
    experiment = server.experiment("noisy")
    runs = [server.run(experiment, f"run-{index}", {
        f"group{metric}/value": [3 * math.exp(-step / 400) + 0.2 * dice.random() + metric for step in range(2_000)]
        for metric in range(12)}) for index in range(30)]
    quiet()
    return experiment, runs


def test_the_charts_of_thirty_runs_are_few_bytes(page, noisy):
    experiment, runs = noisy
    answers = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/series") else None)
    page.goto(f"/e/{experiment}/charts?show={','.join(runs)}")
    page.locator("figure[data-lines='30']").nth(11).wait_for()
    bodies = [answer.body() for answer in answers]
    assert len(bodies) == 1
    # This machine gets it as it is, others get it as the server packs it.
    plain, packed = sum(map(len, bodies)), sum(len(gzip.compress(body, 1)) for body in bodies)
    assert (plain <= 500_000, packed <= 200_000) == (True, True), (plain, packed)
