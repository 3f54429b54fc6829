"""A version of an artifact, logged by the requests that W&B's client makes."""

import base64
import hashlib
import json

import requests


def _base64(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def logged_version(server, text, project="contract", shared=None, headers=None):
    """Logs the file `a.txt` into the artifact `data`; gives the id of the version. One that is shared has a reference, too."""
    def ask(operation, payload, **input):
        query = "mutation M($input: Any!) { %s(input: $input) { %s } }" % (operation, payload)
        answer = requests.post(server.url + "/graphql", json={"query": query, "variables": {"input": input}}, headers=headers,
                               timeout=10)
        return answer.json()["data"][operation]

    contents = {"a.txt": {"digest": _base64(text), "size": len(text)}}
    if shared:
        contents["far"] = {"digest": "e", "size": 9, "ref": "s3://b/k"}
    lines = "".join(f"{path}:{entry['digest']}\n" for path, entry in contents.items())
    digest = hashlib.md5(f"wandb-artifact-manifest-v1\n{lines}".encode()).hexdigest()
    id = ask("createArtifact", "artifact { id }", entityName="default", projectName=project, artifactTypeName="dataset",
             artifactCollectionName="data", digest=digest, distributedID=shared)["artifact"]["id"]
    files = [{"artifactID": id, "name": "a.txt", "md5": contents["a.txt"]["digest"]}]
    edges = ask("createArtifactFiles", "files { edges { node { uploadUrl } } }", artifactFiles=files)["files"]["edges"]
    assert requests.put(edges[0]["node"]["uploadUrl"], data=text, timeout=10).status_code == 200
    manifest = json.dumps({"version": 1, "contents": contents}).encode()
    url = ask("createArtifactManifest", "artifactManifest { file { uploadUrl } }", artifactID=id, name="manifest",
              type="PATCH" if shared else "FULL", digest=_base64(manifest))["artifactManifest"]["file"]["uploadUrl"]
    assert requests.put(url, data=manifest, timeout=10).status_code == 200
    committed = ask("commitArtifact", "artifact { id digest }", artifactID=id)["artifact"]
    assert committed["digest"] == digest
    return base64.b64decode(committed["id"]).decode().removeprefix("Artifact:")
