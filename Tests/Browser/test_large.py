"""Twenty thousand runs in one experiment, and texts that mean harm in every field."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

COUNT = 20_000
HARM = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}"


@pytest.fixture(scope="module")
def many(server):
    experiment = server.experiment("twenty thousand")

    def create(part):
        with requests.Session() as session:
            for index in range(part, COUNT, 8):
                session.post(f"{server.url}/api/v1/runs", timeout=60, json={
                    "experimentID": experiment, "name": f"run-{index:05d}", "startedAt": 1_700_000_000_000 + index * 1_000,
                }).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(8)))
    return experiment


def test_all_rows_can_be_reached_and_the_page_stays_small(page, many):
    page.goto(f"/e/{many}")
    page.get_by_text("20,000 of 20,000").wait_for()
    page.locator("#row-0 a:text('run-19999')").wait_for()
    page.locator(".grid").evaluate("grid => grid.scrollTop = grid.scrollHeight")
    page.locator("#row-19999 a:text('run-00000')").wait_for()
    assert page.evaluate("document.querySelectorAll('*').length") < 3_000
    page.locator(".grid").evaluate("grid => grid.scrollTop = 10000 * 28")
    page.locator("#row-10000 a:text('run-09999')").wait_for()
    page.keyboard.press("End")
    page.locator("#row-19999.cursor").wait_for()


def test_a_row_is_found_by_its_number_and_by_a_word(page, many):
    page.goto(f"/e/{many}")
    page.get_by_text("20,000 of 20,000").wait_for()
    page.keyboard.press("#")
    page.get_by_role("textbox", name="Row").fill("7321")
    page.keyboard.press("Enter")
    page.locator("#row-7320.cursor a:text('run-12679')").wait_for()
    page.get_by_label("Filter runs").fill("run-00042")
    page.get_by_text("1 of 20,000").wait_for()


def test_texts_that_mean_harm_stay_texts(page, server):
    experiment = server.experiment(HARM, purpose=f"## {HARM}\n\n{HARM} [x](javascript:alert(4))")
    runs = [server.run(experiment, f"{HARM}{index}", {f"loss/{'x' * index}a": [1.0, 2.0]}, {"p b": HARM + str(index), "q": HARM})
            for index in range(2)]
    for run in runs:
        server.call("POST", f"runs/{run}/tags", json={"set": {"t i": HARM}})
        server.call("PATCH", f"runs/{run}", json={
            "notes": f"{HARM}\n\n{HARM}", "purpose": HARM, "hypothesis": HARM, "conclusion": HARM})
    requests.put(f"{server.url}/api/v1/runs/{runs[0]}/artifacts/content", params={"path": "a<b>.csv"},
                 data=f"{HARM},b\n{HARM},2\n".encode(), timeout=30).raise_for_status()
    paths = ["/", f"/e/{experiment}", f"/e/{experiment}/charts"] + [
        f"/r/{runs[0]}/{tab}" for tab in ("overview", "charts", "params", "metrics", "artifacts", "notes")]
    for path in paths:
        page.goto(path)
        page.get_by_text("onerror").first.wait_for()
        page.wait_for_timeout(200)
        assert page.locator("main script, main [onerror], main a[href^='javascript']").count() == 0
    page.goto(f"/r/{runs[0]}/artifacts")
    page.get_by_role("button", name="a<b>.csv").click()
    page.locator(".file-table").wait_for()
    page.goto(f"/e/{experiment}")
    page.locator("#row-1").wait_for()
    page.keyboard.press("c")
    page.get_by_role("dialog").get_by_text("p b").first.wait_for()


def test_the_rows_of_many_runs_do_not_wait_for_what_they_have_in_common(page, many):
    held = []
    page.route("**/api/v1/runs/columns", lambda route: held.append(route))
    page.goto(f"/e/{many}")
    page.locator("#row-0 a:text('run-19999')").wait_for()
    page.get_by_text("20,000 of 20,000").wait_for()
    assert held
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/runs/columns")
    page.locator(".table-host:not([aria-busy])").wait_for()
    page.locator("#row-0 a:text('run-19999')").wait_for()
