"""What can be done with a chart: hold it, take it away, smooth it, and see it follow what happens."""

import csv
import io
import json
import math
import xml.etree.ElementTree

import pytest


def falling(count, floor=0.2):
    return [4 * math.exp(-step / 10) + floor for step in range(count)]


@pytest.fixture(scope="module")
def charted(server):
    experiment = server.experiment("charted")
    for index in range(3):
        server.run(experiment, f"=run,{index}", {"train/loss": falling(700), "val/loss": falling(700, 0.3 + index / 20)})
    return experiment


def card(page, path, name="loss", lines=6):
    page.goto(path)
    found = page.locator(f"figure[data-name='{name}'][data-lines='{lines}']")
    found.wait_for()
    return found


def take(page, found, entry):
    found.locator(".menu summary").click()
    with page.expect_download() as download:
        found.get_by_role("menuitem", name=entry).click()
    return download.value


def test_a_card_is_saved_as_a_picture(page, charted):
    saved = take(page, card(page, f"/e/{charted}/charts"), "PNG")
    assert saved.suggested_filename == "loss.png"
    assert saved.path().read_bytes().startswith(b"\x89PNG") and saved.path().stat().st_size > 3_000


def test_a_card_is_saved_as_a_drawing(page, charted):
    saved = take(page, card(page, f"/e/{charted}/charts"), "SVG")
    assert saved.suggested_filename == "loss.svg"
    text = saved.path().read_text()
    drawing = xml.etree.ElementTree.fromstring(text)
    names = {"svg": "http://www.w3.org/2000/svg"}
    strokes = [path for path in drawing.findall(".//svg:g/svg:g/svg:path", names) if path.get("fill") == "none"]
    # Three runs, each with a dashed and a solid line of hundreds of points.
    lines = [path for path in strokes if path.get("d").count("L") > 100]
    assert len(lines) == 6 and sum(path.get("stroke-dasharray") is not None for path in lines) == 3
    assert len({path.get("stroke") for path in lines}) == 3
    texts = [one.text for one in drawing.findall(".//svg:text", names)]
    assert any(one.startswith("loss") for one in texts) and "=run,0" in texts and "600" in texts
    assert "NaN" not in text and "undefined" not in text


def test_every_point_of_a_card_is_saved_as_csv(page, charted):
    saved = take(page, card(page, f"/e/{charted}/charts"), "CSV")
    rows = list(csv.DictReader(io.StringIO(saved.path().read_text())))
    assert len(rows) == 3 * 2 * 700
    assert {row["name"] for row in rows} == {f"'=run,{index}" for index in range(3)}
    assert float(rows[0]["value"]) > 4


def test_every_point_of_a_card_is_saved_as_json(page, charted):
    saved = take(page, card(page, f"/e/{charted}/charts"), "JSON")
    series = json.loads(saved.path().read_text())
    assert [len(one["points"]["values"]) for one in series] == [700] * 6


def test_the_numbers_of_a_card_are_a_table(page, charted):
    found = card(page, f"/e/{charted}/charts")
    found.locator(".menu summary").click()
    found.get_by_role("menuitem", name="See data table").click()
    table = page.get_by_role("dialog").get_by_role("table")
    assert "700 points" in table.locator("caption").inner_text()
    assert table.locator("tbody tr").count() >= 100
    cells = table.locator("tbody tr").last.locator("td").all_inner_texts()
    assert len(cells) == 8 and all(cells) and "undefined" not in cells
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_the_link_to_a_card_shows_that_card_alone(page, browser, server, charted):
    server.run(charted, "other", {"other.metric": [1.0, 2.0]})
    found = card(page, f"/e/{charted}/charts")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    found.locator(".menu summary").click()
    found.get_by_role("menuitem", name="Copy link").click()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    found.wait_for()
    assert page.locator("figure").count() == 1


def test_a_click_holds_the_tooltip_until_escape(page, charted):
    plot = card(page, f"/e/{charted}/charts").locator(".plot")
    plot.click(position={"x": 200, "y": 100})
    tip = page.locator(".chart-tip.frozen")
    tip.wait_for()
    before = tip.inner_text()
    plot.hover(position={"x": 300, "y": 60})
    assert tip.inner_text() == before
    page.keyboard.press("Escape")
    page.locator(".chart-tip").wait_for(state="hidden")


def test_arrows_walk_a_chart_and_space_holds(page, charted):
    card(page, f"/e/{charted}/charts").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator(".chart-tip:not(.frozen)", has_text="step").wait_for()
    page.keyboard.press("Space")
    page.locator(".chart-tip.frozen").wait_for()


def test_smoothing_comes_from_the_server_and_leaves_the_raw_numbers(page, charted):
    found = card(page, f"/e/{charted}/charts")
    # Another question, for points that came meanwhile, may be on its way.
    with page.expect_request(lambda one: one.url.endswith("/series") and one.post_data_json["smoothingHalfLife"] == 20):
        page.get_by_label("smooth ½").fill("20")
        page.keyboard.press("Enter")
    found.get_by_text("EMA ½=20").wait_for()
    assert "smooth=20" in page.url
    found.locator(".plot").hover(position={"x": 250, "y": 100})
    values = page.locator(".chart-tip tr").first.locator("td")
    assert float(values.nth(1).inner_text()) > 0 and values.nth(2).inner_text().startswith("~")


def test_charts_that_show_nothing_say_what_to_press(page, server, charted):
    page.goto(f"/e/{charted}/charts?show=none")
    page.get_by_role("button", name="Show the first runs").click()
    page.locator("figure[data-name='loss']").wait_for()
    page.goto(f"/e/{server.experiment('nothing to draw')}/charts")
    page.get_by_text("import mlflow").wait_for()


def test_a_spike_of_few_runs_among_many_is_seen(page, server):
    experiment = server.experiment("rare")
    runs = [server.run(experiment, f"run-{index}", {"common": [1.0, 2.0], **({"rare": [1.0] * 3_000 + [9.0] + [1.0] * 3_000} if index == 3 else {})})
            for index in range(12)]
    page.goto(f"/e/{experiment}/charts?show={','.join(runs)}")
    # Twelve lines have no bands, which are not asked for; that only one run has the other metric shows in the answer.
    page.locator("figure[data-name='common'][data-lines='12']").wait_for()
    rare = page.locator("figure[data-name='rare'][data-lines='1']")
    rare.get_by_text("band min–max").wait_for()
    # The spike is clipped, so it was seen.
    assert rare.get_by_text("clipped").count() == 1 or float(rare.get_attribute("data-high")) > 8
