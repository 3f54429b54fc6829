"""The page of all registered models: its rows, its filter, its keys, what happens while it is open."""

import re

import conftest
import pytest
from model_registry import Registry, live, names, price, registry, row  # noqa: F401
from playwright.sync_api import expect


@pytest.fixture
def empty(browser, tmp_path):
    """A page of a server where nothing was registered yet, and that server."""
    port = conftest.free_port()
    process = conftest.start(tmp_path, port)
    server = conftest.Server(f"http://127.0.0.1:{port}")
    try:
        with conftest.visiting(browser, server.url) as page:
            yield page, server
    finally:
        conftest.stop(process)


def test_a_server_without_models_offers_lines_that_register_one(empty):
    page, server = empty
    page.goto("/m")
    expect(page.get_by_text("No model is registered yet")).to_be_visible()
    lines = page.locator(".copy-box code")
    expect(lines).to_contain_text(f"export MLFLOW_TRACKING_URI={server.url}\npython - <<'EOF'\nimport mlflow")
    expect(lines).to_contain_text('registered_model_name="first-model")\nEOF')
    expect(page.get_by_label("Filter models")).to_be_hidden()


def test_the_first_model_takes_the_place_of_the_lines(empty):
    page, server = empty
    page.goto("/m")
    expect(page.get_by_text("No model is registered yet")).to_be_visible()
    live(page)
    name = Registry(server).model(versions=1)
    expect(row(page, name)).to_be_visible()


def test_with_accounts_the_lines_have_a_token(visitor, closed):
    closed.enter(visitor, "admin")
    visitor.goto("/m")
    expect(visitor.locator(".copy-box code")).to_contain_text(f"export MLFLOW_TRACKING_TOKEN=…  # make one at {closed.url}/settings/tokens")


def test_a_row_tells_the_newest_version_what_stands_under_which_name_and_who_made_it(page, registry, price):
    page.goto(f"/m?find={price}")
    cells = row(page, price).get_by_role("cell")
    expect(cells).to_have_text([price, "v3", re.compile(r"^champion v2\s+Production v1\s*$"), "forest", "3", re.compile(r"^(now|\d+ s)$")])


def test_an_alias_that_moves_stands_at_one_version_only(page, registry, price):
    registry.alias(price, "champion", 3)
    page.goto(f"/m?find={price}")
    expect(row(page, price).locator(".in-use")).to_have_text(["champion v3", "Production v1"])


def test_a_model_without_versions_says_so(page, registry):
    name = registry.model("bare")
    page.goto(f"/m?find={name}")
    expect(row(page, name)).to_contain_text("no version")


def test_the_latest_change_stands_first(page, registry):
    first, second = registry.model("first"), registry.model("second")
    page.goto(f"/m?find={registry.key}")
    expect(names(page)).to_have_text([second, first])
    registry.version(first)
    expect(names(page)).to_have_text([first, second])


def test_the_filter_finds_by_name_and_by_description(page, registry):
    by_name, by_words = registry.model("sight"), registry.model("sound", description=f"Hears birds {registry.key}bird")
    page.goto("/m")
    page.get_by_label("Filter models").fill(f"SIGHT {registry.key}")
    expect(names(page)).to_have_text([by_name])
    page.get_by_label("Filter models").fill(f"{registry.key}bird")
    expect(names(page)).to_have_text([by_words])
    expect(page.get_by_role("status").filter(has_text="1 model")).to_be_visible()


def test_the_filter_stands_in_the_address(page, registry, price):
    registry.model("other")
    page.goto("/m")
    page.get_by_label("Filter models").fill(price)
    expect(page).to_have_url(re.compile(rf"/m\?find={price}$"))
    page.reload()
    expect(page.get_by_label("Filter models")).to_have_value(price)
    expect(names(page)).to_have_text([price])


def test_a_filter_that_finds_nothing_stays_to_be_changed(page, registry, price):
    page.goto(f"/m?find=none-{registry.key}")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_label("Filter models").fill(price)
    expect(names(page)).to_have_text([price])


def test_a_model_that_is_registered_later_joins_what_its_filter_found(page, registry, price):
    page.goto(f"/m?find=late-{registry.key}")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    live(page)
    expect(names(page)).to_have_count(0)
    name = registry.model("late")
    expect(names(page)).to_have_text([name])


def test_a_version_that_is_registered_later_appears_by_itself(page, registry, price):
    page.goto(f"/m?find={price}")
    expect(row(page, price).get_by_role("link", name="v3", exact=True)).to_be_visible()
    live(page)
    registry.version(price)
    expect(row(page, price).get_by_role("link", name="v4", exact=True)).to_be_visible()


def test_another_workspace_is_another_list(visitor, closed):
    closed.enter(visitor, "admin")
    closed.call("POST", "workspaces", json={"name": "modelling"})
    name = Registry(closed, "modelling").model("elsewhere")
    visitor.goto("/m?workspace=modelling")
    expect(names(visitor)).to_have_text([name])
    visitor.locator(".rail").get_by_role("link", name="Models").click()
    expect(visitor.get_by_text("No model is registered yet")).to_be_visible()
    visitor.go_back()
    expect(names(visitor)).to_have_text([name])
    # Its pages lead back there, and its lines choose it.
    names(visitor).click()
    expect(visitor.locator(".copy-box code")).to_contain_text('mlflow.set_workspace("modelling")')
    visitor.locator(".crumbs").get_by_role("link", name="Models").click()
    expect(names(visitor)).to_have_text([name])
    # Without knowing its address: chosen by name.
    choice = visitor.get_by_label("Workspace")
    expect(choice).to_have_value("modelling")
    choice.select_option("default")
    expect(visitor.get_by_text("No model is registered yet")).to_be_visible()
    expect(visitor).to_have_url(f"{closed.url}/m")
    choice.select_option("modelling")
    expect(names(visitor)).to_have_text([name])
    expect(visitor).to_have_url(f"{closed.url}/m?workspace=modelling")


def test_who_has_one_workspace_sees_no_choice_of_models(page, registry, price):
    page.goto(f"/m?find={price}")
    expect(row(page, price)).to_be_visible()
    expect(page.get_by_label("Workspace")).to_be_hidden()


def test_what_people_write_stays_text(page, server, registry):
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    name = registry.model("evil", versions=1, description=evil)
    [version] = server.call("GET", f"models/{name}")["latest"]
    server.call("PATCH", f"versions/{version['id']}", json={"aliases": ["<img src=x onerror=alert(3)>"]})
    page.goto(f"/m?find={name}")
    expect(row(page, name).locator(".chip.alias")).to_have_text("<img src=x onerror=alert(3)>")
    expect(row(page, name).locator(".name")).to_have_attribute("title", evil)
    names(page).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("main")).to_contain_text('onerror="alert(1)"')
    expect(page.locator("main img, main script")).to_have_count(0)


def test_g_m_opens_the_models(page, registry, price):
    page.goto("/settings")
    expect(page.get_by_role("heading").first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/m$"))
    expect(page.locator(".rail [aria-current=page]")).to_have_text("Models")


def test_keys_go_from_model_to_model_and_to_the_filter(page, registry):
    older, newer = registry.model("older"), registry.model("newer")
    page.goto(f"/m?find={registry.key}")
    expect(names(page)).to_have_text([newer, older])
    for key, at in (("j", newer), ("j", older), ("k", newer)):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=at, exact=True)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Filter models")).to_be_focused()


def test_an_open_list_is_silent(page, price):
    page.goto(f"/m?find={price}")
    expect(row(page, price)).to_be_visible()
    live(page)
    page.wait_for_timeout(1_500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_000)
    assert asked == []
