"""What holds on every page: silence, themes, keys, small screens, a server that comes back, a base path."""

import math
import re

import conftest
import pytest
from playwright.sync_api import expect


def falling(count, floor=0.2):
    return [4 * math.exp(-step / 10) + floor for step in range(count)]


@pytest.fixture(scope="module")
def places(server):
    experiment = server.experiment("places", purpose="A question that is long enough to need two lines on a telephone?")
    for index in range(12):
        run = server.run(experiment, f"a-rather-long-run-name-{index}", {"train/loss": falling(50), "val/loss": falling(50, 0.3)},
                         {f"param-{key}": str(key * index) for key in range(20)})
    server.call("PATCH", f"runs/{run}", json={"notes": "| a | b |\n|---|---|\n| 1 | 2 |\n\n`" + "x" * 200 + "`"})
    pages = {"experiments": "/", "runs": f"/e/{experiment}", "charts": f"/e/{experiment}/charts"}
    tabs = {tab: f"/r/{run}/{tab}" for tab in ("charts", "params", "metrics", "artifacts", "notes")}
    return {**pages, "overview": f"/r/{run}", **{f"run {tab}": path for tab, path in tabs.items()},
            "missing": "/e/nothing/here", "empty": f"/e/{server.experiment('empty place')}"}


PLACES = ["experiments", "runs", "charts", "overview", "run charts", "run params", "run metrics", "run artifacts",
          "run notes", "missing", "empty"]


def settle(page, path):
    page.goto(path)
    page.locator("main > *").first.wait_for(state="attached")
    page.locator(".skeleton").first.wait_for(state="detached")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("place", PLACES)
def test_a_telephone_needs_no_sideways_scrolling(page, places, place):
    page.set_viewport_size({"width": 360, "height": 740})
    settle(page, places[place])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") <= 0


@pytest.mark.parametrize("place", PLACES)
def test_no_page_breaks_its_policy_or_asks_elsewhere(page, server, places, place):
    elsewhere, violations = [], []
    page.on("request", lambda request: elsewhere.append(request.url)
            if not request.url.startswith((server.url, "data:", "blob:")) else None)
    page.expose_function("violated", lambda directive: violations.append(directive))
    page.add_init_script("addEventListener('securitypolicyviolation', (event) => violated(event.violatedDirective))")
    settle(page, places[place])
    assert elsewhere == [] and violations == []


@pytest.mark.parametrize("place", ["experiments", "runs", "charts", "run metrics"])
def test_an_idle_page_is_silent(page, places, place):
    settle(page, places[place])
    page.locator(".live[data-state='live']").wait_for()
    page.wait_for_timeout(1_500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_000)
    assert asked == []


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_is_what_the_system_prefers(page, places):
    page.emulate_media(color_scheme="dark")
    settle(page, places["runs"])
    assert background(page) == "rgb(18, 22, 28)"
    page.emulate_media(color_scheme="light")
    assert background(page) == "rgb(255, 255, 255)"


def test_the_address_and_the_key_choose_the_theme(page, places):
    settle(page, places["charts"] + "?theme=dark")
    assert background(page) == "rgb(18, 22, 28)"
    page.get_by_role("link", name="runs", exact=True).click()
    page.locator("#row-0").wait_for()
    assert "theme=dark" in page.url and background(page) == "rgb(18, 22, 28)"
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert background(page) == "rgb(255, 255, 255)"


def test_keys_walk_select_filter_and_help(page, places):
    settle(page, places["runs"])
    page.locator("#row-0").wait_for()
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator(".grid-row.cursor")).to_have_attribute("id", "row-0")
    page.keyboard.press("x")
    page.get_by_text("1 selected").wait_for()
    page.keyboard.press("x")
    page.get_by_text("1 selected").wait_for(state="hidden")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("Next run").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Filter runs"
    page.keyboard.type("jx?")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.get_by_label("Filter runs").fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/e")


def test_the_rail_widens_and_the_theme_is_kept(page, places):
    settle(page, places["experiments"])
    assert page.locator(".rail").bounding_box()["width"] == 48
    page.keyboard.press("[")
    page.locator(".rail-label", has_text="Experiments").wait_for()
    page.keyboard.press("t")
    page.keyboard.press("t")
    page.reload()
    page.locator(".rail-label", has_text="Theme: dark").wait_for()
    assert background(page) == "rgb(18, 22, 28)" and page.locator(".rail").bounding_box()["width"] == 200


def test_space_presses_the_button_that_has_the_focus(page, places):
    settle(page, places["runs"])
    page.locator("#row-0").wait_for()
    page.get_by_role("button", name="columns").focus()
    page.keyboard.press(" ")
    page.get_by_role("dialog", name="Columns").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    before = page.locator("#row-3").bounding_box()
    page.keyboard.press("Shift+X")
    page.get_by_text("12 selected").wait_for()
    assert page.locator("#row-3").bounding_box() == before, "a row slips away below the pointer"
    page.keyboard.press("Escape")
    page.get_by_text("12 selected").wait_for(state="hidden")


def test_every_command_of_a_page_is_found_by_its_name(page, places):
    settle(page, places["runs"])
    page.locator("#row-0").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_label("Search").fill("choose col")
    page.get_by_role("option", name="Choose columns").click()
    page.get_by_role("dialog", name="Columns").wait_for()


def test_a_failure_shows_its_request_and_can_be_tried_again(page, places):
    page.route("**/api/v1/runs/search", lambda route: route.fulfill(
        status=500, json={"code": "internal", "message": "no luck", "requestID": "abc123"}))
    page.goto(places["runs"])
    page.get_by_text("abc123").wait_for()
    page.unroute("**/api/v1/runs/search")
    page.get_by_role("button", name="Retry").click()
    page.locator("#row-0").wait_for()
    page.get_by_text("abc123").wait_for(state="hidden")


def test_one_browser_holds_one_stream(browser, server, places):
    context = browser.new_context(base_url=server.url)
    try:
        tabs = [context.new_page() for _ in range(3)]
        for tab, place in zip(tabs, ("experiments", "runs", "charts")):
            tab.goto(places[place])
            tab.locator(".live[data-state='live']").wait_for()
        # Streams of a shared worker are none of a page's own.
        for tab in tabs:
            assert tab.evaluate("performance.getEntriesByType('resource').filter((one) => one.name.includes('/events')).length") == 0
    finally:
        context.close()


def test_runs_are_tagged_and_deleted_together(page, server):
    experiment = server.experiment("bulk")
    for index in range(3):
        server.run(experiment, f"run-{index}", {"m": [float(index), 2.0 + index]})
    page.goto(f"/e/{experiment}")
    page.locator("#row-2").wait_for()
    page.get_by_label("Select all that match").check()
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Tag", exact=True).fill("team")
    page.get_by_label("Value").fill("vision")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_text("3 runs tagged").wait_for()
    found = server.call("POST", "runs/search", json={"experimentIDs": [experiment], "filter": "tags.team = 'vision'"})
    assert found["total"] == 3
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("No runs yet").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("3 of 3").wait_for()


def test_a_page_goes_on_by_itself_when_the_server_is_back(browser, tmp_path):
    port = conftest.free_port()
    server = conftest.Server(f"http://127.0.0.1:{port}")
    process = conftest.start(tmp_path, port)
    context = browser.new_context(base_url=server.url)
    try:
        run = server.run(server.experiment("restart"), "run", {"m": [1.0, 2.0]}, status="running")
        page = context.new_page()
        page.goto(f"/r/{run}/charts")
        page.locator("figure[data-points='2']").wait_for()
        page.locator(".live[data-state='live']").wait_for()
        conftest.stop(process)
        page.locator(".live[data-state='reconnecting']").wait_for(timeout=5_000)
        page.locator(".live", has_text=re.compile(r"reconnecting in \d+ s")).wait_for()
        assert page.locator("figure[data-points='2']").count() == 1
        process = conftest.start(tmp_path, port)
        server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "m", "value": 3.0, "step": 2}]})
        page.locator("figure[data-points='3'][data-last='3']").wait_for(timeout=15_000)
        page.locator(".live[data-state='live']").wait_for()
    finally:
        context.close()
        conftest.stop(process)


def test_everything_stands_below_a_base_path(browser, tmp_path):
    port = conftest.free_port()
    process = conftest.start(tmp_path, port, "--base-path", "/martlet")
    server = conftest.Server(f"http://127.0.0.1:{port}/martlet")
    context = browser.new_context()
    try:
        experiment = server.experiment("based")
        run = server.run(experiment, "run", {"m": [1.0, 2.0]}, status="running")
        page = context.new_page()
        outside = []
        page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(server.url) else None)
        page.goto(f"{server.url}/")
        page.get_by_role("link", name="based").click()
        page.get_by_role("link", name="run", exact=True).click()
        page.wait_for_url(f"{server.url}/r/{run}")
        page.locator("figure[data-points='2']").wait_for()
        page.locator(".live[data-state='live']").wait_for()
        server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "m", "value": 3.0, "step": 2}]})
        page.locator("figure[data-points='3']").wait_for(timeout=2_000)
        page.reload()
        page.locator("figure[data-points='3']").wait_for()
        page.goto(f"{server.url}/#/experiments/{experiment}/runs/{run}")
        page.wait_for_url(f"{server.url}/r/{run}")
        assert outside == []
    finally:
        context.close()
        conftest.stop(process)


def test_rows_are_as_dense_as_one_likes_and_stay_so(page, places):
    def height():
        return page.locator("#row-1").bounding_box()["height"]

    page.goto(places["runs"])
    page.locator("#row-11 a").wait_for()
    normal = height()
    page.keyboard.press("Shift+D")
    page.locator("[data-density=compact]").wait_for()
    assert (normal, height()) == (28, 22)
    assert page.locator("#row-1").bounding_box()["y"] - page.locator("#row-0").bounding_box()["y"] == 22
    page.reload()
    page.locator("#row-11 a").wait_for()
    assert height() == 22
    page.get_by_role("button", name="Rows: compact").click()
    assert height() == 28
    page.reload()
    page.locator("#row-11 a").wait_for()
    assert height() == 28
