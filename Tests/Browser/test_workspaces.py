"""Workspaces: made and opened to somebody in the settings, chosen on the page of experiments."""

import contextlib

import conftest
from wandb_http import Run


def test_a_workspace_is_made_and_opened_to_somebody_who_then_works_in_it(visitor, closed):
    closed.enter(visitor, "admin")
    visitor.goto("/settings/workspaces")
    visitor.get_by_role("button", name="New workspace…").click()
    visitor.get_by_role("dialog").get_by_label("Name").fill("vision")
    visitor.get_by_label("What it is for").fill("Everything that sees")
    visitor.get_by_role("button", name="Make it").click()
    row = visitor.get_by_role("row", name="vision")
    row.get_by_text("Everything that sees").wait_for()
    row.get_by_role("button", name="who may see this: vision").click()
    dialog = visitor.get_by_role("dialog", name="Who may see vision")
    dialog.get_by_label("otto").select_option("editor")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    # Its experiments are listed apart.
    row.get_by_role("link", name="vision").click()
    visitor.wait_for_url("**/?workspace=vision")
    visitor.get_by_text("0 experiments").wait_for()
    with conftest.visiting(visitor.context.browser, closed.url) as other:
        closed.enter(other, "otto")
        other.goto("/")
        other.get_by_label("Workspace").select_option("vision")
        other.wait_for_url("**/?workspace=vision")
        other.get_by_role("button", name="New experiment").click()
        other.get_by_role("dialog").get_by_label("Name").fill("seen here only")
        other.get_by_role("button", name="Create", exact=True).click()
        other.get_by_role("link", name="otto, role none").wait_for()
        # An editor there, though not in the default workspace.
        other.get_by_role("button", name="rename").wait_for()
    visitor.get_by_role("link", name="seen here only").wait_for()
    visitor.get_by_label("Workspace").select_option("default")
    visitor.get_by_role("link", name="closed place", exact=True).wait_for()
    assert visitor.get_by_role("link", name="seen here only").count() == 0
    visitor.wait_for_url("**/?workspace=default")
    with conftest.visiting(visitor.context.browser, closed.url) as other:
        closed.enter(other, "eda")
        other.goto("/")
        other.get_by_role("link", name="closed place", exact=True).wait_for()
        assert other.get_by_label("Workspace").is_hidden()
    visitor.goto("/settings/workspaces")
    visitor.get_by_role("button", name="remove: vision").click()
    visitor.get_by_label("Its experiments").select_option("keep")
    visitor.get_by_role("button", name="Remove", exact=True).click()
    visitor.get_by_role("row", name="vision").wait_for(state="detached")
    closed.call("GET", "experiments")


def test_who_has_one_workspace_sees_no_choice(page, server):
    server.experiment("alone")
    page.goto("/")
    page.get_by_role("link", name="alone", exact=True).wait_for()
    assert page.get_by_label("Workspace").is_hidden()


@contextlib.contextmanager
def serving(data):
    port = conftest.free_port()
    process = conftest.start(data, port)
    try:
        yield conftest.Server(f"http://127.0.0.1:{port}")
    finally:
        conftest.stop(process)


def test_the_first_page_shows_the_workspace_that_has_runs(browser, tmp_path):
    """As it is for who logs by W&B's client with an entity of their own."""
    with serving(tmp_path) as server, conftest.visiting(browser, server.url) as page:
        Run(server, "cats", "abc123", entity="vision").log({"loss": 1.0, "_step": 0})
        page.goto("/")
        page.get_by_role("link", name="cats", exact=True).click()
        page.get_by_role("link", name="abc123").click()
        page.get_by_role("heading", name="abc123").wait_for()
        page.get_by_role("link", name="Experiments", exact=True).last.click()
        page.get_by_role("link", name="cats", exact=True).wait_for()
        page.get_by_label("Workspace").select_option("default")
        page.get_by_text("1 experiment").wait_for()
        assert page.get_by_role("link", name="cats", exact=True).count() == 0


def test_everything_is_searched_in_all_workspaces(browser, tmp_path):
    with serving(tmp_path) as server, conftest.visiting(browser, server.url) as page:
        run = Run(server, "cats", "abc123", entity="vision")
        server.call("PATCH", f"runs/{run.id}", json={"name": "a fine run"})
        server.call("POST", f"runs/{run.id}/tags", json={"set": {"nightly": ""}})
        page.goto("/e?workspace=default")
        page.keyboard.press("Control+k")
        for word, found in (("cats", "cats"), ("fine", "a fine run"), ("abc123", "a fine run"), ("nightly", "a fine run")):
            page.get_by_role("combobox", name="Search").fill(word)
            page.get_by_role("option", name=found).wait_for()
