"""What only runs of W&B's client have: labels that are no keys, and a file that says how they were made."""

import json

import pytest
from playwright.sync_api import expect
from wandb_http import Run

METADATA = {
    "os": "Linux-6.1-x86_64", "python": "CPython 3.11.7", "startedAt": "2026-11-27T21:04:42.160275Z", "args": ["--lr", "0.1", "--note", "it's <b>new</b>"],
    "program": "/home/ana/repo/train.py", "codePath": "train.py", "git": {"remote": "https://example.org/a/b.git", "commit": "9ba3cdc1027dfd4c"}, "host": "box",
    "executable": "/usr/bin/python", "cpu_count": 8, "cpu_count_logical": 16, "memory": {"total": "25276514304"}, "cpu": {"model": "EPYC"},
    "gpu": "NVIDIA A100", "gpu_count": 2, "gpu_nvidia": [{"name": "NVIDIA A100", "memoryTotal": "85899345920"}],
}


def tagged(server, name, *labels, **tags):
    run = Run(server, "labelled", name)
    listed = {"wandb.labels": json.dumps(list(labels))} if labels else {}
    server.call("POST", f"runs/{run.id}/tags", json={"set": tags | listed})
    return run


def tags(server, run):
    return {tag["key"]: tag["value"] for tag in server.call("GET", f"runs/{run.id}")["tags"]}


def chips(page):
    return page.locator(".heading .tag")


def rename(page, label, text):
    page.locator(".heading .tag", has_text=label).click()
    field = page.get_by_role("dialog").get_by_label("Tag")
    expect(field).to_have_value(label)
    field.fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_every_label_is_a_chip_of_its_own(page, server):
    odd = ["bs=32", "50%", "#best", "a,b", "a&b", "emoji😀", "<i>t</i>"]
    run = tagged(server, "many", *odd, alpha="", team="vision")
    page.goto(f"/r/{run.id}")
    expect(chips(page)).to_have_text(["alpha", "team vision", *odd])
    page.locator(".heading .tag", has_text="#best").click()
    dialog = page.get_by_role("dialog")
    assert dialog.locator("input").count() == 1 and dialog.get_by_text("Left empty, it is removed").is_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert tags(server, run) == {"alpha": "", "team": "vision", "wandb.labels": json.dumps(odd)}


def test_a_plain_label_that_is_saved_as_it_is_stays(page, server):
    run = tagged(server, "plain", alpha="")
    page.goto(f"/r/{run.id}")
    rename(page, "alpha", "alpha")
    assert tags(server, run) == {"alpha": ""}


def test_a_label_goes_where_its_characters_belong(page, server):
    run = tagged(server, "renamed", "bs=32", alpha="", team="vision")
    page.goto(f"/r/{run.id}")
    rename(page, "alpha", "lr=1e-3")
    expect(chips(page)).to_have_text(["team vision", "bs=32", "lr=1e-3"])
    assert tags(server, run) == {"team": "vision", "wandb.labels": '["bs=32","lr=1e-3"]'}
    rename(page, "lr=1e-3", "beta")
    expect(chips(page)).to_have_text(["beta", "team vision", "bs=32"])
    rename(page, "bs=32", "wandb.mine")
    expect(chips(page)).to_have_text(["beta", "team vision", "wandb.mine"])
    assert tags(server, run) == {"beta": "", "team": "vision", "wandb.labels": '["wandb.mine"]'}
    # Another tag is not overwritten.
    page.locator(".heading .tag", has_text="beta").click()
    page.get_by_role("dialog").get_by_label("Tag").fill("team")
    page.keyboard.press("Enter")
    page.get_by_text("There is a tag team already").wait_for()
    page.keyboard.press("Escape")
    rename(page, "wandb.mine", "")
    rename(page, "beta", "")
    expect(chips(page)).to_have_text(["team vision"])
    assert tags(server, run) == {"team": "vision"}


def test_a_tag_without_a_value_can_be_added(page, server):
    run = tagged(server, "added", alpha="")
    page.goto(f"/r/{run.id}")
    for label in ("gamma", "50%"):
        page.get_by_role("button", name="+ tag").click()
        page.get_by_role("textbox", name="Tag", exact=True).fill(label)
        page.keyboard.press("Enter")
        chips(page).filter(has_text=label).wait_for()
    assert tags(server, run) == {"alpha": "", "gamma": "", "wandb.labels": '["50%"]'}


def test_what_is_no_list_of_labels_is_a_tag_as_others(page, server):
    run = tagged(server, "broken", **{"wandb.labels": "foo"})
    page.goto(f"/r/{run.id}")
    expect(chips(page)).to_have_text(["wandb.labels foo"])


def test_the_run_table_shows_labels_as_words(page, server):
    experiment = server.experiment("labels in a table")
    one, two = (server.run(experiment, name, {"loss": [1.0]}) for name in ("one", "two"))
    for run in (one, two):
        server.call("POST", f"runs/{run}/tags", json={"set": {"wandb.labels": '["bs=32", "a,b"]'}})
    server.call("POST", f"runs/{one}/tags", json={"set": {"alpha": ""}})
    page.goto(f"/e/{experiment}?cols=t:wandb.labels,t:alpha&sort=a:name")
    page.locator("#row-1").wait_for()
    texts = [page.locator(f"#row-{index} > *").all_inner_texts()[-2:] for index in range(2)]
    assert texts == [["bs=32, a,b", "✓"], ["bs=32, a,b", "–"]]
    page.get_by_text("same in all 2: wandb.labels=bs=32, a,b").wait_for()
    # A list is not typed as one text.
    page.locator("#row-0").get_by_text("bs=32, a,b").click(button="right")
    assert page.get_by_text("Edit the tag").count() == 0


def made(page):
    section = page.locator("section", has=page.get_by_role("heading", name="How it was made"))
    section.wait_for()
    return section


def facts(section):
    return dict(row.locator("td").all_inner_texts() for row in section.locator("tbody tr").all())


def test_the_overview_says_how_a_run_was_made(page, server):
    run = Run(server, "made", "with a file")
    server.call("POST", f"runs/{run.id}/tags", json={"set": {
        "wandb.commit": "9ba3cdc1027dfd4c", "wandb.repository": "https://example.org/a/b.git", "wandb.program": "/home/ana/repo/train.py", "wandb.host": "box", "wandb.group": "g"}})
    run.file("wandb-metadata.json", json.dumps(METADATA).encode())
    run.finish()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "wandb-metadata" in request.url else None)
    page.goto(f"/r/{run.id}")
    section = made(page)
    section.get_by_text("CPython 3.11.7").wait_for()
    shown = facts(section)
    assert shown == {
        "command": "python train.py --lr 0.1 --note 'it'\\''s <b>new</b>'", "program": "/home/ana/repo/train.py", "commit": "9ba3cdc1027dfd4c",
        "repository": "https://example.org/a/b.git", "host": "box", "user": shown["user"], "Python": "CPython 3.11.7", "system": "Linux-6.1-x86_64",
        "hardware": "8 CPUs · 16 threads · EPYC · 25.3 GB memory · 2 × NVIDIA A100 (85.9 GB)", "run id": "with a file", "id in Martlet": run.id}
    # What stands there need not stand above as well.
    expect(chips(page)).to_have_text(["wandb.group g"])
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    row = section.locator("tr", has_text="command")
    row.hover()
    row.get_by_role("button", name="Copy the value").click()
    assert page.evaluate("window.copied") == shown["command"]
    server.call("PATCH", f"runs/{run.id}", json={"notes": "drawn again"})
    page.get_by_text("drawn again").first.wait_for()
    assert section.get_by_text("CPython 3.11.7").is_visible() and len(asked) == 1


@pytest.mark.parametrize(("name", "content"), [("absent", None), ("cut", b"{ broken"), ("empty", b"null"), (
    "odd", b'{"args": 5, "git": "x", "memory": [], "gpu_nvidia": 7, "program": {}, "cpu_count": "many"}')])
def test_a_missing_or_broken_file_is_no_error(page, server, name, content):
    run = Run(server, "made", name)
    server.call("POST", f"runs/{run.id}/tags", json={"set": {"wandb.program": "train.py"}})
    if content is not None:
        run.file("wandb-metadata.json", content)
    run.finish()
    page.goto(f"/r/{run.id}")
    section = made(page)
    section.get_by_text("train.py").wait_for()
    page.wait_for_timeout(400)
    assert "undefined" not in section.inner_text() and "object" not in section.inner_text()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_runs_of_other_clients_are_not_asked_for_the_file(page, server):
    run = server.run(server.experiment("made by others"), "plain", {"m": [1.0]})
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "wandb-metadata" in request.url else None)
    page.goto(f"/r/{run}")
    made(page).get_by_text(run).wait_for()
    page.wait_for_timeout(300)
    assert not asked


def test_a_file_that_comes_later_is_shown(page, server):
    run = Run(server, "made", "later")
    run.log({"_step": 0, "loss": 1.0})
    page.goto(f"/r/{run.id}")
    section = made(page)
    page.wait_for_timeout(300)
    run.file("wandb-metadata.json", json.dumps(METADATA | {"program": "-m pkg.train", "args": []}).encode())
    run.finish()
    section.get_by_text("python -m pkg.train", exact=True).wait_for()
