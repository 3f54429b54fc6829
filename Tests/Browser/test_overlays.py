"""Masks and boxes over pictures: what wandb 0.31.0 sends for `wandb.Image(masks=, boxes=)`, by plain HTTP."""

import base64
import json
import struct
import zlib

import pytest
from playwright.sync_api import expect
from wandb_http import Run

WIDTH, HEIGHT = 200, 400
HOSTILE = "<img src=x onerror=alert(1)>"
LABELS = {"0": "background", "1": "road", "2": HOSTILE}
GREY = (100, 100, 100)


def png(rows, kind, gamma=None):
    """@param rows of bytes @param kind 0 for greys, 2 for colours"""
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    width = len(rows[0]) // (3 if kind == 2 else 1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, kind, 0, 0, 0))
            + (chunk(b"gAMA", struct.pack(">I", gamma)) if gamma else b"")
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


def plain(width=WIDTH, height=HEIGHT, color=GREY):
    return png([bytes(color) * width] * height, 2)


def quarters(*ids, width=WIDTH, height=HEIGHT):
    """The classes of the upper left, upper right, lower left and lower right."""
    row = lambda left, right: bytes([left]) * (width // 2) + bytes([right]) * (width - width // 2)
    return png([row(*ids[:2])] * (height // 2) + [row(*ids[2:])] * (height - height // 2), 0)


def mask(name):
    return {"_type": "mask", "path": f"media/images/mask/{name}.mask.png", "sha256": "0" * 64, "size": 100}


def boxes(name):
    return {"_type": "boxes2D", "path": f"media/metadata/boxes2D/{name}.boxes2D.json", "sha256": "0" * 64, "size": 100}


def picture(path="media/images/plain.png", **more):
    return {"_type": "image-file", "path": path, "width": WIDTH, "height": HEIGHT, "format": "png", **more}


BOXES = [
    {"position": {"minX": 0.1, "maxX": 0.4, "minY": 0.25, "maxY": 0.5}, "class_id": 1, "box_caption": "the road", "scores": {"acc": 0.9, "loss": 2.0}},
    {"position": {"middle": [150, 100], "width": 40, "height": 60}, "domain": "pixel", "class_id": 2, "scores": {"acc": 0.3}},
    {"position": {"middle": [0.5, 0.75], "width": 0.2, "height": 0.1}, "class_id": 1, "box_caption": HOSTILE, "scores": {"acc": 0.5}},
    {"position": {"minX": 20, "maxX": 60, "minY": 300, "maxY": 380}, "domain": "pixel"},
]
PLACES = [(20, 100, 60, 100), (130, 70, 40, 60), (80, 280, 40, 40), (20, 300, 40, 80)]


def labelled(kind, **named):
    return {f"{kind}/class_labels": {f"{key}_wandb_delimeter_{name}": {"type": f"{kind}/class_labels", "key": f"{key}_wandb_delimeter_{name}", "value": labels}
                                     for key, sets in named.items() for name, labels in sets.items()}}


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "overlays", "overlays")
    for name, data in {
        "images/plain.png": plain(), "images/mask/a.mask.png": quarters(0, 1, 2, 1), "images/mask/b.mask.png": quarters(3, 0, 0, 0, width=50, height=100),
        "images/mask/later.mask.png": quarters(1, 1, 0, 2), "images/mask/colours.mask.png": plain(),
        # What the file says of gamma must not change a number.
        "images/mask/all.mask.png": png([bytes(range(16 * row, 16 * row + 16)) for row in range(16)], 0, gamma=100_000), "images/tiny.png": plain(16, 16),
        "metadata/boxes2D/a.boxes2D.json": json.dumps({"box_data": BOXES, "class_labels": LABELS}).encode(),
        "metadata/boxes2D/odd.boxes2D.json": b'{"box_data": [{"position": {"minX": NaN, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 1}, {"class_id": 1}, 7], "class_labels": {"1": "x"}}',
    }.items():
        run.file(f"media/{name}", data)
    run.configure({"_wandb": {"value": {**labelled("mask", **{"val/one": {"pred": LABELS}, "many": {"pred": LABELS}}),
                                        **labelled("bounding_box", **{"val/one": {"found": LABELS}})}}})
    run.log({"_step": 0, "val/one": picture(masks={"small": mask("b"), "pred": mask("a")}, boxes={"found": boxes("a")}, caption="a scene"),
             "many": {"_type": "images/separated", "width": WIDTH, "height": HEIGHT, "format": "png", "count": 3, "filenames": ["media/images/plain.png"] * 3,
                      "captions": ["first", "second", "third"], "all_masks": [{"pred": mask("a")}, None, {"pred": mask("later")}], "all_boxes": [None, {"found": boxes("a")}, None]},
             "all": picture("media/images/tiny.png", masks={"every": mask("all")}),
             "odd": picture(masks={"coloured": mask("colours"), "lost": mask("nowhere")}, boxes={"odd": boxes("odd"), "gone": boxes("nowhere")})})
    run.log({"_step": 1, "many": {"_type": "images/separated", "width": WIDTH, "height": HEIGHT, "format": "png", "count": 1, "filenames": ["media/images/plain.png"],
                                  "all_masks": [{"pred": mask("later")}]}})
    return run


@pytest.fixture
def media(page, run):
    page.goto(f"/r/{run.id}/media")
    page.locator(".media-card").first.wait_for()
    return page


def card(page, key, is_read=True):
    found = page.locator(f".media-card[data-key='{key}']")
    found.scroll_into_view_if_needed()
    if is_read:
        found.locator(".overlaid[data-overlays=read]").first.wait_for()
        # Cards above grow as they are read and may have pushed this one out of the window, where nothing is drawn.
        found.locator("img").first.scroll_into_view_if_needed()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    return found


def color(page, id):
    return tuple(page.evaluate("async (id) => (await import(new URL('js/media/overlayModel.js', document.baseURI))).colorOf(id)", id))


def painted(canvas, x, y):
    """What a mask has at a part of its width and height: red, green, blue, opacity."""
    return tuple(canvas.evaluate("(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data]", [x, y]))


def seen(page, image, *places):
    """The colours on the screen at parts of the width and height of a picture, wherever it is fitted into its element."""
    image.scroll_into_view_if_needed()
    shot = base64.b64encode(image.screenshot()).decode()
    return [tuple(one) for one in page.evaluate("""async ([data, places, ratio]) => {
        const picture = new Image();
        picture.src = "data:image/png;base64," + data;
        await picture.decode();
        const { width, height } = picture, canvas = Object.assign(document.createElement("canvas"), { width, height });
        canvas.getContext("2d").drawImage(picture, 0, 0);
        const inner = Math.min(width, height * ratio), tall = inner / ratio;
        return places.map(([x, y]) => [...canvas.getContext("2d").getImageData((width - inner) / 2 + x * inner, (height - tall) / 2 + y * tall, 1, 1).data].slice(0, 3));
    }""", [shot, places, WIDTH / HEIGHT])]


def near(one, other, reach=2):
    return all(abs(a - b) <= reach for a, b in zip(one, other))


def blend(over, part=0.5, under=GREY):
    return tuple(part * a + (1 - part) * b for a, b in zip(over, under))


def slide(locator, value):
    locator.evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value)


def test_masks_are_painted_where_they_belong(media):
    one = card(media, "val/one")
    pred, road, hostile = one.locator("canvas[data-set=pred]"), color(media, 1), color(media, 2)
    assert painted(pred, 0.75, 0.1) == (*road, 255) and painted(pred, 0.25, 0.9) == (*hostile, 255)
    assert painted(pred, 0.25, 0.1) == (0, 0, 0, 0)
    # To the very edge between two classes.
    assert painted(pred, 0.4999, 0.9) == (*hostile, 255) and painted(pred, 0.5, 0.9) == (*road, 255)
    one.get_by_role("checkbox", name="found").uncheck()
    one.get_by_role("checkbox", name="small").uncheck()
    clear, right, left = seen(media, one.locator("img"), (0.3, 0.3), (0.75, 0.2), (0.25, 0.8))
    assert (near(clear, GREY), near(right, blend(road)), near(left, blend(hostile))) == (True, True, True), (clear, right, left)
    # The picture is higher than its place, so it is narrower than the element: the mask must be too.
    beside = seen(media, one.locator("img"), (-0.2, 0.8), (1.2, 0.2))
    assert beside == [(247, 248, 250)] * 2, beside
    at = seen(media, one.locator("img"), (0.02, 0.98), (0.98, 0.02), (0.48, 0.52), (0.52, 0.48))
    assert [near(*pair) for pair in zip(at, map(blend, (hostile, road, hostile, road)))] == [True] * 4, at


def test_a_mask_of_another_size_covers_the_picture(media):
    one = card(media, "val/one")
    for name in ("found", "pred"):
        one.get_by_role("checkbox", name=name).first.uncheck()
    upper, lower = seen(media, one.locator("img"), (0.48, 0.48), (0.52, 0.48))
    assert near(upper, blend(color(media, 3))) and near(lower, GREY)


def test_every_number_of_a_class_is_exact(media):
    every = card(media, "all")
    ids = media.evaluate("""async (run) => {
        const { mask } = await import(new URL("js/media/overlayFiles.js", document.baseURI));
        return [...(await mask(run, "media/images/mask/all.mask.png")).ids];
    }""", media.url.split("/r/")[1].split("/")[0])
    assert ids == list(range(256))
    assert painted(every.locator("canvas"), 15.5 / 16, 15.5 / 16) == (*color(media, 255), 255)
    assert every.locator(".overlay-set input").count() == 257


def test_a_long_legend_stays_where_it_was_scrolled_to(media):
    every = card(media, "all")
    last = every.get_by_role("checkbox", name="class_255")
    last.scroll_into_view_if_needed()
    place = lambda: every.locator(".overlay-set").evaluate("set => set.scrollTop")
    before = place()
    last.click()
    assert painted(every.locator("canvas"), 15.5 / 16, 15.5 / 16)[3] == 0
    assert before == place() > 100


def test_boxes_stand_at_their_places(media):
    one = card(media, "val/one")
    found = one.locator("[data-set=found] rect")
    expect(found).to_have_count(4)
    assert [tuple(round(float(rect.get_attribute(name)), 6) for name in ("x", "y", "width", "height")) for rect in found.all()] == PLACES
    image = one.locator("img").bounding_box()
    inner = min(image["width"] - 2, (image["height"] - 2) * WIDTH / HEIGHT)
    scale, left = inner / WIDTH, image["x"] + (image["width"] - inner) / 2
    for rect, (x, y, width, height) in zip(found.all(), PLACES):
        box = rect.evaluate("rect => { const { x, y, width, height } = rect.getBoundingClientRect(); return [x, y, width, height]; }")
        assert near(box, (left + x * scale, image["y"] + 1 + y * scale, width * scale, height * scale), 1.5), box
    stroke = found.first.evaluate("rect => getComputedStyle(rect).stroke")
    assert stroke == f"rgb({', '.join(map(str, color(media, 1)))})"
    assert one.locator("[data-set=found] title").all_text_contents() == [
        "road, the road, acc 0.9, loss 2", f"{HOSTILE}, acc 0.3", f"road, {HOSTILE}, acc 0.5", "no class"]


def test_words_of_boxes_are_text(media):
    card(media, "val/one").locator(".picture button").click()
    words = media.get_by_role("dialog").locator("[data-set=found] text")
    expect(words).to_have_text(["the road", f"{HOSTILE} acc 0.3", HOSTILE, "no class"])
    assert words.first.is_visible()
    assert 8 < words.first.bounding_box()["height"] < 20
    assert media.locator("img[src=x]").count() == 0


def test_the_legend_turns_sets_and_classes_off(media):
    one = card(media, "val/one")
    pred = one.locator("canvas[data-set=pred]")
    part = one.get_by_role("group", name="pred, mask")
    assert part.locator("label").all_inner_texts() == ["pred\nmask", "background\n25%", "road\n50%", f"{HOSTILE}\n25%"]
    assert not part.get_by_role("checkbox", name="background").is_checked()
    part.get_by_role("checkbox", name="background").check()
    assert painted(pred, 0.25, 0.1) == (*color(media, 0), 255)
    part.get_by_role("checkbox", name="road").focus()
    media.keyboard.press("Space")
    assert painted(pred, 0.75, 0.1) == (0, 0, 0, 0) and painted(pred, 0.25, 0.9)[3] == 255
    # What was pressed keeps the focus.
    assert part.get_by_role("checkbox", name="road").evaluate("box => box === document.activeElement")
    media.keyboard.press("Space")
    assert painted(pred, 0.75, 0.1) == (*color(media, 1), 255)
    part.get_by_role("checkbox", name="pred").uncheck()
    expect(pred).to_be_hidden()
    # Boxes have classes of their own.
    boxes = one.get_by_role("group", name="found, boxes")
    assert boxes.locator("label").all_inner_texts() == ["found\nboxes", "road\n2", f"{HOSTILE}\n1", "no class\n1"]
    boxes.get_by_role("checkbox", name="road").uncheck()
    assert one.locator("[data-set=found] rect").count() == 2


def test_a_key_turns_all_off_and_on(media):
    many, one = card(media, "many"), card(media, "val/one")
    media.keyboard.press("o")
    expect(one.locator("canvas[data-set=pred]")).to_be_hidden()
    expect(one.locator("[data-set=found] rect")).to_have_count(0)
    card(media, "many")
    expect(many.locator("canvas").first).to_be_hidden()
    assert not many.get_by_role("checkbox", name="Overlays").is_checked()
    media.keyboard.press("o")
    expect(many.locator("canvas").first).to_be_visible()
    many.locator(".picture button").first.click()
    full = media.get_by_role("dialog").locator("canvas")
    expect(full).to_be_visible()
    media.keyboard.press("o")
    expect(full).to_be_hidden()
    media.keyboard.press("?")
    media.keyboard.press("Escape")
    media.keyboard.press("?")
    media.get_by_text("Masks and boxes of pictures: on or off").wait_for()


def test_masks_have_an_opacity(media):
    one = card(media, "val/one")
    slide(one.get_by_role("slider", name="Opacity of masks"), 100)
    assert near(seen(media, one.locator("img"), (0.75, 0.05))[0], color(media, 1))
    slide(one.get_by_role("slider", name="Opacity of masks"), 20)
    assert near(seen(media, one.locator("img"), (0.75, 0.05))[0], blend(color(media, 1), 0.2))


def test_boxes_have_a_least_score(media):
    one = card(media, "val/one")
    classes = lambda: one.locator("[data-set=found] g").evaluate_all("groups => groups.map((group) => group.dataset.class)")
    slider = one.get_by_role("slider", name="Least acc of boxes")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("0.3", "0.9")
    # A single value of a score is nothing to choose from.
    assert one.get_by_role("slider", name="Least loss of boxes").count() == 0
    slide(slider, 0.5)
    assert one.get_by_text("acc ≥ 0.5").is_visible()
    assert classes() == ["1", "1", "none"]
    slider.focus()
    media.keyboard.press("End")
    assert classes() == ["1", "none"]
    media.keyboard.press("Home")
    assert len(classes()) == 4


def test_lists_keep_what_belongs_together(media):
    many = card(media, "many")
    slide(many.get_by_role("slider", name="Step of many"), 0)
    many.get_by_text("step 0").wait_for()
    expect(many.locator(".picture")).to_have_count(3)
    expect(many.locator(".overlaid[data-overlays=read]")).to_have_count(3)
    assert [place.locator("canvas").count() for place in many.locator(".overlaid").all()] == [1, 0, 1]
    assert [place.locator("rect").count() for place in many.locator(".overlaid").all()] == [0, 4, 0]
    assert painted(many.locator("canvas").nth(1), 0.25, 0.1) == (*color(media, 1), 255)
    # One legend for all; what it says holds in the other steps and in full size.
    assert many.get_by_role("checkbox", name="pred").count() == 1
    many.get_by_role("group", name="pred, mask").get_by_role("checkbox", name="road").uncheck()
    slide(many.get_by_role("slider", name="Step of many"), 1)
    many.get_by_text("step 1").wait_for()
    many.locator(".overlaid[data-overlays=read]").wait_for()
    assert painted(many.locator("canvas"), 0.25, 0.1)[3] == 0 and painted(many.locator("canvas"), 0.9, 0.9)[3] == 255
    slide(many.get_by_role("slider", name="Step of many"), 0)
    many.locator(".picture button").nth(2).click()
    dialog = media.get_by_role("dialog")
    dialog.locator(".overlaid[data-overlays=read]").wait_for()
    assert not dialog.get_by_role("checkbox", name="road").is_checked()
    dialog.get_by_role("checkbox", name="road").check()
    assert painted(many.locator("canvas").nth(1), 0.25, 0.1)[3] == 255
    # The arrows of a slider are its own.
    dialog.get_by_role("slider", name="Opacity of masks").focus()
    media.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("3 of 3")).to_be_visible()
    dialog.get_by_role("button", name="previous").click()
    dialog.get_by_text("2 of 3").wait_for()
    media.keyboard.press("ArrowLeft")
    dialog.get_by_text("1 of 3").wait_for()


def test_what_is_missing_or_no_mask_is_told(media):
    odd = card(media, "odd")
    odd.get_by_text("The file media/images/mask/nowhere.mask.png is not here").wait_for()
    odd.get_by_text("The file media/metadata/boxes2D/nowhere.boxes2D.json is not here").wait_for()
    odd.get_by_text("2 boxes of “odd” without a place.").wait_for()
    # Equal channels are numbers; the plain picture has equal ones, so that it is a mask of class 100.
    assert odd.get_by_role("group", name="coloured, mask").locator("label").all_inner_texts() == ["coloured\nmask", "class_100\n100%"]


def test_a_mask_that_comes_later_is_shown(page, server):
    run = Run(server, "overlays", "late")
    run.file("media/images/plain.png", plain())
    run.file("media/images/mask/red.mask.png", plain(color=(200, 10, 10)))
    run.log({"_step": 0, "pic": picture(masks={"late": mask("late"), "red": mask("red")})})
    page.goto(f"/r/{run.id}/media")
    pic = card(page, "pic")
    pic.get_by_text("The file media/images/mask/late.mask.png is not here").wait_for()
    pic.get_by_text("The mask “red” cannot be shown. The file has colours, not numbers of classes.").wait_for()
    run.file("media/images/mask/late.mask.png", quarters(1, 1, 1, 1))
    expect(pic.locator("canvas[data-set=late]")).to_be_visible()
    expect(pic.locator("[data-missing]")).to_have_count(0)


def test_it_is_said_in_words(media):
    button = card(media, "val/one").locator(".picture button")
    words = media.locator(f"#{button.get_attribute('aria-describedby')}").text_content()
    assert words == (f"Mask pred: road 50%, background 25%, {HOSTILE} 25%. Mask small: class_0 75%, class_3 25%. "
                     f"Boxes found: 4 boxes: road, the road, acc 0.9, loss 2; {HOSTILE}, acc 0.3; road, {HOSTILE}, acc 0.5; no class.")


def test_pictures_without_any_load_nothing_more(page, server):
    run = Run(server, "overlays", "bare")
    run.file("media/images/plain.png", plain())
    run.log({"_step": 0, "pic": picture()})
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "overlay" in request.url.split("/r/")[-1] else None)
    page.goto(f"/r/{run.id}/media")
    expect(card(page, "pic", is_read=False).locator("img")).to_have_js_property("naturalWidth", WIDTH)
    assert asked == [] and page.locator(".overlay-legend").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(page, run, theme):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/r/{run.id}/media")
    one = card(page, "val/one")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert near(seen(page, one.locator("img"), (0.75, 0.05))[0], blend(color(page, 1)))
    one.locator(".picture button").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".overlaid[data-overlays=read]").wait_for()
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    for label in dialog.locator(".overlay-check").all():
        box = label.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["height"] >= 24
