"""The first screen of a run, what its header says in every state, and its files."""

import json
import re

import pytest
import requests
from playwright.sync_api import expect

HTML = "<style>h1 { color: red }</style><h1>Report</h1>"


def put(server, run, path, data):
    requests.put(f"{server.url}/api/v1/runs/{run}/artifacts/content", params={"path": path}, data=data, timeout=30).raise_for_status()


@pytest.fixture(scope="module")
def ranked(server):
    """Three runs with a goal metric, one without it."""
    experiment = server.experiment("ranked", goal={"metric": "val/loss", "direction": "minimize"})
    runs = [server.run(experiment, f"run-{index}", {"train/loss": [2.0, 1.0], "val/loss": [3.0, 1.0 + index / 10, 2.0]},
                       {"lr": str(index), "optim.name": "adam"}) for index in range(3)]
    server.run(experiment, "other", {"speed": [1.0]})
    server.call("PATCH", f"runs/{runs[1]}", json={"purpose": "Does it **rank**?", "hypothesis": "Yes.", "notes": "# Seen"})
    server.call("POST", f"runs/{runs[1]}/tags", json={"set": {"team": "vision", "mlflow.source.name": "train.py"}})
    return runs


def test_the_first_screen_says_how_good_the_run_is_and_how_it_was_made(page, ranked):
    page.goto(f"/r/{ranked[1]}")
    page.locator("figure[data-name='loss'][data-lines='2']").wait_for()
    heading = page.locator(".heading")
    heading.get_by_text("2nd of 3").wait_for()
    text = heading.inner_text()
    assert "finished" in text and "best 1.1 @1" in text and "last 2" in text and "team vision" in text and "rank" in text
    body = page.locator(".tab-body")
    assert body.get_by_text("train.py").is_visible() and body.get_by_text("adam").is_visible() and body.get_by_text("Yes.").is_visible()
    assert body.locator("tr", has_text="val/loss").first.inner_text().split() == ["val/loss", "2", "@2", "1.1", "@1", "▼"]
    for found in (page.locator("figure").first, body.get_by_text("adam")):
        assert found.bounding_box()["y"] < 700


def test_a_purpose_and_a_conclusion_are_written_where_they_stand(page, server, ranked):
    page.goto(f"/r/{ranked[0]}")
    page.get_by_text("Add a purpose").click()
    page.get_by_label("the purpose").fill("Is it the baseline?")
    page.keyboard.press("Control+Enter")
    page.locator(".run-purpose button:focus").wait_for()
    page.get_by_text("Add a conclusion").click()
    page.get_by_label("the conclusion").fill("It is.")
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(300)
    run = server.call("GET", f"runs/{ranked[0]}")
    assert (run["purpose"], run["conclusion"]) == ("Is it the baseline?", "It is.")
    page.reload()
    page.locator(".heading").get_by_text("Is it the baseline?").wait_for()


def test_a_tag_is_added_and_taken_away(page, server, ranked):
    page.goto(f"/r/{ranked[2]}")
    page.get_by_role("button", name="+ tag").click()
    page.get_by_role("textbox", name="Tag", exact=True).fill("stage")
    page.get_by_role("textbox", name="Value").fill("trial")
    page.keyboard.press("Enter")
    page.locator(".tag", has_text="stage trial").click()
    page.get_by_role("textbox", name="Value").fill("")
    page.keyboard.press("Enter")
    page.locator(".tag").wait_for(state="detached")
    assert server.call("GET", f"runs/{ranked[2]}")["tags"] == []


def test_a_deleted_run_says_so_and_comes_back(page, server):
    run = server.run(server.experiment("bin"), "gone", {"m": [1.0, 2.0]})
    page.goto(f"/r/{run}")
    page.get_by_label("Actions of the run").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("This run is in the bin").wait_for()
    assert server.call("GET", f"runs/{run}")["stage"] == "deleted"
    page.reload()
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("This run is in the bin").wait_for(state="detached")
    assert server.call("GET", f"runs/{run}")["stage"] == "active"


def test_a_run_without_a_sign_of_life_is_stalled(page, server):
    run = server.run(server.experiment("stalling"), "silent", {"m": [1.0, 2.0]}, status="running")

    def late(route):
        answer = route.fetch().json()
        route.fulfill(json=answer | {"isStalled": True, "heartbeatAt": answer["heartbeatAt"] - 7_200_000})

    page.route(re.compile(f"/api/v1/runs/{run}[?]"), late)
    page.goto(f"/r/{run}")
    page.locator(".banner", has_text="no sign of life for 2 h").wait_for()
    assert "stalled" in page.locator(".facts").inner_text()


@pytest.mark.parametrize("run", ["0123456789abcdef0123456789abcdef", "nonsense"])
def test_an_unknown_run_is_no_dead_end(page, server, run):
    page.goto(f"/r/{run}")
    page.get_by_text("There is no such run here").wait_for()
    assert page.locator(".copy-box").inner_text().startswith("export MLFLOW_TRACKING_URI=http")
    page.get_by_role("link", name="All experiments", exact=True).click()
    page.wait_for_url("**/e")


def test_a_run_that_logs_nothing_yet_says_what_to_paste_and_then_draws(page, server):
    run = server.run(server.experiment("nothing yet"), "new", status="running")
    page.goto(f"/r/{run}")
    page.locator(".copy-box", has_text="mlflow.log_metric").wait_for()
    page.locator(".live[data-state='live']").wait_for()
    server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "val/loss", "value": 1.5}]})
    page.locator("figure[data-name='loss'][data-points='1']").wait_for(timeout=3_000)
    page.locator(".goal-line", has_text="best 1.5").wait_for()


def test_what_is_being_written_survives_another_tab_and_new_points(page, server):
    run = server.run(server.experiment("drafts"), "drafts", {"m": [1.0]}, status="running")
    page.goto(f"/r/{run}/notes?edit=1")
    page.get_by_label("Notes", exact=True).fill("half a thought")
    page.locator(".live[data-state='live']").wait_for()
    server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "m", "value": 2.0, "step": 1}]})
    page.wait_for_timeout(1_200)
    page.get_by_role("link", name="params").click()
    page.get_by_role("link", name="notes").click()
    expect(page.get_by_label("Notes", exact=True)).to_have_value("half a thought")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Write notes").wait_for()


def test_parameters_are_found_by_words(page, server):
    run = server.run(server.experiment("params"), "params", {}, {f"model.layer{index}.width": str(index) for index in range(40)})
    page.goto(f"/r/{run}/params")
    page.get_by_label("Search parameters").fill("layer7 width")
    assert page.locator("section").first.locator("tbody tr").count() == 1


@pytest.fixture(scope="module")
def filed(server):
    run = server.run(server.experiment("files of a run"), "filed", {"m": [1.0]}, status="running")
    put(server, run, "deep/er/note.txt", b"found it")
    put(server, run, "report.html", HTML.encode())
    put(server, run, "sound.wav", b"RIFF")
    return run


def test_the_address_names_the_file_that_is_looked_at(page, filed):
    page.goto(f"/r/{filed}/artifacts")
    page.get_by_text("deep").click()
    page.get_by_text("er", exact=True).click()
    page.get_by_role("button", name="note.txt").click()
    page.locator(".preview pre:text('found it')").wait_for()
    page.reload()
    page.locator(".preview pre:text('found it')").wait_for()
    assert page.locator(".tree [aria-current]").inner_text() == "note.txt"
    page.goto(f"/r/{filed}/artifacts?file=not/there")
    page.get_by_text("There is no file").wait_for()


def test_a_page_of_others_is_shown_in_a_frame_that_can_do_nothing(page, filed):
    page.goto(f"/r/{filed}/artifacts?file=report.html")
    frame = page.locator(".preview iframe")
    frame.wait_for()
    assert frame.get_attribute("sandbox") == ""
    page.frame_locator(".preview iframe").get_by_text("Report").wait_for()
    page.get_by_role("button", name="Source").click()
    page.locator(".preview pre", has_text="<h1>Report</h1>").wait_for()
    assert frame.is_hidden()


def test_a_file_that_comes_while_one_looks_is_listed(page, server, filed):
    page.goto(f"/r/{filed}/artifacts?file=deep/er/note.txt")
    page.locator(".preview pre:text('found it')").wait_for()
    page.locator(".live[data-state='live']").wait_for()
    put(server, filed, "deep/er/late.txt", b"late")
    page.get_by_role("button", name="late.txt").wait_for(timeout=3_000)
    assert page.locator(".preview pre").inner_text() == "found it"


def test_parameters_with_a_common_beginning_are_a_tree(page, server):
    params = {"epochs": "3", "optimizer.lr": "0.1", "optimizer.beta/first": "0.9", "optimizer.beta/second": "0.99", "optimizer": "adam",
              "model.encoder.depth": "12", "data/root": "/x", "data/size": "5"}
    run = server.run(server.experiment("tree"), "tree", {}, params)
    page.goto(f"/r/{run}/params")
    rows = page.locator("table.param-tree").first.locator("tbody tr")
    rows.first.wait_for()
    assert [text.split() for text in rows.all_inner_texts()] == [
        ["▾data", "2"], ["root", "/x"], ["size", "5"], ["epochs", "3"], ["model.encoder.depth", "12"], ["optimizer", "adam"],
        ["▾optimizer", "3"], ["▾beta", "2"], ["first", "0.9"], ["second", "0.99"], ["lr", "0.1"]]
    branch = page.get_by_role("button", name="optimizer")
    branch.click()
    expect(branch).to_have_attribute("aria-expanded", "false")
    expect(rows).to_have_count(7)
    # What is looked for is shown, folded or not.
    page.get_by_label("Search parameters").fill("second")
    page.get_by_text("0.99").wait_for()
    assert [text.split() for text in rows.all_inner_texts()] == [["optimizer.beta/second", "0.99"]]
    page.get_by_label("Search parameters").fill("")
    assert rows.count() == 7


@pytest.mark.parametrize("tab", ["", "/charts", "/params", "/metrics", "/artifacts", "/notes"])
def test_a_phone_needs_no_sideways_scrolling(page, ranked, tab):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/r/{ranked[1]}{tab}")
    page.locator(".tab-body > *:not(.skeleton)").first.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("[document.querySelector('main').scrollWidth, document.querySelector('main').clientWidth]")[0] <= 360


def test_a_change_from_elsewhere_is_on_the_page(page, server, ranked):
    page.goto(f"/r/{ranked[2]}")
    page.locator(".live[data-state='live']").wait_for()
    server.call("PATCH", f"runs/{ranked[2]}", json={"conclusion": "from a script", "name": "renamed"})
    page.get_by_text("from a script").wait_for(timeout=3_000)
    page.locator("h1", has_text="renamed").wait_for()
    assert json.loads(page.request.get(f"/api/v1/runs/{ranked[2]}").text())["name"] == "renamed"


def test_metrics_are_found_by_words_and_the_table_stays_small(page, server):
    curves = {f"layer{index:03d}/norm": [1.0, 2.0] for index in range(300)} | {"train/loss": [2.0, 1.0], "val/loss": [2.0, 1.5]}
    run = server.run(server.experiment("long table"), "run", curves)
    page.goto(f"/r/{run}/metrics")
    page.get_by_text("The first 90 of 302 metrics").wait_for()
    first = page.locator("tbody tr td:first-child")
    assert first.all_inner_texts()[:2] == ["train/loss", "val/loss"]
    assert page.evaluate("document.querySelectorAll('*').length") < 3_000
    page.get_by_label("Search metrics").fill("layer29 norm")
    assert first.all_inner_texts() == [f"layer{index}/norm" for index in range(290, 300)]


def test_a_description_stands_for_a_purpose_that_was_not_written(page, server):
    run = server.run(server.experiment("described"), "run", {"m": [1.0, 2.0]})
    server.call("PATCH", f"runs/{run}", json={"notes": "## a learning rate **far** too high\n\nMore."})
    page.goto(f"/r/{run}")
    assert page.locator(".run-purpose").inner_text().startswith("a learning rate far too high")
    page.get_by_text("Add a purpose").click()
    page.get_by_label("the purpose").fill("Where is the limit?")
    page.keyboard.press("Control+Enter")
    page.locator(".run-purpose", has_text="Where is the limit?").wait_for()
    page.reload()
    page.locator(".run-purpose", has_text="Where is the limit?").wait_for()
    assert "learning rate" not in page.locator(".run-purpose").inner_text()


def test_a_metric_that_did_not_come_with_the_run_is_told_as_it_is_now(page, server):
    """Only the first 500 of very many metrics come with a run; the others are read where they are shown, again and again."""
    run = server.run(server.experiment("very many"), "wide", status="running")

    def log(value, step):
        for first in range(0, 1_200, 300):
            points = [{"key": f"m{index:04}", "value": value, "step": step} for index in range(first, first + 300)]
            server.call("POST", f"runs/{run}/log", json={"metrics": points})

    log(1.5, 0)
    page.goto(f"/r/{run}/metrics")
    page.get_by_text("metrics 1200").or_(page.get_by_text("metrics 1,200")).first.wait_for()
    search = page.locator("input[aria-label='Search metrics']")
    search.fill("m11")
    row = page.locator("tbody tr", has_text="m1100")
    row.get_by_text("1.5", exact=True).first.wait_for()
    search.blur()
    log(7.25, 1)
    row.get_by_text("7.25", exact=True).first.wait_for()
