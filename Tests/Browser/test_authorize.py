"""The addresses that other programs print or that people type: a key for W&B's client, a search."""

import re

import pytest
import requests
from conftest import PASSWORD
from playwright.sync_api import expect
from wandb_http import Run


def place(page):
    return page.evaluate("location.pathname + location.search")


def log_in(page, name):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


# ---- the key ----

def test_where_nobody_logs_in_a_key_is_there_to_copy(page, server):
    page.goto("/authorize?ref=models")
    page.get_by_text("Nobody has to log in here").wait_for()
    expect(page.get_by_role("button", name="Copy the key")).to_have_text("Copy")
    texts = page.locator(".copy-box pre").all_inner_texts()
    key = texts[0]
    assert re.fullmatch("local-[0-9a-f]{40}", key) and texts[1] == f"wandb login --host {server.url} {key}"
    # It is one that the server takes.
    Run(server, "authorized", "first", key=key)
    assert page.locator(".rail [aria-current=page]").count() == 0
    page.reload()
    page.get_by_text("Nobody has to log in here").wait_for()
    assert page.locator(".copy-box pre").first.inner_text() != key


def test_who_has_to_log_in_does_and_then_makes_a_token(visitor, closed):
    visitor.goto("/authorize?ref=models")
    visitor.get_by_label("Name").wait_for()
    assert place(visitor) == "/login?next=authorize%3Fref%3Dmodels"
    log_in(visitor, "eda")
    visitor.get_by_text("A token is a key").wait_for()
    assert place(visitor) == "/authorize?ref=models"
    expect(visitor.locator("main").get_by_role("link", name="settings")).to_have_attribute("href", "settings/tokens")
    visitor.get_by_role("button", name="New token…").click()
    visitor.get_by_role("textbox", name="Name").fill("laptop")
    visitor.get_by_role("button", name="Make", exact=True).click()
    line = visitor.locator(".copy-box", has_text="wandb login").locator("pre").inner_text()
    key = re.fullmatch(rf"wandb login --host {closed.url} (\S+)", line)[1]
    asked = requests.post(f"{closed.url}/graphql", json={"query": "query { viewer { username } }"}, auth=("api", key), timeout=10).json()
    assert asked["data"]["viewer"]["username"] == "eda"
    # Other tests begin without one.
    visitor.get_by_role("button", name="revoke: laptop").click()
    visitor.get_by_role("dialog", name="Revoke the token?").get_by_role("button", name="Revoke").click()
    visitor.get_by_text("No tokens yet").wait_for()


# ---- the search ----

@pytest.fixture(scope="module")
def named(server):
    experiment = server.experiment("looked for")
    return server.run(experiment, "needle in hay", {"m": [1.0]})


def test_an_address_of_a_search_has_its_results(page, server, named):
    page.goto("/search?q=needle%20in&theme=dark")
    field = page.get_by_role("combobox", name="Search")
    expect(field).to_have_value("needle in")
    page.get_by_role("option", name="needle in hay").wait_for()
    page.get_by_role("heading", name="Experiments").wait_for(state="attached")
    # The address goes on saying what is looked for, also on the way back from a result.
    field.fill("needle in h")
    page.wait_for_url("**/search?q=needle+in+h&theme=dark")
    page.get_by_role("option", name="needle in hay").click()
    page.get_by_role("heading", name="needle in hay").wait_for()
    page.go_back()
    expect(field).to_have_value("needle in h")
    page.get_by_role("button", name="Close (Esc)").click()
    page.wait_for_url(f"{server.url}/?theme=dark")
    expect(field).to_have_count(0)


def test_a_search_without_words_waits_for_them(page, named):
    page.goto("/search")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    assert place(page) == "/search"


def test_a_search_is_kept_over_the_login(visitor, closed):
    visitor.goto("/search?q=first-run")
    visitor.get_by_label("Name").wait_for()
    expect(visitor.get_by_role("dialog")).to_have_count(0)
    log_in(visitor, "vera")
    visitor.get_by_role("option", name="first-run").wait_for()
    assert place(visitor) == "/search?q=first-run"
