"""What happens while a page is open: points, runs, silence, a server that goes away."""

import math

import pytest


def falling(count, floor=0.2):
    return [4 * math.exp(-step / 10) + floor for step in range(count)]


def log(server, run, **values):
    step = values.pop("step")
    server.call("POST", f"runs/{run}/log", json={"metrics": [
        {"key": key.replace("_", "/"), "value": value, "step": step} for key, value in values.items()]})


def live(page):
    page.locator(".live[data-state='live']").wait_for()


def test_a_run_that_starts_later_joins_the_charts_if_it_matches(page, server):
    experiment = server.experiment("joining")
    server.run(experiment, "first", {"val/loss": falling(20)}, {"lr": "1"})
    page.goto(f"/e/{experiment}/charts?f=params.lr = '1'")
    page.locator("figure[data-lines='1']").wait_for()
    live(page)
    server.run(experiment, "other", {"val/loss": falling(20)}, {"lr": "2"}, status="running")
    server.run(experiment, "late", {"val/loss": falling(30), "new": [1.0, 2.0]}, {"lr": "1"}, status="running")
    page.locator("figure[data-name='loss'][data-lines='2']").wait_for(timeout=4_000)
    page.locator("figure[data-name='new'][data-lines='1']").wait_for(timeout=4_000)
    assert page.locator(".legend a").all_inner_texts() == ["first", "late"]


def test_only_the_run_that_logged_is_read_again(page, server):
    experiment = server.experiment("only the changed")
    runs = [server.run(experiment, f"run-{index}", {"val/loss": falling(20)}, status="running") for index in range(3)]
    page.goto(f"/e/{experiment}/charts")
    page.locator("figure[data-points='60']").wait_for()
    live(page)
    with page.expect_request("**/api/v1/series") as asked:
        log(server, runs[1], step=20, val_loss=0.1)
    assert asked.value.post_data_json["runs"] == [runs[1]]
    page.locator("figure[data-points='61'][data-lines='3']").wait_for()


def test_zoom_and_scroll_stay_while_points_come(page, server):
    experiment = server.experiment("staying")
    curves = {f"metric-{index:02d}": falling(60) for index in range(24)}
    run = server.run(experiment, "run", curves, status="running")
    page.goto(f"/r/{run}/charts?x=10..40")
    page.locator("figure[data-name='metric-00'][data-x0='10'][data-x1='40']").wait_for()
    live(page)
    page.locator("figure[data-name='metric-16']").scroll_into_view_if_needed()
    figure = page.locator("figure[data-name='metric-16'][data-points]")
    figure.wait_for()
    before = page.locator("main").evaluate("main => main.scrollTop")
    assert before > 100
    for step in range(3):
        with page.expect_response("**/api/v1/series"):
            log(server, run, step=60 + step, **{"metric-16": 0.5})
    assert page.locator("main").evaluate("main => main.scrollTop") == before
    assert (figure.get_attribute("data-x0"), figure.get_attribute("data-x1")) == ("10", "40")


def test_a_new_metric_gets_its_card_without_a_reload(page, server):
    run = server.run(server.experiment("new metric"), "run", {"first": [1.0, 2.0]}, status="running")
    page.goto(f"/r/{run}/charts")
    page.locator("figure[data-name='first'][data-points]").wait_for()
    live(page)
    first = page.locator("figure[data-name='first']").element_handle()
    log(server, run, step=0, second=1.0)
    page.locator("figure[data-name='second'][data-points='1']").wait_for(timeout=3_000)
    assert first.evaluate("card => card.isConnected")


def test_rows_stay_where_they_are_until_they_are_asked_to_move(page, server):
    experiment = server.experiment("pill")
    runs = [server.run(experiment, f"run-{index}", {"val/acc": [0.1, 0.5 + index / 10]}, {"lr": str(index)}, status="running")
            for index in range(3)]
    page.goto(f"/e/{experiment}")
    page.locator("#row-0 a:text('run-2')").wait_for()
    live(page)
    log(server, runs[0], step=2, val_acc=0.95)
    page.locator("#row-2 .metric", has_text="0.950").first.wait_for(timeout=4_000)
    page.get_by_role("button", name="1 moved").wait_for()
    server.run(experiment, "run-3", {"val/acc": [0.1, 0.99]}, {"lr": "9"}, status="running")
    page.get_by_role("button", name="1 new").wait_for(timeout=4_000)
    assert [page.locator(f"#row-{at} a").inner_text() for at in range(3)] == ["run-2", "run-1", "run-0"]
    page.keyboard.press(".")
    page.locator("#row-0 a:text('run-3')").wait_for()
    assert [page.locator(f"#row-{at} a").inner_text() for at in range(4)] == ["run-3", "run-0", "run-2", "run-1"]
    page.get_by_role("button", name="press . to show").wait_for(state="hidden")


def test_an_empty_table_fills_itself_as_the_first_run_reports(page, server):
    experiment = server.experiment("first run")
    page.goto(f"/e/{experiment}")
    page.get_by_text("Paste this where you train").wait_for()
    live(page)
    run = server.call("POST", "runs", json={"experimentID": experiment, "name": "pioneer"})["id"]
    page.locator("#row-0 a:text('pioneer')").wait_for(timeout=4_000)
    log(server, run, step=0, val_loss=0.5)
    page.locator(".grid-th", has_text="val/loss").first.wait_for(timeout=4_000)
    page.locator("#row-0 .metric", has_text="0.5").first.wait_for(timeout=4_000)


def test_a_run_that_falls_silent_is_shown_as_stalled_without_asking(page, server):
    experiment = server.experiment("falls silent")
    server.run(experiment, "quiet", {"m": [1.0, 2.0]}, status="running")
    page.clock.install()
    page.goto(f"/e/{experiment}")
    page.clock.run_for(2_000)
    page.locator("#row-0 [aria-label='running']").wait_for()
    page.clock.run_for(2_000)
    page.locator(".strip figure[data-points]").wait_for()
    page.clock.run_for(2_000)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward("05:30")
    page.locator("#row-0 [aria-label='stalled']").wait_for()
    assert asked == []


@pytest.fixture
def tabs(browser, server):
    """Tabs of one browser without SharedWorker, each with the streams that it has asked for."""
    context = browser.new_context(base_url=server.url)
    context.add_init_script("delete window.SharedWorker")
    opened = []

    def open_tab(path):
        tab = context.new_page()
        tab.streams = []
        tab.on("request", lambda request: tab.streams.append(request.url) if "/events?" in request.url else None)
        tab.goto(path)
        opened.append(tab)
        return tab

    yield open_tab
    context.close()


def test_without_a_shared_worker_one_tab_leads_and_another_follows_it(tabs, server):
    run = server.run(server.experiment("leading"), "run", {"m": [1.0, 2.0]}, status="running")
    first, second, third = (tabs(f"/r/{run}/charts") for _ in range(3))
    for tab in (first, second, third):
        tab.locator("figure[data-points='2']").wait_for()
        live(tab)
    assert first.streams and not second.streams and not third.streams
    log(server, run, step=2, m=3.0)
    for tab in (first, second, third):
        tab.locator("figure[data-points='3']").wait_for(timeout=2_000)
    first.close()
    log(server, run, step=3, m=4.0)
    for tab in (second, third):
        tab.locator("figure[data-points='4']").wait_for(timeout=3_000)
    assert bool(second.streams) != bool(third.streams)
