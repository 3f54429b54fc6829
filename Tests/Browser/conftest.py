"""A real server, a real browser, and a few runs to look at."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest
import requests
from playwright.sync_api import sync_playwright

# Chromium without the parts that no page sees: it starts and draws in half of the time.
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class Server:
    """`martlet serve` on a free port; `post` and the like speak the native API, with a token where there is one."""

    def __init__(self, url, token=None):
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method, path, **options):
        answer = requests.request(method, f"{self.url}/api/v1/{path}", timeout=30, headers=self.headers, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def experiment(self, name, **fields):
        return self.call("POST", "experiments", json={"name": name, **fields})["id"]

    def run(self, experiment, name, curves=None, params=None, status="finished"):
        run = self.call("POST", "runs", json={"experimentID": experiment, "name": name})["id"]
        points = [{"key": key, "value": value, "step": step}
                  for key, values in (curves or {}).items() for step, value in enumerate(values)]
        self.call("POST", f"runs/{run}/log", json={"metrics": points, "params": params or {}})
        if status != "running":
            self.call("PATCH", f"runs/{run}", json={"status": status})
        return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(data, port, *options, environment=None, log=subprocess.DEVNULL):
    """A server that answers; the caller ends it."""
    binary = os.environ.get("MARTLET_BIN", str(REPOSITORY / ".build/release/martlet"))
    process = subprocess.Popen(
        [binary, "serve", "--port", str(port), "--data", str(data), "--ui-dir", str(REPOSITORY / "web"), *options],
        stdout=log, stderr=log, env=os.environ | (environment or {}))
    for _ in range(100):
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=1)
            return process
        except requests.ConnectionError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError("the server did not start")


def stop(process):
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    port = free_port()
    process = start(tmp_path_factory.mktemp("data"), port)
    yield Server(f"http://127.0.0.1:{port}")
    stop(process)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser, url):
    """A page in a browser of its own; what it complains about is a failure."""
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # A refused request is the page's to handle; anything else, a violated policy above all, is a fault.
    page.on("console", lambda message: problems.append(message.text)
            if message.type == "error" and not message.text.startswith("Failed to load resource") else None)
    page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
    try:
        yield page
    finally:
        context.close()
    assert problems == []


@pytest.fixture
def page(browser, server):
    with visiting(browser, server.url) as page:
        yield page


PASSWORD = "correct horse 1"


class LoginServer(Server):
    """A server with accounts: `admin`, and what `account` makes; all have the same password."""

    def __init__(self, url):
        super().__init__(url)
        self.ids = {}
        session = requests.post(f"{url}/api/v1/session", json={"name": "admin", "password": PASSWORD}, timeout=30)
        self.ids["admin"] = session.json()["account"]
        made = requests.post(f"{url}/api/v1/accounts/{self.ids['admin']}/tokens", json={"name": "tests", "scope": "admin"}, timeout=30,
                             cookies=session.cookies, headers={"X-CSRF-Token": session.json()["csrfToken"]})
        self.headers = {"Authorization": f"Bearer {made.json()['token']}"}

    def account(self, name, role, **fields):
        body = {"name": name, "role": role, **({} if fields.get("kind") == "service" else {"password": PASSWORD}), **fields}
        self.ids[name] = self.call("POST", "accounts", json=body)["id"]
        return self.ids[name]

    def enter(self, page, name):
        """Logs a browser in, without its pages."""
        answer = page.context.request.post(f"{self.url}/api/v1/session", data={"name": name, "password": PASSWORD})
        assert answer.ok, answer.text()


@pytest.fixture(scope="session")
def closed(tmp_path_factory):
    """A server that asks who comes: `admin`, `eda` (editor), `vera` (viewer), `otto` (none, but editor in one experiment)."""
    port = free_port()
    process = start(tmp_path_factory.mktemp("closed"), port, "--login", "required", environment={"MARTLET_ADMIN_PASSWORD": PASSWORD})
    server = LoginServer(f"http://127.0.0.1:{port}")
    for name, role in (("eda", "editor"), ("vera", "viewer"), ("otto", "none")):
        server.account(name, role)
    server.place = server.experiment("closed place", purpose="Who may see this?")
    server.made = server.run(server.place, "first-run", {"val/loss": [2.0, 1.0, 0.5]}, {"lr": "0.1"})
    server.call("PATCH", f"runs/{server.made}", json={"notes": "a note", "purpose": "a reason"})
    server.call("PUT", f"experiments/{server.place}/roles/{server.ids['otto']}", json={"role": "editor"})
    yield server
    stop(process)


@pytest.fixture
def visitor(browser, closed):
    """A page of the closed server, not logged in."""
    with visiting(browser, closed.url) as page:
        yield page
