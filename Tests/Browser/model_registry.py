"""Registered models, as clients make them, and how they are found on the page of all."""

import base64
import pathlib
import sys
import uuid

import pytest
import requests
from playwright.sync_api import expect

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Conformance"))
from versions import logged_version  # noqa: E402


class Registry:
    """What a client of MLflow asks for, with names that no other test has."""

    def __init__(self, server, workspace="default"):
        self.server, self.key = server, uuid.uuid4().hex[:8]
        self.headers = {**server.headers, "X-MLFLOW-WORKSPACE": workspace}

    def ask(self, path, **fields):
        answer = requests.post(f"{self.server.url}/api/2.0/mlflow/{path}", json=fields, headers=self.headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def name(self, stem):
        return f"{stem}-{self.key}"

    def run(self, name="trainer"):
        return self.server.run(self.server.experiment(f"training {uuid.uuid4().hex[:8]}"), name)

    def model(self, stem="price", versions=0, description="", run=None):
        """Registers a model and so many versions that came of a run; gives its name."""
        name = self.name(stem)
        self.ask("registered-models/create", name=name, description=description)
        for _ in range(versions):
            run = self.version(name, run)
        return name

    def version(self, name, run=None):
        run = run or self.run()
        self.ask("model-versions/create", name=name, source=f"runs:/{run}/model", run_id=run)
        return run

    def alias(self, name, alias, number):
        self.ask("registered-models/alias", name=name, alias=alias, version=str(number))

    def stage(self, name, stage, number):
        self.ask("model-versions/transition-stage", name=name, version=str(number), stage=stage, archive_existing_versions=False)

    def linked(self, stem, aliases):
        """The second version of an artifact of W&B's client, linked into a model of another name; gives that."""
        name = self.name(stem)
        id = [logged_version(self.server, text, project=self.name("project")) for text in (b"1", b"2")][1]
        answer = requests.post(f"{self.server.url}/graphql", timeout=30, json={
            "query": "mutation M($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex } }",
            "variables": {"input": {"artifactID": base64.b64encode(f"Artifact:{id}".encode()).decode(), "artifactPortfolioName": name, "entityName": "default",
                                    "projectName": "wandb-registry-model", "aliases": [{"alias": one, "artifactCollectionName": name} for one in aliases]}}})
        assert answer.json()["data"]["linkArtifact"] == {"versionIndex": 0}, answer.text
        return name

    def page(self, name, *more):
        """The address of the page of a model."""
        model = self.server.call("GET", f"models/{name}")
        return "/".join([f"{self.server.url}/e/{model['experimentID']}/artifacts/{model['id']}", *more])


@pytest.fixture
def registry(server):
    return Registry(server)


@pytest.fixture
def price(registry):
    """Three versions by the run `forest`; the second is the champion, the first is in production."""
    name = registry.model("price", versions=3, description="What a **house** costs", run=registry.run("forest"))
    registry.alias(name, "champion", 2)
    registry.stage(name, "Production", 1)
    return name


def row(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page):
    return page.locator("a[data-row]")


def live(page):
    expect(page.locator(".live[data-state='live']")).to_be_visible()
