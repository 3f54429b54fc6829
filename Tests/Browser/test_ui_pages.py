"""Pages that one value could spoil: a key of 231 characters, and an importance that is none."""

import json

import pytest
from playwright.sync_api import expect
from sweep_http import grid, noisy, opened  # noqa: F401

KEY = "m" * 231


@pytest.fixture(scope="module")
def run(server):
    return server.run(server.experiment("long keys"), "long", {KEY: [0.5, 0.25], "loss": [1.0, 0.5]})


@pytest.mark.parametrize(("width", "seen"), [(1440, "every point"), (360, "last")])
def test_a_long_key_leaves_room_for_its_values(page, run, width, seen):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/r/{run}/metrics")
    head = page.get_by_role("columnheader", name=seen, exact=True)
    head.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = head.bounding_box()
    assert box["x"] + box["width"] <= width
    key = page.locator("td", has_text=KEY).bounding_box()
    assert key["height"] < 140
    if width > 1000:
        # What is short stays on one line.
        assert page.locator("tr", has_text="loss").last.bounding_box()["height"] < 40


def importance(page, sweep, explained):
    def answer(route):
        body = route.fetch().json()
        route.fulfill(body=json.dumps({**body, "explained": explained, "runs": 40}), content_type="application/json")
    page.route("**/importance*", answer)
    opened(page, sweep)
    figure = page.get_by_role("figure", name="Importance")
    figure.locator(".bar").first.wait_for()
    return figure, figure.locator(".bar").first.evaluate("bar => getComputedStyle(bar).backgroundColor")


def test_an_importance_that_explains_nothing_says_only_that(page, noisy):  # noqa: F811
    figure, colour = importance(page, noisy, 0.004)
    expect(figure.locator("figcaption")).to_have_text("Nothing can be said yet: the parameters explain 0.4 % of the variance of the last value of acc.")
    expect(figure).not_to_contain_text("matters most")
    page.unroute("**/importance*")
    other, accent = importance(page, noisy, 0.8)
    expect(other).to_contain_text("matters most for the last value of acc. The parameters explain 80 % of its variance.")
    assert colour != accent


def test_an_importance_speaks_of_categories_where_there_are_any(page, noisy, grid):  # noqa: F811
    numbers, _ = importance(page, noisy, 0.8)
    expect(numbers).to_contain_text("of its variance.")
    expect(numbers).not_to_contain_text("Categories")
    page.unroute("**/importance*")
    mixed, _ = importance(page, grid, 0.8)
    expect(mixed).to_contain_text("of its variance. Categories have no correlation.")
