"""What W&B's client sends, by plain HTTP."""

import json

import requests

UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String, $displayName: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, displayName: $displayName}) {
    bucket { id name displayName } inserted } }"""


CONFIGURE = """mutation UpsertBucket($id: String, $config: JSONString) {
  upsertBucket(input: {id: $id, config: $config}) { bucket { id } inserted } }"""


class Run:
    """A run by its W&B name; `id` is that of Martlet."""

    def __init__(self, server, project, name, entity="default", key=None):
        self.server, self.project, self.name, self.entity = server, project, name, entity
        self.auth = ("api", key or "k" * 40)
        self.lines = {"output.log": 0, "wandb-history.jsonl": 0, "wandb-events.jsonl": 0}
        answer = self.post("graphql", {"query": UPSERT, "operationName": "UpsertBucket", "variables": {
            "name": name, "project": project, "entity": entity, "displayName": name}})
        assert not answer.get("errors"), answer
        self.bucket = answer["data"]["upsertBucket"]["bucket"]["id"]
        self.id = server.call("GET", "find", params={"workspace": entity, "experiment": project, "run": name})["runID"]

    def post(self, path, body):
        answer = requests.post(f"{self.server.url}/{path}", json=body, auth=self.auth, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def stream(self, files=None, **more):
        return self.post(f"files/{self.entity}/{self.project}/{self.name}/file_stream", {"files": files or {}, **more})

    def send(self, file, lines):
        self.stream({file: {"offset": self.lines[file], "content": lines}})
        self.lines[file] += len(lines)

    def print(self, *texts, is_error=False, label=None, at=None):
        prefix = "ERROR " if is_error else ""
        tag = f"[{label}] " if label else ""
        self.send("output.log", [f"{prefix}{at or '2026-11-23T12:22:50.668942'} {tag}{text}" for text in texts])

    def log(self, *rows):
        self.send("wandb-history.jsonl", [json.dumps({"_timestamp": 1.79e9, "_runtime": 1.0, **row}) for row in rows])

    def machine(self, *rows):
        self.send("wandb-events.jsonl", [json.dumps({"_wandb": True, "_timestamp": 1.79e9, "_runtime": 1.0, **row}) for row in rows])

    def configure(self, config):
        answer = self.post("graphql", {"query": CONFIGURE, "operationName": "UpsertBucket",
                                       "variables": {"id": self.bucket, "config": json.dumps(config)}})
        assert not answer.get("errors"), answer

    def summary(self, values):
        self.stream({"wandb-summary.json": {"offset": 0, "content": [json.dumps(values)]}})

    def file(self, path, data):
        answer = requests.put(f"{self.server.url}/api/v1/runs/{self.id}/artifacts/content", params={"path": path}, data=data,
                              timeout=30, headers=self.server.headers)
        answer.raise_for_status()

    def finish(self):
        self.stream(complete=True, exitcode=0)
