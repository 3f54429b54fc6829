"""Registered models and their versions: their addresses, how one is used, how one is promoted."""

import re
import urllib.parse

import conftest
import pytest
from model_registry import live, names, price, registry, row  # noqa: F401
from playwright.sync_api import expect


def test_a_click_on_a_model_opens_its_versions(page, registry, price):
    page.goto(f"/m?find={price}")
    names(page).click()
    expect(page).to_have_url(registry.page(price))
    expect(names(page)).to_have_text(["v3", "v2", "v1"])


def test_a_click_on_a_name_in_use_opens_that_version(page, registry, price):
    page.goto(f"/m?find={price}")
    page.get_by_role("link", name="champion v2").click()
    expect(page).to_have_url(registry.page(price, "v2"))
    expect(page.get_by_role("heading", name=f"{price}:v2")).to_be_visible()


@pytest.mark.parametrize("address, more", [
    ("/m/{}", []), ("/m/{}/v/2", ["v2"]), ("/#/models/{}", []), ("/#/models/{}/versions/2", ["v2"])])
def test_an_address_by_name_leads_to_the_page(page, registry, price, address, more):
    page.goto(address.format(price))
    expect(page).to_have_url(registry.page(price, *more))
    expect(page.get_by_role("heading", name=":".join([price, *more]), exact=True)).to_be_visible()


@pytest.mark.parametrize("write", [str, urllib.parse.quote], ids=["as it is", "encoded"])
def test_a_name_with_signs_has_an_address(page, registry, write):
    name = registry.model("100% (größer)")
    page.goto(f"/#/models/{write(name)}")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_an_unknown_model_is_told_with_a_way_to_the_others(page, registry, price):
    page.goto(f"/m/none-{registry.key}")
    expect(page.get_by_role("heading", name="There is no such model here")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"none-{registry.key} not found")
    page.get_by_role("link", name="All models").click()
    expect(row(page, price)).to_be_visible()


def test_an_unknown_version_is_told_with_a_way_to_the_others(page, registry, price):
    page.goto(f"/m/{price}/v/99")
    expect(page.get_by_text(f"{price} has no version v99")).to_be_visible()
    page.get_by_role("link", name="All versions").click()
    expect(names(page)).to_have_text(["v3", "v2", "v1"])


def test_the_crumbs_and_the_rail_of_a_version_say_models(page, registry, price):
    page.goto(f"/m/{price}/v/2")
    expect(page.locator(".crumbs")).to_have_text(f"Models›{price}›v2")
    expect(page.locator(".rail [data-page][aria-current=true]")).to_have_text("Models")
    page.get_by_role("link", name="files").click()
    expect(page).to_have_url(registry.page(price, "v2", "files"))
    expect(page.locator(".rail [data-page][aria-current=true]")).to_have_text("Models")
    page.locator(".crumbs").get_by_role("link", name="Models").click()
    expect(row(page, price)).to_be_visible()


# a version

def lines(page):
    return page.locator(".use .copy-box code")


def test_a_version_is_loaded_by_its_number_or_an_alias(page, server, registry, price):
    page.goto(f"/m/{price}/v/2")
    expect(lines(page).first).to_have_text(f'import mlflow\nmlflow.set_tracking_uri("{server.url}")\nmodel = mlflow.pyfunc.load_model("models:/{price}/2")')
    page.get_by_label("Which name to use").select_option("champion")
    expect(lines(page).first).to_contain_text(f'"models:/{price}@champion"')
    expect(lines(page).nth(1)).to_contain_text(f'use_artifact("default/wandb-registry-model/{price}:champion")')


def test_a_version_tells_its_stage_its_source_and_its_tags(page, registry, price):
    registry.ask("model-versions/set-tag", name=price, version="1", key="checked by", value="<b>Ada</b>")
    page.goto(f"/m/{price}/v/1")
    known = page.locator(".registered")
    expect(known.get_by_role("row", name="stage")).to_have_text("stageProduction")
    expect(known.get_by_role("row", name="source")).to_contain_text("runs:/")
    expect(known.get_by_role("row", name="checked by")).to_have_text("checked by<b>Ada</b>")
    live(page)
    registry.stage(price, "Archived", 1)
    expect(known.get_by_role("row", name="stage")).to_have_text("stageArchived")


def test_a_version_without_a_stage_tells_none(page, registry, price):
    page.goto(f"/m/{price}/v/3")
    expect(page.locator(".registered").get_by_role("row", name="source")).to_be_visible()
    expect(page.locator(".registered").get_by_role("row", name="stage")).to_have_count(0)


def test_the_newest_version_is_loaded_as_the_latest(page, registry, price):
    page.goto(f"/m/{price}/v/3")
    page.get_by_label("Which name to use").select_option("latest")
    expect(lines(page).first).to_contain_text(f'"models:/{price}/latest"')


def test_what_wandb_linked_is_used_by_its_name_in_the_registry(page, server, registry):
    name = registry.linked("linked", aliases=["chosen"])
    page.goto(f"/m/{name}/v/0")
    expect(page.get_by_role("heading", name=f"{name}:v0")).to_be_visible()
    expect(page.get_by_text("linked from data:v1")).to_be_visible()
    expect(page.get_by_label("Which name to use").locator("option")).to_have_text(["v0", "chosen", "latest"])
    expect(lines(page).first).to_contain_text(f'"models:/{name}/0"')
    expect(lines(page).nth(1)).to_contain_text(f'use_artifact("default/wandb-registry-model/{name}:v0")')


def test_a_model_without_versions_offers_lines_that_make_one(page, registry):
    name = registry.model("bare")
    page.goto(f"/m/{name}")
    expect(page.get_by_text("No versions yet")).to_be_visible()
    expect(page.locator(".copy-box code")).to_contain_text(f'registered_model_name="{name}"')
    expect(page.locator(".facts").first).not_to_contain_text("portfolio")


def test_an_alias_that_is_added_on_the_version_stands_in_the_list(page, registry, price):
    page.goto(f"/m/{price}/v/3")
    page.get_by_role("button", name="+ alias").click()
    page.get_by_label("New alias").fill("challenger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the alias challenger")).to_be_visible()
    page.goto(f"/m?find={price}")
    expect(row(page, price).locator(".in-use")).to_have_text(["challenger v3", "champion v2", "Production v1"])


def test_an_alias_that_is_taken_away_on_the_version_leaves_the_open_list(browser, page, server, registry, price):
    page.goto(f"/m?find={price}")
    expect(row(page, price).locator(".in-use")).to_have_count(2)
    live(page)
    with conftest.visiting(browser, server.url) as other:
        other.goto(f"/m/{price}/v/2")
        other.get_by_role("button", name="Remove the alias champion").click()
        expect(row(page, price).locator(".in-use")).to_have_text(["Production v1"])


# how it looks

@pytest.fixture
def wide(registry):
    """A model with a long name that has many aliases and no room."""
    name = registry.model("a-model-with-a-name-that-hardly-fits-into-any-column-of-a-table", versions=2, description="word " * 200)
    for index in range(12):
        registry.alias(name, f"an-alias-that-is-long-{index}", 1 + index % 2)
    return name


@pytest.mark.parametrize("address", ["/m?find={}", "/m/{}", "/m/{}/v/2"], ids=["list", "model", "version"])
def test_a_telephone_needs_no_sideways_scrolling(page, wide, address):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address.format(wide))
    expect(page.locator("main table").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") <= 0


def test_many_aliases_need_no_sideways_scrolling_on_a_desk(page, wide):
    page.goto(f"/m?find={wide}")
    expect(row(page, wide).locator(".in-use")).to_have_count(12)
    assert page.locator(".scroll-x").evaluate("one => one.scrollWidth <= one.clientWidth")


def test_dark_stays_from_the_list_to_a_version(page, price):
    page.goto(f"/m?find={price}&theme=dark")
    page.get_by_role("link", name="champion v2").click()
    expect(page).to_have_url(re.compile("theme=dark$"))
    expect(page.locator("body")).to_have_css("background-color", "rgb(18, 22, 28)")
    expect(page.get_by_role("heading", name=f"{price}:v2")).to_be_visible()
