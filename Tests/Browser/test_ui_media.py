"""Media in the cells of tables, as wandb 0.31.0 logs them, and pictures in their dialog."""

import base64
import hashlib
import json
import re

import pytest
import requests
from playwright.sync_api import expect
from test_media import card, media, png, sound  # noqa: F401
from test_overlays import mask, picture as masked, plain, quarters
from wandb_http import Run

CLIENT = "c" * 128
IMAGE = {"_type": "image-file", "path": "media/images/f68b.png", "width": 128, "height": 96, "format": "png", "caption": "a cat"}


def digest(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def log_version(run, name, files, client):
    """An artifact with files, by the requests of W&B's client, which names it by an id of its own."""
    def ask(operation, payload, **values):
        query = "mutation M($input: Any!) { %s(input: $input) { %s } }" % (operation, payload)
        return run.post("graphql", {"query": query, "variables": {"input": values}})["data"][operation]

    contents = {path: {"digest": digest(data), "size": len(data)} for path, data in files.items()}
    whole = hashlib.md5(("wandb-artifact-manifest-v1\n" + "".join(f"{path}:{contents[path]['digest']}\n" for path in sorted(contents))).encode()).hexdigest()
    made = ask("createArtifact", "artifact { id }", entityName=run.entity, projectName=run.project, runName=run.name, artifactTypeName="run_table",
               artifactCollectionName=name, digest=whole, clientID=client)["artifact"]["id"]
    specs = [{"artifactID": made, "name": path, "md5": contents[path]["digest"]} for path in files]
    for edge in ask("createArtifactFiles", "files { edges { node { name uploadUrl } } }", artifactFiles=specs)["files"]["edges"]:
        assert requests.put(edge["node"]["uploadUrl"], data=files[edge["node"]["name"]], timeout=10).ok
    manifest = json.dumps({"version": 1, "contents": contents}).encode()
    url = ask("createArtifactManifest", "artifactManifest { file { uploadUrl } }", artifactID=made, name="manifest", type="FULL",
              digest=digest(manifest))["artifactManifest"]["file"]["uploadUrl"]
    assert requests.put(url, data=manifest, timeout=10).ok
    ask("commitArtifact", "artifact { id }", artifactID=made)


def table_file(path, client):
    return {"_type": "table-file", "path": path, "nrows": 3, "ncols": 4, "artifact_path": f"wandb-client-artifact://{client}/samples.table.json",
            "_latest_artifact_path": f"wandb-client-artifact://{'d' * 128}:latest/samples.table.json"}


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "cells", "cells")
    columns = ["img", "label", "snd", "page"]
    # Among the files of the run the client writes words where media are; the table with its media is an artifact.
    run.file("media/table/samples.table.json", json.dumps({"columns": columns, "data": [["Image", word, "Audio", "Html"] for word in "xyz"]}).encode())
    rows = [[IMAGE, word, {"_type": "audio-file", "path": "media/audio/9a/t.wav"}, {"_type": "html-file", "path": "media/html/25.html"}] for word in "xyz"]
    log_version(run, "run-cells-samples", {
        "samples.table.json": json.dumps({"_type": "table", "columns": columns, "data": rows}).encode(),
        "media/images/f68b.png": png((200, 90, 20), 128, 96), "media/audio/9a/t.wav": sound(), "media/html/25.html": b"<h1>Report</h1>"}, CLIENT)
    for name, width, height in (("small", 128, 96), ("tiny", 16, 16), ("large", 1500, 700)):
        run.file(f"media/images/{name}.png", plain(width, height))
    run.file("media/images/plain.png", plain())
    run.file("media/images/mask/a.mask.png", quarters(0, 1, 2, 1))
    shown = lambda name, width, height: {"_type": "image-file", "path": f"media/images/{name}.png", "width": width, "height": height}
    run.log({"_step": 0, "samples": table_file("media/table/samples.table.json", CLIENT), "lost": table_file("media/table/samples.table.json", "e" * 128),
             "small": shown("small", 128, 96), "tiny": shown("tiny", 16, 16), "large": shown("large", 1500, 700), "masked": masked(masks={"pred": mask("a")})})
    return run


def test_pictures_in_cells_are_small_and_open_large(media):
    samples = card(media, "samples")
    first = samples.locator(".table-row").first
    expect(first.locator("img")).to_have_js_property("naturalWidth", 128)
    assert first.locator("img").get_attribute("loading") == "lazy"
    height = first.locator("img").bounding_box()["height"]
    assert 40 <= height <= 64
    assert samples.locator(".table-row").first.bounding_box()["height"] >= height
    first.get_by_role("button", name="See a cat in full size").focus()
    media.keyboard.press("Enter")
    dialog = media.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_js_property("naturalWidth", 128)
    assert dialog.get_by_text("a cat").is_visible() and dialog.get_by_text("128 × 96").is_visible()
    with media.expect_download() as saved:
        dialog.get_by_role("link", name="download").click()
    assert saved.value.path().read_bytes() == png((200, 90, 20), 128, 96)
    media.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_sounds_and_pages_in_cells_can_be_taken_and_opened(media):
    first = card(media, "samples").locator(".table-row").first
    with media.expect_download() as saved:
        first.get_by_role("link", name="t.wav").click()
    assert saved.value.path().read_bytes() == sound()
    assert first.get_by_role("link", name="25.html").is_visible()
    first.get_by_role("button", name="Open t.wav").click()
    expect(media.get_by_role("dialog").locator("audio")).to_have_js_property("readyState", 4)
    media.keyboard.press("Escape")
    first.get_by_role("button", name="Open 25.html").click()
    assert media.get_by_role("dialog").locator("iframe").get_attribute("sandbox") == ""
    media.frame_locator("dialog iframe").get_by_text("Report").wait_for()


def test_each_row_has_its_media(media):
    samples = card(media, "samples")
    expect(samples.locator(".table-row img")).to_have_count(3)
    assert [row.split("\n")[0] for row in samples.locator(".table-row").all_inner_texts()] == ["x", "y", "z"]


def test_a_table_whose_artifact_is_not_here_keeps_its_words(media):
    expect(card(media, "lost").locator(".table-row").first.locator(".table-cell")).to_have_text(["Image", "x", "Audio", "Html"])


def test_a_table_without_media_asks_for_no_artifact(page, server):
    run = Run(server, "cells", "plain")
    run.file("media/table/samples.table.json", json.dumps({"columns": ["a"], "data": [["x"]]}).encode())
    run.log({"_step": 0, "samples": table_file("media/table/samples.table.json", CLIENT)})
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("graphql") or "/versions/" in request.url else None)
    page.goto(f"/r/{run.id}/media")
    card(page, "samples").locator(".table-cell", has_text="x").wait_for()
    assert asked == []


def enlarged(page, key):
    card(page, key).locator(".picture button").first.click()
    image = page.get_by_role("dialog").locator("img")
    expect(image).not_to_have_js_property("naturalWidth", 0)
    page.wait_for_function("""() => { const image = document.querySelector("dialog img"); return image.complete && image.style.width || document.querySelector(".overlaid[data-overlays=read]"); }""")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return image, image.bounding_box()


@pytest.mark.parametrize("key", ["small", "tiny"])
def test_a_small_picture_is_enlarged(media, key):
    image, box = enlarged(media, key)
    assert box["width"] >= 500 and 400 <= box["height"] <= 620
    assert box["width"] / box["height"] == pytest.approx({"small": 4 / 3, "tiny": 1}[key], rel=0.01)
    assert image.evaluate("image => getComputedStyle(image).imageRendering") == "pixelated"
    dialog = media.get_by_role("dialog")
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight")
    assert dialog.locator(".full-place").evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight")


def test_a_large_picture_stays_as_it_is(media):
    image, box = enlarged(media, "large")
    assert (box["width"], box["height"]) == (1500, 700)
    assert image.evaluate("image => getComputedStyle(image).imageRendering") == "auto"


def test_masks_lie_on_an_enlarged_picture(media):
    _, box = enlarged(media, "masked")
    over = media.get_by_role("dialog").locator("canvas").bounding_box()
    assert over == {key: pytest.approx(value, abs=0.5) for key, value in box.items()}
    assert box["height"] > 450 and box["width"] / box["height"] == pytest.approx(0.5, rel=0.01)


def test_it_fits_a_phone(page, run):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/r/{run.id}/media")
    card(page, "samples").locator(".table-row img").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    _, box = enlarged(page, "small")
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["width"] > 250


def test_a_closed_server_shows_the_table_to_a_viewer(closed, visitor):
    run = Run(closed, "closed cells", "seen", key=closed.headers["Authorization"].removeprefix("Bearer "))
    run.file("media/table/samples.table.json", json.dumps({"columns": ["img"], "data": [["Image"]]}).encode())
    log_version(run, "run-seen-samples", {"samples.table.json": json.dumps({"columns": ["img"], "data": [[IMAGE]]}).encode(),
                                          "media/images/f68b.png": png((200, 90, 20), 128, 96)}, CLIENT)
    run.log({"_step": 0, "samples": table_file("media/table/samples.table.json", CLIENT)})
    closed.enter(visitor, "vera")
    opened = []
    visitor.on("framenavigated", lambda frame: opened.append(frame.url))
    visitor.goto(f"/r/{run.id}/media")
    cell = visitor.locator(".media-card[data-key=samples] .table-row .table-cell")
    cell.locator("img").wait_for()
    # Nobody is sent to the login and back.
    visitor.wait_for_timeout(500)
    assert len(opened) == 1 and cell.is_visible()


def increments(run, key, count):
    """The values of a table that was logged row by row, and what the files of each piece hold, as wandb 0.31.0 names them."""
    names = [f"{number or None}-17958134775{number:02}.{key}.table.json" for number in range(count)]
    clients = [hashlib.sha512(f"{run.name} {key} {number}".encode()).hexdigest() for number in range(count)]
    links = [f"wandb-client-artifact://{client}/{name}" for client, name in zip(clients, names)]
    values = [{"_type": "incremental-table-file", "log_mode": "INCREMENTAL", "increment_num": number, "previous_increments_paths": links[:number], "artifact_path": links[number],
               "path": f"media/table/{key}_{number}.table.json", "nrows": number + 1, "ncols": 2} for number in range(count)]
    files = {name: json.dumps({"columns": ["a", "img"], "data": [[f"{key} {number}", {**IMAGE, "path": f"media/images/{number}.png"}]]}).encode() for number, name in enumerate(names)}
    return values, files, clients


def rows_of(table):
    return table.locator(".table-row > :first-child").all_inner_texts()


def test_a_table_that_is_logged_in_pieces_has_the_rows_of_all(page, server):
    run = Run(server, "cells", "pieces")
    values, files, clients = increments(run, "inc", 3)
    pictures = {f"media/images/{number}.png": png((90 * number, 90, 20), 128, 96) for number in range(3)}
    # The artifact of the last piece has the files of all.
    log_version(run, "run-pieces-inc", files | pictures, clients[2])
    for step, value in enumerate(values):
        run.file(value["path"], json.dumps({"columns": ["a", "img"], "data": [[f"inc {step}", "Image"]]}).encode())
        run.log({"_step": step, "inc": value})
    page.goto(f"/r/{run.id}/media")
    table = card(page, "inc")
    table.get_by_text("3 rows", exact=True).wait_for()
    assert rows_of(table) == ["inc 0", "inc 1", "inc 2"]
    for image in table.locator(".table-row img").all():
        expect(image).to_have_js_property("naturalWidth", 128)
    expect(table.locator(".banner")).to_have_count(0)
    # Of an earlier step only what was there by then. Its artifact is not here, so the rows are read from the files of the run.
    table.get_by_role("button", name="Earlier step").click()
    table.get_by_text("2 rows", exact=True).wait_for()
    assert rows_of(table) == ["inc 0", "inc 1"]


def test_pieces_of_a_table_that_are_not_here_are_told(page, server):
    run = Run(server, "cells", "gaps")
    values, files, clients = increments(run, "some", 4)
    names = list(files)
    log_version(run, "run-gaps-some", {name: files[name] for name in (names[0], names[3])}, clients[3])
    run.log({"_step": 0, "some": values[3]})
    lost, _, _ = increments(run, "lost", 3)
    run.file(lost[2]["path"], json.dumps({"columns": ["a"], "data": [["lost 2"]]}).encode())
    run.log({"_step": 1, "lost": lost[2]})
    page.goto(f"/r/{run.id}/media")
    some = card(page, "some")
    some.get_by_text("2 of 4 pieces of this table are not here: 2 rows missing.").wait_for()
    assert rows_of(some) == ["some 0", "some 3"]
    other = card(page, "lost")
    other.get_by_text("2 of 3 pieces of this table are not here: 2 rows missing.").wait_for()
    assert rows_of(other) == ["lost 2"]


def test_steps_at_which_a_key_is_nothing_are_left_out(page, server):
    run = Run(server, "nothing", "nothing")
    for name in "ab":
        run.file(f"media/images/{name}.png", plain())
    picture = {"_type": "image-file", "width": 8, "height": 8, "format": "png"}
    run.log(*({"_step": step, "val": {"loss": 1 / (step + 1), "img": picture | {"path": f"media/images/{name}.png"} if name else None}}
              for step, name in enumerate(["a", None, "b", None, None])))
    page.goto(f"/r/{run.id}/media")
    pictures = card(page, "val.img")
    expect(pictures.locator("img")).to_have_attribute("src", re.compile("b.png"))
    expect(pictures.locator(".media-step")).to_have_text("step 2 · 2 of 2")
    expect(pictures).to_have_class(re.compile("image"))
    pictures.get_by_role("button", name="Earlier step").click()
    expect(pictures.locator("img")).to_have_attribute("src", re.compile("a.png"))
