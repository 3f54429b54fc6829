"""A real server, a real browser, and a few runs to look at."""

import os
import pathlib
import socket
import subprocess
import time

import pytest
import requests
from playwright.sync_api import sync_playwright

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class Server:
    """`martlet serve` on a free port; `post` and the like speak the native API."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, **options):
        answer = requests.request(method, f"{self.url}/api/v1/{path}", timeout=30, **options)
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


def start(data, port, *options):
    """A server that answers; the caller ends it."""
    binary = os.environ.get("MARTLET_BIN", str(REPOSITORY / ".build/release/martlet"))
    process = subprocess.Popen(
        [binary, "serve", "--port", str(port), "--data", str(data), "--ui-dir", str(REPOSITORY / "web"), *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # A refused request is the page's to handle; anything else, a violated policy above all, is a fault.
    page.on("console", lambda message: problems.append(message.text)
            if message.type == "error" and not message.text.startswith("Failed to load resource") else None)
    page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
    yield page
    context.close()
    assert problems == []
