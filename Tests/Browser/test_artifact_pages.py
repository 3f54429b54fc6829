"""The artifacts of an experiment: their list, their versions, what a version is."""

import re

import pytest
from artifact_stub import DAY, page, store  # noqa: F401
from conftest import visiting
from playwright.sync_api import expect

FILES = {"train.csv": "id,label\n1,cat\n", "readme.md": "# Data\nIs **clean**", "images/a.txt": "a"}


@pytest.fixture
def study(server, store):
    """A data set of four versions, two models, and what a client logs by itself."""
    experiment = server.experiment(f"study {store.key}", purpose="Does it help?")
    runs = {name: server.run(experiment, name, {"m": [1.0]}) for name in ("prepare", "train", "evaluate")}
    made = {"experiment": experiment, "runs": runs, "data": []}
    for index in range(4):
        files = {**FILES, "train.csv": FILES["train.csv"] * (index + 1)}
        made["data"].append(store.make(
            experiment, "new_artifact", run=runs["prepare"], run_name="prepare", files=files, age=(10 - index) * DAY, step=100 * index,
            metadata={"rows": 1000 + index, "source": {"name": "camera", "site": "north" if index < 2 else "south"}, "a": 1, "b": 2, "c": 3, "d": [1, {"e": None}]},
            aliases={1: ["best"], 3: ["night"]}.get(index, []), tags=["clean"] if index else [], collection_description="Images of two cameras", collection_tags=["vision"]))
    store.use(experiment, runs["train"], "train", made["data"][3])
    made["model"] = store.make(experiment, "resnet", type="model", run=runs["train"], run_name="train", aliases=["production"], age=DAY)
    store.make(experiment, "run-x-history", type="wandb-history", run=runs["train"], run_name="train")
    made["collection"] = made["data"][0]["collectionID"]
    made["list"] = f"/e/{experiment}/artifacts"
    made["place"] = f"{made['list']}/{made['collection']}"
    return made


def rows(page):
    return [row.strip() for row in page.locator("table.versions tbody tr").all_inner_texts()]


def test_the_artifacts_of_an_experiment_stand_under_their_types(page, study):
    page.goto(f"/e/{study['experiment']}")
    page.get_by_role("link", name="artifacts", exact=True).click()
    page.get_by_role("link", name="new_artifact").wait_for()
    assert page.url.endswith(study["list"])
    texts = [re.sub(r"\s+", " ", row) for row in rows(page)]
    assert texts[0].endswith("dataset 1") and texts[2].endswith("model 1") and texts[4].endswith("wandb-history 1"), texts
    assert texts[1] == "new_artifact v3 latest night 4 3 80 B vision 7 d"
    # What the client logs by itself is folded.
    assert len(texts) == 5
    page.get_by_role("button", name="wandb-history").click()
    page.get_by_role("link", name="run-x-history").wait_for()


def test_the_filter_finds_names_types_aliases_and_tags(page, study):
    page.goto(study["list"])
    page.get_by_role("link", name="new_artifact").wait_for()
    for words, names in (("vision", ["new_artifact"]), ("production", ["resnet"]), ("MODEL res", ["resnet"]), ("history", ["run-x-history"])):
        page.keyboard.press("/")
        page.get_by_label("Filter artifacts").fill(words)
        expect(page.locator("a[data-row]")).to_have_text(names)
        assert page.get_by_text("1 of 3 artifacts").is_visible()
        page.evaluate("document.activeElement.blur()")
    page.reload()
    expect(page.get_by_label("Filter artifacts")).to_have_value("history")
    page.get_by_label("Filter artifacts").fill("nothing")
    page.get_by_text("Nothing matches.").wait_for()


def test_an_experiment_without_artifacts_says_how_to_make_one(page, server):
    page.goto(f"/e/{server.experiment('bare')}/artifacts")
    page.get_by_text("No artifacts yet").wait_for()
    text = page.locator(".copy-box code").inner_text()
    assert f"WANDB_BASE_URL={server.url}" in text and 'project="bare"' in text and "log_artifact" in text


def test_a_refusal_is_told_and_can_be_tried_again(page, study):
    refused = re.compile("/api/v1/collections[?]")
    page.route(refused, lambda route: route.fulfill(status=500, json={"message": "the disk is full", "requestID": "r-1"}))
    page.goto(study["list"])
    box = page.get_by_role("alert")
    box.wait_for()
    assert "the disk is full" in box.inner_text() and "r-1" in box.inner_text()
    page.unroute(refused)
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("link", name="new_artifact").wait_for()
    page.goto(f"{study['list']}/999")
    page.get_by_role("heading", name="There is no such artifact here").wait_for()
    page.goto(f"{study['place']}/v17")
    page.get_by_role("heading", name="There is no such version here").wait_for()
    assert "new_artifact has no version v17" in page.locator("main").inner_text()


def test_the_versions_of_an_artifact_are_listed_newest_first(page, study):
    page.goto(study["place"])
    page.get_by_role("link", name="v3").wait_for()
    assert [re.sub(r"\s+", " ", row) for row in rows(page)][:2] == [
        "v3 latest night clean 3 80 B prepare 300 7 d", "v2 clean 3 65 B prepare 200 8 d"]
    assert "dataset · 4 versions" in page.locator(".facts").first.inner_text()
    page.get_by_role("link", name="prepare").first.click()
    page.get_by_role("heading", name="prepare").wait_for()


def test_two_versions_are_chosen_and_compared_by_keyboard(page, study):
    page.goto(study["place"])
    page.get_by_role("link", name="v3").wait_for()
    assert page.get_by_text("Choose two versions").is_visible()
    for key in "jxjjx":
        page.keyboard.press(key)
    page.get_by_text("v1 and v3").wait_for()
    assert page.url.endswith("?pick=3%2C1")
    # The one that was chosen first makes room.
    for key in "kx":
        page.keyboard.press(key)
    page.get_by_text("v1 and v2").wait_for()
    page.keyboard.press("c")
    page.get_by_role("link", name="new_artifact:v1").wait_for()
    assert page.url.endswith(f"{study['place']}/v2/diff?to=1")


def test_older_versions_are_asked_for(page, server, store):
    experiment = server.experiment(f"many {store.key}")
    for index in range(120):
        made = store.make(experiment, "many", aliases=["first"] if index == 0 else [])
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}")
    page.get_by_role("link", name="v119").wait_for()
    assert len(rows(page)) == 50
    for count in (100, 120):
        page.get_by_role("button", name="Older versions").click()
        expect(page.locator("table.versions tbody tr")).to_have_count(count)
    assert page.get_by_role("button", name="Older versions").count() == 0
    # An alias far down is found as well.
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/first")
    page.get_by_role("heading", name="many:v0").wait_for()
    assert page.url.endswith("/v0")


def test_an_artifact_is_renamed_described_tagged_and_deleted(page, store, study):
    page.goto(study["place"])
    page.get_by_role("button", name="new_artifact").click()
    page.get_by_label("the name").fill("pictures")
    page.keyboard.press("Enter")
    page.locator(".crumbs b:text('pictures')").wait_for()
    page.get_by_role("button", name="Remove the tag vision").click()
    page.get_by_role("button", name="+ tag").click()
    page.keyboard.type("sound")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the tag sound").wait_for()
    kept = store.collection(study["collection"])
    assert (kept["name"], kept["tags"]) == ("pictures", ["sound"])
    page.get_by_role("button", name="Actions of the artifact").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_text("with 4 versions").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="resnet").wait_for()
    assert store.collection(study["collection"]) is None


def test_a_version_tells_what_it_is_without_a_click(page, study):
    page.goto(f"{study['place']}/v3")
    page.get_by_role("heading", name="new_artifact:v3").wait_for()
    page.get_by_role("heading", name="Used by").wait_for()
    text = page.locator("main").inner_text()
    for part in ("dataset · 80 B · 3 files · 7 d ago by prepare", "train", "They made resnet:v0", "300", study["data"][3]["digest"],
                 f'run.use_artifact("default/study', "wandb artifact get"):
        assert part in text, part
    table = page.locator(".param-tree")
    assert re.sub(r"\s+", " ", table.inner_text()) == "key value rows 1003 ▾source 2 name camera site south a 1 b 2 c 3 d [1,{\"e\":null}]"
    page.get_by_label("Search keys").fill("site")
    expect(table.locator(".value-text")).to_have_text(["south"])


def test_it_is_described_as_a_run_is(page, store, study):
    page.goto(f"{study['place']}/v3")
    page.get_by_role("button", name="Write description").wait_for()
    page.keyboard.press("e")
    page.get_by_role("textbox", name="Description").fill("# New\n\n- **night** <img src=x>")
    page.locator(".notes-shown strong:text('night')").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator("main .md h3:text('New')").wait_for()
    assert store.version(study["data"][3]["id"])["description"].startswith("# New")
    page.goto(f"{study['place']}/v3/files")
    page.get_by_role("button", name="train.csv").wait_for()
    page.keyboard.press("e")
    expect(page.get_by_role("textbox", name="Description")).to_be_focused()


def test_aliases_and_tags_are_changed_where_they_stand(page, store, study):
    version = lambda: store.version(study["data"][3]["id"])
    page.goto(f"{study['place']}/v3")
    page.get_by_role("button", name="+ alias").click()
    page.get_by_label("New alias").fill("best")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the alias best").wait_for()
    # What it is used by follows.
    expect(page.get_by_label("Which name to use").locator("option")).to_have_text(["v3", "latest", "night", "best"])
    assert version()["aliases"] == ["latest", "night", "best"]
    expect(page.get_by_role("button", name="+ alias")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("v12")
    page.keyboard.press("Enter")
    page.get_by_text("not an alias").wait_for()
    page.get_by_role("button", name="Remove the alias night").click()
    expect(page.get_by_role("button", name="Remove the alias night")).to_have_count(0)
    assert version()["aliases"] == ["latest", "best"]
    assert page.get_by_role("button", name="Remove the alias latest").count() == 0
    page.get_by_role("button", name="+ tag").click()
    page.keyboard.type("gone")
    page.keyboard.press("Escape")
    assert version()["tags"] == ["clean"]


def test_how_to_use_it_can_be_copied_by_any_of_its_names(page, server, study):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{study['place']}/v3")
    page.get_by_label("Which name to use").select_option("night")
    page.get_by_role("button", name="Copy the Python").click()
    page.get_by_text("Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    name = server.call("GET", f"experiments/{study['experiment']}")["name"]
    assert f'run.use_artifact("default/{name}/new_artifact:night").download()' in text
    assert f'base_url="{server.url}"' in text and f'project="{name}"' in text


def test_a_version_is_deleted_with_its_aliases(page, server, study):
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    page.goto(f"{study['place']}/v3")
    page.get_by_role("button", name="Actions of the version").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_text("and nothing is night any more").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("deleted", exact=True).first.wait_for()
    assert ("DELETE", f"{server.url}/api/v1/versions/{study['data'][3]['id']}?aliases=true") in asked
    page.goto(f"{study['place']}/v3")
    page.get_by_text("This version was deleted").wait_for()


def test_who_only_reads_sees_nothing_that_changes(browser, closed, store):
    experiment = closed.experiment(f"read only {store.key}")
    made = store.make(experiment, "seen", aliases=["best"], tags=["clean"], description="Said **before**")
    with visiting(browser, closed.url) as page:
        closed.enter(page, "vera")
        store.serve(page)
        page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/v0")
        page.locator(".md strong:text('before')").wait_for()
        page.get_by_role("heading", name="Used by").wait_for()
        assert "best" in page.locator(".heading").inner_text() and "clean" in page.locator(".heading").inner_text()
        labels = page.locator("main button").evaluate_all("all => all.map((one) => one.textContent || one.getAttribute('aria-label'))")
        assert set(labels) <= {"Actions of the version", "Copy", "Copy the value"}, labels
        page.get_by_role("button", name="Actions of the version").click()
        expect(page.get_by_role("menuitem")).to_have_text(["Copy its whole name", "Copy its id"])
        page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}")
        page.get_by_role("link", name="v0").wait_for()
        assert page.locator("main button").count() == 0
