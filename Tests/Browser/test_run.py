"""The page of one run: its tables and its files."""

import requests

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def filed(server):
    run = server.run(server.experiment("filed"), "filed", {"val/loss": [3.0, 1.0, 2.0], "lr": [0.1, 0.1, 0.1]},
                     {"long": "abc " * 300, "short": "1"})
    server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "broken", "value": "NaN", "step": 7},
                                                             {"key": "broken", "value": 5.0, "step": 3}]})
    files = {
        "small.csv": 'id,label,"with, comma"\n1,cat,"a ""b"""\n2,dog,"two\nlines"\n', "table.tsv": "a\tb\n1\t2\n",
        "large.csv": "id,value\n" + "".join(f"{index},{index * 2}\n" for index in range(100_000)),
        "folder/readme.md": "# Read **me**", "log.txt": "line\n" * 60_000, "conf.json": '{"a": {"b": [1]}}',
        "page.html": "<h1>in</h1>",
    }
    for path, text in files.items():
        requests.put(f"{server.url}/api/v1/runs/{run}/artifacts/content", params={"path": path},
                     data=text.encode(), timeout=30).raise_for_status()
    return run


def cells(page, key):
    return page.locator("tr", has=page.get_by_role("cell", name=key, exact=True)).locator("td").all_inner_texts()


def test_each_metric_has_its_numbers_and_its_shape(page, filed):
    page.goto(f"/r/{filed}/metrics")
    page.get_by_role("cell", name="val/loss", exact=True).wait_for()
    assert cells(page, "val/loss")[1:9] == ["2", "1 @1 ▼", "1 @1", "3 @0", "2", "2", "3", "0"]
    assert cells(page, "broken")[1] == "NaN" and cells(page, "broken")[8] == "1"
    drawn = """[...document.querySelectorAll('.list .spark canvas')].some((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))"""
    for _ in range(20):
        if page.evaluate(drawn):
            return
        page.wait_for_timeout(100)
    pytest.fail("no sparkline was drawn")


def test_a_long_value_is_whole_and_can_be_copied(page, filed):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/r/{filed}/params")
    line = page.locator("tr", has=page.get_by_text("long", exact=True))
    assert line.locator(".value-text").inner_text().strip() == ("abc " * 300).strip()
    line.hover()
    line.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == "abc " * 300
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def look(page, run, name):
    page.goto(f"/r/{run}/artifacts")
    page.get_by_role("button", name=name, exact=True).click()
    return page.locator(".preview")


def test_a_csv_is_a_table(page, filed):
    table = look(page, filed, "small.csv").get_by_role("table")
    table.wait_for()
    assert table.locator("th").all_inner_texts() == ["id", "label", "with, comma"]
    assert table.locator("td").nth(2).inner_text() == 'a "b"'
    assert table.locator("tbody tr").count() == 2
    other = look(page, filed, "table.tsv")
    other.get_by_role("table").wait_for()
    assert other.locator("td").all_inner_texts() == ["1", "2"]


def test_only_the_beginning_of_a_large_file_is_read_and_the_page_says_so(page, filed):
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())) if "large.csv" in answer.url else None)
    preview = look(page, filed, "large.csv")
    assert "only the first 200 kB of 1.23 MB" in preview.locator(".part").inner_text()
    assert preview.locator("tbody tr").count() == 500
    assert sizes == [200_000]
    assert "Only the first 200 kB" in look(page, filed, "log.txt").locator(".banner").inner_text()


def test_files_are_shown_as_what_they_are(page, filed):
    assert '"b": [' in look(page, filed, "conf.json").locator("pre").inner_text()
    page.goto(f"/r/{filed}/artifacts")
    page.get_by_text("folder").click()
    page.get_by_role("button", name="readme.md").click()
    page.locator(".preview .md h3 strong:text('me')").wait_for()
    preview = look(page, filed, "page.html")
    assert preview.locator("iframe").get_attribute("sandbox") == ""
    preview.get_by_role("button", name="Source").click()
    expect(preview.locator("pre")).to_contain_text("<h1>in</h1>")


def test_a_file_is_downloaded(page, filed):
    preview = look(page, filed, "conf.json")
    with page.expect_download() as download:
        preview.get_by_role("link", name="download").click()
    assert download.value.path().read_text() == '{"a": {"b": [1]}}'


def test_a_last_value_that_is_no_number_is_whole_in_the_run_table(page, server):
    experiment = server.experiment("broken last")
    for index in range(3):
        run = server.run(experiment, f"run-{index}", {"val/loss": [0.5 + index] * 200})
        server.call("POST", f"runs/{run}/log", json={"metrics": [{"key": "val/loss", "value": "NaN", "step": 12_345}]})
    page.goto(f"/e/{experiment}")
    cell = page.locator("#row-0 .metric").first
    cell.get_by_text("NaN").wait_for()
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
