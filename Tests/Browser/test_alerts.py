"""What programs say with `run.alert`: on the page of the run, and in a line on that of the experiment."""

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def place(server):
    experiment = server.experiment("alerts")
    run = server.run(experiment, "alarmed", {"loss": [1.0, 0.5]})
    for fields in ({"title": "Low accuracy", "text": "it is **0.1** <b>now</b>", "severity": "warning"},
                   {"title": "<img src=x onerror=alert(1)>", "text": "see [this](javascript:alert(1)) ![x](http://example.org/a.png)", "severity": "error"},
                   {"title": "Done"}):
        alert(server, run, **fields)
    return experiment, run


def alert(server, run, **fields):
    assert server.call("POST", f"runs/{run}/alerts", json=fields) == {"stored": True}


def test_they_stand_above_everything_else_of_a_run(page, place):
    page.goto(f"/r/{place[1]}")
    section = page.get_by_role("region", name="Alerts")
    section.wait_for()
    assert section.get_by_role("heading").inner_text() == "3 alerts"
    assert section.locator(".alert-title").all_inner_texts() == ["Done", "<img src=x onerror=alert(1)>", "Low accuracy"]
    assert section.locator(".alert-mark b").all_inner_texts() == ["Note", "Error", "Warning"]
    assert section.locator(".md strong").inner_text() == "0.1"
    assert "<b>now</b>" in section.inner_text() and section.locator("img").count() == 0
    assert section.locator("a[href^=javascript]").count() == 0
    assert section.evaluate("one => one === one.parentElement.firstElementChild")
    borders = section.locator(".alert").evaluate_all("all => all.map((one) => getComputedStyle(one).borderLeftColor)")
    assert len(set(borders)) == 3
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_run_without_any_has_no_place_for_them_until_the_first_comes(page, server):
    run = server.run(server.experiment("quiet"), "quiet", {"loss": [1.0]}, status="running")
    page.goto(f"/r/{run}")
    page.get_by_role("heading", name="How it was made").wait_for()
    page.locator(".live[data-state=live]").wait_for()
    expect(page.locator(".run-alerts")).to_be_hidden()
    alert(server, run, title="First", severity="error")
    page.locator(".alert", has_text="First").wait_for()
    assert page.locator(".run-alerts h2").inner_text() == "1 alert"


def test_of_many_the_older_are_asked_for(page, server):
    run = server.run(server.experiment("loud"), "loud")
    for number in range(9):
        alert(server, run, title=f"Alert {number}")
    page.goto(f"/r/{run}")
    page.locator(".alert").first.wait_for()
    assert page.locator(".alert-title").all_inner_texts() == ["Alert 8", "Alert 7", "Alert 6"]
    page.get_by_role("button", name="6 older alerts").press("Enter")
    expect(page.locator(".alert")).to_have_count(9)
    expect(page.locator(".alert").nth(3)).to_be_focused()


def test_an_experiment_tells_those_of_the_last_day(page, place):
    page.goto(f"/e/{place[0]}")
    page.locator("#row-0").wait_for()
    line = page.locator(".news p")
    line.wait_for()
    assert line.inner_text() == "✖ 3 alerts in the last 24 hours: Done in alarmed, <img src=x onerror=alert(1)> in alarmed …"
    line.get_by_role("link", name="alarmed").first.click()
    page.get_by_role("region", name="Alerts").wait_for()


def test_the_line_does_not_move_the_table(page, place):
    page.goto(f"/e/{place[0]}")
    page.locator("#row-0").wait_for()
    before = page.locator("#row-0").bounding_box()
    page.locator(".news p").wait_for()
    assert page.locator("#row-0").bounding_box() == before
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_an_experiment_without_any_says_nothing(page, server):
    experiment = server.experiment("nothing to say")
    server.run(experiment, "one", {"loss": [1.0]})
    with page.expect_response(lambda answer: "/api/v1/views" in answer.url):
        page.goto(f"/e/{experiment}")
    page.locator("#row-0").wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".news").count() == 0
