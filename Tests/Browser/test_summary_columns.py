"""What programs write into the summary of their runs stands in the table, orders it and filters it."""

import csv
import io

import pytest
import requests
from playwright.sync_api import expect
from wandb_http import Run

SUMMARIES = {"a": {"best_acc": 10, "verdict": "<b>good</b>", "same": 1}, "b": {"best_acc": 9.5, "verdict": "bad", "same": 1},
             "c": {"best_acc": 0.25, "loss": 9.0, "same": 1}, "d": {}}


@pytest.fixture(scope="module")
def summed(server):
    for name, summary in SUMMARIES.items():
        run = Run(server, "summed", name)
        run.log({"loss": 1.0 + ord(name) - ord("a"), "_step": 0})
        run.summary({"loss": 1.0 + ord(name) - ord("a"), "_step": 0, "_runtime": ord(name), **summary})
    return server.call("GET", "find", params={"workspace": "default", "experiment": "summed", "run": "a"})["experimentID"]


def names(page):
    return page.locator("[id^=row-] a")


def heading(page, name):
    return page.locator(".grid-th", has_text=name)


def test_they_are_columns_that_order_the_table(page, summed):
    page.goto(f"/e/{summed}")
    heading(page, "best_acc").wait_for()
    expect(heading(page, "verdict")).to_be_visible()
    # What all have in common, and what the client keeps for itself, is for those who ask.
    expect(heading(page, "same")).to_have_count(0)
    expect(heading(page, "_runtime")).to_have_count(0)
    expect(page.get_by_text("<b>good</b>")).to_be_visible()
    heading(page, "best_acc").get_by_role("button").click()
    page.wait_for_url("**sort=s%3Abest_acc")
    expect(names(page)).to_have_text(["c", "b", "a", "d"])
    heading(page, "best_acc").get_by_role("button").click()
    expect(names(page)).to_have_text(["a", "b", "c", "d"])
    page.reload()
    expect(names(page)).to_have_text(["a", "b", "c", "d"])


def test_a_filter_finds_them_and_is_completed(page, summed):
    page.goto(f"/e/{summed}")
    heading(page, "best_acc").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("best_a")
    page.get_by_role("option", name="summary.best_acc").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("option", name=">=").wait_for()
    page.keyboard.type(">= 9.5 ")
    page.keyboard.press("Enter")
    page.get_by_text("2 of 4").wait_for()
    expect(names(page)).to_have_count(2)
    field = page.get_by_label("Filter runs")
    for text, found in [("summary.loss > 8", ["c"]), ("summary.verdict = bad", ["b"]), ("summary.verdict ~ '^<b>'", ["a"]), ("summary.best_acc IS NULL", ["d"])]:
        field.fill(text)
        field.press("Enter")
        expect(names(page)).to_have_text(found)


def test_a_column_is_chosen_and_a_cell_filters(page, summed):
    page.goto(f"/e/{summed}?cols=s%3Averdict,s%3A_runtime,s%3Aloss")
    heading(page, "_runtime").wait_for()
    # Where nothing was written over it, the summary is the latest value that was logged.
    expect(page.get_by_role("gridcell", name="4", exact=True)).to_be_visible()
    page.get_by_text("bad", exact=True).click(button="right")
    page.get_by_role("menuitem", name="Filter", exact=False).first.click()
    expect(names(page)).to_have_text(["b"])
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    page.keyboard.type("^same")
    dialog.get_by_role("checkbox", name="same").check()
    heading(page, "same").wait_for()


def test_an_export_has_them(server, summed):
    query = {"experimentIDs": [summed], "orderBy": ["summary.best_acc DESC"]}
    found = server.call("POST", "runs/search", json={**query, "fields": {"params": [], "metrics": [], "tags": [], "summary": ["best_acc", "loss"]}})
    assert [{one["key"]: one["value"] for one in run["summary"]} for run in found["runs"]] == [
        {"best_acc": 10, "loss": 1}, {"best_acc": 9.5, "loss": 2}, {"best_acc": 0.25, "loss": 9}, {"loss": 4}]
    columns = server.call("POST", "runs/columns", json=query)["summary"]
    assert {one["key"]: (one["runs"], one["distinct"]) for one in columns if not one["key"].startswith("_")} == {
        "best_acc": (3, 3), "verdict": (2, 2), "same": (3, 1), "loss": (1, 1)}
    answer = requests.post(f"{server.url}/api/v1/runs/export", json=query, timeout=60)
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["summary.best_acc"] for line in lines] == ["10.0", "9.5", "0.25", ""] and lines[0]["summary.verdict"] == "<b>good</b>"
    assert [line["summary.loss"] for line in lines] == ["1.0", "2.0", "9.0", "4.0"]
