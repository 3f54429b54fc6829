"""Who comes in, by which door, and what they then see."""

import re

import conftest
import pytest
import requests
from conftest import PASSWORD
from playwright.sync_api import expect


def log_in(page, name, password=PASSWORD):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def path(page):
    return page.evaluate("location.pathname + location.search + location.hash")


def test_a_wrong_password_says_so_and_the_right_one_comes_in(visitor):
    visitor.goto("/")
    visitor.get_by_label("Name").wait_for()
    assert path(visitor) == "/login"
    assert visitor.evaluate("document.activeElement.name") == "name"
    fields = {name: visitor.locator(f"[name={name}]").get_attribute("autocomplete") for name in ("name", "password")}
    assert fields == {"name": "username", "password": "current-password"}
    log_in(visitor, "eda", "wrong word")
    visitor.get_by_role("alert").get_by_text("The name or the password is wrong").wait_for()
    # The next try only needs typing.
    visitor.keyboard.type(PASSWORD)
    visitor.keyboard.press("Enter")
    visitor.get_by_role("link", name="closed place", exact=True).wait_for()
    assert path(visitor) == "/"
    visitor.get_by_role("link", name="eda, role editor").wait_for()
    visitor.locator(".live[data-state='live']").wait_for()


def test_a_deep_link_is_kept_over_the_login(visitor, closed):
    deep = f"/e/{closed.place}?f=params.lr%20%3D%20%220.1%22&theme=dark"
    visitor.goto(deep)
    visitor.get_by_label("Name").wait_for()
    assert path(visitor).startswith("/login?next=e%2F") and "theme=dark" in path(visitor)
    log_in(visitor, "vera")
    visitor.locator("#row-0").wait_for()
    assert path(visitor) == deep


@pytest.mark.parametrize("link", [
    "https://evil.example/", "//evil.example/x", "/\\evil.example", "\\\\evil.example", ".//evil.example", "javascript:alert(1)",
    "data:text/html,x", "\t//evil.example", "http:evil.example", "http://127.0.0.1@evil.example/", "login", "login?next=e", "api/v1/accounts",
])
def test_the_login_leads_to_no_other_site(visitor, closed, link):
    elsewhere = []
    visitor.on("request", lambda request: elsewhere.append(request.url)
               if not request.url.startswith((closed.url, "data:image/svg")) else None)
    closed.enter(visitor, "vera")
    visitor.goto("/login?" + requests.compat.urlencode({"next": link}))
    visitor.wait_for_url(lambda url: not url.startswith(closed.url + "/login"))
    assert visitor.url.startswith(closed.url + "/") and elsewhere == []


def test_guessing_is_slowed_down_and_says_for_how_long(visitor):
    visitor.goto("/login")
    button = visitor.get_by_role("button", name="Log in")
    # A wait may be over before the next try is there.
    for _ in range(10):
        expect(button).to_be_enabled()
        with visitor.expect_response("**/api/v1/session") as answer:
            log_in(visitor, "nobody-of-this-name", "wrong word")
        if answer.value.status == 429:
            break
    visitor.get_by_text(re.compile(r"Try again in \d+ s\.")).wait_for()
    visitor.get_by_text("You can try again now.").wait_for()
    assert button.is_enabled()


def test_logging_out_ends_it_in_every_tab(visitor, closed):
    closed.enter(visitor, "eda")
    visitor.goto("/")
    visitor.get_by_role("link", name="closed place", exact=True).click()
    visitor.locator("#row-0").wait_for()
    other = visitor.context.new_page()
    other.goto(f"/r/{closed.made}")
    other.get_by_role("button", name="Log out").wait_for()
    cookies = {one["name"]: one["value"] for one in visitor.context.cookies()}
    visitor.get_by_role("button", name="Log out").click()
    visitor.get_by_label("Password").wait_for()
    assert visitor.get_by_role("button", name="Log out").count() == 0
    other.wait_for_url(f"**/login?next=r%2F{closed.made}")
    assert requests.get(f"{closed.url}/api/v1/experiments", cookies=cookies, timeout=10).status_code == 401
    visitor.go_back()
    visitor.get_by_label("Password").wait_for()
    assert "closed place" not in visitor.content()
    # Whoever comes next sees what is theirs, and it is live.
    log_in(other, "vera")
    other.wait_for_url(f"**/r/{closed.made}")
    other.locator(".live[data-state='live']").wait_for()
    visitor.get_by_role("link", name="vera, role viewer").wait_for()


def test_no_stream_is_open_where_nobody_is_logged_in(visitor, closed):
    streams = lambda: int(re.search(r"^martlet_event_streams (\d+)", requests.get(
        f"{closed.url}/metrics", headers=closed.headers, timeout=10).text, re.M).group(1))
    closed.enter(visitor, "eda")
    visitor.goto("/")
    visitor.locator(".live[data-state='live']").wait_for()
    assert streams() > 0
    visitor.get_by_role("button", name="Log out").click()
    visitor.get_by_label("Password").wait_for()
    asked = []
    visitor.context.on("request", lambda request: asked.append(request.url))
    visitor.wait_for_timeout(2_500)
    assert streams() == 0 and asked == []


def test_a_login_that_ended_leads_to_the_login_and_back(visitor, closed):
    closed.enter(visitor, "eda")
    visitor.goto(f"/e/{closed.place}")
    visitor.locator("#row-0").wait_for()
    visitor.get_by_role("button", name="rename").click()
    visitor.get_by_role("dialog").get_by_role("textbox").fill("closed place")
    visitor.context.clear_cookies()
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(f"**/login?next=e%2F{closed.place}")
    expect(visitor.locator("dialog")).to_have_count(0)
    log_in(visitor, "eda")
    visitor.wait_for_url(f"**/e/{closed.place}")


def test_a_new_login_of_the_same_browser_does_not_break_what_is_open(visitor, closed):
    closed.enter(visitor, "eda")
    visitor.goto(f"/r/{closed.made}")
    visitor.get_by_role("button", name="+ tag").wait_for()
    closed.enter(visitor, "eda")
    visitor.get_by_role("button", name="+ tag").click()
    visitor.get_by_label("Tag", exact=True).fill("again")
    visitor.get_by_role("dialog").get_by_label("Value").fill("yes")
    visitor.keyboard.press("Enter")
    visitor.locator(".chip.tag", has_text="again yes").wait_for()


CONTROLS = {
    "/": ["New experiment", re.compile("^Delete ")],
    "/e/{place}": ["rename", re.compile("^Who may|^goal|^≈"), "who may see this"],
    "/r/{made}": ["+ tag", re.compile("^Edit|^first-run$|^a reason$|^Add a")],
    "/r/{made}/notes": ["Edit", "Write notes"],
}
READY = {"/": "text=closed place", "/e/{place}": "#row-0", "/r/{made}": "text=How it was made", "/r/{made}/notes": "text=a note"}


def shown(page, closed, place):
    page.goto(place.format(place=closed.place, made=closed.made))
    page.locator(READY[place]).first.wait_for()
    return [str(name) for name in CONTROLS[place] if page.locator("main").get_by_role("button", name=name, exact=True).count()]


def test_who_only_reads_sees_no_button_that_changes_anything(visitor, closed):
    closed.enter(visitor, "vera")
    assert {place: shown(visitor, closed, place) for place in CONTROLS} == {place: [] for place in CONTROLS}
    visitor.goto(f"/r/{closed.made}")
    visitor.get_by_label("Actions of the run").click()
    visitor.get_by_role("button", name="Copy run id").wait_for()
    assert visitor.get_by_role("button", name="Delete…").count() == 0
    visitor.get_by_text("a reason").first.wait_for()
    visitor.goto(f"/e/{closed.place}")
    visitor.locator("#row-0").wait_for()
    visitor.get_by_label("Select all that match").check()
    visitor.get_by_text("1 selected").wait_for()
    assert visitor.get_by_role("button", name="Tag…").count() == visitor.get_by_role("button", name="Delete…").count() == 0
    visitor.keyboard.press("j")
    visitor.locator(".grid-row.cursor").wait_for()
    visitor.keyboard.press("e")
    expect(visitor.locator(".cell-edit")).to_have_count(0)
    visitor.keyboard.press("m")
    visitor.get_by_role("menuitem", name="Open").wait_for()
    assert visitor.get_by_role("menuitem", name="Rename the run").count() == 0


def test_who_may_change_things_sees_the_buttons(visitor, closed):
    closed.enter(visitor, "eda")
    found = {place: len(shown(visitor, closed, place)) for place in CONTROLS}
    assert found == {"/": 2, "/e/{place}": 2, "/r/{made}": 2, "/r/{made}/notes": 1}


def test_the_role_in_one_experiment_counts_there(visitor, closed):
    closed.enter(visitor, "otto")
    assert [len(shown(visitor, closed, place)) for place in ("/", "/e/{place}", "/r/{made}")] == [1, 2, 2]
    assert visitor.get_by_role("link", name="otto, role none").count() == 1


def test_what_the_server_refuses_is_said_in_its_words(visitor, closed):
    closed.enter(visitor, "vera")
    visitor.goto("/settings/accounts")
    visitor.get_by_text("vera may not list accounts: the role admin is needed; ask an admin").wait_for()


def test_the_first_account_is_made_by_the_link_that_the_server_printed(browser, tmp_path):
    port = conftest.free_port()
    with open(tmp_path / "log", "w") as log:
        process = conftest.start(tmp_path / "data", port, "--login", "required", log=log)
    try:
        code = re.search(r"/login#first=([0-9a-f]+)", (tmp_path / "log").read_text()).group(1)
        with conftest.visiting(browser, f"http://127.0.0.1:{port}") as page:
            page.goto("/")
            # Without the link one is told what is missing.
            page.get_by_text("There is no account yet").wait_for()
            page.goto(f"/login#first={code}")
            page.get_by_text("The first account").wait_for()
            assert page.url.endswith("/login")
            assert page.locator("[name=password]").get_attribute("autocomplete") == "new-password"
            page.get_by_label("Name:").fill("ana")
            page.get_by_label("Password:").fill("a good one 7")
            page.get_by_label("Password again").fill("a good one 8")
            page.keyboard.press("Enter")
            page.get_by_text("The two passwords are not the same").wait_for()
            page.get_by_label("Password again").fill("a good one 7")
            page.keyboard.press("Enter")
            page.get_by_role("link", name="ana, role admin").wait_for()
            page.get_by_role("button", name="Log out").click()
            page.get_by_role("button", name="Log in").wait_for()
            page.goto(f"/login#first={code}")
            page.get_by_text("exists already").wait_for()
            assert page.url.endswith("/login")
    finally:
        conftest.stop(process)


def test_the_login_stands_below_a_base_path(browser, tmp_path):
    port = conftest.free_port()
    process = conftest.start(tmp_path, port, "--base-path", "/martlet", "--login", "required", environment={"MARTLET_ADMIN_PASSWORD": PASSWORD})
    url = f"http://127.0.0.1:{port}/martlet"
    try:
        with conftest.visiting(browser, url) as page:
            page.goto(f"{url}/settings/audit?action=login")
            log_in(page, "admin")
            page.wait_for_url(f"{url}/settings/audit?action=login")
            page.get_by_role("cell", name="with a password").wait_for()
            page.goto(f"{url}/login?next=/settings/about")
            page.wait_for_url(f"{url}/")
    finally:
        conftest.stop(process)


def test_where_nobody_has_to_log_in_nothing_asks_for_it(page, server):
    page.goto("/login")
    page.get_by_text("Nobody has to log in here").wait_for()
    page.get_by_text("--login required").wait_for()
    assert page.locator("input").count() == 0 and page.locator(".user > *").count() == 0
    page.get_by_role("link", name="make the first one").click()
    page.get_by_role("button", name="Make the first account…").wait_for()
