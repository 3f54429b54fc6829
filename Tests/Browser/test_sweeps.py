"""The sweeps of an experiment: their list, and the page of one."""

import re

import pytest
from conftest import visiting
from playwright.sync_api import expect
from sweep_http import GRID, RANDOM, Sweep, grid, loss, opened, project  # noqa: F401


def test_the_tab_lists_the_sweeps_with_the_best_of_each(page, grid):
    page.goto(f"/e/{grid.experiment}")
    page.get_by_role("link", name="sweeps", exact=True).click()
    row = page.locator("table.sweeps tbody tr")
    best = next(run for run in grid.runs() if run["parameters"] == {"lr": 0.01, "opt": "adam", "epochs": 3})
    expect(row.locator(".run-name a")).to_have_text(re.compile(r"trial-\d"))
    assert [re.sub(r"\s+", " ", cell).strip() for cell in row.locator("td").all_inner_texts()][1:6] == ["✓ finished", "grid", "loss ▼ min", "6 of 6", "0.1"]
    assert row.locator(".run-name a").get_attribute("href") == f"r/{best['runID']}"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{grid.place}")
    page.get_by_role("heading", name="which width").wait_for()


def test_an_experiment_without_sweeps_says_how_to_make_one(page, server):
    page.goto(f"/e/{server.experiment(project())}/sweeps")
    page.get_by_text("No sweeps yet").wait_for()
    text = page.locator(".copy-box code").inner_text()
    assert f"WANDB_BASE_URL={server.url}" in text and "wandb.sweep(" in text and "wandb.agent(" in text


def test_the_first_sight_tells_state_progress_and_best(page, grid):
    opened(page, grid)
    heading = page.locator(".heading")
    expect(heading.locator(".facts")).to_contain_text("✓ finished · grid · goal loss ▼ min")
    expect(heading).to_contain_text("Does a wide net help?")
    bar = page.get_by_role("progressbar")
    assert (bar.get_attribute("aria-valuenow"), bar.get_attribute("aria-valuemax")) == ("6", "6")
    expect(heading).to_contain_text("6 of 6 runs done")
    best = page.locator(".sweep-best")
    expect(best).to_contain_text("Best loss 0.1 by trial-")
    assert best.locator(".chip").all_inner_texts() == ["lr 0.01", "opt adam", "epochs 3"]
    run = next(run for run in grid.runs() if run["best"] == pytest.approx(0.1))
    assert best.get_by_role("link").get_attribute("href") == f"r/{run['runID']}"


def test_the_table_has_the_runs_best_first(page, grid):
    opened(page, grid)
    values = page.locator(".sweep-runs tbody td:nth-child(4)").all_inner_texts()
    assert [float(value) for value in values] == [0.1, 0.3, 0.3, 0.5, 0.5, 0.7]
    assert page.locator(".sweep-runs thead th").all_inner_texts() == ["rank", "run", "state", "loss", "lr", "opt"]
    page.get_by_role("link", name="All of them in the run table").click()
    page.locator("#row-5").wait_for()
    expect(page.locator("[id^=row-]")).to_have_count(6)


def test_pause_resume_stop_and_cancel(page, server):
    sweep = Sweep(server, project(), RANDOM)
    sweep.work("acc", lambda given: [0.5])
    opened(page, sweep)

    def state():
        return server.call("GET", f"sweeps/{sweep.id}")["state"]

    def buttons():
        return page.locator(".sweep-title .button:visible").all_inner_texts()

    assert buttons() == ["Pause", "Stop", "Cancel…"]
    page.get_by_role("button", name="Pause").click()
    page.locator(".facts", has_text="paused").wait_for()
    assert state() == "paused" and buttons() == ["Resume", "Stop", "Cancel…"]
    # The focus does not fall to the page with the button that is gone.
    assert page.evaluate("document.activeElement.textContent") == "Resume"
    page.keyboard.press("Enter")
    page.locator(".facts", has_text="running").wait_for()
    assert state() == "running"
    page.get_by_role("button", name="Stop").click()
    page.locator(".facts", has_text="finished").wait_for()
    assert state() == "finished" and buttons() == ["Resume"]
    page.get_by_role("button", name="Resume").click()
    page.locator(".facts", has_text="running").wait_for()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the sweep").click()
    page.locator(".facts", has_text="cancelled").wait_for()
    assert state() == "cancelled"


def test_who_may_not_change_has_no_buttons(browser, closed):
    made = closed.call("POST", "sweeps", json={"experimentID": closed.place, "configuration": GRID})
    for name, count in (("vera", 0), ("eda", 3)):
        with visiting(browser, closed.url) as page:
            closed.enter(page, name)
            page.goto(f"/e/{closed.place}/sweeps/{made['id']}")
            page.get_by_text("No runs yet.").wait_for()
            assert page.locator(".sweep-title .button:visible").count() == count
            assert "WANDB_API_KEY" in page.locator(".copy-box").first.inner_text()


def test_a_sweep_without_runs_says_how_to_start_an_agent(page, server):
    sweep = Sweep(server, project(), GRID)
    page.goto(sweep.place)
    page.get_by_text("No runs yet.").wait_for()
    lines = page.locator(".copy-box code").first.inner_text().splitlines()
    assert lines == [f"export WANDB_BASE_URL={server.url}", f"wandb agent default/{sweep.project}/{sweep.name}"]
    assert page.locator(".sweep-configuration code").inner_text() == GRID
    # The first run is seen without a reload.
    sweep.work("loss", loss)
    page.locator(".sweep-runs tbody tr").wait_for()


def test_new_runs_come_by_themselves_and_move_nothing_below_the_pointer(page, server):
    sweep = Sweep(server, project(), RANDOM)
    for value in (0.5, 0.4):
        sweep.work("acc", lambda given: [value], shown=f"was-{value}")
    opened(page, sweep)
    expect(page.locator(".sweep-runs tbody a")).to_have_text(["was-0.5", "was-0.4"])
    page.locator(".sweep-runs tbody tr").first.hover()
    sweep.work("acc", lambda given: [0.9], shown="better")
    expect(page.locator(".sweep-runs tbody a")).to_have_text(["was-0.5", "was-0.4", "better"])
    expect(page.locator(".sweep-best")).to_contain_text("acc 0.9")
    page.mouse.move(5, 5)
    expect(page.locator(".sweep-runs tbody a")).to_have_text(["better", "was-0.5", "was-0.4"])


def test_points_of_a_run_that_goes_on_are_followed(page, server):
    sweep = Sweep(server, project(), RANDOM)
    run, given = sweep.next()
    sweep.begin(run, given, "goes-on")
    opened(page, sweep)
    page.get_by_text("No run has a value of acc yet.").wait_for()
    sweep.log(run, "acc", [0.25])
    expect(page.locator(".sweep-best")).to_contain_text("Best acc 0.25 by goes-on")
    sweep.log(run, "acc", [0.75], first=1)
    expect(page.locator(".sweep-best")).to_contain_text("Best acc 0.75")
    sweep.end(run)
    expect(page.locator(".sweep-progress")).to_contain_text("1 of 40 runs done")


def test_an_idle_page_is_silent(page, grid):
    opened(page, grid)
    page.locator(".live[data-state='live']").wait_for()
    page.wait_for_timeout(2_500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".sweep-runs tbody tr").first.hover()
    page.wait_for_timeout(3_000)
    assert asked == []


def test_what_is_not_there_is_told(page, grid):
    for name in ("0" * 32, "nothere1"):
        page.goto(f"/e/{grid.experiment}/sweeps/{name}")
        page.get_by_role("heading", name="There is no such sweep here").wait_for()
    page.get_by_role("link", name="Runs that name it").click()
    page.get_by_text(re.compile("No run|0 of")).first.wait_for()
    page.goto(f"/e/{grid.experiment}/sweeps/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    page.get_by_role("heading", name="There is no such sweep here").wait_for()


def test_a_refusal_is_told_and_can_be_tried_again(page, grid):
    refused = re.compile(f"/api/v1/sweeps/{grid.id}$")
    page.route(refused, lambda route: route.fulfill(status=500, json={"message": "the disk is full", "requestID": "r-1"}))
    page.goto(grid.place)
    expect(page.get_by_role("alert")).to_contain_text("the disk is full")
    page.unroute(refused)
    page.get_by_role("button", name="Retry").click()
    page.locator(".sweep-runs tbody tr").first.wait_for()


def test_names_stay_text_and_nothing_is_asked_of_others(page, server):
    evil = "<img src=x onerror=alert(1)>"
    configuration = {"method": "grid", "metric": {"name": evil, "goal": "maximize"},
                     "parameters": {evil: {"values": [evil, "b"]}, "'];x": {"values": [1, 2]}}}
    sweep = Sweep(server, project(), configuration, displayName=evil, description=evil)
    while sweep.work(evil, lambda given: [float(given["'];x"])], shown=evil):
        pass
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, sweep)
    page.get_by_role("heading", name=evil).wait_for()
    assert page.locator("main img").count() == 0
    slider = page.get_by_role("slider", name=f"{evil}, lower end").first
    slider.focus()
    page.keyboard.press("ArrowUp")
    page.get_by_text("2 of 4 runs chosen").wait_for()
    page.goto(f"/e/{sweep.experiment}/sweeps")
    page.get_by_role("link", name=evil).first.wait_for()
    assert page.locator("main img").count() == 0
    assert {re.match("[a-z]+://[^/]+", url).group() for url in asked if not url.startswith("data:")} == {server.url}


def test_a_narrow_screen_has_all_of_it(browser, server, grid):
    with visiting(browser, server.url) as page:
        page.set_viewport_size({"width": 360, "height": 740})
        for theme in ("light", "dark"):
            opened(page, grid, f"?theme={theme}")
            for place in ("document.documentElement", "document.querySelector('main')"):
                assert page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth")
            assert page.locator("[data-end]").first.bounding_box()["width"] >= 24
        page.goto(f"/e/{grid.experiment}/sweeps")
        page.locator("table.sweeps tbody tr").wait_for()
        assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
