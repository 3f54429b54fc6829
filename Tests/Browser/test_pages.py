"""What a person sees: run table, charts, run page."""

import math

import pytest


def falling(count, floor=0.2):
    return [4 * math.exp(-step / 10) + floor for step in range(count)]


@pytest.fixture(scope="module")
def seeded(server):
    experiment = server.experiment("curves", purpose="Do the curves fall?")
    for index in range(6):
        curves = {"train/loss": falling(100), "val/loss": falling(100, 0.3 + index / 20)}
        if index == 5:
            curves["val/loss"][40:] = [math.exp(min(step / 2, 9)) * 3 for step in range(60)]
        server.run(experiment, f"run-{index}", curves, {"lr": str(index), "epochs": "100"})
    return experiment


def test_the_best_run_is_on_the_first_screen(page, seeded):
    page.goto(f"/e/{seeded}")
    page.get_by_text("6 of 6").wait_for()
    assert "run-0" in page.locator("#row-0").inner_text()
    assert page.locator("#row-0 .best").count() >= 1
    assert "same in all 6: epochs=100" in page.locator(".same").inner_text()


def test_a_filter_stands_in_the_address_and_survives_a_reload(page, seeded):
    page.goto(f"/e/{seeded}")
    page.get_by_label("Filter runs").fill("params.lr = '3'")
    page.get_by_text("1 of 6").wait_for()
    page.reload()
    page.get_by_text("1 of 6").wait_for()
    assert "f=" in page.url


def test_a_filter_that_makes_no_sense_is_underlined(page, seeded):
    page.goto(f"/e/{seeded}")
    page.get_by_label("Filter runs").fill("metrics.loss < ")
    page.locator(".filter-message:not(:empty)").wait_for()
    assert page.get_by_label("Filter runs").get_attribute("aria-invalid") == "true"


def test_training_and_validation_share_a_card_that_a_diverged_run_cannot_flatten(page, seeded):
    page.goto(f"/e/{seeded}/charts")
    card = page.locator("figure[data-name='loss'][data-lines='12']")
    card.wait_for()
    assert float(card.get_attribute("data-high")) < 10
    assert card.get_attribute("data-clipped") == "1"


def test_a_zoom_stands_in_the_address(page, seeded):
    page.goto(f"/e/{seeded}/charts?x=10..20")
    page.locator("figure[data-x0='10'][data-x1='20']").first.wait_for()


def test_a_point_appears_without_reload(page, server, seeded):
    run = server.run(seeded, "live", {"live/metric": [1.0, 2.0]}, status="running")
    page.goto(f"/r/{run}/charts")
    page.locator("figure[data-points='2']").wait_for()
    page.get_by_text("● live").wait_for()
    server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "live/metric", "value": 3.0, "step": 2}]})
    page.locator("figure[data-points='3'][data-last='3']").wait_for(timeout=1_500)


def test_hostile_names_stay_text(page, server):
    experiment = server.experiment("<img src=x onerror=alert(1)>")
    run = server.run(experiment, "<svg onload=alert(1)>", {"m": [1.0, 2.0]}, {"lr": "<b>x</b>"})
    for path in (f"/e/{experiment}", f"/r/{run}", f"/r/{run}/params"):
        page.goto(path)
        page.get_by_text("svg onload").first.wait_for()
    assert page.locator("main b:text('x')").count() == 0


@pytest.mark.parametrize("path", ["/", "/e/{}", "/e/{}/charts"])
def test_a_phone_needs_no_sideways_scrolling(page, seeded, path):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path.format(seeded))
    page.locator("main table, main .grid, main figure").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_one_card_that_fails_leaves_the_others(page, server):
    experiment = server.experiment("failing card")
    run = server.run(experiment, "one", {"good": falling(10), "broken": falling(10)})

    def refuse(route):
        if "broken" in route.request.post_data:
            route.fulfill(status=500, json={"code": "internal", "message": "no luck", "requestID": "abc123"})
        else:
            route.continue_()

    page.route("**/api/v1/series", refuse)
    page.goto(f"/r/{run}/charts")
    page.locator("figure[data-name='good'][data-points='10']").wait_for()
    assert "abc123" in page.locator("figure[data-name='broken']").inner_text()


def test_all_matching_runs_are_exported(page, seeded):
    page.goto(f"/e/{seeded}")
    page.locator("#row-0").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert len(download.value.path().read_text().strip().splitlines()) >= 7


def test_keys_walk_the_table_and_open_a_run(page, seeded):
    page.goto(f"/e/{seeded}")
    page.locator("#row-0").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/r/*")


def test_the_total_is_true_and_the_page_stays_small(page, server):
    experiment = server.experiment("many")
    for index in range(300):
        server.call("POST", "runs", json={"experimentID": experiment, "name": f"many-{index}"})
    page.goto(f"/e/{experiment}")
    page.get_by_text("300 of 300").wait_for()
    page.locator(".grid").evaluate("grid => grid.scrollTop = 250 * 28")
    page.locator("#row-255 a:text('many-')").wait_for()
    assert page.evaluate("document.querySelectorAll('*').length") < 3_000


@pytest.mark.parametrize("path", ["/", "/e", "/experiments"])
def test_the_list_of_experiments_has_plain_addresses(page, seeded, path):
    page.goto(path)
    page.get_by_role("link", name="curves", exact=True).wait_for()
