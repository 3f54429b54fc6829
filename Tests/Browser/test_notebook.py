"""What W&B's client asks of a run's page besides its address: to stand in a frame of a notebook, and to stop the program."""

import pytest
from playwright.sync_api import expect
from wandb_http import Run


@pytest.fixture(scope="module")
def run(server):
    run = Run(server, "notebook", "framed")
    run.log({"loss": 1.0, "_step": 0}, {"loss": 0.5, "_step": 1})
    run.summary({"loss": 0.5})
    return run


def test_a_page_in_a_notebook_has_no_navigation(page, server, run):
    page.goto("/default/notebook/runs/framed?jupyter=true")
    page.get_by_role("heading", name="framed").wait_for()
    assert page.url == f"{server.url}/r/{run.id}?jupyter=true"
    for part in (page.locator(".rail"), page.locator(".top")):
        expect(part).to_be_hidden()
    page.get_by_role("link", name="charts", exact=True).click()
    page.locator("figure").first.wait_for()
    expect(page.locator(".rail")).to_be_hidden()
    link = page.get_by_role("link", name="open in a tab")
    assert link.get_attribute("href") == f"r/{run.id}/charts" and link.get_attribute("target") == "_blank"
    assert page.locator("main").bounding_box()["x"] == 0
    page.goto(f"/r/{run.id}")
    expect(page.locator(".rail")).to_be_visible()


def test_a_running_program_is_asked_to_stop(page, server):
    run = Run(server, "notebook", "long")
    page.goto(f"/r/{run.id}")
    page.get_by_role("heading", name="long").wait_for()
    # Nobody would hear it beside a program of another client.
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    server.call("POST", "runs/bulk", json={"ids": [run.id], "action": "tag", "set": {"wandb.host": "here"}})
    button = page.get_by_role("button", name="Stop", exact=True)
    button.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    tags = lambda: {tag["key"]: tag["value"] for tag in server.call("GET", f"runs/{run.id}")["tags"]}
    assert "wandb.stop" not in tags()
    button.click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stopping…")).to_be_disabled()
    assert tags()["wandb.stop"] == "1"
    answer = run.post(f"files/default/notebook/{run.name}/file_stream", {"files": {}})
    assert answer["stopped"] is True
    run.finish()
    expect(page.get_by_role("button", name="Stopping…")).to_be_hidden()
