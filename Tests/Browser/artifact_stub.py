"""The artifact routes of the native API, answered in the browser before they reach the server.

A `Store` is what a server would keep. Tests only call `make`, `use`, `link`, `version`, `collection` and `serve`, so a
class that does these six by a real client and a real server (`serve` does nothing then) can take its place in the
fixture `store`; the pages see no difference.
"""

import hashlib
import itertools
import json
import re
import time
import urllib.parse
import uuid

import pytest
from conftest import visiting

ROUTE = re.compile(r"/api/v1/(?:collections|versions)\b|/api/v1/runs/[^/]+/versions")
DAY = 86_400_000


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def refusing_missing(table, key, what):
    if key not in table:
        raise Refused(404, f"there is no {what} {key}")
    return table[key]


class Store:
    def __init__(self):
        self.key = uuid.uuid4().hex[:8]  # for names that no other test has
        self.ids = itertools.count(1)
        self.collections, self.versions, self.files, self.runs, self.edges = {}, {}, {}, {}, []

    # ---- what the tests say ----

    def make(self, experiment, name, *, type="dataset", run=None, run_name=None, files=None, references=None, metadata=None, aliases=(), tags=(), description="",
             kind="sequence", collection_tags=(), collection_description="", state="committed", age=0, step=None, expires=None):
        now = int(time.time() * 1000) - age
        collection = next((one for one in self.collections.values() if (one["experimentID"], one["name"]) == (experiment, name)), None)
        if collection is None:
            collection = {"id": str(next(self.ids)), "experimentID": experiment, "name": name, "type": type, "kind": kind,
                          "description": collection_description, "tags": list(collection_tags), "createdAt": now, "updatedAt": now}
            self.collections[collection["id"]] = collection
        collection["updatedAt"] = max(now, collection["updatedAt"])
        files = files if files is not None else {"data.txt": "x"}
        own = [one for one in self.versions.values() if one["collectionID"] == collection["id"]]
        for alias in ("latest", *aliases):
            for one in own:
                one["aliases"] = [other for other in one["aliases"] if other != alias]
        version = {
            "id": uuid.uuid4().hex, "collectionID": collection["id"], "collection": name, "type": collection["type"], "experimentID": experiment,
            "number": len(own), "state": state, "digest": hashlib.md5(json.dumps(files, sort_keys=True).encode()).hexdigest(), "description": description,
            "metadata": metadata or {}, "tags": list(tags), "aliases": ["latest", *aliases], "runID": run, "runName": run_name, "step": step,
            "size": sum(len(text) for text in files.values()), "fileCount": len(files) + len(references or {}), "createdAt": now, "updatedAt": now, "expiresAt": expires,
        }
        self.versions[version["id"]] = version
        self.files[version["id"]] = (files, references or {})
        if run:
            self.edge(experiment, run, run_name, version, "output")
        return version

    def use(self, experiment, run, run_name, version):
        self.edge(experiment, run, run_name, version, "input")

    def edge(self, experiment, run, name, version, role):
        self.runs[run] = {"id": run, "name": name or run, "experimentID": experiment, "status": "finished"}
        self.edges.append({"run": run, "version": version["id"], "role": role})

    def link(self, version, name, aliases=()):
        """Puts a version into a portfolio, which lists it by a number and with aliases of its own."""
        shelf = self.make(version["experimentID"], name, type=version["type"], kind="portfolio")
        entry = {"collectionID": shelf["collectionID"], "collection": name, "experimentID": version["experimentID"], "number": shelf["number"], "aliases": list(aliases)}
        self.versions[version["id"]].setdefault("linked", []).append(entry)
        self.versions[shelf["id"]] = {**version, **entry}

    def version(self, id):
        return self.versions[id]

    def collection(self, id):
        """None where there is none."""
        return self.collections.get(id)

    def serve(self, page):
        page.route(ROUTE, self.answer)

    # ---- what the browser asks ----

    def answer(self, route):
        request = route.request
        url = urllib.parse.urlsplit(request.url)
        path = url.path.split("/api/v1/")[1].split("/")
        query = dict(urllib.parse.parse_qsl(url.query))
        body = json.loads(request.post_data) if request.post_data else {}
        try:
            answer = self.handle(request.method, path, query, body)
        except Refused as refused:
            route.fulfill(status=refused.status, json={"message": str(refused), "code": "not_found", "requestID": "r-1"})
            return
        if isinstance(answer, str):
            route.fulfill(status=200, body=answer, content_type="text/plain")
        elif answer is None:
            route.fulfill(status=204)
        else:
            route.fulfill(status=200, json=answer)

    def handle(self, method, path, query, body):
        if path[0] == "runs":
            of = lambda role: [self.versions[edge["version"]] for edge in self.edges if edge["run"] == path[1] and edge["role"] == role]
            return {"outputs": of("output"), "inputs": of("input")}
        if path == ["collections"]:
            return {"collections": [self.told(one) for one in self.collections.values() if one["experimentID"] == query["experiment"]]}
        what = refusing_missing({"collections": self.collections, "versions": self.versions}[path[0]], path[1], path[0][:-1])
        if len(path) > 2:
            return getattr(self, {"versions": "list_versions"}.get(path[2], "_".join(path[2:])))(what, query)
        if method == "DELETE":
            if path[0] == "collections":
                del self.collections[path[1]]
            else:
                what.update(state="deleted", aliases=[])
            return None
        if "aliases" in body and any(re.fullmatch(r"v\d+", alias) for alias in body["aliases"]):
            raise Refused(400, "v and a number is the name of a version, not an alias")
        what.update(body)
        return self.told(what) if path[0] == "collections" else {**what, "links": what.get("linked", [])}

    def own(self, collection):
        return sorted((one for one in self.versions.values() if one["collectionID"] == collection["id"]), key=lambda one: -one["number"])

    def told(self, one):
        own = self.own(one)
        return {**one, "versionCount": len(own), "latest": next((one for one in own if "latest" in one["aliases"]), None)}

    def list_versions(self, collection, query):
        before = int(query.get("before", 1 << 60))
        return {"versions": [one for one in self.own(collection) if one["number"] < before][:int(query.get("limit", 50))]}

    def artifacts(self, version, query):
        files, references = self.files[version["id"]]
        folder = f"{query['path']}/" if query.get("path") else ""
        entries = {}
        for path, text in [*files.items(), *references.items()]:
            if not path.startswith(folder):
                continue
            name, _, rest = path[len(folder):].partition("/")
            entries[name] = {"name": name, "path": folder + name, "isFolder": bool(rest), "size": None if rest else len(text), "digest": "" if rest else "d" * 64}
            if path in references:
                entries[name] |= {"reference": text, "size": 12_000_000}
        return {"entries": [entries[name] for name in sorted(entries)]}

    def artifacts_content(self, version, query):
        return self.files[version["id"]][0][query["path"]]

    def lineage(self, version, query):
        return {"runs": list(self.runs.values()), "edges": self.edges,
                "versions": [{key: value for key, value in one.items() if key != "metadata"} for one in self.versions.values()]}

    def diff(self, version, query):
        mine, other = self.files[version["id"]][0], self.files[query["to"]][0]
        both = sorted(set(mine) & set(other))
        return {"added": [{"path": path, "size": len(mine[path])} for path in sorted(set(mine) - set(other))],
                "removed": [{"path": path, "size": len(other[path])} for path in sorted(set(other) - set(mine))],
                "changed": [{"path": path, "size": len(mine[path]), "otherSize": len(other[path])} for path in both if mine[path] != other[path]],
                "unchanged": sum(mine[path] == other[path] for path in both), "isCut": False}


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def page(browser, server, store):
    """A page that asks the store for what is about artifacts."""
    with visiting(browser, server.url) as page:
        store.serve(page)
        yield page
