"""What a run printed, as a terminal would show it."""

import json
import re

import pytest
from wandb_http import Run


def line(page, number):
    return page.locator(f".line[data-line='{number}']")


def text(page, number):
    return line(page, number).locator(".line-text").inner_text()


@pytest.fixture(scope="module")
def printed(server):
    run = Run(server, "printing", "printed")
    run.print("\x1b[31mred\x1b[0m \x1b[1mbold\x1b[22m \x1b[4munder\x1b[0m \x1b[7mturned\x1b[0m \x1b[38;5;208mcube\x1b[0m \x1b[48;2;10;20;30mtrue\x1b[0m end",
              "<b onclick=alert(1)>not bold</b> <script>alert(1)</script>", "\x1b]0;title\x07 50%\r100%\x1b[K \x1b[2Jdone")
    run.print("something broke", is_error=True)
    run.print("wide " * 400, *(f"step {index}" for index in range(200)))
    return run


@pytest.fixture(scope="module")
def many(server):
    """200,000 lines; the word `needle` stands in three of them."""
    run = Run(server, "printing", "many")
    for start in range(0, 200_000, 50_000):
        run.print(*(f"line {index}{' needle' if index in (150, 90_000, 199_990) else ''}" for index in range(start, start + 50_000)))
    return run


def test_a_run_that_printed_nothing_has_no_tab(page, server):
    run = server.run(server.experiment("silent"), "silent", {"m": [1.0]})
    page.goto(f"/r/{run}")
    page.get_by_role("link", name="artifacts").wait_for()
    assert page.locator(".tabs a").count() == 6
    page.goto(f"/r/{run}/console")
    page.get_by_text("Nothing was printed yet").wait_for()


def test_the_number_of_a_tab_opens_it(page, printed):
    page.goto(f"/r/{printed.id}")
    page.get_by_role("link", name="console").wait_for()
    page.keyboard.press("5")
    page.locator(".line").first.wait_for()
    assert page.url.endswith("/console")


def test_colours_and_styles_are_drawn_and_other_sequences_dropped(page, printed):
    page.goto(f"/r/{printed.id}/console?line=1")
    line(page, 1).locator(".line-text span").first.wait_for()
    assert text(page, 1) == "red bold under turned cube true end"
    part = lambda word: line(page, 1).get_by_text(word, exact=True)
    style = lambda word, name: part(word).evaluate("(one, name) => getComputedStyle(one)[name]", name)
    assert style("red", "color") == "rgb(180, 35, 24)"
    assert style("bold", "fontWeight") == "700" and style("under", "textDecorationLine") == "underline"
    assert style("turned", "backgroundColor") == "rgb(29, 36, 48)" and style("turned", "color") == "rgb(255, 255, 255)"
    assert style("cube", "color") == "rgb(255, 135, 0)" and style("true", "backgroundColor") == "rgb(10, 20, 30)"
    # The last of what was written over one another is what a terminal shows.
    assert text(page, 3) == "100% done"
    assert "is-error" in line(page, 4).get_attribute("class") and "is-error" not in (line(page, 3).get_attribute("class") or "")


def test_text_stays_text(page, printed):
    page.goto(f"/r/{printed.id}/console?line=2")
    line(page, 2).locator(".line-text").wait_for()
    assert text(page, 2) == "<b onclick=alert(1)>not bold</b> <script>alert(1)</script>"
    assert page.locator(".lines b, .lines script").count() == 0


def test_it_opens_at_the_end_and_reads_what_is_scrolled_to(page, many):
    page.goto(f"/r/{many.id}/console")
    line(page, 200_000).locator(".line-text").wait_for()
    assert text(page, 200_000) == "line 199999"
    assert page.get_by_text("200,000 lines").is_visible()
    page.locator(".lines").evaluate("box => { box.scrollTop = box.scrollHeight / 2; }")
    line(page, 100_000).locator(".line-text").wait_for()
    assert text(page, 100_000) == "line 99999"
    page.locator(".lines").evaluate("box => { box.scrollTop = 0; }")
    line(page, 1).locator(".line-text").wait_for()
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500
    page.get_by_role("button", name="To the end").click()
    line(page, 200_000).locator(".line-text").wait_for()
    assert page.get_by_role("button", name="To the end").is_hidden()


def test_an_address_leads_to_a_line(page, many):
    page.goto(f"/r/{many.id}/console?line=123456")
    line(page, 123_456).locator(".line-text").wait_for()
    assert line(page, 123_456).get_attribute("aria-current") == "true"
    line(page, 123_458).locator(".line-number").click()
    assert page.url.endswith("?line=123458")
    assert line(page, 123_458).get_attribute("aria-current") == "true" and line(page, 123_456).get_attribute("aria-current") is None


def test_find_goes_through_all_lines(page, many):
    page.goto(f"/r/{many.id}/console")
    line(page, 200_000).locator(".line-text").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("NEEDLE")
    page.get_by_text("1 line of those that are loaded").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("3 of 3 lines").wait_for()
    assert line(page, 199_991).locator("mark").inner_text() == "needle"
    page.keyboard.press("Enter")
    page.get_by_text("1 of 3 lines").wait_for()
    line(page, 151).locator("mark").wait_for()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    line(page, 90_001).locator("mark").wait_for()
    page.keyboard.type("s")
    page.keyboard.press("Enter")
    page.get_by_text("no line has it").wait_for()


def test_it_can_be_downloaded_whole(page, many):
    page.goto(f"/r/{many.id}/console")
    line(page, 200_000).locator(".line-text").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="download").click()
    lines = open(download.value.path()).read().splitlines()
    assert len(lines) == 200_000 and lines[150] == "line 150 needle" and download.value.suggested_filename == "many.log"


def test_it_follows_the_end_and_stays_where_one_scrolled(page, server):
    run = Run(server, "printing", "goes on")
    run.print(*(f"before {index}" for index in range(300)))
    page.goto(f"/r/{run.id}/console")
    line(page, 300).locator(".line-text").wait_for()
    run.print("after 1")
    line(page, 301).locator(".line-text").wait_for()
    bottom = lambda: page.locator(".lines").evaluate("box => box.scrollTop + box.clientHeight - box.scrollHeight")
    assert abs(bottom()) <= 2
    page.locator(".lines").hover()
    page.mouse.wheel(0, -1500)
    page.get_by_role("button", name="To the end").wait_for()
    place = lambda: line(page, 200).bounding_box()["y"]
    line(page, 200).locator(".line-text").wait_for()
    before = place()
    run.print(*(f"more {index}" for index in range(50)))
    page.get_by_text("351 lines").wait_for()
    assert abs(place() - before) <= 1
    # Also where lines wrap, and with a line that is written over.
    run.stream({"output.log": {"offset": 199, "content": ["2026-11-23T12:22:51.000000 written over"]}})
    page.get_by_role("button", name="wrap").click()
    before = place()
    run.print(*(f"still more {index} " * 30 for index in range(50)))
    page.get_by_text("401 lines").wait_for()
    assert abs(place() - before) <= 1


def test_a_tab_appears_with_the_first_line(page, server):
    run = Run(server, "printing", "late")
    page.goto(f"/r/{run.id}")
    page.get_by_role("link", name="artifacts").wait_for()
    assert page.get_by_role("link", name="console").count() == 0
    run.print("hello")
    page.get_by_role("link", name="console").click()
    line(page, 1).locator(".line-text").wait_for()


def test_time_and_wrapping_can_be_chosen(page, printed):
    page.goto(f"/r/{printed.id}/console?line=5")
    long = line(page, 5)
    long.locator(".line-text").wait_for()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", long.locator(".line-time").inner_text())
    assert long.bounding_box()["height"] < 20
    page.get_by_role("button", name="time").click()
    assert long.locator(".line-time").is_hidden()
    page.get_by_role("button", name="wrap").click()
    assert long.bounding_box()["height"] > 40 and "wrap=1" in page.url and "time=0" in page.url
    # All of it can be reached, from the first to the last line.
    box = page.locator(".lines")
    box.evaluate("box => { box.scrollTop = 0; }")
    line(page, 1).wait_for()
    assert line(page, 1).bounding_box()["y"] >= box.bounding_box()["y"] - 1
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    line(page, 205).wait_for()
    end = line(page, 205).bounding_box()
    assert abs(end["y"] + end["height"] - box.bounding_box()["y"] - box.bounding_box()["height"]) <= 2
    page.reload()
    line(page, 5).locator(".line-text").wait_for()
    assert page.get_by_role("button", name="wrap").get_attribute("aria-pressed") == "true"


def test_it_fits_a_phone(page, printed):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/r/{printed.id}/console")
    line(page, 205).locator(".line-text").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert line(page, 205).locator(".line-time").is_hidden()


def test_which_process_printed_a_line_is_told(page, server):
    run = Run(server, "printing", "processes")
    run.send("output.log", [json.dumps({"ts": "2026-11-23T12:22:50.668942", "content": "from the second", "label": "rank1"})])
    page.goto(f"/r/{run.id}/console")
    line(page, 1).locator(".line-text").wait_for()
    assert text(page, 1) == "[rank1] from the second"


def test_the_page_of_a_failed_run_says_why(page, server):
    run = Run(server, "printing", "fails")
    page.goto(f"/r/{run.id}")
    page.get_by_role("heading", name="fails").wait_for()
    run.print("fine so far")
    run.print("Traceback (most recent call last):", "  File \"train.py\", line 3", "\x1b[31mValueError\x1b[0m: <b>lr</b> is negative", "", is_error=True)
    run.stream(complete=True, exitcode=1)
    banner = page.get_by_role("status").filter(has_text="Failed: ")
    banner.wait_for()
    assert banner.inner_text().startswith("Failed: ValueError: <b>lr</b> is negative")
    banner.get_by_role("link", name="console").click()
    page.locator(".line").first.wait_for()
