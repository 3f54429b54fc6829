"""The addresses that W&B's client prints lead to the pages of its runs."""

import re
import urllib.parse

import pytest
from conftest import PASSWORD, visiting
from playwright.sync_api import expect
from wandb_http import Run


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "addresses", "abc123")
    run.log({"loss": 1.0, "_step": 0}, {"loss": 0.5, "_step": 1, "note": "text"})
    run.machine({"cpu": 3.0, "gpu.0.temp": 50.0})
    run.summary({"loss": 0.5, "best": {"max": 0.9, "min": 0.1}, "verdict": "good enough", "_runtime": 3, "_wandb": {"runtime": 3},
                 "pic": {"_type": "image-file", "path": "media/x.png"}})
    return run


def test_an_address_of_a_run_leads_to_its_page(page, server, run):
    page.goto("/default/addresses/runs/abc123?theme=dark")
    page.get_by_role("heading", name="abc123").wait_for()
    assert page.url == f"{server.url}/r/{run.id}?theme=dark"


def test_an_address_of_a_project_leads_to_its_experiment(page, server, run):
    for path in ("default/addresses", "default/addresses/workspace"):
        page.goto(f"/{path}")
        page.locator("#row-0").wait_for()
        assert re.fullmatch(rf"{server.url}/e/\d+", page.url)


def test_an_address_below_a_run_leads_to_its_tab(page, server, run):
    for tail, tab in (("overview", ""), ("logs", "/console"), ("files", "/artifacts"), ("files/config.yaml", "/artifacts?file=config.yaml"), ("system", "/system"), ("nonsense", "")):
        page.goto(f"/default/addresses/runs/abc123/{tail}")
        page.get_by_role("heading", name="abc123").wait_for()
        assert page.url == f"{server.url}/r/{run.id}{tab}"
    for tail in ("table", "overview", "runs"):
        page.goto(f"/default/addresses/{tail}")
        page.locator("#row-0").wait_for()


@pytest.mark.parametrize("name", ["plain.txt", "deep/er/a file.txt", "100%.txt", "50%25 of it.txt", "a?b#c&d=e.txt"])
def test_an_address_of_a_file_selects_it(page, server, run, name):
    run.file(name, f"this is {name}".encode())
    page.goto(f"/default/addresses/runs/abc123/files/{urllib.parse.quote(name)}")
    page.get_by_text(f"this is {name}", exact=True).wait_for()
    assert page.url == f"{server.url}/r/{run.id}/artifacts?{urllib.parse.urlencode({'file': name})}"


def test_an_address_of_a_group_shows_its_runs(page, server):
    group = """it's "50% / all" <b>"""
    for name, value in (("in", group), ("out", "other")):
        member = Run(server, "grouped", name)
        server.call("POST", f"runs/{member.id}/tags", json={"set": {"wandb.group": value}})
    page.goto(f"/default/grouped/groups/{urllib.parse.quote(group, safe='')}/workspace?theme=dark")
    page.get_by_role("link", name="in", exact=True).wait_for()
    expect(page.locator("[id^=row-]")).to_have_count(1)
    assert "theme=dark" in page.url
    page.goto("/default/grouped/groups/other")
    page.get_by_role("link", name="out", exact=True).wait_for()
    expect(page.locator("[id^=row-]")).to_have_count(1)
    expect(page.get_by_label("Filter runs")).to_have_value("tags.wandb.group = 'other'")


def test_the_page_of_a_run_tells_the_id_that_its_program_knows(page, run):
    page.goto(f"/r/{run.id}")
    page.get_by_role("row", name="run id abc123").wait_for()
    page.get_by_role("row", name=f"id in Martlet {run.id}").wait_for()


def test_an_address_of_a_sweep_leads_to_its_page(page, server, run):
    experiment = server.call("GET", "find?experiment=addresses")["experimentID"]
    sweep = server.call("POST", "sweeps", json={"experimentID": experiment, "configuration": {"method": "random", "parameters": {"x": {"min": 0, "max": 9}}}})
    page.goto(f"/default/addresses/sweeps/{sweep['name']}?theme=dark")
    page.get_by_role("heading", name=sweep["name"]).wait_for()
    assert page.url == f"{server.url}/e/{experiment}/sweeps/{sweep['id']}?theme=dark"
    page.goto("/default/addresses/sweeps")
    page.get_by_role("link", name=sweep["name"]).wait_for()
    assert page.url == f"{server.url}/e/{experiment}/sweeps"


def test_an_address_of_a_sweep_that_is_not_here_leads_to_the_runs_that_name_it(page, server, run):
    experiment = server.call("GET", "find?experiment=addresses")["experimentID"]
    tried = server.run(experiment, "tried by a sweep", {"loss": [1.0]})
    server.call("POST", f"runs/{tried}/tags", json={"set": {"wandb.sweep": "q1w2e3r4"}})
    page.goto("/default/addresses/sweeps/q1w2e3r4")
    page.get_by_role("link", name="Runs that name it").click()
    page.get_by_role("link", name="tried by a sweep").wait_for()
    expect(page.locator("[id^=row-]")).to_have_count(1)
    for hostile in ("x'%20or%201=1", "%3Cscript%3E"):
        page.goto(f"/default/addresses/sweeps/{hostile}")
        page.get_by_role("heading", name="There is no such sweep here").wait_for()
        assert page.get_by_role("link", name="Runs that name it").count() == 0


def test_what_is_unknown_is_told(page, run):
    page.goto("/default/addresses/runs/nope")
    page.get_by_text("The experiment is here, the run is not").wait_for()
    assert "run nope of experiment addresses in workspace default" in page.locator("main").inner_text()
    page.get_by_role("link", name="Experiment addresses").click()
    page.locator("#row-0").wait_for()
    page.goto("/somebody/elsewhere")
    page.get_by_text("experiment elsewhere in workspace somebody").wait_for()


def test_after_a_login_it_still_leads_there(browser, closed):
    key = closed.headers["Authorization"].removeprefix("Bearer ")
    run = Run(closed, "behind", "locked1", key=key)
    with visiting(browser, closed.url) as page:
        page.goto("/default/behind/runs/locked1")
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="locked1").wait_for()
        assert page.url == f"{closed.url}/r/{run.id}"


def test_the_overview_shows_what_the_program_summed_up(page, run):
    page.goto(f"/r/{run.id}")
    section = page.locator("section", has=page.get_by_role("heading", name="Summary (by the program)"))
    section.wait_for()
    rows = dict(row.split("\t") for row in section.locator("tbody tr").all_inner_texts())
    assert {key.strip(): value.strip() for key, value in rows.items()} == {"best.max": "0.9", "best.min": "0.1", "verdict": "good enough"}


def test_a_run_without_such_values_has_no_summary(page, server):
    plain = server.run(server.experiment("no summary"), "plain", {"m": [1.0]})
    page.goto(f"/r/{plain}")
    page.get_by_role("heading", name="How it was made").wait_for()
    page.wait_for_timeout(300)
    expect(page.get_by_role("heading", name="Summary (by the program)")).to_be_hidden()


def test_what_the_machine_reported_is_folded_behind_the_others(page, run):
    page.goto(f"/r/{run.id}/charts")
    page.locator("figure").first.wait_for()
    heads = page.locator("h2.fold button").all_inner_texts()
    assert len(heads) == 2 and "system 2" in heads[1], heads
    assert page.locator("h2.fold button").nth(1).get_attribute("aria-expanded") == "false"
    assert not [title for title in page.locator("figure").evaluate_all("all => all.map((one) => one.textContent)") if "_runtime" in title or "_timestamp" in title]
    page.goto(f"/r/{run.id}/metrics")
    fold = page.get_by_role("button", name="System")
    fold.wait_for()
    assert fold.get_attribute("aria-expanded") == "false"
    assert page.get_by_role("cell", name="loss", exact=True).is_visible()
    assert page.get_by_role("cell", name="system.cpu").count() == 0
    fold.click()
    page.get_by_role("cell", name="system.cpu").wait_for()


def test_a_filter_in_the_words_of_the_client_is_told_ours(page, server, run):
    server.call("POST", f"runs/{run.id}/tags", json={"set": {"wandb.jobType": "train", "wandb.group": "g"}})
    page.goto("/default/addresses")
    page.locator("#row-0").wait_for()
    for word, ours in (("job_type", "tags.wandb.jobType"), ("group", "tags.wandb.group")):
        page.get_by_label("Filter runs").fill(f"{word} = 'train'")
        page.get_by_text(f"did you mean {ours}?").wait_for()


def test_what_the_machine_reported_has_a_tab_of_its_own(page, run):
    page.goto(f"/r/{run.id}")
    page.get_by_role("navigation", name="Views of the run").get_by_role("link", name="system").click()
    page.locator("figure[data-points='1']").first.wait_for()
    titles = page.locator("figure header").all_inner_texts()
    assert len(titles) == 2 and titles[0].startswith("system.cpu\n%") and "°C" in titles[1], titles
    axis = page.locator("label", has_text="x").locator("select")
    expect(axis).to_have_value("relativeTime")
    axis.select_option("step")
    page.wait_for_url("**/system?axis=step")
    page.locator("figure[data-points='1']").first.wait_for()


def test_an_address_of_a_registry_shows_its_collections(page, server):
    Run(server, "wandb-registry-addressed", "maker")
    experiment = server.call("GET", "find", params={"workspace": "default", "experiment": "wandb-registry-addressed", "run": "maker"})["experimentID"]
    page.goto("/orgs/default/registry/addressed")
    page.wait_for_url(f"{server.url}/e/{experiment}/artifacts")
