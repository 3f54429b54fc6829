"""Charts over a metric in place of the step, as W&B's `define_metric(…, step_metric=…)` wants them."""

import re

import pytest
from playwright.sync_api import expect
from wandb_http import Run

DEFINED = [{"1": "seen", "6": [3], "7": []}, {"6": [1], "7": [], "2": "*", "5": 1}]


@pytest.fixture(scope="module")
def run(server):
    """Ten steps an epoch; what was seen grows by 50 a step and is not logged at the first one."""
    run = Run(server, "metric axis", "abc")
    run.log(*({"_step": step, "loss": step / 100, "epoch": step // 10, **({"seen": step * 50 + 0.5} if step else {})} for step in range(100)))
    run.log(*({"_step": step, "late": 1.0} for step in (101, 102)))
    run.configure({"_wandb": {"value": {"m": DEFINED}}})
    run.finish()
    return run


@pytest.fixture(scope="module")
def plain(server):
    run = Run(server, "metric axis", "plain")
    run.log(*({"_step": step, "loss": 1.0 + step, "epoch": step} for step in range(5)))
    return run


def figure(page, key):
    found = page.locator(f"figure[data-keys='{key}']")
    found.locator("canvas").first.wait_for()
    return found


def axis(page):
    return page.locator("label", has_text="x").locator("select").first


def test_a_metric_can_be_chosen_as_x(page, plain):
    page.goto(f"/r/{plain.id}/charts")
    expect(axis(page)).to_have_value("step")
    axis(page).select_option("m:epoch")
    page.wait_for_url("**/charts?axis=m%3Aepoch")
    expect(figure(page, "loss")).to_have_attribute("data-x1", "4")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Larger cards (+)").focus()
    page.keyboard.press("a")
    expect(axis(page)).to_have_value("step")


def test_points_of_one_x_are_one_mark_with_their_ends(page, run):
    page.goto(f"/r/{run.id}/charts?axis=m:epoch&m=loss")
    loss = figure(page, "loss")
    expect(loss).to_have_attribute("data-x1", "9")
    expect(loss).to_have_attribute("data-points", "100")
    # The mean of the last epoch, 0.90 to 0.99.
    expect(loss).to_have_attribute("data-last", "0.945")
    loss.locator(".plot").hover()
    expect(page.locator(".chart-tip")).to_contain_text("epoch ")
    expect(page.locator(".chart-tip")).to_contain_text("of 10")


def test_what_the_program_defined_is_x_where_the_address_names_none(page, run):
    page.goto(f"/r/{run.id}/charts")
    expect(axis(page)).to_have_value("m:seen")
    loss = figure(page, "loss")
    # The first step has no x yet.
    expect(loss).to_have_attribute("data-x0", "50.5")
    expect(loss).to_have_attribute("data-x1", "4950.5")
    # What came later stands where x was last.
    expect(figure(page, "late")).to_have_attribute("data-points", "2")
    axis(page).select_option("step")
    page.wait_for_url("**/charts?axis=step")
    expect(loss).to_have_attribute("data-x1", "99")


def test_a_stretch_of_it_is_looked_at_closely(page, run):
    page.goto(f"/r/{run.id}/charts?m=loss&x=1000..2000")
    loss = figure(page, "loss")
    expect(loss).to_have_attribute("data-x0", "1000")
    expect(loss).to_have_attribute("data-x1", "2000")
    assert 20 <= int(loss.get_attribute("data-points")) <= 30


@pytest.mark.parametrize("asked", ["m:", "m:nothing", "m:<img src=x onerror=alert(1)>", "nothing"])
def test_an_axis_that_is_none_harms_nothing(page, plain, asked):
    page.goto(f"/r/{plain.id}/charts?axis={asked}")
    figure(page, "loss")
    if asked.startswith("m:") and len(asked) > 2:
        page.get_by_text("no points here").first.wait_for()
    else:
        expect(figure(page, "loss")).to_have_attribute("data-x1", "4")


def test_runs_are_compared_over_it(page, server, run, plain):
    experiment = server.call("GET", "find?experiment=metric axis")["experimentID"]
    page.goto(f"/e/{experiment}/charts?axis=m:epoch")
    loss = figure(page, "loss")
    expect(loss).to_have_attribute("data-lines", "2")
    expect(loss).to_have_attribute("data-x1", "9")


@pytest.fixture(scope="module")
def mixed(server):
    run = Run(server, "metric axis", "mixed")
    run.log(*({"_step": step, "train/loss": 1 / (1 + step), **({"val/acc": step / 100, "epoch": step // 10} if step % 10 == 9 else {})} for step in range(100)))
    run.configure({"_wandb": {"value": {"m": [{"1": "epoch", "6": [3]}, {"2": "val/*", "5": 1}, {"1": "other", "5": 9}, {"2": "train/*", "5": "x"}, None, 7]}}})
    return run


def test_a_metric_may_have_an_x_of_its_own(page, mixed):
    page.goto(f"/r/{mixed.id}/charts")
    acc, loss = figure(page, "val/acc"), figure(page, "train/loss")
    expect(acc).to_have_attribute("data-x1", "9")
    expect(acc).to_contain_text("over epoch")
    expect(loss).to_have_attribute("data-x1", "99")
    expect(axis(page)).to_have_value("step")
    box = acc.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    expect(page.locator(".chart-tip")).to_contain_text("epoch ")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=5)
    page.mouse.up()
    # A stretch of it is one for all cards.
    expect(axis(page)).to_have_value("m:epoch")
    assert 2 < float(loss.get_attribute("data-x0")) == float(acc.get_attribute("data-x0")) < float(acc.get_attribute("data-x1")) < 9
    page.get_by_role("button", name="back", exact=True).click()
    expect(axis(page)).to_have_value("step")
    expect(acc).to_have_attribute("data-x1", "9")
    expect(loss).to_have_attribute("data-x1", "99")
    axis(page).select_option("relativeStep")
    axis(page).select_option("step")
    expect(acc).to_have_attribute("data-x1", "99")


def test_the_table_of_a_card_over_a_metric_has_its_steps(page, mixed):
    page.goto(f"/r/{mixed.id}/charts")
    acc = figure(page, "val/acc")
    expect(acc).to_have_attribute("data-x1", "9")
    acc.get_by_label("Menu of").click()
    page.get_by_role("menuitem", name="See data table").click()
    expect(page.locator(".data-table tbody tr").last.locator("td").first).to_have_text("99")


def test_a_stretch_of_a_metric_that_is_seldom_logged_has_the_same_values(page, server):
    run = Run(server, "metric axis", "seldom")
    run.log(*({"_step": step, "loss": step / 10_000, **({"epoch": step // 1_000} if step % 1_000 == 0 else {})} for step in range(10_000)))
    page.goto(f"/r/{run.id}/charts?axis=m:epoch&m=loss&x=3.5..4.5")
    # Of the whole epoch 4: 0.4 to 0.4999; a bucket may lie over its edge.
    page.locator("figure[data-keys='loss'][data-x0='3.5']").wait_for()
    plot = page.locator("figure[data-keys='loss'] .plot")
    plot.hover()
    expect(page.locator(".chart-tip tr").first).to_contain_text(re.compile(r"0\.(449|450)"))
    page.goto(f"/r/{run.id}/charts?axis=m:epoch&m=loss&x=4.5..9.5")
    expect(page.locator("figure[data-keys='loss'][data-x0='4.5']")).to_have_attribute("data-last", re.compile(r"0\.9(49|50)"))


def test_what_the_machine_reported_is_over_time_whatever_x_is(page, run):
    run.machine({"cpu": 3.0}, {"cpu": 4.0})
    page.goto(f"/r/{run.id}/charts?m=system")
    page.get_by_text("over time").first.wait_for()
    page.goto(f"/r/{run.id}/charts?x=1000..2000&m=loss")
    page.get_by_role("navigation", name="Views of the run").get_by_role("link", name="system").click()
    page.wait_for_url("**/system")
    page.locator("figure[data-points='2']").first.wait_for()


def test_all_of_x_gives_the_defined_axes_back(page, mixed):
    page.goto(f"/r/{mixed.id}/charts")
    acc, loss = figure(page, "val/acc"), figure(page, "train/loss")
    expect(acc).to_have_attribute("data-x1", "9")
    box = acc.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(axis(page)).to_have_value("m:epoch")
    page.get_by_role("button", name="reset zoom").click()
    expect(axis(page)).to_have_value("step")
    expect(loss).to_have_attribute("data-x1", "99")
    expect(acc).to_have_attribute("data-x1", "9")


def test_an_axis_that_is_defined_later_is_seen_without_a_reload(page, server):
    run = Run(server, "metric axis", "later")
    run.log(*({"_step": step, "val/acc": step / 100} for step in range(50)))
    page.goto(f"/r/{run.id}/charts")
    acc = figure(page, "val/acc")
    expect(acc).to_have_attribute("data-x1", "49")
    run.configure({"_wandb": {"value": {"m": [{"1": "epoch"}, {"2": "val/*", "5": 1}]}}})
    run.log(*({"_step": step, "val/acc": step / 100, "epoch": step - 40} for step in range(50, 60)))
    run.machine({"cpu": 3.0})
    expect(acc).to_have_attribute("data-x0", "10", timeout=15_000)
    expect(acc).to_have_attribute("data-x1", "19")
    page.get_by_role("navigation", name="Views of the run").get_by_role("link", name="system").wait_for()
