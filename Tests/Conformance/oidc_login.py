"""What the tests of logins through an identity provider share: a provider, a server that asks it, a browser."""

import pytest
import requests

from harness import Server
from oidc_provider import Provider
from wire import eventually

PASSWORD = "correct horse 1"


@pytest.fixture
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture
def own(tmp_path, provider):
    server = served(tmp_path, provider.settings())
    yield server
    server.stop()


def served(folder, settings):
    return Server(folder, ["--log-level", "debug"], settings | {"MARTLET_ADMIN_PASSWORD": PASSWORD}).start()


class Visitor:
    """A browser without pages: it follows a login step by step."""

    def __init__(self, server):
        self.server = server
        self.session = requests.Session()

    def get(self, url, **options):
        if url.startswith("/"):
            url = self.server.url + url
        return self.session.get(url, allow_redirects=False, timeout=30, **options)

    def carry(self, cookie):
        """Takes over the cookie of a login that was begun."""
        self.session.cookies.set("martlet_attempt", cookie, domain="127.0.0.1", path="/")

    def begin(self, next=None):
        """To the provider, and to where it sends one back."""
        begun = self.get("/login/oidc", params={"next": next})
        assert begun.status_code == 302, begun.text
        cookie = begun.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=600" in cookie
        return requests.get(begun.headers["Location"], allow_redirects=False, timeout=30).headers["Location"]

    def end(self, url):
        """Where one is led after the login, and what the login page says of it."""
        answer = self.get(url)
        assert answer.status_code == 302, answer.text
        place = answer.headers["Location"]
        assert place == "/login" or place.startswith("/login?next="), place
        return place

    def log_in(self, next=None):
        return self.end(self.begin(next))

    def who(self):
        return self.get("/api/v1/session").json()

    def refusal(self):
        """Logs in, which must fail, and says why."""
        self.log_in()
        who = self.who()
        assert "name" not in who, who
        return who["refusal"]


def log_line(server, *words):
    return eventually(lambda: all(word in server.log.read_text() for word in words), 5)
