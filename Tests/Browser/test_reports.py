"""Reports that wandb-workspaces 0.4.13 writes, at the addresses that it prints."""

import base64

import pytest
from conftest import visiting
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)>"


def text(value, **marks):
    return {"text": value, **marks}


def block(kind, *children, **more):
    return {"type": kind, "children": list(children) or [text("")], **more}


def run_set(project, *filters, name="Run set", **more):
    return {"id": "x", "enabled": True, "project": {"name": project, "entityName": "default", "id": "1"}, "name": name, "search": {"query": ""},
            "filters": {"filterFormat": "filterV2", "filters": list(filters)}, "grouping": [], "selections": {"root": 1, "bounds": [], "tree": []}, **more}


def where(section, name, op, value):
    return {"key": {"section": section, "name": name}, "op": op, "value": value, "disabled": False}


def grid(sets, *panels):
    return block("panel-grid", metadata={"openViz": True, "runSets": sets, "panelBankSectionConfig": {"name": "Report Panels", "panels": [
        {"__id__": str(index), "viewType": kind, "config": config} for index, (kind, config) in enumerate(panels)]}})


def line(*metrics):
    return "Run History Line Plot", {"xAxis": "_step", "metrics": list(metrics)}


BLOCKS = [
    block("table-of-contents"), block("heading", text("Results"), level=1), block("paragraph", text("The "), text("lower", bold=True), text(" one "), text("f(x)", inlineCode=True)),
    block("paragraph", text("see "), block("link", text("there"), url="https://example.org/x"), text(" or "), block("link", text("not there"), url="javascript:alert(1)"),
          block("latex", content="a^2")),
    block("heading", text("Second"), level=2, collapsedChildren=[block("paragraph", text("folded"))]),
    block("markdown-block", content=f"**bold** {HOSTILE}"), block("code-block", block("code-line", text("import x\nprint(1)")), language="python"),
    block("callout-block", block("callout-line", text("Mind this"))), block("block-quote", text("said")), block("latex", content="E = mc^2", block=True), block("horizontal-rule"),
    block("list", block("list-item", block("paragraph", text("first")), ordered=True), ordered=True),
    block("list", block("list-item", block("paragraph", text("done")), checked=True), block("list-item", block("paragraph", text("open")), checked=False)),
    block("image", text("a picture"), url="https://example.org/a.png", hasCaption=True), block("image", text("ours"), url="/favicon.svg", hasCaption=True), block("video", url="https://example.org/v.mp4"),
    block("spotify", spotifyID="x"), block(HOSTILE),
]


@pytest.fixture(scope="module")
def place(server):
    experiment = server.experiment("reported")
    for index in range(3):
        run = server.run(experiment, f"run {index}", {"loss": [1.0 / (step + 1 + index) for step in range(20)]}, {"lr": str(0.1 * (index + 1)), "opt": "adam" if index else "sgd"})
        if index == 1:
            server.call("POST", f"runs/{run}/tags", json={"set": {"good": ""}})
    panels = grid([run_set("reported", where("config", "lr", ">=", 0.15), where("run", "unheard", "=", 1), name="all")], line("loss"), line("nope"),
                  ("Bar Chart", {"metrics": ["loss"]}), ("Markdown Panel", {"value": "**md** panel"}), (HOSTILE, None))
    tagged = grid([run_set("reported", where("tags", "tags", "IN", ["good"]))], line("loss"))
    gone = grid([run_set("never there")], line("loss"))
    report = save(server, experiment, f"Which rate? {HOSTILE}", [*BLOCKS, panels, tagged, gone], description="of the week")
    return experiment, report


def save(server, experiment, title, blocks, **more):
    return server.call("POST", "views", json={"experimentID": experiment, "kind": "report", "name": title[:8] + str(len(blocks)), "displayName": title,
                                              "content": {"version": 5, "blocks": blocks, "width": "readable"}, **more})["id"]


@pytest.fixture
def report(page, place):
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"/reports/{place[1]}")
    page.locator(".report h1").wait_for()
    page.requested = requested
    return page


def test_the_address_that_the_client_prints_leads_to_the_report(page, server, place):
    coded = base64.b64encode(f"View:{place[1]}".encode()).decode().rstrip("=")
    for title in ("Which-rate", "Which-rate?-of-<b>them</b>", "a/b--c"):
        page.goto(f"/default/reported/reports/{title}--{coded}")
        page.get_by_role("heading", name="Which rate?").wait_for()
        assert page.url == f"{server.url}/reports/{place[1]}"
    page.goto("/default/reported/reports")
    page.get_by_role("heading", name="Reports").wait_for()
    assert page.url == f"{server.url}/reports?experiment={place[0]}"


def test_texts_stand_as_they_were_written_and_nothing_of_them_runs(report, server, place):
    article = report.locator(".report")
    assert article.get_by_role("heading", level=1).inner_text() == f"Which rate? {HOSTILE}"
    assert "of the week" in article.inner_text() and "local" in article.inner_text()
    assert [article.locator(f"p {tag}").first.inner_text() for tag in ("strong", "code")] == ["lower", "f(x)"]
    assert article.get_by_role("link", name="there", exact=True).get_attribute("href") == "https://example.org/x"
    assert article.get_by_role("link", name="not there").count() == 0 and "not there" in article.inner_text()
    assert article.locator("pre").first.inner_text() == "import x\nprint(1)"
    assert article.get_by_role("note").inner_text() == "Mind this"
    assert article.locator("blockquote").inner_text() == "said" and article.locator("ol > li").inner_text() == "first"
    assert article.locator(".task").all_inner_texts() == ["☑ done", "☐ open"]
    assert f"bold {HOSTILE}" in article.inner_text()
    assert article.locator("img").evaluate_all("all => all.map((one) => one.getAttribute('src'))") == [f"{server.url}/favicon.svg"]
    assert article.get_by_role("link", name="a picture").get_attribute("href") == "https://example.org/a.png"
    assert article.locator(".not-drawn").all_inner_texts()[:2] == ["A block of the kind spotify is not drawn here.", f"A block of the kind {HOSTILE} is not drawn here."]
    assert all(url.startswith(server.url) for url in report.requested)


def test_the_contents_lead_to_the_headings(report):
    contents = report.get_by_role("navigation", name="Contents")
    assert contents.get_by_role("button").all_inner_texts() == ["Results", "Second"]
    contents.get_by_role("button", name="Second").press("Enter")
    expect(report.get_by_role("heading", name="Second")).to_be_focused()


def test_panels_are_charts_of_the_runs_of_their_run_set(report, place):
    grids = report.locator(".report-grid")
    grids.nth(0).scroll_into_view_if_needed()
    notes = grids.nth(0).locator(".report-notes")
    notes.get_by_role("link", name="run table").wait_for()
    grids.nth(0).locator("figure[data-lines='2']").wait_for()
    told = notes.inner_text()
    assert "all: 2 runs · run table · all charts · not applied: run.unheard = 1" in told
    assert "No run here has the metric nope." in told and "A panel of the kind Bar Chart (loss) is not drawn here." in told and HOSTILE in told
    assert notes.locator("strong").inner_text() == "md"
    grids.nth(1).scroll_into_view_if_needed()
    grids.nth(1).locator("figure[data-lines='1']").wait_for()
    grids.nth(2).scroll_into_view_if_needed()
    grids.nth(2).get_by_text("The experiment of these charts is not here.").wait_for()
    grids.nth(1).get_by_role("link", name="run table").click()
    report.get_by_role("link", name="run 1").wait_for()
    expect(report.locator("[id^=row-]")).to_have_count(1)


def test_an_experiment_leads_to_its_reports(page, place):
    page.goto(f"/e/{place[0]}")
    page.locator("#row-0").wait_for()
    page.locator(".news").get_by_role("link", name="1 report").click()
    page.get_by_role("link", name="Which rate?").click()
    page.locator(".report h1").wait_for()
    page.get_by_role("link", name="all reports").click()
    page.get_by_role("heading", name="Reports").wait_for()


def test_a_report_that_is_saved_again_is_shown_anew(page, server, place):
    report = save(server, server.experiment("rewritten"), "Before", [block("paragraph", text("one"))])
    page.goto(f"/reports/{report}")
    page.get_by_role("heading", name="Before").wait_for()
    page.locator(".live[data-state=live]").wait_for()
    server.call("PATCH", f"views/{report}", json={"displayName": "After", "content": {"blocks": []}})
    page.get_by_role("heading", name="After").wait_for()
    page.get_by_text("This report has no content yet.").wait_for()


def test_what_is_no_report_is_told(page, server, place):
    page.goto("/reports/999999")
    page.get_by_role("heading", name="There is no such report").wait_for()
    layout = server.call("POST", "views", json={"experimentID": place[0], "kind": "project-view", "name": "layout", "content": {}})["id"]
    page.goto(f"/reports/{layout}")
    page.get_by_role("heading", name="There is no such report").wait_for()
    broken = save(server, server.experiment("broken"), "Broken", [None, 1, "x", {}, {"type": "list", "children": [None, {"children": 5}]},
                                                                   {"type": "panel-grid"}, {"type": "heading", "children": {"a": 1}}, {"type": "constructor"}])
    page.goto(f"/reports/{broken}")
    page.get_by_role("heading", name="Broken").wait_for()


def test_it_fits_a_phone_and_the_dark(browser, server, place):
    with visiting(browser, server.url) as page:
        page.set_viewport_size({"width": 360, "height": 740})
        page.goto(f"/reports/{place[1]}?theme=dark")
        page.locator(".report h1").wait_for()
        page.locator(".report-grid").nth(0).scroll_into_view_if_needed()
        page.locator(".report-grid figure").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
