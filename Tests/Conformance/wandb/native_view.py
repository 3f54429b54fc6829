"""What a run of the wandb client is for Martlet's own interface, which its pages use."""

import requests


class NativeRun:
    def __init__(self, server, path):
        entity, project, name = path
        self.url = server.url + "/api/v1/"
        self.id = self.get("find", workspace=entity, experiment=project, run=name)["runID"]

    def get(self, path, **query):
        answer = requests.get(self.url + path, params=query, timeout=60)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def points(self, key):
        """The steps and the values of a curve."""
        series = self.get(f"runs/{self.id}/history", key=key, format="json")
        return list(zip(series["steps"], series["values"]))

    def objects(self):
        """What was logged and is no number: the last one of each key."""
        return {one["key"]: one["last"] for one in self.get(f"runs/{self.id}/objects")["objects"]}
