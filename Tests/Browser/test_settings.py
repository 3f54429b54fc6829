"""Profile, tokens, accounts, roles, the audit log."""

import re

import conftest
import pytest
import requests
from conftest import PASSWORD

MARKUP = "<img src=x onerror=alert(1)>"


def status(closed, token):
    return requests.get(f"{closed.url}/api/v1/experiments", headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code


def login_status(closed, name, password):
    return requests.post(f"{closed.url}/api/v1/session", json={"name": name, "password": password}, timeout=30).status_code


def walk(page, times=1):
    for _ in range(times):
        page.keyboard.press("Tab")


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")


def walk_to(page, name):
    for _ in range(40):
        if focused(page) == name:
            return
        walk(page)
    raise AssertionError(f"the keyboard does not come to {name}")


def test_a_token_is_made_used_and_revoked_by_keyboard(visitor, closed):
    closed.enter(visitor, "eda")
    visitor.goto("/")
    visitor.get_by_role("link", name="closed place", exact=True).wait_for()
    visitor.keyboard.press("g")
    visitor.keyboard.press("s")
    visitor.get_by_text("Change the password…").wait_for()
    visitor.keyboard.press("2")
    visitor.wait_for_url("**/settings/tokens")
    visitor.get_by_text("No tokens yet").wait_for()
    walk_to(visitor, "New token…")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("dialog").wait_for()
    visitor.keyboard.type("laptop")
    scopes = visitor.get_by_label("May at most").locator("option").all_text_contents()
    assert [one.split(":")[0] for one in scopes] == ["viewer", "editor"]
    visitor.keyboard.press("Enter")
    token = visitor.locator(".made pre").first.text_content()
    lines = visitor.locator(".made pre").nth(1).text_content()
    assert lines == f"export MLFLOW_TRACKING_URI={closed.url}\nexport MLFLOW_TRACKING_TOKEN={token}"
    assert status(closed, token) == 200
    visitor.reload()
    row = visitor.get_by_role("row", name="laptop")
    row.get_by_text("now").wait_for()
    assert token not in visitor.content() and "editor" in row.text_content()
    walk_to(visitor, "revoke: laptop")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("dialog", name="Revoke the token?").wait_for()
    visitor.keyboard.press("Enter")
    visitor.get_by_text("No tokens yet").wait_for()
    assert status(closed, token) == 401


def test_the_password_changes_only_with_the_one_until_now(visitor, closed):
    closed.account("pat", "editor")
    closed.enter(visitor, "pat")
    visitor.goto("/settings")
    visitor.get_by_role("button", name="Change the password…").click()
    dialog = visitor.get_by_role("dialog")
    dialog.get_by_label("Password until now").fill("wrong word")
    dialog.get_by_label("Password", exact=False).nth(1).fill("another horse 2")
    dialog.get_by_label("Password again").fill("another horse 2")
    visitor.keyboard.press("Enter")
    dialog.get_by_text("the name or the password is wrong").wait_for()
    assert "/settings" in visitor.url
    dialog.get_by_label("Password until now").fill(PASSWORD)
    visitor.keyboard.press("Enter")
    visitor.get_by_text("Password changed").wait_for()
    assert (login_status(closed, "pat", PASSWORD), login_status(closed, "pat", "another horse 2")) == (401, 200)
    # This login stays.
    visitor.reload()
    visitor.get_by_role("button", name="Change the display name…").click()
    visitor.get_by_role("dialog").get_by_label("Display name").fill(MARKUP)
    visitor.keyboard.press("Enter")
    visitor.get_by_role("definition").get_by_text(MARKUP, exact=True).wait_for()


def test_an_admin_makes_changes_and_stops_accounts(visitor, closed):
    closed.enter(visitor, "admin")
    visitor.goto("/settings/accounts")
    visitor.get_by_role("button", name="New account…").click()
    dialog = visitor.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.fill("nina")
    dialog.get_by_label("Display name").fill(MARKUP)
    dialog.get_by_label("Role").select_option("viewer")
    for field in dialog.locator("[type=password]").all():
        field.fill(PASSWORD)
    visitor.keyboard.press("Enter")
    row = visitor.get_by_role("row").filter(has_text="nina")
    row.get_by_text(MARKUP, exact=True).wait_for()
    assert visitor.locator("main img").count() == 0
    row.get_by_role("button", name="change: nina").click()
    dialog.get_by_label("Role").select_option("editor")
    dialog.get_by_role("button", name="Save").click()
    row.get_by_text("editor").wait_for()
    assert login_status(closed, "nina", PASSWORD) == 200
    row.get_by_role("button", name="deactivate: nina").click()
    visitor.get_by_role("button", name="Deactivate", exact=True).click()
    row.get_by_text("inactive", exact=False).wait_for()
    assert login_status(closed, "nina", PASSWORD) == 401
    row.get_by_role("button", name="activate: nina", exact=True).click()
    row.get_by_role("button", name="deactivate: nina").wait_for()
    row.get_by_role("button", name="password: nina").click()
    for field in dialog.locator("[type=password]").all():
        field.fill("another horse 2")
    visitor.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    assert login_status(closed, "nina", "another horse 2") == 200


def test_a_program_has_tokens_of_its_own(visitor, closed):
    closed.enter(visitor, "admin")
    visitor.goto("/settings/accounts")
    visitor.get_by_role("button", name="New account…").click()
    dialog = visitor.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.fill("nightly")
    dialog.get_by_label("Kind").select_option("service")
    visitor.get_by_role("button", name="Make the account").click()
    visitor.get_by_role("link", name="tokens: nightly").click()
    visitor.get_by_role("button", name="New token…").click()
    visitor.get_by_role("dialog").get_by_label("Name", exact=False).first.fill(MARKUP)
    visitor.get_by_label("Expires").select_option("")
    visitor.get_by_role("button", name="Make", exact=True).click()
    token = visitor.locator(".made pre").first.text_content()
    visitor.get_by_role("cell", name=MARKUP, exact=True).wait_for()
    assert status(closed, token) == 200
    made = closed.call("GET", f"accounts/{visitor.url.rsplit('/', 1)[1]}/tokens")["tokens"]
    assert [(one["name"], one["scope"], "expiresAt" in one) for one in made] == [(MARKUP, "editor", False)]


def test_the_audit_log_is_read_to_its_beginning_and_filtered_by_address(visitor, closed):
    for index in range(110):
        closed.call("POST", f"accounts/{closed.ids['admin']}/tokens", json={"name": f"many {index}", "scope": "viewer"})
    closed.enter(visitor, "admin")
    visitor.goto("/settings/audit?action=token.created&actor=admin")
    rows = visitor.locator("main tbody tr")
    rows.nth(99).wait_for()
    visitor.get_by_text("many 109 ").wait_for()
    visitor.get_by_role("button", name="Load more").click()
    visitor.get_by_text("many 0 ").wait_for()
    assert visitor.get_by_role("button", name="Load more").is_hidden()
    visitor.get_by_label("Action").select_option("account.created")
    visitor.get_by_role("cell", name="vera", exact=True).wait_for()
    assert "action=account.created" in visitor.url
    assert set(rows.locator("td:nth-child(3)").all_text_contents()) == {"account.created"}
    visitor.get_by_label("By whom").fill("nobody at all")
    visitor.keyboard.press("Enter")
    visitor.get_by_text("Nothing was done.").wait_for()


def test_an_admin_says_who_may_see_an_experiment(visitor, closed):
    hidden = closed.experiment(MARKUP)
    closed.enter(visitor, "admin")
    visitor.goto(f"/e/{hidden}")

    def choose(role):
        visitor.get_by_role("button", name="who may see this").click()
        dialog = visitor.get_by_role("dialog", name=f"Who may see {MARKUP}")
        dialog.get_by_label("vera").select_option(role)
        dialog.get_by_role("button", name="Save").click()
        dialog.wait_for(state="detached")
        return {one["account"]: one["role"] for one in closed.call("GET", f"experiments/{hidden}/roles")["roles"]}

    assert choose("none") == {closed.ids["vera"]: "none"}
    with conftest.visiting(visitor.context.browser, closed.url) as other:
        closed.enter(other, "vera")
        other.goto("/")
        other.get_by_role("link", name="closed place", exact=True).wait_for()
        assert other.get_by_role("link", name=MARKUP).count() == 0
        assert choose("") == {}
        other.reload()
        other.get_by_role("link", name=MARKUP).wait_for()


def test_the_first_account_closes_an_open_server(browser, tmp_path):
    port = conftest.free_port()
    process = conftest.start(tmp_path, port)
    try:
        with conftest.visiting(browser, f"http://127.0.0.1:{port}") as page:
            page.goto("/settings")
            page.get_by_role("button", name="Make the first account…").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Name", exact=False).first.fill("ana")
            for field in dialog.locator("[type=password]").all():
                field.fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/login?next=settings%2Faccounts")
            page.get_by_label("Name").fill("ana")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("row").filter(has_text="ana (you)").wait_for()
            assert requests.get(f"http://127.0.0.1:{port}/api/v1/experiments", timeout=10).status_code == 401
    finally:
        conftest.stop(process)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", ["login", "settings/profile", "settings/tokens", "settings/accounts", "settings/audit", "settings/about", ""])
def test_a_telephone_needs_no_sideways_scrolling(visitor, closed, place, theme):
    visitor.set_viewport_size({"width": 360, "height": 740})
    violations = []
    visitor.expose_function("violated", lambda directive: violations.append(directive))
    visitor.add_init_script("addEventListener('securitypolicyviolation', (event) => violated(event.violatedDirective))")
    if place != "login":
        closed.enter(visitor, "admin")
    visitor.goto(f"/{place}?theme={theme}")
    visitor.locator("main > *").first.wait_for(state="attached")
    visitor.locator(".skeleton").first.wait_for(state="detached")
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 360
    assert visitor.evaluate("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") <= 0
    assert visitor.evaluate("document.querySelector('.top').scrollWidth - document.querySelector('.top').clientWidth") <= 0
    dark = visitor.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    assert dark == (theme == "dark") and violations == []


def test_where_nobody_logs_in_the_settings_say_what_the_server_is(page, server):
    page.goto("/settings/about")
    page.get_by_text(re.compile(r"Martlet \d")).wait_for()
    assert page.locator(".tabs a").all_text_contents() == ["accounts", "workspaces", "audit", "about"]
    page.goto("/settings/tokens")
    page.get_by_text("nobody has a profile or tokens").wait_for()
