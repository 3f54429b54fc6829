"""Plain requests to the W&B dialect: what no well-behaved client would send, and what it would."""

import importlib.metadata
import json
import pathlib
import uuid

import packaging.version
import requests

CLIENT = packaging.version.parse(importlib.metadata.version("wandb"))


def is_before(version):
    """Whether the client under test is older."""
    return CLIENT < packaging.version.parse(version)


# Any key of 40 characters will do where the server asks for no login.
KEY = "a" * 40

UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString, $tags: [String!]) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, tags: $tags}) {
    bucket { id name displayName historyLineCount project { name entity { name } } } inserted } }"""
LINES = """query Lines($entity: String!, $project: String!, $run: String!) {
  model(name: $project, entityName: $entity) { bucket(name: $run) {
    state historyLineCount eventsLineCount logLineCount summaryMetrics history(samples: 1000000)
    logLines(first: 10000) { edges { node { number line } } } } } }"""
LINKS = """mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl } } }"""
FILES = """query RunFiles($entity: String!, $project: String!, $run: String!, $names: [String] = []) {
  project(name: $project, entityName: $entity) { run(name: $run) { fileCount
    files(names: $names, first: 1000) { edges { node { id name directUrl sizeBytes md5 } } } } } }"""


def client_environment(server, folder):
    """Variables for a program that uses wandb. Its files go below the folder."""
    folder = pathlib.Path(folder)
    for name in ("config", "cache", "data", "artifacts"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "WANDB_DIR": str(folder), "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false", "WANDB_CONFIG_DIR": str(folder / "config"), "WANDB_QUIET": "true",
        "WANDB_CACHE_DIR": str(folder / "cache"), "WANDB_DATA_DIR": str(folder / "data"), "WANDB_DISABLE_GIT": "true",
        "WANDB_ARTIFACT_DIR": str(folder / "artifacts"), "NETRC": str(folder / "netrc"), "WANDB_ENTITY": "default",
        "WANDB_DISABLE_CODE": "true",
    }


class Wire:
    """One caller in one project."""

    def __init__(self, server, project, entity="default", key=KEY):
        self.server, self.project, self.entity = server, project, entity
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = ("api", key)

    def close(self):
        self.session.close()

    def send(self, method, path, **options):
        options.setdefault("timeout", 60)
        url = path if path.startswith("http") else self.server.url + path
        return self.session.request(method, url, **options)

    # GraphQL

    def post(self, query, **variables):
        return self.send("POST", "/graphql", json={"query": query, "variables": variables})

    def ok(self, query, **variables):
        """The data of an answer without errors."""
        answer = self.post(query, **variables)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        assert not answer.json().get("errors"), answer.text[:500]
        return answer.json()["data"]

    def place(self, **more):
        return {"entity": self.entity, "project": self.project} | more

    def new_run(self, name=None, **fields):
        """The name of a fresh run."""
        name = name or uuid.uuid4().hex[:8]
        return self.ok(UPSERT, **self.place(name=name, **fields))["upsertBucket"]["bucket"]["name"]

    # streams

    def stream_url(self, run):
        return f"{self.server.url}/files/{self.entity}/{self.project}/{run}/file_stream"

    def stream(self, run, body, **options):
        return self.send("POST", self.stream_url(run), json=body, **options)

    def lines(self, run, offset, content, file="wandb-history.jsonl", **more):
        """Sends lines: texts as they are, everything else as JSON."""
        texts = [line if isinstance(line, str) else json.dumps(line) for line in content]
        return self.stream(run, {"files": {file: {"offset": offset, "content": texts}}} | more)

    def stored(self, run):
        return self.ok(LINES, **self.place(run=run))["model"]["bucket"]

    def history(self, run):
        return [json.loads(row) for row in self.stored(run)["history"]]

    def values(self, run, key="x"):
        return [row[key] for row in self.history(run) if key in row]

    def console(self, run):
        return [edge["node"]["line"] for edge in self.stored(run)["logLines"]["edges"]]

    # files

    def ask_links(self, run, *names):
        return self.post(LINKS, **self.place(run=run, files=list(names)))

    def link(self, run, name):
        answer = self.ask_links(run, name)
        assert answer.status_code == 200 and not answer.json().get("errors"), answer.text[:500]
        return answer.json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]

    def files(self, run, *names):
        run = self.ok(FILES, **self.place(run=run, names=list(names)))["project"]["run"]
        return {edge["node"]["name"]: edge["node"] for edge in run["files"]["edges"]}


def step(number, **values):
    """A line of a history, as the client writes it."""
    return {"_step": number, "_runtime": number / 10, "_timestamp": 1_790_000_000 + number, **(values or {"x": number})}


def message(answer):
    """What the client would show of a refusal."""
    return answer.json()["errors"][0]["message"]
