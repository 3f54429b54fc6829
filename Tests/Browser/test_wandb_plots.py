"""Charts that a program made with wandb.plot, and figures of Plotly, as wandb 0.31.0 sends them."""

import base64
import json
import struct

import pytest
from playwright.sync_api import expect
from wandb_http import Run


def asked(key, panel, fields, title="", table=None, **texts):
    """What `wandb.plot` writes into the config for one chart."""
    table = table or f"{key}_table"
    query = {"name": "runSets", "args": [{"name": "runSets", "value": "${runSets}"}],
             "fields": [{"name": "id", "fields": []}, {"name": "summaryTable", "args": [{"name": "tableKey", "value": table}], "fields": []}]}
    return table, {"panel_type": "Vega2", "panel_config": {
        "panelDefId": panel, "fieldSettings": fields, "stringSettings": {"title": title, **texts},
        "transform": {"name": "tableWithLeafColNames"}, "userQuery": {"queryFields": [query]}}}


def packed(values, dtype="f8", sign="d", **more):
    """A list of numbers as Plotly 6 and later write it."""
    return {"dtype": dtype, "bdata": base64.b64encode(struct.pack(f"<{len(values)}{sign}", *values)).decode(), **more}


CURVE = {"x": "fpr", "y": "tpr", "class": "class"}
TABLES = {
    "waves": ("wandb/line/v0", {"x": "x", "y": "height", "stroke": "who"}, {"title": "Waves"},
              ["x", "height", "who"], [[x, x * k, f"class {k}"] for k in (1, 2, 3) for x in range(5)]),
    "plain": ("wandb/line/v0", {"x": "time", "y": "square", "stroke": None}, {"title": ""}, ["time", "square"], [[2, 4.0], [1, 1.0], [3, "NaN"]]),
    "series": ("wandb/lineseries/v0", {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"}, {"title": "Decay", "xname": "epoch"},
               ["step", "lineKey", "lineVal"], [[x, name, 1 / (x + 1)] for name in ("a", "<img src=x onerror=alert(1)>") for x in range(4)]),
    "cloud": ("wandb/scatter/v0", {"x": "weight", "y": "size"}, {"title": "Cloud"}, ["weight", "size"], [[i % 7, i % 5] for i in range(35)]),
    "bars": ("wandb/bar/v0", {"label": "label", "value": "value"}, {"title": "Bars"}, ["label", "value"], [["one", -3.0], ["<b>two</b>", 6.5]]),
    "histo": ("wandb/histogram/v0", {"value": "score"}, {"title": "Scores"}, ["score"], [[float(i % 10)] for i in range(100)]),
    "confusion": ("wandb/confusion_matrix/v1", {name: name for name in ("Actual", "Predicted", "nPredictions")}, {"title": "Who is who"},
                  ["Actual", "Predicted", "nPredictions"], [["cat", "cat", 8.0], ["cat", "dog", 2.0], ["dog", "cat", 1.0], ["dog", "dog", 19.0]]),
    "roc": ("wandb/area-under-curve/v0", CURVE, {"title": "ROC Curve", "x-axis-title": "False positive rate", "y-axis-title": "True positive rate"},
            ["class", "fpr", "tpr"], [["cat", 0.0, 0.0], ["cat", 0.0, 0.5], ["cat", 0.5, 1.0], ["cat", 1.0, 1.0], ["dog", 0.0, 0.0], ["dog", 1.0, 1.0]]),
    "pr": ("wandb/area-under-curve/v0", {"x": "recall", "y": "precision", "class": "class"}, {"title": "PR", "x-axis-title": "Recall", "y-axis-title": "Precision"},
           ["class", "precision", "recall"], [["cat", 0.5, 1.0], ["cat", 1.0, 0.0]]),
    "own": ("me/<i>preset</i>", {"x": "a"}, {"title": "own"}, ["a", "b"], [[1, 2], [3, 4]]),
    "names": ("wandb/confusion_matrix/v1", {name: name for name in ("Actual", "Predicted", "nPredictions")}, {"title": ""},
              ["Actual", "Predicted", "nPredictions"], [[f"a{i}", f"b{i}", 1.0] for i in range(1_200)]),
    "broken": ("wandb/line/v0", {"x": "nope", "y": "b"}, {"title": ""}, ["a", "b"], [[1, 2]]),
}
FIGURES = {
    "sines": {"data": [{"type": "scatter", "mode": "lines", "name": "sin", "x": [0, 1, 2], "y": packed([0.0, 0.84, 0.91])},
                       {"type": "scatter", "mode": "markers", "name": "cos", "x": packed([0, 1, 2], "i1", "b"), "y": [1.0, 0.54, -0.42]}],
              "layout": {"title": {"text": "Sines"}, "xaxis": {"title": {"text": "angle"}}, "yaxis": {"type": "linear"}, "template": {"data": {}}}},
    "columns": {"data": [{"type": "bar", "name": name, "x": ["a", "b"], "y": [1, k]} for k, name in enumerate(("one", "two"), 2)], "layout": {}},
    "many": {"data": [{"type": "histogram", "x": packed([float(i % 4) for i in range(40)])}], "layout": {}},
    "heat": {"data": [{"type": "heatmap", "z": packed([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], shape="2, 3"), "x": ["a", "b", "c"]}], "layout": {}},
    "pie": {"data": [{"type": "pie", "labels": ["<b>a</b>", "b"], "values": [1, 2]}], "layout": {"title": {"text": "Pie"}, "template": {"data": "long"}}},
}


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "plots", "eight")
    visualize = {}
    for step in range(2):
        row = {"_step": step}
        for key, (panel, fields, texts, columns, data) in TABLES.items():
            name, visualize[key] = asked(key, panel, fields, table="Custom Chart Tables/series_table" if key == "series" else None, **texts)
            path = f"media/table/{name}_{step}.table.json"
            run.file(path, json.dumps({"columns": columns, "data": data if step else data[:-1]}).encode())
            row[name] = {"_type": "table-file", "path": path, "nrows": len(data), "ncols": len(columns)}
        if step:
            for key, content in FIGURES.items():
                run.file(f"media/plotly/{key}.plotly.json", json.dumps(content).encode())
                row[key] = {"_type": "plotly-file", "path": f"media/plotly/{key}.plotly.json", "size": 10}
        run.log(row)
    run.configure({"lr": {"value": 0.1}, "_wandb": {"value": {"visualize": visualize}}})
    return run


@pytest.fixture
def charts(page, run):
    page.goto(f"/r/{run.id}/media")
    page.locator(".media-card").first.wait_for()

    def card(key):
        found = page.locator(".media-card").filter(has=page.get_by_role("heading", name=key, exact=True))
        found.scroll_into_view_if_needed()
        return found

    page.card = card
    return page


def summary(card):
    card.locator(".figure-svg").wait_for()
    return card.locator(".figure-plot").get_attribute("aria-label").removesuffix(" Arrow keys go over its values.")


@pytest.mark.parametrize("key, words", {
    "waves": "Waves: 15 points in 3 series (class 1, class 2, class 3), x from 0 to 4, height from 0 to 12.",
    "plain": "plain: 2 points in 1 series (square), time from 1 to 2, square from 1 to 4.",
    "series": "Decay: 8 points in 2 series (a, <img src=x onerror=alert(1)>), epoch from 0 to 3, y from 0.25 to 1.",
    "cloud": "Cloud: 35 points in 1 series (size), weight from 0 to 6, size from 0 to 4.",
    "bars": "Bars: 2 bars of value from −3 to 6.5.",
    "confusion": "Who is who: 2 rows (Actual) and 2 columns (Predicted).",
    "roc": "ROC Curve: 6 points in 2 series (cat · area 0.875, dog · area 0.500), False positive rate from 0 to 1, True positive rate from 0 to 1.",
    "pr": "PR: 2 points in 1 series (cat · area 0.750), Recall from 0 to 1, Precision from 0.5 to 1.",
    "sines": "Sines: 6 points in 2 series (sin, cos), angle from 0 to 2, y from −0.42 to 1.",
    "columns": "2 bars of one, two from 1 to 3.",
    "heat": "2 rows and 3 columns.",
}.items())
def test_each_kind_is_drawn_and_summed_up_in_words(charts, key, words):
    assert summary(charts.card(key)) == words


def test_a_histogram_counts_the_values(charts):
    card = charts.card("histo")
    assert summary(card).startswith("Scores: ") and "score from 0 to 9, count from" in summary(card)
    card.locator(".figure-plot").focus()
    total = 0
    charts.keyboard.press("Home")
    for _ in range(int(summary(card).split()[1])):
        total += int(card.locator(".figure-readout").inner_text().split("count ")[1])
        charts.keyboard.press("ArrowRight")
    assert total == 100
    assert "count" in summary(charts.card("many"))


def test_the_value_that_is_pointed_at_is_told(charts):
    card = charts.card("confusion")
    card.locator("rect").first.hover(force=True)
    expect(card.locator(".figure-readout")).to_have_text("Actual cat · Predicted cat · 8 · 80.0 % of the row")
    shades = card.locator("rect").evaluate_all("cells => cells.map((cell) => Number(cell.style.fillOpacity))")
    assert shades[3] > shades[0] > shades[1] > shades[2]
    card.locator(".figure-plot").focus()
    charts.keyboard.press("Home")
    charts.keyboard.press("ArrowDown")
    expect(card.locator(".figure-readout")).to_have_text("Actual dog · Predicted cat · 1 · 5.0 % of the row")
    # The arrows are those of the page again once the chart has lost the focus.
    assert card.get_by_text("step 1 · 2 of 2").is_visible()
    charts.keyboard.press("Escape")
    waves = charts.card("waves")
    waves.locator(".figure-plot").focus()
    charts.keyboard.press("End")
    expect(waves.locator(".figure-readout")).to_have_text("class 3 · x 4 · height 12")


def test_series_can_be_left_out_and_the_numbers_be_read(charts):
    waves = charts.card("waves")
    key = waves.get_by_role("button", name="class 2")
    key.click()
    expect(waves.locator(".figure-line")).to_have_count(2)
    expect(key).to_have_attribute("aria-pressed", "false")
    key.press("Enter")
    expect(waves.locator(".figure-line")).to_have_count(3)
    waves.get_by_text("Data · 15 rows").click()
    expect(waves.get_by_role("columnheader")).to_have_text(["x", "height", "who"])
    expect(waves.locator(".table-row").first.locator(".table-cell")).to_have_text(["0", "0", "class 1"])


def test_steps_change_the_drawing(charts):
    card = charts.card("waves")
    card.get_by_text("step 1 · 2 of 2").wait_for()
    card.get_by_role("button", name="Earlier step").click()
    expect(card.locator(".figure-plot")).to_have_attribute("aria-label", "Waves: 14 points in 3 series (class 1, class 2, class 3), x from 0 to 4, height from 0 to 9. Arrow keys go over its values.")


def test_what_is_not_drawn_is_shown_as_what_it_is(charts):
    own = charts.card("own")
    own.get_by_text("The Vega specification me/<i>preset</i> is not drawn here; this is its table.").wait_for()
    assert own.locator(".table-row").count() == 2
    for key in ("broken", "names"):
        charts.card(key).get_by_text("The table lacks a column that the chart names, or has too many names").wait_for()
    pie = charts.card("pie")
    pie.get_by_text("A figure of Plotly with pie is not drawn here").wait_for()
    assert pie.get_by_role("link", name="pie.plotly.json").is_visible()
    assert '"<b>a</b>"' in pie.locator("pre").inner_text() and "template" not in pie.locator("pre").inner_text()
    expect(charts.card("plain").locator(".figure-readout")).to_have_text("1 point without a place left out")


def test_charts_stand_first_and_fit_a_phone(charts):
    heads = charts.locator(".media-card h2").all_inner_texts()
    assert "series" in heads and "Custom Chart Tables/series_table" not in heads
    charts.set_viewport_size({"width": 360, "height": 740})
    for key in ("roc", "confusion", "bars", "heat"):
        charts.card(key).locator(".figure-svg").wait_for()
    charts.wait_for_timeout(200)
    assert charts.evaluate("document.documentElement.scrollWidth") == 360
    assert charts.locator(".figure-plot").evaluate_all("all => all.every((one) => one.scrollWidth <= one.clientWidth + 1)")


def test_a_chart_that_a_run_goes_on_with_appears(page, server):
    run = Run(server, "plots", "late")
    table = {"_type": "table-file", "path": "media/table/late_table.table.json", "nrows": 1, "ncols": 2}
    run.file(table["path"], json.dumps({"columns": ["a", "b"], "data": [[1, 2], [2, 3]]}).encode())
    run.log({"_step": 0, "late_table": table})
    page.goto(f"/r/{run.id}/media")
    page.get_by_role("heading", name="late_table").wait_for()
    name, spec = asked("late", "wandb/scatter/v0", {"x": "a", "y": "b"}, "Late")
    run.configure({"_wandb": {"value": {"visualize": {"late": spec}}}})
    run.log({"_step": 1, "late_table": table})
    page.locator(".figure-dots").wait_for()
    assert page.get_by_role("heading", name="late_table").count() == 0
