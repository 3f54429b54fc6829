"""What a chart must not say: values that are none, lines that go on after their end, runs that are another."""

import math
import re
import xml.etree.ElementTree

import pytest
from playwright.sync_api import expect
from test_charts import take

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def falling(count, floor=0.2):
    return [2 * math.exp(-step / 40) + floor for step in range(count)]


@pytest.fixture(scope="module")
def ended(server):
    """One run to the end, a shorter one, one that ends in NaN, one that goes on; and two of the same name."""
    experiment = server.experiment("ended early")
    runs = {"whole": server.run(experiment, "whole", {"loss": falling(300)}),
            "short": server.run(experiment, "short", {"loss": falling(100, 0.6)}),
            "broken": server.run(experiment, "broken", {"loss": [*falling(120, 1.0), *["NaN", "Infinity"] * 90]}),
            "going": server.run(experiment, "going", {"loss": falling(150, 0.4)}, status="running")}
    return experiment, runs


@pytest.fixture(scope="module")
def twins(server):
    experiment = server.experiment("twins")
    runs = [server.run(experiment, "same name", {"loss": falling(50 + 10 * index, index / 2)}) for index in range(2)]
    return experiment, [*runs, server.run(experiment, "other", {"loss": falling(60, 2)})]


def opened(page, experiment, lines, query=""):
    page.goto(f"/e/{experiment}/charts{query}")
    figure = page.locator(f"figure[data-name='loss'][data-lines='{lines}']")
    figure.wait_for()
    return figure


def drawing(page, figure):
    """The texts and the strokes of a card, from its drawing; places are those of its canvas."""
    root = xml.etree.ElementTree.fromstring(take(page, figure, "SVG").path().read_text())
    texts = {one.text: (float(one.get("x")), float(one.get("y"))) for one in root.findall(".//svg:text", NAMES)}
    return texts, [path for path in root.findall(".//svg:path", NAMES) if path.get("fill") == "none"]


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path.get("d"))]


def dotted(strokes):
    return [path for path in strokes if path.get("stroke-dasharray") == "1 3"]


def test_only_the_line_of_a_run_that_goes_on_is_led_to_its_name(page, ended):
    experiment, _ = ended
    texts, strokes = drawing(page, opened(page, experiment, 4))
    leaders = dotted(strokes)
    assert len(leaders) == 1
    line = next(path for path in strokes if path.get("stroke") == leaders[0].get("stroke") and path is not leaders[0] and len(points(path)) > 100)
    assert points(leaders[0])[0] == (pytest.approx(points(line)[-1][0] + 3, abs=0.1), pytest.approx(points(line)[-1][1], abs=0.1))
    assert points(leaders[0])[1][1] == pytest.approx(texts["going"][1] - 4, abs=0.1)


def test_names_stand_where_lines_end(page, ended):
    experiment, _ = ended
    texts, strokes = drawing(page, opened(page, experiment, 4))
    ends = {len(points(path)): points(path)[-1] for path in strokes if len(points(path)) >= 100}
    # Broken is the line with 120 numbers, however many values come after them.
    for name, count in (("short", 100), ("broken", 120)):
        x, y = texts[name]
        assert abs(x - ends[count][0]) < 90 and abs(y - ends[count][1]) < 40, name
    assert texts["whole"][0] > ends[300][0] and texts["going"][0] == texts["whole"][0]


def test_a_line_that_goes_on_beyond_a_zoom_has_its_name_at_the_edge(page, ended):
    experiment, _ = ended
    page.goto(f"/e/{experiment}/charts?x=20..80")
    figure = page.locator("figure[data-name='loss'][data-x0='20']")
    figure.wait_for()
    texts, strokes = drawing(page, figure)
    assert dotted(strokes) == [] and len({texts[name][0] for name in ("whole", "short", "broken", "going")}) == 1


def test_what_is_no_number_stands_below_the_axis(page, ended):
    experiment, _ = ended
    figure = opened(page, experiment, 4)
    texts, strokes = drawing(page, figure)
    ground = max(y for path in strokes if path.get("d").count("L") >= 99 and path.get("d").count("M") == 1 for _, y in points(path))
    axis = next(path for path in strokes if re.fullmatch(r"M[\d.]+ [\d.]+L[\d.]+ [\d.]+(M[\d.]+ [\d.]+L[\d.]+ [\d.]+)+", path.get("d"))
                and points(path)[0][1] == points(path)[1][1] and points(path)[2][0] == points(path)[3][0])
    base = points(axis)[0][1]
    broken = next(path for path in strokes if len(points(path)) == 120).get("stroke")
    crosses = [path for path in strokes if path.get("stroke") == broken and path.get("stroke-width") == "1.5" and len(points(path)) != 120]
    places = [place for path in crosses for place in points(path)]
    assert ground <= base and len(places) >= 4 * 20
    assert all(y > base + 4 for _, y in places) and max(y for _, y in places) < texts["100"][1] - 8
    # Crosses, of which each stroke is short, and no bar.
    assert all(abs(left[0] - right[0]) < 6 for left, right in zip(places[::2], places[1::2]))
    assert figure.get_by_text("× 90 NaN").get_attribute("title") == "Values that are no finite number: they are crosses below the axis"


def test_the_tooltip_says_what_is_there_instead_of_a_number(page, ended):
    experiment, _ = ended
    figure = opened(page, experiment, 4, "?x=119..127")
    figure = page.locator("figure[data-x0='119']")
    figure.wait_for()
    figure.focus()
    row = page.locator(".chart-tip tr", has_text="broken")
    found = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        found.append(row.locator("td").nth(1).inner_text())
    assert found[1:] == ["NaN", "infinite"] and float(found[0]) > 1


def test_a_chart_without_them_has_no_room_for_them(page, twins):
    experiment, _ = twins
    figure = opened(page, experiment, 3)
    texts, strokes = drawing(page, figure)
    height = figure.locator(".plot").bounding_box()["height"]
    assert max(y for path in strokes for _, y in points(path)) < height + 28 - 17


def drag(page, figure, start, end):
    box = figure.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 60)
    page.locator(".chart-tip:not([hidden])").wait_for()
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 60, steps=5)


def crosshair(figure):
    return figure.locator("canvas.overlay").evaluate("canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)")


def test_a_drag_takes_the_tooltip_away(page, ended):
    experiment, _ = ended
    figure = opened(page, experiment, 4)
    drag(page, figure, 0.2, 0.4)
    expect(page.locator(".chart-tip")).to_be_hidden()
    page.mouse.up()
    page.wait_for_function("document.querySelector('figure[data-name=loss]').dataset.x0 > 20")
    expect(page.locator(".chart-tip")).to_be_hidden()
    assert not crosshair(figure)
    # The next movement says what is there now.
    box = figure.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 61)
    page.locator(".chart-tip:not([hidden])").wait_for()
    x0, x1 = (float(figure.get_attribute(f"data-{name}")) for name in ("x0", "x1"))
    assert x0 <= int(page.locator(".chart-tip b").first.inner_text().removeprefix("step ")) <= x1


def test_a_zoom_lets_a_held_tooltip_go(page, ended):
    experiment, _ = ended
    figure = opened(page, experiment, 4)
    figure.locator(".plot").click()
    page.locator(".chart-tip.frozen").wait_for()
    page.mouse.move(5, 5)
    page.evaluate("() => { document.querySelector('.plot').dispatchEvent(new WheelEvent('wheel', { deltaY: -100, ctrlKey: true, clientX: 500, clientY: 300, bubbles: true, cancelable: true })); }")
    page.wait_for_function("document.querySelector('figure[data-name=loss]').dataset.x0 > 0")
    expect(page.locator(".chart-tip")).to_be_hidden()
    assert not crosshair(figure)


def test_runs_of_one_name_are_told_apart(page, twins):
    experiment, (first, second, _) = twins
    figure = opened(page, experiment, 3)
    length = next(length for length in range(4, 33) if first[:length] != second[:length])
    labels = [f"same name {first[:length]}", f"same name {second[:length]}", "other"]
    texts, _ = drawing(page, figure)
    assert set(labels) <= set(texts) and "same name" not in texts
    assert all(label in figure.locator("figcaption").text_content() for label in labels)
    box = figure.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    rows = page.locator(".chart-tip tr")
    rows.nth(2).wait_for()
    cells = [row.locator("td").all_inner_texts() for row in rows.all()]
    assert {(row[3], row[4]) for row in cells} == {("same name", first[:length]), ("same name", second[:length]), ("other", "")}


def test_a_name_that_is_cut_keeps_what_tells_it_apart(page, server):
    experiment = server.experiment("long twins")
    name = "a name that is much longer than the room at the right of the plot"
    runs = [server.run(experiment, name, {"loss": falling(50, index)}) for index in range(2)]
    texts, _ = drawing(page, opened(page, experiment, 2))
    assert {run[:4] for run in runs} <= {text.split("… ")[-1] for text in texts if text.startswith("a name")}
