"""What a run logged that is no number: pictures, histograms, tables, pages, texts."""

import io
import json
import math
import struct
import wave
import zlib

import pytest
from playwright.sync_api import expect
from wandb_http import Run


def png(color, width=8, height=6):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(color) * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def sound():
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(index / 5))) for index in range(4000)))
    return data.getvalue()


def picture(path, **more):
    return {"_type": "image-file", "path": path, "width": 8, "height": 6, "format": "png", **more}


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "media", "media")
    table = {"columns": ["id", "label", "score"], "data": [[index, "abc"[index % 3], (index * 37 % 1000) / 10] for index in range(3_000)]}
    files = {
        **{f"media/images/one_{step}.png": png((20 * step, 100, 50)) for step in range(0, 10, 3)},
        **{f"media/images/many_{index}.png": png((10, 40 * index, 90)) for index in range(3)},
        "media/table/rows.table.json": json.dumps(table).encode(), "media/audio/tone.wav": sound(),
        "media/html/page.html": b"<h1>Report</h1>", "media/plotly/p.json": b"{}",
    }
    for path, data in files.items():
        run.file(path, data)
    for step in range(10):
        row = {"_step": step, "loss": 1 / (step + 1), "weights": {"_type": "histogram", "bins": [step - 1.0, step, step + 1.0, step + 2.0], "values": [1, 4 + step, 2]},
               "packed": {"_type": "histogram", "packedBins": {"min": 0, "size": 0.5, "count": 4}, "values": [1, 2, 3, step]}, "words": f"text <b>{step}</b>", "list": [1, "two", step]}
        if step % 3 == 0:
            row["one"] = picture(f"media/images/one_{step}.png", caption=f"at <i>{step}</i>")
        run.log(row)
    run.log({"_step": 10, "many": {"_type": "images/separated", "filenames": [f"media/images/many_{index}.png" for index in range(3)], "captions": ["red", "green", "blue"],
                                   "count": 3, "width": 8, "height": 6, "format": "png"},
             "rows": {"_type": "table-file", "path": "media/table/rows.table.json", "nrows": 3000, "ncols": 3},
             "tone": {"_type": "audio-file", "path": "media/audio/tone.wav", "size": 100, "caption": "a tone"},
             "report": {"_type": "html-file", "path": "media/html/page.html"},
             "plot": {"_type": "plotly-file", "path": "media/plotly/p.json", "size": 2},
             "lost": picture("media/images/lost.png"), "empty": None})
    return run


@pytest.fixture
def media(page, run):
    page.goto(f"/r/{run.id}/media")
    page.locator(".media-card").first.wait_for()
    return page


def card(page, key):
    found = page.locator(f".media-card[data-key='{key}']")
    found.scroll_into_view_if_needed()
    return found


def slide(locator, value):
    locator.evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value)


def test_a_run_without_objects_has_no_tab(page, server):
    run = Run(server, "media", "numbers")
    run.log({"_step": 0, "loss": 1.0})
    page.goto(f"/r/{run.id}")
    page.get_by_role("link", name="artifacts").wait_for()
    assert page.locator(".tabs a", has_text="media").count() == 0


def test_pictures_have_steps_captions_and_a_full_size(media):
    one = card(media, "one")
    one.get_by_text("step 9 · 4 of 4").wait_for()
    assert one.locator("figcaption").inner_text() == "at <i>9</i>"
    expect(one.locator("img")).to_have_js_property("naturalWidth", 8)
    slide(one.locator("input"), 1)
    one.get_by_text("step 3 · 2 of 4").wait_for()
    assert "one_3.png" in one.locator("img").get_attribute("src")
    one.get_by_role("button", name="Earlier step").click()
    one.get_by_text("step 0 · 1 of 4").wait_for()
    many = card(media, "many")
    assert many.locator("figcaption").all_inner_texts() == ["red", "green", "blue"]
    many.locator(".picture button").nth(1).click()
    dialog = media.get_by_role("dialog")
    dialog.get_by_text("2 of 3").wait_for()
    media.keyboard.press("ArrowRight")
    dialog.get_by_text("3 of 3").wait_for()
    assert dialog.get_by_text("blue").is_visible() and dialog.get_by_text("8 × 6").is_visible()
    media.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_missing_file_is_told_and_shown_once_it_is_here(page, server):
    run = Run(server, "media", "late file")
    run.log({"_step": 0, "pic": picture("media/images/late.png")})
    page.goto(f"/r/{run.id}/media")
    card(page, "pic").get_by_text("The file media/images/late.png is not here").wait_for()
    run.file("media/images/late.png", png((1, 2, 3)))
    expect(card(page, "pic").locator("img")).to_have_js_property("naturalWidth", 8)


def test_histograms_are_bars_and_a_map_of_all_steps(media):
    weights = card(media, "weights")
    weights.locator(".heat").wait_for()
    weights.get_by_text("step 9 · 10 of 10").wait_for()
    assert weights.locator(".histogram-bar").count() == 3
    assert "16 values from 8 to 11, most of them (13) from 9" == weights.locator("svg").get_attribute("aria-label")
    assert weights.locator("canvas").evaluate("canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)")
    box = weights.locator(".heat-box").bounding_box()
    media.mouse.click(box["x"] + 2, box["y"] + 10)
    weights.get_by_text("step 0 · 1 of 10").wait_for()
    packed = card(media, "packed")
    packed.locator("svg").wait_for()
    assert "15 values from 0 to 2" in packed.locator("svg").get_attribute("aria-label")


def test_a_table_is_sorted_and_filtered(media):
    rows = card(media, "rows")
    rows.get_by_text("3,000 rows").wait_for()
    first = lambda: rows.locator(".table-row").first.locator(".table-cell").all_inner_texts()
    assert first() == ["0", "a", "0"]
    assert rows.locator(".table-row").count() < 40
    rows.get_by_role("button", name="score").click()
    rows.get_by_role("button", name="score").click()
    assert first() == ["27", "a", "99.9"]
    assert rows.get_by_role("columnheader").nth(2).get_attribute("aria-sort") == "descending"
    rows.get_by_role("searchbox").fill("b 99.8")
    rows.get_by_text("of 3,000 rows").wait_for()
    assert all(cells.split("\n")[1:] == ["b", "99.8"] for cells in rows.locator(".table-row").all_inner_texts())
    rows.get_by_role("searchbox").fill("")
    rows.get_by_text("3,000 rows", exact=True).wait_for()
    rows.locator(".table-grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight; }")
    expect(rows.locator(".table-row").last.locator(".table-cell").last).to_have_text("0")


def test_a_page_is_locked_in_its_frame(browser, server, run):
    trap = Run(server, "media", "trap")
    trap.file("media/html/trap.html", b"<h1>Report</h1><script>parent.document.title = 'broken out'; document.body.append('ran')</script>")
    trap.log({"_step": 0, "trap": {"_type": "html-file", "path": "media/html/trap.html"}})
    # What the frame refuses to do is written to the console, which is a fault anywhere else.
    context = browser.new_context(base_url=server.url)
    try:
        page = context.new_page()
        page.goto(f"/r/{trap.id}/media")
        frame = card(page, "trap").locator("iframe")
        assert frame.get_attribute("sandbox") == ""
        page.frame_locator(".media-card iframe").get_by_text("Report").wait_for()
        assert page.frame_locator(".media-card iframe").get_by_text("ran").count() == 0
        assert page.title() == "trap · Martlet"
    finally:
        context.close()


def test_other_kinds(media):
    expect(card(media, "tone").locator("audio")).to_have_js_property("error", None)
    assert card(media, "tone").locator("figcaption").inner_text() == "a tone"
    assert card(media, "plot").get_by_role("link", name="p.json").is_visible() and card(media, "plot").get_by_text("2 B").is_visible()
    assert card(media, "words").locator("pre").inner_text() == "text <b>9</b>"
    assert card(media, "list").locator("pre").inner_text() == '[1,"two",9]'


def test_one_slider_moves_all_cards_that_have_the_step(media):
    for key in ("one", "weights", "words"):
        card(media, key).get_by_text("step 9 ·").wait_for()
    every = media.get_by_label("Step of all cards")
    slide(every, 6)
    card(media, "one").get_by_text("step 6 · 3 of 4").wait_for()
    card(media, "weights").get_by_text("step 6 · 7 of 10").wait_for()
    slide(every, 5)
    card(media, "weights").get_by_text("step 5 · 6 of 10").wait_for()
    assert card(media, "one").get_by_text("step 6 · 3 of 4").is_visible()
    assert media.url.endswith("step=5")
    media.reload()
    card(media, "weights").get_by_text("step 5 · 6 of 10").wait_for()


def test_new_steps_are_followed_only_from_the_end(page, server):
    run = Run(server, "media", "goes on")
    for step in range(3):
        run.log({"_step": step, "a": f"a{step}", "b": f"b{step}"})
    page.goto(f"/r/{run.id}/media")
    card(page, "a").get_by_text("step 2 · 3 of 3").wait_for()
    card(page, "b").get_by_text("step 2 · 3 of 3").wait_for()
    card(page, "b").get_by_role("button", name="Earlier step").click()
    run.log({"_step": 3, "a": "a3", "b": "b3", "c": "new"})
    card(page, "a").get_by_text("step 3 · 4 of 4").wait_for()
    assert card(page, "a").locator("pre").inner_text() == "a3"
    card(page, "b").get_by_text("step 1 · 2 of 4").wait_for()
    card(page, "c").locator("pre").get_by_text("new").wait_for()


def test_only_cards_in_view_are_read(page, server):
    run = Run(server, "media", "far below")
    for step in range(2):
        run.log({"_step": step, **{f"key{index:03}": "word\n" * 30 for index in range(120)}})
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "objects/values" in request.url else None)
    page.goto(f"/r/{run.id}/media")
    card(page, "key000").get_by_text("2 of 2").wait_for()
    page.wait_for_timeout(500)
    assert 0 < len(asked) < 40
    card(page, "key119").get_by_text("step 1 · 2 of 2").wait_for()
    page.get_by_role("searchbox").fill("key05")
    expect(page.locator(".media-card")).to_have_count(10)


def test_it_fits_a_phone(page, run):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/r/{run.id}/media")
    page.locator(".media-card img").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
