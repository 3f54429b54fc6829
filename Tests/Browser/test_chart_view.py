"""What a chart shows and what the address keeps: pairs, clipped runs, axes, zoom, the size and place of cards."""

import math
import random
import re
import time

import pytest

SCHEMES = [
    ("train_loss", "val_loss"), ("loss", "val_loss"), ("train/loss", "val/loss"), ("loss", "eval_loss"),
    ("train_loss", "valid_loss"), ("train/loss", "dev/loss"), ("Loss/train", "Loss/test"),
    ("train_loss_epoch", "train_loss_step", "val_loss"), ("training_loss", "validation_loss"),
    ("train.loss", "validation.loss"), ("train-logloss", "validation_0-logloss"), ("trainLoss", "valLoss"),
    ("loss_epoch", "loss_step", "val_loss"), ("loss_train", "loss_val"),
]


def falling(count, floor=0.2):
    return [4 * math.exp(-step / 10) + floor for step in range(count)]


def shown(page, name="loss"):
    found = page.locator(f"figure[data-name='{name}'][data-points]")
    found.wait_for()
    return found


def number(figure, field):
    return float(figure.get_attribute(f"data-{field}"))


def drag(page, figure, start, end, key=None):
    box = figure.locator(".plot").bounding_box()
    if key:
        page.keyboard.down(key)
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2)
    page.mouse.move(box["x"] + end[0], box["y"] + end[1])
    page.mouse.up()
    if key:
        page.keyboard.up(key)


@pytest.fixture(scope="module")
def curves(server):
    experiment = server.experiment("curves to look at")
    random.seed(1)
    for index in range(12):
        loss = [value * random.uniform(0.97, 1.03) for value in falling(100, 0.3 + index / 40)]
        if index in (3, 8):
            loss[30:] = [loss[30] * math.exp(step / 3) for step in range(70)]
        server.run(experiment, f"run-{index:02d}", {
            "train/loss": loss, "val/loss": [value + 0.1 for value in loss], "lr": [0.1 * 0.97**step for step in range(100)]})
    return experiment


@pytest.fixture(scope="module")
def one(server):
    """A run with many metrics."""
    curves = {"train/loss": falling(200), "val/loss": falling(200, 0.4), "lr": [0.1] * 200}
    curves |= {f"grad/layer-{index:03d}": [1.0, 2.0, 3.0] for index in range(150)}
    curves |= {f"system/gpu_{index}": [90.0, 95.0] for index in range(3)}
    run = server.run(server.experiment("many metrics"), "one", curves)
    # A page that opens while the run is still announced rightly reads it once more: on a busy machine for seconds.
    time.sleep(4)
    return run


@pytest.mark.parametrize("keys", SCHEMES, ids="+".join)
def test_training_and_validation_share_one_card(page, server, keys):
    run = server.run(server.experiment("+".join(keys)), "run", {key: falling(20, index) for index, key in enumerate(keys)})
    page.goto(f"/r/{run}/charts")
    page.locator(f"figure[data-lines='{len(keys)}']").wait_for()
    assert page.locator("figure").count() == 1
    assert "train dashed" in page.locator("figure").inner_text()


def test_names_that_only_look_alike_stay_apart(page, server):
    run = server.run(server.experiment("apart"), "run", {"loss_std_dev": [1.0, 2.0], "latest": [1.0, 2.0], "trainable": [1.0, 2.0]})
    page.goto(f"/r/{run}/charts")
    page.locator("figure b:text-is('loss_std_dev')").wait_for()
    assert page.locator("figure").count() == 3


def test_diverged_runs_leave_the_others_most_of_the_plot(page, curves):
    page.goto(f"/e/{curves}/charts?show={','.join(ids(page, curves))}")
    figure = shown(page)
    low, high = number(figure, "low"), number(figure, "high")
    assert (4.4 - 0.3) / (high - low) >= 0.6
    figure.get_by_text("2 runs clipped · show all").click()
    page.locator("figure[data-name='loss'][data-clipped='0']").wait_for()
    assert number(figure, "high") > 1_000
    assert "all=loss" in page.url
    page.reload()
    shown(page).get_by_text("robust axis").click()
    page.locator("figure[data-name='loss'][data-clipped='2']").wait_for()


def ids(page, experiment):
    answer = page.request.post("/api/v1/runs/search", data={"experimentIDs": [experiment], "limit": 50})
    return [run["id"] for run in answer.json()["runs"]]


def test_a_run_that_is_far_better_is_not_taken_for_diverged(page, server):
    experiment = server.experiment("one good run")
    for index in range(6):
        server.run(experiment, f"run-{index}", {"val/acc": [(0.9 if index == 2 else 0.1) + step / 1e4 for step in range(50)]})
    page.goto(f"/e/{experiment}/charts")
    figure = shown(page, "acc")
    assert number(figure, "high") > 0.9 and "clipped" not in figure.inner_text()


def test_a_reward_that_falls_without_end_is_clipped_below(page, server):
    experiment = server.experiment("rewards")
    for index in range(5):
        server.run(experiment, f"run-{index}", {"reward": [
            -(10.0 ** (step / 12)) if index == 1 and step > 50 else step * 4 - 200.0 for step in range(100)]})
    page.goto(f"/e/{experiment}/charts")
    figure = shown(page, "reward")
    figure.get_by_text("▼ 1 run clipped · show all").wait_for()
    assert number(figure, "low") > -400


def test_values_that_are_no_numbers_are_marked_and_counted(page, server):
    run = server.run(server.experiment("no numbers"), "run", {"val/loss": falling(40)})
    server.call("POST", f"runs/{run}/log", json={"metrics": [
        {"key": "val/loss", "value": "NaN", "step": 40}, {"key": "val/loss", "value": "Infinity", "step": 41},
        {"key": "only", "value": "NaN", "step": 1}]})
    page.goto(f"/r/{run}/charts")
    figure = shown(page)
    assert "× 1 NaN" in figure.inner_text() and "× 1 infinite" in figure.inner_text()
    assert "no numbers, 1 NaN" in shown(page, "only").locator("figcaption").inner_text()


def test_one_spike_among_many_points_is_seen_and_found(page, server):
    experiment = server.experiment("spike")
    run = server.call("POST", "runs", json={"experimentID": experiment, "name": "spike"})["id"]
    for start in range(0, 100_000, 10_000):
        server.call("POST", f"runs/{run}/log", json={"metrics": [
            {"key": "loss", "value": 500 if step == 65_432 else 2 + step % 7 / 10, "step": step} for step in range(start, start + 10_000)]})
    page.goto(f"/r/{run}/charts")
    figure = shown(page)
    assert re.search(r"1 px = \d+ points", figure.inner_text())
    assert number(figure, "high") < 10
    figure.get_by_text("▲ peaks clipped · show all").click()
    page.wait_for_function("() => document.querySelector('figure').dataset.high > 450")
    page.goto(f"/r/{run}/charts?x=65400..65460")
    figure = shown(page)
    assert figure.get_attribute("data-points") == "61"
    assert number(figure, "high") > 450


def test_a_drag_zooms_all_cards_and_z_goes_back(page, one):
    page.goto(f"/r/{one}/charts?m=loss|lr")
    figure = shown(page)
    shown(page, "lr")
    with page.expect_request("**/api/v1/series") as asked:
        drag(page, figure, (120, 100), (300, 100))
    body = asked.value.post_data_json
    assert body["from"] > 0 and body["to"] < 199
    first = re.search(r"x=([^&]+)", page.url).group(1)
    assert page.locator("figure[data-name='lr']").get_attribute("data-x0") == figure.get_attribute("data-x0")
    drag(page, figure, (120, 100), (300, 100))
    page.wait_for_function("first => !location.search.includes(first)", arg=first)
    page.keyboard.press("z")
    page.wait_for_function("first => location.search.includes(first)", arg=first)
    page.keyboard.press("z")
    page.wait_for_function("() => !location.search.includes('x=')")
    drag(page, figure, (120, 100), (300, 100))
    page.wait_for_function("() => location.search.includes('x=')")
    figure.locator(".plot").dblclick(position={"x": 200, "y": 100})
    page.locator("figure[data-name='loss'][data-x0='0'][data-x1='199']").wait_for()


def test_old_buckets_are_stretched_until_finer_ones_come(page, one):
    page.goto(f"/r/{one}/charts?m=loss")
    figure = shown(page)
    page.route("**/api/v1/series", lambda route: None)
    drag(page, figure, (120, 100), (300, 100))
    page.wait_for_function("() => location.search.includes('x=')")
    assert number(figure, "x0") > 0 and figure.get_attribute("data-lines") == "2"


def test_shift_and_a_drag_zoom_y_of_one_card(page, one):
    page.goto(f"/r/{one}/charts?m=loss|lr")
    figure = shown(page)
    high = number(figure, "high")
    drag(page, figure, (200, 60), (200, 150), key="Shift")
    page.wait_for_function("() => location.search.includes('y=loss')")
    assert number(figure, "high") < high and number(figure, "low") > 0
    limits = number(figure, "low"), number(figure, "high")
    page.reload()
    figure = shown(page)
    assert (number(figure, "low"), number(figure, "high")) == limits
    figure.get_by_text("y zoomed · reset").click()
    page.wait_for_function("() => !location.search.includes('y=')")
    assert number(figure, "high") == high


def test_a_zoom_between_two_points_keeps_the_line(page, server):
    run = server.run(server.experiment("sparse"), "sparse", {"train/loss": falling(400)})
    server.call("POST", f"runs/{run}/log", json={"metrics": [
        {"key": "val/loss", "value": 1.0 - step / 1_000, "step": step} for step in (0, 100, 200, 300)]})
    page.goto(f"/r/{run}/charts?x=110.5..190.5")
    figure = page.locator("figure[data-name='loss'][data-lines='2']")
    figure.wait_for()
    assert number(figure, "high") >= 0.89
    assert figure.get_attribute("data-x0") == "110.5"


@pytest.mark.parametrize("query, first, last", [
    ("axis=relativeStep", 0, 99), ("axis=relativeStep&x=10..20", 10, 20), ("axis=relativeStep&logx=1", 0, 99), ("logx=1", 0, 5_099)])
def test_x_is_the_step_since_the_start_or_a_logarithm(page, server, query, first, last):
    experiment = server.experiment(f"offsets {query}")
    for index in range(2):
        run = server.run(experiment, f"run-{index}", {})
        server.call("POST", f"runs/{run}/log", json={"metrics": [
            {"key": "val/loss", "value": falling(100)[step], "step": step + 5_000 * index} for step in range(100)]})
    page.goto(f"/e/{experiment}/charts?{query}")
    figure = page.locator("figure[data-name='loss'][data-lines='2']")
    figure.wait_for()
    assert (number(figure, "x0"), number(figure, "x1")) == (first, last)


def test_the_half_life_of_a_time_is_in_seconds(page, one):
    page.goto(f"/r/{one}/charts?axis=relativeTime&m=loss")
    shown(page)
    with page.expect_request("**/api/v1/series") as asked:
        page.get_by_label("smooth ½").fill("2.5")
        page.keyboard.press("Enter")
    assert asked.value.post_data_json["smoothingHalfLife"] == 2_500
    page.get_by_text("EMA ½=2.5 s").first.wait_for()


def test_a_second_browser_draws_the_same_picture(page, browser, server, one):
    address = f"/r/{one}/charts?m=loss|lr|gpu&x=20..120&smooth=7&log=1&w=2&pin=lr&fold=system&theme=dark&y=lr:0.05..0.2"
    pictures = []
    for _ in range(2):
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        other = context.new_page()
        other.goto(address)
        shown(other)
        shown(other, "system/gpu_0")
        other.locator(".live[data-state='live']").wait_for()
        other.wait_for_timeout(500)
        pictures.append(other.locator("main").screenshot())
        context.close()
    assert pictures[0] == pictures[1]


def test_cards_far_away_ask_nothing_and_the_page_stays_small(page, one):
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json["keys"]) if request.url.endswith("/series") else None)
    page.goto(f"/r/{one}/charts")
    shown(page)
    page.wait_for_timeout(600)
    assert len(asked) == 1 and len(asked[0]) < 40
    assert page.locator("figure").count() == 155
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500
    page.locator("figure[data-name='grad/layer-140']").scroll_into_view_if_needed()
    shown(page, "grad/layer-140")
    page.wait_for_timeout(600)
    assert "grad/layer-140" in asked[-1] and len(asked) <= 4
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500


def test_a_section_folds_and_the_address_says_so(page, one):
    page.goto(f"/r/{one}/charts")
    page.get_by_role("button", name="grad 150").click()
    page.wait_for_function("() => location.search.includes('fold=grad')")
    assert page.locator("figure[data-name='grad/layer-000']").is_hidden()
    page.reload()
    page.get_by_role("button", name="grad 150").wait_for()
    assert page.get_by_role("button", name="grad 150").get_attribute("aria-expanded") == "false"
    assert page.get_by_role("button", name="system 3").get_attribute("aria-expanded") == "false"


def test_a_pinned_card_comes_first(page, one):
    page.goto(f"/r/{one}/charts")
    page.locator("figure[data-name='lr'] .plot").hover()
    page.keyboard.press("p")
    page.locator("section[data-section='pinned'] figure[data-name='lr']").wait_for()
    assert page.locator("figure").first.get_attribute("data-name") == "lr"
    page.reload()
    shown(page, "lr").get_by_role("button", name="Pin").click()
    page.locator("section[data-section='pinned']").wait_for(state="detached")


def test_enter_fills_the_screen_and_escape_leaves_it(page, one):
    page.goto(f"/r/{one}/charts")
    figure = shown(page)
    small = figure.bounding_box()
    figure.focus()
    page.keyboard.press("Enter")
    page.locator("figure.full").wait_for()
    assert figure.bounding_box() == {"x": 0, "y": 0, "width": 1440, "height": 900}
    page.reload()
    shown(page).and_(page.locator(".full")).wait_for()
    page.keyboard.press("Escape")
    page.locator("figure.full").wait_for(state="detached")
    assert shown(page).bounding_box()["width"] == small["width"]


def test_plus_and_minus_change_the_size_of_cards(page, one):
    page.goto(f"/r/{one}/charts?m=grad")
    width = lambda: shown(page, "grad/layer-000").bounding_box()["width"]
    before = width()
    page.keyboard.press("+")
    page.wait_for_function("() => location.search.includes('w=2')")
    assert width() > before * 1.3
    page.keyboard.press("-")
    page.wait_for_function("() => location.search.includes('w=3')")
    assert width() == before


def test_a_filter_that_is_no_expression_is_taken_as_it_is(page, one):
    page.goto(f"/r/{one}/charts")
    page.get_by_label("Metrics").fill("layer-00[")
    page.get_by_text("No metric matches.").wait_for()
    assert page.get_by_label("Metrics").get_attribute("aria-invalid") == "true"
    page.get_by_label("Metrics").fill("layer-00\\d")
    page.get_by_text("10 of 153 metrics + 0 of 3 system").wait_for()


def test_more_than_fifty_lines_are_a_density_and_one_comes_forward(page, server):
    experiment = server.experiment("sixty lines")
    runs = [server.run(experiment, f"seed-{index}", {"train/loss": falling(40, index / 20), "val/loss": falling(40, 0.5 + index / 20)})
            for index in range(30)]
    page.goto(f"/e/{experiment}/charts?show={','.join(runs)}")
    figure = page.locator("figure[data-lines='60']")
    figure.wait_for()
    assert "60 lines as density" in figure.inner_text()
    figure.locator(".plot").hover(position={"x": 700, "y": 225})
    page.locator(".chart-tip .near").wait_for()
    assert "+48" in page.locator(".chart-tip").inner_text()
    classes = page.locator(".legend .swatch-line").evaluate_all("list => list.map((one) => one.className.match(/dash\\d/)[0] + getComputedStyle(one).getPropertyValue('--swatch'))")
    assert len(set(classes)) == 30


def test_a_chart_is_told_in_words(page, server):
    run = server.run(server.experiment("words"), "run", {"val/loss": [4.6 - step / 20 for step in range(80)] + [0.65 + step / 40 for step in range(40)]})
    page.goto(f"/r/{run}/charts")
    text = shown(page).locator("figcaption").inner_text()
    assert "falls 4.6→0.65 by step" in text and "then rises to 1.625" in text


def test_one_point_is_a_dot(page, server):
    run = server.run(server.experiment("dot"), "run", {"final": [0.91]})
    page.goto(f"/r/{run}/charts")
    figure = shown(page, "final")
    assert (number(figure, "x0"), number(figure, "x1")) == (-1, 1)
    assert "0.91 at step 0" in figure.locator("figcaption").inner_text()
    color = page.evaluate("""() => {
        const canvas = document.querySelector('figure canvas'), pen = canvas.getContext('2d');
        const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] < 40 && data[at + 2] > 150 && data[at + 3] > 200) count += 1;
        return count; }""")
    assert color > 12


def test_the_cross_hair_stands_on_all_cards(page, one):
    page.goto(f"/r/{one}/charts?m=loss|lr")
    shown(page, "lr")
    shown(page).locator(".plot").hover(position={"x": 200, "y": 100})
    page.locator(".chart-tip").wait_for()
    drawn = """() => [...document.querySelectorAll('canvas.overlay')].map((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))"""
    assert page.evaluate(drawn) == [True, True]
    rows = page.locator(".chart-tip tr").evaluate_all("rows => rows.map((row) => Number(row.children[1].textContent))")
    assert rows == sorted(rows, reverse=True) and len(rows) == 2


def test_a_name_in_the_legend_brings_its_run_forward(page, curves):
    page.goto(f"/e/{curves}/charts")
    shown(page)
    drawn = """() => [...document.querySelectorAll('canvas.overlay')].map((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))"""
    page.locator(".legend a").nth(2).hover()
    assert page.evaluate(drawn) == [True, True]
    page.mouse.move(5, 5)
    assert page.evaluate(drawn) == [False, False]
