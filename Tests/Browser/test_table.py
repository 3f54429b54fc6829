"""The run table by mouse and keyboard: completion, menus, edits in place, many columns, what stays when one comes back."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def vision(server):
    experiment = server.experiment("vision table")
    for index in range(12):
        server.run(experiment, f"run-{index:02d}", {"val/acc": [0.1, 0.5 + index / 40], "train/loss": [2.0, 1.0 / (index + 1)]},
                   {"arch": "vit" if index % 4 == 0 else "resnet", "lr": str(index), "epochs": "3"})
    found = server.call("POST", "runs/search", json={"experimentIDs": [experiment], "limit": 100})
    for run in found["runs"]:
        server.call("POST", f"runs/{run['id']}/tags", json={"set": {"team": "blue"}})
    return experiment


def opened(page, experiment, query=""):
    page.goto(f"/e/{experiment}{query}")
    page.locator("#row-0 a").wait_for()


def heading(page, name):
    return page.locator(".grid-th", has_text=name)


def walk_to(page, column):
    """The cursor of the table to a column, by keys alone."""
    for _ in range(30):
        page.keyboard.press("ArrowRight")
        cell = page.locator(".grid-td.here")
        number = cell.get_attribute("data-column")
        if page.locator(f".grid-th[aria-colindex='{int(number) + 1}']", has_text=column).count():
            return cell
    raise AssertionError(f"no column {column}")


def test_keys_and_real_values_are_completed(page, vision):
    opened(page, vision)
    page.keyboard.press("/")
    page.keyboard.type("arc")
    page.get_by_role("option", name="params.arch").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="ILIKE").wait_for()
    page.keyboard.type("= ")
    expect(page.locator(".choices li")).to_have_text([re.compile(r"^'resnet'\s*9 runs$"), re.compile(r"^'vit'\s*3 runs$")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("3 of 12").wait_for()
    expect(page.get_by_label("Filter runs")).to_have_value("params.arch = 'vit' ")


def test_the_fault_of_a_filter_is_underlined_and_told(page, vision):
    opened(page, vision)
    page.get_by_label("Filter runs").fill("metrics.\"val/acc\" > 'high' and params.lr = '1'")
    page.locator(".fault").wait_for()
    assert page.locator(".fault").inner_text() == "'high'"
    assert "numeric" in page.locator(".filter-message").inner_text()
    page.get_by_label("Filter runs").fill("arch = 'vit'")
    page.get_by_text("did you mean params.arch?").wait_for()
    assert page.locator("#row-0").count() == 1


def test_a_filter_of_mlflow_can_be_pasted(page, vision):
    opened(page, vision)
    page.get_by_label("Filter runs").fill("metrics.`val/acc` >= 0.7 AND params.arch = 'resnet' AND attributes.status = 'FINISHED'")
    page.get_by_text("3 of 12").wait_for()
    assert page.locator(".filter-message").inner_text() == ""


def test_a_cell_filters_excludes_and_copies_by_keys(page, vision):
    opened(page, vision, "?sort=p:lr")
    page.keyboard.press("j")
    cell = walk_to(page, "arch")
    assert cell.inner_text() == "vit"
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Filter: params.arch = 'vit'").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("9 of 12").wait_for()
    assert page.get_by_label("Filter runs").input_value() == "params.arch != 'vit'"


def test_a_right_click_offers_the_same(page, vision):
    opened(page, vision, "?sort=p:lr&cols=p:arch")
    page.locator("#row-0 .grid-td", has_text="vit").click(button="right")
    page.get_by_role("menuitem", name="Filter: params.arch = 'vit'").click()
    page.get_by_text("3 of 12").wait_for()


def test_a_run_is_renamed_in_its_row_and_back(page, server):
    experiment = server.experiment("renaming")
    run = server.run(experiment, "wrong", {"m": [1.0, 2.0]})
    opened(page, experiment)
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.get_by_label("Name of the run").fill("right")
    page.keyboard.press("Enter")
    page.locator("#row-0 a:text-is('right')").wait_for()
    assert server.call("GET", f"runs/{run}")["name"] == "right"
    page.keyboard.press("u")
    page.locator("#row-0 a:text-is('wrong')").wait_for()


def test_a_tag_is_edited_in_its_cell(page, server, vision):
    opened(page, vision, "?cols=t:team&sort=p:lr")
    page.locator("#row-2 .grid-td", has_text="blue").dblclick()
    page.get_by_label("Tag team").fill("red")
    page.keyboard.press("Enter")
    page.locator("#row-2 .grid-td:text-is('red')").wait_for()
    found = server.call("POST", "runs/search", json={"experimentIDs": [vision], "filter": "tags.team = 'red'"})
    assert found["total"] == 1
    page.get_by_role("button", name="Undo").click()
    page.locator("#row-2 .grid-td:text-is('blue')").wait_for()


def test_several_keys_sort_and_stand_in_the_address(page, vision):
    opened(page, vision)
    heading(page, "arch").get_by_role("button").click()
    page.wait_for_url("**sort=p%3Aarch")
    heading(page, "val/acc best").get_by_role("button").click(modifiers=["Shift"])
    page.wait_for_url("**sort=p%3Aarch%2C-m.best%3Aval%2Facc")
    page.locator("#row-0 a:text('run-11')").wait_for()
    assert heading(page, "arch").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("j")
    walk_to(page, "lr")
    page.keyboard.press("s")
    page.wait_for_url("**sort=p%3Alr")


def test_an_inferred_goal_says_so(page, vision):
    opened(page, vision)
    assert "≈" in heading(page, "val/acc best").inner_text()
    assert "@1" in page.locator("#row-0 .metric").first.inner_text()
    assert "team=blue" in page.locator(".same").inner_text()


def test_which_runs_are_shown_is_chosen_at_the_eye(page, vision):
    opened(page, vision)
    assert page.locator(".swatch:not(.off)").count() == 8
    page.get_by_role("button", name="Which runs are shown in charts").click()
    page.get_by_role("menuitem", name="None").click()
    page.wait_for_url("**show=none")
    page.locator(".swatch:not(.off)").first.wait_for(state="detached")


def test_a_short_table_shows_the_curves_below_it(page, server):
    experiment = server.experiment("short table")
    for index in range(5):
        server.run(experiment, f"run-{index}", {"train/loss": [2.0, 1.0, 0.5 + index], "val/loss": [3.0, 2.0, 1.0 + index]})
    opened(page, experiment)
    page.locator(".strip figure[data-name='loss'][data-lines='10']").wait_for()
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.locator(".strip figure[data-name='loss'][data-lines='8']").wait_for()
    # Nobody else takes the colour of the one that left.
    assert page.locator("#row-1 .swatch").evaluate("one => one.style.getPropertyValue('--swatch')") == "var(--c1)"
    page.keyboard.press(" ")
    page.locator(".strip figure[data-name='loss'][data-lines='10']").wait_for()
    assert page.locator("#row-0 .swatch").evaluate("one => one.style.getPropertyValue('--swatch')") == "var(--c0)"
    page.get_by_label("Filter runs").fill("run-3")
    page.get_by_text("1 of 5").wait_for()
    page.locator(".strip figure[data-lines='2']").wait_for()
    assert page.locator("#row-0").bounding_box()["y"] < page.locator(".strip").bounding_box()["y"]


def test_hundreds_of_columns_cost_nothing_until_they_are_seen(page, server):
    experiment = server.experiment("wide table")
    for index in range(50):
        server.run(experiment, f"wide-{index}", {f"metric/{key:03d}": [1.0 + key, 2.0] for key in range(100)},
                   {f"param_{key:03d}": str(index * key) for key in range(200)})
    opened(page, experiment)
    page.keyboard.press("c")
    page.get_by_role("button", name="all metrics").click()
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelector('.grid').ariaColCount > 60")
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    page.locator(".grid").evaluate("grid => grid.scrollLeft = grid.scrollWidth")
    page.locator("#row-0 .grid-td[aria-colindex='63']").wait_for()
    assert page.locator("#row-0 a").count() == 1
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000


def test_a_column_is_chosen_moved_and_given_another_statistic(page, vision):
    opened(page, vision)
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    page.keyboard.type("^epo")
    dialog.get_by_role("checkbox", name="epochs").check()
    heading(page, "epochs").wait_for()
    dialog.get_by_role("button", name="Move epochs up").click()
    dialog.get_by_label("Value of train/loss").select_option("last")
    page.keyboard.press("Escape")
    heading(page, "train/loss last").wait_for()
    assert "cols=" in page.url
    page.reload()
    heading(page, "epochs").wait_for()


def test_coming_back_from_a_run_finds_the_table_as_it_was(page, server):
    experiment = server.experiment("coming back")
    for index in range(120):
        server.call("POST", "runs", json={"experimentID": experiment, "name": f"back-{index:03d}"})
    opened(page, experiment)
    page.locator(".grid").evaluate("grid => grid.scrollTop = 60 * 28")
    page.locator("#row-70").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator(".grid-row.cursor").get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/r/*")
    page.go_back()
    page.locator(f"#{row}.cursor").wait_for()
    page.wait_for_function("() => document.querySelector('.grid').scrollTop === 60 * 28")


def test_an_experiment_is_found_by_its_name(page, vision):
    page.goto("/e/vision%20table/charts?x=1..2")
    page.wait_for_url(f"**/e/{vision}/charts?x=1..2")


def test_numbers_never_round_to_nothing(page, server):
    page.goto("/")
    shown = page.evaluate("""async () => {
        const { columnDigits, fixed, grouped } = await import("./js/format.js");
        const column = (values) => values.map((value) => fixed(value, columnDigits(values)));
        return [column([0.0379, 0.2468, 0.55]), column([0.9381, 0.9234, 0.87]), column([...Array(30).fill(0.5), 0.4, 0.0000003, 66768.123]).slice(29),
            column([0.00041, 0.00052]), grouped(1234567), grouped(999), grouped(-12340.5)];
    }""")
    assert shown == [["0.0379", "0.2468", "0.5500"], ["0.938", "0.923", "0.870"], ["0.500", "0.400", "3e-7", "66,768"],
                     ["0.000410", "0.000520"], "1,234,567", "999", "-12,340.5"]


def test_many_experiments_are_counted_sorted_and_paged(page, server):
    for index in range(105):
        server.experiment(f"paged {index:03d}")
    page.goto("/?f=paged&sort=name")
    page.get_by_text("105 of").wait_for()
    assert page.locator("tbody tr").count() == 100
    assert page.locator("tbody .name").first.inner_text() == "paged 000"
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tbody .name").first).to_have_text("paged 100")
    page.get_by_role("button", name="name").click()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("tbody .name").first).to_have_text("paged 104")
    assert "sort=-name" in page.url


@pytest.mark.parametrize(("filter_text", "shown"), [
    ("params.arch ~ '^v.t$'", 3), ("not params.arch ~ res", 3), ("params.arch exists", 12), ("params.missing exists", 0),
    ("status = stalled", 0), ("status in (stalled, finished)", 12), ("name ~ 'run-0[0-4]'", 5),
])
def test_patterns_and_what_exists_are_conditions(page, vision, filter_text, shown):
    opened(page, vision)
    page.get_by_label("Filter runs").fill(filter_text)
    page.keyboard.press("Enter")
    page.get_by_text(f"{shown} of 12").wait_for()
    assert page.locator(".filter-message").inner_text() == ""


def test_a_broken_pattern_is_underlined_and_meanings_are_offered(page, vision):
    opened(page, vision)
    box = page.get_by_label("Filter runs")
    box.fill("params.arch ~ '('")
    page.keyboard.press("Enter")
    page.get_by_text("'(' lacks its ')'").wait_for()
    assert page.locator(".fault").count() == 1
    box.fill("")
    box.press_sequentially("user = m")
    page.get_by_role("option", name="me whoever asks").click()
    assert box.input_value().strip() == "user = me"
