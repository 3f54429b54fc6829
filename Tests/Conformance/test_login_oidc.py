"""People who log in through an identity provider: their accounts, their roles, and who does not come in."""

import re
import threading
import urllib.parse

import pytest
import requests

from harness import Server
from oidc_login import PASSWORD, Visitor, log_line, own, provider, served  # noqa: F401 - fixtures too
from oidc_provider import SECRET
from test_login import account, admin, token
from wire import eventually

pytestmark = pytest.mark.martlet_only


def test_a_person_comes_in_with_the_role_of_the_group_and_back_to_where_they_wanted(own, provider):
    visitor = Visitor(own)
    assert visitor.who() == {"isLoginRequired": True, "needsFirstAccount": False, "loginProvider": "Lab"}
    back = visitor.begin("e/3?f=params.lr = 1&x=ä")
    place = visitor.end(back)
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(place).query) == {"next": ["e/3?f=params.lr = 1&x=ä"]}
    who = visitor.who()
    assert (who["name"], who["role"]) == ("ana", "editor") and who["csrfToken"]
    cookies = {cookie.name: cookie for cookie in visitor.session.cookies}
    assert set(cookies) == {"martlet_session", "martlet_login"}
    boss = admin(own)
    one = [row for row in boss.get(own.url + "/api/v1/accounts", timeout=10).json()["accounts"] if row["name"] == "ana"][0]
    assert (one["displayName"], one["kind"], one["hasPassword"], one["isActive"]) == ("Ana Lopes", "person", False, True)
    entries = boss.get(own.url + "/api/v1/audit?actor=ana", timeout=10).json()["entries"]
    assert [(entry["action"], entry["detail"]) for entry in entries] == [
        ("login", "with Lab"), ("account.created", "person, role editor, by Lab")]
    # A person without a password gets none, by nobody.
    url = f"{own.url}/api/v1/accounts/{one['id']}/password"
    assert boss.post(url, json={"password": PASSWORD}, timeout=10).status_code == 400
    # The same person has the same account, whatever they are called now.
    provider.person |= {"preferred_username": "ana.lopes", "email": "other@example.org"}
    again = Visitor(own)
    again.log_in()
    assert again.who()["account"] == who["account"] and again.who()["name"] == "ana"
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
    secrets = [SECRET, visitor.session.cookies["martlet_session"], *query["code"], *query["state"]]
    assert not [secret for secret in secrets if secret in own.log.read_text()]
    assert provider.times("/.well-known/openid-configuration") == provider.times("/keys") == 1


def test_who_cancels_is_back_at_the_login(own, provider):
    provider.error = "access_denied"
    visitor = Visitor(own)
    assert visitor.log_in("e/1") == "/login?next=e%2F1"
    assert "cancelled" in visitor.who()["refusal"]
    provider.error = "<script>temporarily_unavailable"
    assert Visitor(own).refusal() == "Lab refused the login (scripttemporarily_unavailable)"


def test_a_login_that_this_browser_did_not_begin_is_refused(own, provider):
    other = Visitor(own)
    back = other.begin()
    # Somebody else's answer: a browser without the cookie, and one with a login of its own.
    for visitor in (Visitor(own), Visitor(own)):
        visitor.end(back)
        assert "not begun in this browser" in visitor.who()["refusal"]
        visitor.begin()
    visitor.end(back)
    assert "not begun in this browser" in visitor.who()["refusal"]
    changed = Visitor(own)
    place = changed.begin()
    for cookie in ("", "x", changed.session.cookies["martlet_attempt"][:-2] + "AA", "A" * 200):
        changed.session.cookies.clear()
        changed.carry(cookie)
        changed.end(place)
        assert "not begun in this browser" in changed.who()["refusal"]
    assert provider.times("/token") == 0
    other.end(re.sub("state=[^&]*", "state=" + "0" * 64, back))
    assert "name" not in other.who()


def test_nothing_of_a_login_is_used_twice(own, provider):
    visitor = Visitor(own)
    back = visitor.begin()
    cookie = visitor.session.cookies["martlet_attempt"]
    visitor.end(back)
    assert visitor.who()["name"] == "ana"
    # The code, by whoever read it; then the whole attempt, cookie and all.
    reader = Visitor(own)
    reader.end(back)
    assert "not begun in this browser" in reader.who()["refusal"]
    reader.carry(cookie)
    reader.end(back)
    assert "over already" in reader.who()["refusal"] and provider.times("/token") == 1
    # A code of one login does not do for another.
    thief = Visitor(own)
    place = thief.begin()
    stolen = re.search("code=([0-9a-f]+)", Visitor(own).begin()).group(1)
    thief.end(re.sub("code=[0-9a-f]+", "code=" + stolen, place))
    assert "does not take this login" in thief.who()["refusal"]
    assert log_line(own, "invalid_grant")


@pytest.mark.parametrize("next", [
    "https://evil.example/", "//evil.example/x", "/\\evil.example", "javascript:alert(1)", "a\r\nSet-Cookie: x=y", "x" * 2000,
])
def test_a_foreign_next_leads_to_the_login_page_only(own, next):
    visitor = Visitor(own)
    place = visitor.log_in(next)
    # The page lets it lead to no other site: Tests/Browser/test_login_oidc.py.
    kept = urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)
    assert kept == ({} if len(next) > 1500 else {"next": [next]}) and "x" not in visitor.session.cookies
    assert visitor.who()["name"] == "ana"


def test_the_role_follows_the_groups_at_each_login(own, provider):
    def role(*groups):
        provider.person["groups"] = groups
        visitor = Visitor(own)
        visitor.log_in()
        return visitor.who().get("role")

    first = Visitor(own)
    first.log_in()
    assert first.who()["role"] == "editor"
    assert role("ml-team", "ml-admins") == "admin"
    # On every login that is open, at once.
    assert first.who()["role"] == "admin"
    assert role("others", "ml-team") == "editor" and first.who()["role"] == "editor"
    # Whose group is gone is out, with every login; what was logged stays theirs.
    assert role("others") is None
    assert "name" not in first.who()
    assert role("ml-team") == "editor"
    boss = admin(own)
    entries = boss.get(own.url + "/api/v1/audit?actor=ana", timeout=10).json()["entries"]
    assert [entry["detail"] for entry in entries if entry["action"] == "account.changed"] == [
        "role none → editor, by Lab", "role editor → none, by Lab", "role admin → editor, by Lab", "role editor → admin, by Lab"]
    assert [entry["detail"] for entry in entries if entry["action"] == "login.failed"] == [
        "with Lab: in no group that has a role"]


def test_who_is_in_no_group_or_not_active_does_not_come_in(own, provider):
    provider.person["groups"] = ["others"]
    assert "Lab knows you as ana, but you may not come in here: in no group" in Visitor(own).refusal()
    provider.person["groups"] = None
    assert "in no group" in Visitor(own).refusal()
    boss = admin(own)
    names = [row["name"] for row in boss.get(own.url + "/api/v1/accounts", timeout=10).json()["accounts"]]
    assert names == ["admin"]
    provider.person["groups"] = ["ml-team"]
    visitor = Visitor(own)
    visitor.log_in()
    url = f"{own.url}/api/v1/accounts/{visitor.who()['account']}"
    assert boss.patch(url, json={"isActive": False}, timeout=10).status_code == 200
    assert "name" not in visitor.who()
    assert "the account is not active" in Visitor(own).refusal()
    assert boss.patch(url, json={"isActive": True}, timeout=10).status_code == 200
    visitor.log_in()
    assert visitor.who()["name"] == "ana"


def test_everybody_else_may_have_a_role_and_named_groups_win(tmp_path, provider):
    server = served(tmp_path, provider.settings("guests=none, a=b=admin ,*=viewer"))
    try:
        for number, (groups, role) in enumerate((([], "viewer"), (["x"], "viewer"), (["guests"], "none"), (["guests", "a=b"], "admin"), (["*"], "viewer"))):
            provider.person |= {"sub": str(number), "groups": groups}
            visitor = Visitor(server)
            visitor.log_in()
            assert visitor.who()["role"] == role, groups
    finally:
        server.stop()


def test_names_are_made_legal_and_unique_and_take_nobodys_account(own, provider):
    boss = admin(own)
    eda = account(own, boss, "eda", "editor", password=PASSWORD)

    def enter(subject, **claims):
        provider.person = {"sub": subject, "groups": ["ml-team"], **claims}
        visitor = Visitor(own)
        visitor.log_in()
        return visitor.who()

    taken = enter("1", preferred_username="EDA", email="eda@example.org")
    assert taken["name"] == "EDA-2" and taken["account"] != eda
    assert enter("2", preferred_username="eda")["name"] == "eda-3"
    assert enter("3", preferred_username="LAB\\max mustermann", name="Max")["name"] == "LAB-max-mustermann"
    assert enter("4", email="zoé@example.org")["name"] == "zoé@example.org"
    assert enter("5", preferred_username="<>", name="Ana Lopes")["name"] == "Ana-Lopes"
    assert enter("6")["name"] == "person" and enter("7", name="\u0000")["name"] == "person-2"
    assert enter("8", preferred_username="n" * 300)["name"] == "n" * 100
    assert enter("9", preferred_username="n" * 300)["name"] == "n" * 98 + "-2"
    # An address that changes hands takes no account along.
    assert enter("10", preferred_username="eda", email="eda@example.org")["account"] not in (eda, taken["account"])
    assert requests.post(own.url + "/api/v1/session", json={"name": "EDA-2", "password": "wrong word"}, timeout=10).status_code == 401


def test_two_first_logins_at_once_make_one_account(own, provider):
    visitors = [Visitor(own) for _ in range(8)]
    backs = [visitor.begin() for visitor in visitors]
    threads = [threading.Thread(target=visitor.end, args=[back]) for visitor, back in zip(visitors, backs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {visitor.who()["name"] for visitor in visitors} == {"ana"}


def test_failed_logins_of_one_kind_do_not_lock_out_the_other(own, provider):
    provider.replies["/token"] = (400, b'{"error":"invalid_grant"}')
    for _ in range(30):
        assert "does not take this login" in Visitor(own).refusal()
    assert "too many failed logins" in Visitor(own).refusal() and provider.times("/token") == 30
    admin(own)
    del provider.replies["/token"]
    for _ in range(5):
        body = {"name": "admin", "password": "wrong word"}
        assert requests.post(own.url + "/api/v1/session", json=body, timeout=10).status_code == 401
    assert requests.post(own.url + "/api/v1/session", json=body | {"password": PASSWORD}, timeout=10).status_code == 429
    visitor = Visitor(own)
    assert eventually(lambda: visitor.log_in() and "name" in visitor.who(), 5)
    # What comes without a login of this browser is not counted at all.
    for _ in range(40):
        Visitor(own).end("/login/oidc/callback?code=x&state=y")
    visitor.log_in()
    assert visitor.who()["name"] == "ana"


def test_tokens_of_such_an_account_follow_its_role(own, provider):
    visitor = Visitor(own)
    visitor.log_in()
    visitor.session.headers["X-CSRF-Token"] = visitor.who()["csrfToken"]
    secret = token(own, visitor.session, visitor.who()["account"])
    run = {"url": own.url + "/api/v1/runs", "json": {"experimentID": "0"}, "headers": {"Authorization": f"Bearer {secret}"}, "timeout": 10}
    assert requests.post(**run).status_code == 201
    provider.person["groups"] = []
    Visitor(own).refusal()
    assert requests.post(**run).status_code in (403, 404)


def test_below_a_base_path_and_behind_a_proxy_the_address_is_the_public_one(tmp_path, provider):
    server = Server(tmp_path, ["--base-path", "/martlet", "--public-host", "ml.example.org"],
                    provider.settings() | {"MARTLET_ADMIN_PASSWORD": PASSWORD}).start()
    try:
        headers = {"Host": "ml.example.org:8443", "X-Forwarded-Proto": "https"}
        begun = requests.get(server.url + "/martlet/login/oidc?next=e", headers=headers, allow_redirects=False, timeout=10)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(begun.headers["Location"]).query)
        assert query["redirect_uri"] == ["https://ml.example.org:8443/martlet/login/oidc/callback"]
        assert query["scope"] == ["openid profile email groups"]
        assert "Path=/martlet/" in begun.headers["Set-Cookie"] and "Secure" in begun.headers["Set-Cookie"]
        back = requests.get(begun.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
        path = back.removeprefix("https://ml.example.org:8443")
        headers["Cookie"] = begun.headers["Set-Cookie"].partition(";")[0]
        done = requests.get(server.url + path, headers=headers, allow_redirects=False, timeout=10)
        assert done.headers["Location"] == "/martlet/login?next=e" and "martlet_session=" in done.headers["Set-Cookie"]
    finally:
        server.stop()


def test_an_admin_of_the_provider_is_the_first_account(tmp_path, provider):
    server = Server(tmp_path, environment=provider.settings()).start()
    try:
        assert "/login#first=" in server.log.read_text()
        visitor = Visitor(server)
        visitor.log_in()
        # An editor leaves the first admin to be made; the code still does it.
        assert visitor.who()["needsFirstAccount"]
        provider.person |= {"sub": "2", "preferred_username": "root", "groups": ["ml-admins"]}
        boss = Visitor(server)
        boss.log_in()
        assert boss.who()["role"] == "admin" and not boss.who()["needsFirstAccount"]
        code = re.search(r"first=([0-9a-f]+)", server.log.read_text()).group(1)
        body = {"name": "eve", "password": PASSWORD, "code": code}
        assert requests.post(server.url + "/api/v1/session/first-account", json=body, timeout=10).status_code == 403
    finally:
        server.stop()


def test_where_none_is_set_nothing_is_there(tmp_path):
    server = served(tmp_path, {"MARTLET_LOGIN": "required"})
    try:
        assert "loginProvider" not in Visitor(server).who()
        assert "text/html" in Visitor(server).get("/login/oidc").headers["Content-Type"]
    finally:
        server.stop()
