"""The plots of a sweep: where lines go, and what pointer, finger and keys do with them."""

import json
import math
import re

import pytest
from playwright.sync_api import expect
from sweep_http import AXIS, center, grid, noisy, opened, rail, shown  # noqa: F401


def test_each_line_goes_through_its_values(page, grid):
    opened(page, grid)
    assert page.locator("[data-axis]").evaluate_all("all => all.map((one) => [one.dataset.axis, one.dataset.kind])") == [
        ["lr", "log"], ["opt", "category"], ["metric.loss", "linear"]]
    ticks = page.locator(f"{AXIS.format('lr')} .axis-tick")
    assert ticks.all_inner_texts() == ["0.0001", "0.01", "1"]
    assert page.locator(f"{AXIS.format('opt')} .axis-tick").all_inner_texts() == ["adam", "sgd"]
    x, top, ground = rail(page, "lr")
    # The middle of a logarithmic axis from 0.0001 to 1 is 0.01.
    assert [round(center(tick)[1]) for tick in ticks.all()] == [round(ground), round((top + ground) / 2), round(top)]
    plot = page.locator(".parallel-plot").bounding_box()
    found = page.locator(".parallel-plot path.best").get_attribute("d")
    points = [(float(a) + plot["x"], float(b) + plot["y"]) for a, b in re.findall(r"([\d.]+) ([\d.]+)", found)]
    _, opt_top, opt_ground = rail(page, "opt")
    _, loss_top, loss_ground = rail(page, "metric.loss")
    assert points == [(pytest.approx(x, abs=1), pytest.approx((top + ground) / 2, abs=1)), (pytest.approx(rail(page, "opt")[0], abs=1), pytest.approx(opt_ground, abs=1)),
                      (pytest.approx(rail(page, "metric.loss")[0], abs=1), pytest.approx(loss_ground, abs=1))]
    colors = page.locator(".parallel-plot path.tone").evaluate_all("all => all.map((one) => getComputedStyle(one).stroke)")
    assert len(set(colors)) == len(colors) == 6


def test_a_logarithmic_distribution_makes_a_logarithmic_axis(page, noisy):
    # From 2 to 8 nobody would guess it from the values.
    opened(page, noisy)
    assert page.locator(AXIS.format("lr")).get_attribute("data-kind") == "log"
    assert page.locator(AXIS.format("net.width")).get_attribute("data-kind") == "linear"


def test_pointing_names_a_run_and_a_click_opens_it(page, grid):
    opened(page, grid)
    run = next(run for run in grid.runs() if run["best"] == pytest.approx(0.7))
    x, top, _ = rail(page, "metric.loss")
    page.mouse.move(x - 20, top + 2)
    tip = page.locator(".parallel-plot ~ .chart-tip, .scroll-x ~ .chart-tip").first
    expect(tip).to_contain_text("loss0.7")
    expect(tip).to_contain_text("optsgd")
    page.mouse.click(x - 20, top + 2)
    page.wait_for_url(f"**/r/{run['runID']}")


def test_a_range_drawn_on_an_axis_chooses_runs(page, grid):
    opened(page, grid)
    x, top, ground = rail(page, "metric.loss")
    # 0.1 to 0.7: up to 0.35 are three.
    page.mouse.move(x, ground - 3)
    page.mouse.down()
    page.mouse.move(x, ground - 20)
    page.mouse.move(x, ground - (ground - top) * 0.25 / 0.6)
    page.mouse.up()
    page.get_by_text("3 of 6 runs chosen").wait_for()
    values = page.locator(".sweep-runs tbody td:nth-child(4)").all_inner_texts()
    assert [float(value) for value in values] == [0.1, 0.3, 0.3]
    assert page.locator(".parallel-plot path.off").get_attribute("d").count("M") == 3
    # A second axis narrows further; the address has both.
    low = page.locator(f"{AXIS.format('opt')} [data-end=low]")
    low.focus()
    page.keyboard.press("ArrowUp")
    page.get_by_text("1 of 6 runs chosen").wait_for()
    page.reload()
    page.get_by_text("1 of 6 runs chosen").wait_for()
    x, top, ground = rail(page, "opt")
    page.mouse.click(x, (top + ground) / 2)
    page.get_by_text("3 of 6 runs chosen").wait_for()
    page.get_by_role("button", name="choose all").click()
    expect(page.locator(".sweep-runs tbody tr")).to_have_count(6)
    assert "select" not in page.url


def test_ranges_by_keys(page, grid):
    opened(page, grid)
    high = page.get_by_role("slider", name="lr, logarithmic, upper end")
    high.focus()
    assert (high.get_attribute("aria-valuetext"), high.get_attribute("aria-valuenow"), high.get_attribute("aria-valuemax")) == ("1", "2", "2")
    page.keyboard.press("ArrowDown")
    expect(high).to_have_attribute("aria-valuetext", "0.01")
    page.get_by_text("4 of 6 runs chosen").wait_for()
    page.keyboard.press("Home")
    page.get_by_text("2 of 6 runs chosen").wait_for()
    expect(high).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".sweep-runs tbody tr")).to_have_count(6)


def test_runs_by_keys(page, grid):
    opened(page, grid)
    order = shown(page)
    page.get_by_role("group", name=re.compile("^Parallel coordinates")).focus()
    page.keyboard.press("ArrowRight")
    said = page.locator("figure.wide .sr-only[role=status]")
    expect(said).to_contain_text(f"{order[0]}: loss 0.1, run ")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text(f"{order[1]}: loss 0.3")
    page.keyboard.press("End")
    expect(said).to_contain_text(f"{order[5]}: loss 0.7")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=order[5]).wait_for()


def test_runs_without_a_number_have_a_place_of_their_own(page, noisy):
    opened(page, noisy)
    extra = page.locator(f"{AXIS.format('metric.acc')} .axis-tick.extra")
    assert extra.all_inner_texts() == ["no value"]
    _, _, ground = rail(page, "metric.acc")
    assert center(extra.first)[1] > ground + 8
    assert page.locator(".parallel-plot path.none").get_attribute("d").count("M") == 2
    caption = page.locator("figure.wide figcaption")
    expect(caption).to_contain_text("13 runs over lr, net.width; 11 with a value of acc")
    expect(caption).to_contain_text("2 without a value.")
    # They can be chosen by themselves.
    page.get_by_role("slider", name="acc, upper end").focus()
    page.keyboard.press("Home")
    page.get_by_text("2 of 13 runs chosen").wait_for()
    assert page.locator(".sweep-runs tbody td:nth-child(4)").all_inner_texts() == ["no value", "no value"]
    assert page.locator(".sweep-progress .warn").first.inner_text().strip(" ·") == "1 failed"


def test_numbers_that_are_none_are_told(page, grid):
    def nan(route):
        answer = route.fetch().json()
        answer["runs"][0] |= {"value": "NaN", "best": "NaN"}
        answer["runs"][1] |= {"value": "Infinity"}
        del answer["runs"][2]["parameters"]["opt"]
        route.fulfill(json=answer)

    page.route(re.compile("/runs[?]limit"), nan)
    opened(page, grid)
    assert page.locator(f"{AXIS.format('metric.loss')} .axis-tick.extra").all_inner_texts() == ["NaN"]
    assert page.locator(f"{AXIS.format('opt')} .axis-tick.extra").all_inner_texts() == ["not set"]
    expect(page.locator("figure.wide figcaption")).to_contain_text("5 with a value of loss, 1 of them no number in the end, 1 NaN or infinite")
    assert page.locator(".sweep-runs tbody td:nth-child(4)").all_inner_texts()[-1] == "NaN"
    assert any(text.startswith("∞ in the end, best ") for text in page.locator(".sweep-runs tbody td:nth-child(4)").all_inner_texts())
    assert page.locator(".best-plot .lost").get_attribute("d").count("M") == 1


def test_the_best_so_far_falls_with_each_better_run(page, grid):
    opened(page, grid)
    runs = sorted(grid.runs(), key=lambda run: run["number"])
    least, steps = math.inf, 0
    for run in runs:
        if run["best"] < least:
            least, steps = run["best"], steps + 1
    assert page.locator(".best-plot .records").get_attribute("d").count("M") == steps
    assert page.locator(".best-plot .dots").get_attribute("d").count("M") == 6
    assert page.locator(".best-plot .line").get_attribute("d").count("V") == steps - 1
    plot = page.get_by_role("group", name=re.compile("^Best so far"))
    assert f"to 0.1" in plot.get_attribute("aria-label")
    plot.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/r/{runs[-1]['runID']}")


def test_it_can_be_seen_over_time(page, grid):
    opened(page, grid)
    page.get_by_role("button", name="Over time").click()
    expect(page.locator(".best-plot")).to_contain_text("time at which the run was chosen")
    assert "over=time" in page.url
    page.get_by_role("button", name="Over time").click()
    expect(page.locator(".best-plot")).to_contain_text("run number")


def test_importance_says_how_far_it_can_be_trusted(page, server, noisy):
    opened(page, noisy)
    table = page.get_by_role("table", name="How much each parameter matters for acc")
    table.wait_for()
    known = server.call("GET", f"sweeps/{noisy.id}/importance")
    assert table.locator("tbody th").all_inner_texts() == [one["name"] for one in known["parameters"]]
    correlation = table.locator("tbody tr", has_text="net.width").locator("td").nth(2).inner_text()
    expected = next(one["correlation"] for one in known["parameters"] if one["name"] == "net.width")
    assert float(correlation.replace("−", "-")) == pytest.approx(expected, abs=0.006)
    figure = page.get_by_role("figure", name="Importance")
    expect(figure).to_contain_text(f"from {known['runs']} runs")
    # The runs are few and their parameters random: it may be that nothing can be said.
    is_noise = known.get("explained", 1) < 0.1
    expect(figure).to_contain_text("Nothing can be said yet" if is_noise else "Not reliable below 30 runs.")
    widths = [bar.bounding_box()["width"] for bar in table.locator(".bar").all()]
    assert widths == sorted(widths, reverse=True)


def test_ranges_of_a_broken_address_choose_all(page, grid):
    for text in ("nonsense", "[1]", json.dumps({"lr": "x", "nope": [0, 1], "opt": ["gone", "gone"]})):
        opened(page, grid, f"?select={text}")
        expect(page.locator(".sweep-runs tbody tr")).to_have_count(6)


def test_a_finger_points_first_and_opens_then(browser, server, grid):
    context = browser.new_context(base_url=server.url, viewport={"width": 400, "height": 800}, has_touch=True)
    page = context.new_page()
    opened(page, grid)
    page.locator(".parallel-plot").scroll_into_view_if_needed()
    x, top, _ = rail(page, "metric.loss")
    page.touchscreen.tap(x - 30, top + 3)
    expect(page.locator(".chart-tip:visible")).to_contain_text("loss")
    assert page.url.endswith(grid.place)
    page.touchscreen.tap(x - 30, top + 3)
    page.wait_for_url("**/r/*")
    context.close()


def test_thousands_of_lines_are_drawn_in_a_few_elements(page, server, grid):
    def many(route):
        runs = [{"runID": f"{number:032x}", "name": f"r{number}", "number": number + 1, "state": "finished", "isStopped": False, "createdAt": 1_790_000_000_000 + number,
                 "parameters": {"lr": (number * 37 % 1000) / 1000, "opt": "ab"[number % 2]}, "value": number, "best": number} for number in range(4_000)]
        route.fulfill(json={"runs": runs, "total": 12_000})

    page.route(re.compile("/runs[?]limit"), many)
    opened(page, grid)
    paths = page.locator(".parallel-plot path").evaluate_all("all => all.map((one) => one.getAttribute('d').split('M').length - 1)")
    assert sum(paths) >= 4_000 and len(paths) < 30
    expect(page.locator(".sweep-runs tbody tr")).to_have_count(100)
    page.get_by_text("4,000 runs; the first 4,000 of 12,000 are shown").wait_for()
    page.get_by_role("button", name="More runs: 3,900").click()
    expect(page.locator(".sweep-runs tbody tr")).to_have_count(600)
