"""The parts of a version's page that are about other things: files, lineage, differences, runs, addresses, small screens."""

import re

import pytest
from artifact_stub import page, store  # noqa: F401
from conftest import visiting
from playwright.sync_api import expect
from test_artifact_pages import FILES, study  # noqa: F401

EVIL = "<img src=x onerror=alert(1)>"


def test_the_files_of_a_version_are_looked_at_as_those_of_a_run(page, store, study):
    made = store.make(study["experiment"], "new_artifact", files=FILES, references={"far/images.tar": "s3://bucket/images.tar"})
    page.goto(f"{study['place']}/v4/files")
    page.get_by_role("button", name="train.csv").click()
    page.locator(".preview table").wait_for()
    page.get_by_text("images", exact=True).click()
    page.get_by_role("button", name="a.txt").click()
    page.locator(".preview pre:text('a')").wait_for()
    assert page.url.endswith("file=images%2Fa.txt")
    assert f"/api/v1/versions/{made['id']}/artifacts/content?path=images%2Fa.txt" in page.get_by_role("link", name="download").get_attribute("href")
    page.get_by_text("far", exact=True).click()
    page.get_by_role("button", name="images.tar").click()
    page.get_by_text("A reference: its bytes are kept elsewhere.").wait_for()
    assert page.locator(".preview code").last.inner_text() == "s3://bucket/images.tar"
    assert page.get_by_role("link", name="download").count() == 0
    # The file stands in the address.
    page.goto(f"{study['place']}/v3/files?file=images/a.txt")
    page.locator(".preview pre:text('a')").wait_for()


def test_a_folder_of_very_many_files_is_listed_in_parts(page, server, store):
    experiment = server.experiment(f"wide {store.key}")
    made = store.make(experiment, "wide", files={f"{index:05}.txt": "x" for index in range(1_200)})
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/v0/files")
    page.get_by_role("button", name="700 more").click()
    expect(page.locator(".tree li")).to_have_count(1_001)
    expect(page.get_by_role("button", name="00500.txt")).to_be_focused()
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/v0/files?file=00900.txt")
    expect(page.get_by_role("button", name="00900.txt")).to_have_attribute("aria-current", "true")


def nodes(page):
    """Name, x, y of each."""
    return {node[0]: node[1:] for node in page.locator(".lineage a").evaluate_all(
        "all => all.map((one) => [one.querySelector('.name').textContent, ...one.getAttribute('transform').match(/[\\d.]+/g).map(Number)])")}


def test_the_lineage_goes_from_left_to_right(page, study):
    page.goto(f"{study['place']}/v3/lineage")
    page.locator(".lineage a").first.wait_for()
    found = nodes(page)
    assert found["prepare"][0] < found["new_artifact:v3"][0] < found["train"][0] < found["resnet:v0"][0]
    assert found["new_artifact:v0"][0] == found["new_artifact:v3"][0]
    assert len({tuple(place) for place in found.values()}) == len(found) == 8
    here = page.locator(".lineage [aria-current]")
    assert here.get_attribute("aria-label") == "new_artifact:v3, dataset · latest · night, this one"
    here.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lineage a:focus")).to_have_attribute("aria-label", "train, ✓ run, finished")
    page.keyboard.press("ArrowLeft")
    expect(here).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("h1", has_text=re.compile("resnet:v0|run-x-history:v0")).wait_for()
    assert page.url.endswith("/lineage")
    page.get_by_role("link", name="train, ").click()
    page.get_by_role("heading", name="train").wait_for()


def test_a_large_lineage_is_cut_and_says_so(page, server, store):
    experiment = server.experiment(f"large {store.key}")
    made = store.make(experiment, "wide", run="r-made", run_name="maker")
    for index in range(200):
        store.use(experiment, f"r{index}", f"user {index}", made)
    # A run that makes what it uses goes round in a circle.
    store.use(experiment, "r-made", "maker", made)
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/v0/lineage")
    page.get_by_text("The nearest 60 of 202 are drawn").wait_for()
    assert page.locator(".lineage a").count() == 60 and len(page.locator(".lineage .edges path").all()) == 60
    assert page.evaluate("document.querySelectorAll('*').length") < 3_000


def test_what_differs_between_two_versions(page, store, study):
    store.make(study["experiment"], "new_artifact", files={**FILES, "old.csv": "x" * 2_000}, metadata={"rows": 1, "source": {"site": "north", "name": "camera"}})
    store.make(study["experiment"], "new_artifact", files={**FILES, "old.csv": "x"})
    made = store.make(study["experiment"], "new_artifact", files={**FILES, "train.csv": FILES["train.csv"] * 2, "night.csv": "x" * 50},
                      metadata={"rows": 2, "source": {"site": "south", "name": "camera"}})
    page.goto(f"{study['place']}/v6/diff")
    expect(page.get_by_label("Compare with")).to_have_value("5")
    page.get_by_label("Compare with").select_option("4")
    page.get_by_text("2.00 kB", exact=True).wait_for()
    assert page.url.endswith("?to=4")
    texts = [re.sub(r"\s+", " ", row).strip() for row in page.locator("table.versions tbody tr").all_inner_texts()]
    assert texts == ["~train.csv 15 B 30 B +15 B", "+night.csv – 50 B +50 B", "−old.csv 2.00 kB – −2.00 kB", "~rows 1 2", "~source.site north south"]
    assert "~1 changed, +1 added, −1 removed, 2 files the same" in page.locator("p.facts").inner_text()
    page.get_by_role("link", name="old.csv").click()
    page.locator(".preview h2:text('old.csv')").wait_for()
    assert "/v4/files" in page.url
    page.route(re.compile(f"/versions/{made['id']}/diff"), lambda route: route.fulfill(json={"added": [], "removed": [], "changed": [], "unchanged": 0, "isCut": True}))
    page.go_back()
    page.reload()
    page.get_by_text("this is a part of them").wait_for()


def test_it_is_compared_with_a_version_of_another_artifact(page, study):
    page.goto(f"{study['place']}/v0/diff")
    page.get_by_label("Compare with").select_option("another artifact…")
    page.get_by_label("Name and version").fill("resnet:nope")
    page.keyboard.press("Enter")
    page.get_by_text("There is no resnet:nope in this experiment").wait_for()
    page.get_by_label("Name and version").fill("resnet:production")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="resnet:v0").wait_for()
    assert page.url.endswith(f"?to={study['model']['id']}")
    assert "−1 removed" in page.locator("p.facts").inner_text()


def test_a_version_that_stands_alone(page, server, store):
    experiment = server.experiment(f"alone {store.key}")
    made = store.make(experiment, "alone", state="pending")
    page.goto(f"/e/{experiment}/artifacts/{made['collectionID']}/v0/diff")
    page.get_by_text("There is no other version to compare with yet.").wait_for()
    page.get_by_text("A program is still writing this version").wait_for()
    page.keyboard.press("3")
    page.get_by_text("No run made or used this version.").wait_for()
    page.keyboard.press("1")
    page.get_by_text("No run yet.").wait_for()
    assert "None was given." in page.locator("main").inner_text()


def test_a_linked_version_tells_where_it_is_from_and_where_it_is(page, store, study):
    store.link(study["data"][3], "shelf", aliases=["prod"])
    page.goto(f"{study['place']}/v3")
    page.get_by_role("link", name="shelf:v0").click()
    page.get_by_role("heading", name="shelf:v0").wait_for()
    page.get_by_role("link", name="new_artifact:v3").first.wait_for()
    assert "linked from new_artifact:v3" in page.locator(".heading").inner_text()


def test_a_run_tells_what_it_made_and_used(page, study):
    page.goto(f"/r/{study['runs']['train']}")
    section = page.locator("section", has=page.get_by_role("heading", name="Made 2"))
    section.wait_for()
    assert section.get_by_role("link").all_inner_texts() == ["resnet:v0", "run-x-history:v0", "new_artifact:v3"]
    page.goto(f"/r/{study['runs']['train']}/artifacts")
    page.get_by_role("heading", name="Used 1").wait_for()
    page.get_by_role("link", name="new_artifact:v3").click()
    page.get_by_role("heading", name="new_artifact:v3").wait_for()


def test_a_server_without_versions_still_shows_its_runs(browser, server):
    run = server.run(server.experiment("plain"), "plain", {"m": [1.0]})
    with visiting(browser, server.url) as page:
        page.route(re.compile(r"/runs/[^/]+/versions"), lambda route: route.fulfill(status=404, json={"message": "no"}))
        page.goto(f"/r/{run}/artifacts")
        page.get_by_text("No files yet").wait_for()
        assert page.get_by_role("heading", name="Made").count() == 0


def follow(page, server, path):
    """Goes to an address that a server of before does not know as a page."""
    page.route(re.compile(re.escape(server.url + path.split("?")[0]) + r"(\?.*)?$"), lambda route: route.fulfill(response=route.fetch(url=f"{server.url}/e")))
    page.goto(path)


def test_the_addresses_of_a_client_lead_to_the_pages(page, server, store, study):
    project = server.call("GET", f"experiments/{study['experiment']}")["name"]
    base = f"/default/{project.replace(' ', '%20')}"
    for path, place in (
            (f"{base}/artifacts/dataset/new_artifact/v3", f"{study['place']}/v3"), (f"{base}/artifacts/dataset/new_artifact/best", f"{study['place']}/v1"),
            (f"{base}/artifacts/dataset/new_artifact/latest", f"{study['place']}/v3"), (f"{base}/artifacts/dataset/new_artifact", study["place"]),
            (f"{base}/artifacts", study["list"]), (f"{base}/artifacts/model", f"{study['list']}?find=model"),
            (f"/default/registry/model?selectionPath=default%2F{project.replace(' ', '%20')}%2Fnew_artifact&view=membership&version=v2", f"{study['place']}/v2")):
        if "registry" in path:
            follow(page, server, path)
        else:
            page.goto(path)
        page.wait_for_url(f"{server.url}{place}")
        page.get_by_text("new_artifact" if "model" not in place else "resnet").first.wait_for()
    follow(page, server, f"{base}/artifacts/dataset/new_artifact/nope")
    page.get_by_text("The experiment is here, the artifact is not").wait_for()
    assert "artifact new_artifact:nope of experiment" in page.locator("main").inner_text()
    page.get_by_role("link", name="Artifacts of").click()
    page.get_by_role("link", name="resnet").wait_for()


def test_texts_of_others_stay_text(page, server, store):
    experiment = server.experiment(f"evil {store.key}")
    made = store.make(experiment, EVIL, type=EVIL, run="r", run_name=EVIL, files={EVIL: EVIL}, metadata={EVIL: EVIL}, aliases=[EVIL], tags=[EVIL], description=EVIL,
                      collection_tags=[EVIL], collection_description=EVIL)
    place = f"/e/{experiment}/artifacts/{made['collectionID']}"
    for path in (f"/e/{experiment}/artifacts", place, f"{place}/v0", f"{place}/v0/files?file={EVIL}", f"{place}/v0/lineage"):
        page.goto(path)
        page.get_by_text(EVIL).first.wait_for()
        page.wait_for_timeout(200)
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_a_phone(page, study, theme):
    page.set_viewport_size({"width": 360, "height": 740})
    for path, ready in (("", "v3"), ("/v3", "Used by"), ("/v3/files?file=train.csv", "rows"), ("/v3/lineage", "Runs are round"), ("/v3/diff?to=1", "Metadata")):
        page.goto(f"{study['place']}{path}{'&' if '?' in path else '?'}theme={theme}")
        page.locator("main").get_by_text(ready).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("(main => main.scrollWidth - main.clientWidth)(document.querySelector('main'))") == 0
    page.goto(f"{study['list']}?theme={theme}")
    page.get_by_role("link", name="new_artifact").wait_for()
    assert page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.scroll-x'))") == 0
