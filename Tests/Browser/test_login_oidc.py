"""A whole login through an identity provider, as a person sees it."""

import pathlib
import sys

import conftest
import pytest
from conftest import PASSWORD

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Conformance"))

from oidc_provider import Provider


@pytest.fixture(scope="module")
def provider():
    # Another site than 127.0.0.1: what cookies may do from there is part of the test.
    with Provider(host="localhost") as provider:
        provider.shows_page = True
        yield provider


@pytest.fixture(scope="module")
def lab(tmp_path_factory, provider):
    port = conftest.free_port()
    process = conftest.start(tmp_path_factory.mktemp("lab"), port, environment=provider.settings() | {"MARTLET_ADMIN_PASSWORD": PASSWORD})
    server = conftest.LoginServer(f"http://127.0.0.1:{port}")
    server.place = server.experiment("lab place")
    yield server
    conftest.stop(process)


@pytest.fixture
def visitor(browser, lab):
    with conftest.visiting(browser, lab.url) as page:
        yield page


def path(page):
    return page.evaluate("location.pathname + location.search + location.hash")


def test_a_person_goes_to_the_provider_and_comes_back_to_the_page_with_the_keyboard(visitor, lab):
    deep = f"/e/{lab.place}?f=params.lr%20%3D%20%220.1%22"
    visitor.goto(deep)
    visitor.get_by_label("Name").wait_for()
    # Behind the name, the password and the button.
    for _ in range(3):
        visitor.keyboard.press("Tab")
    assert visitor.evaluate("document.activeElement.textContent") == "Log in with Lab"
    visitor.keyboard.press("Enter")
    visitor.wait_for_url("**/authorize?**")
    visitor.get_by_label("Who").fill("ana")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("link", name="ana, role editor").wait_for()
    visitor.wait_for_url(lab.url + deep)
    visitor.get_by_role("link", name="ana, role editor").click()
    visitor.get_by_text("Ana Lopes").wait_for()
    # No password, so none to change.
    visitor.get_by_role("button", name="Change the display name…").wait_for()
    assert visitor.get_by_role("button", name="Change the password…").count() == 0
    visitor.get_by_role("button", name="Log out").click()
    visitor.get_by_role("link", name="Log in with Lab").wait_for()


def test_who_cancels_is_told_once_and_can_try_again(visitor, provider):
    provider.error = "access_denied"
    visitor.goto("/login?next=settings/about")
    visitor.get_by_role("link", name="Log in with Lab").click()
    visitor.get_by_role("button", name="Sign in").click()
    visitor.get_by_role("alert").get_by_text("The login was cancelled, or Lab does not let you in here").wait_for()
    assert path(visitor) == "/login?next=settings%2Fabout"
    provider.error = None
    visitor.reload()
    visitor.get_by_role("link", name="Log in with Lab").wait_for()
    assert visitor.get_by_role("alert").text_content() == ""
    visitor.get_by_role("link", name="Log in with Lab").click()
    visitor.get_by_role("button", name="Sign in").click()
    visitor.wait_for_url("**/settings/about")


@pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example/x", "/\\evil.example", "javascript:alert(1)", "login/oidc"])
def test_the_login_leads_to_no_other_site(visitor, lab, link):
    visitor.goto("/login")
    visitor.goto(visitor.evaluate("(next) => 'login/oidc?' + new URLSearchParams({ next })", link))
    visitor.get_by_role("button", name="Sign in").click()
    visitor.get_by_role("link", name="lab place", exact=True).wait_for()
    assert path(visitor) == "/"
