"""The native API as docs/openapi.json describes it, for tests that hold the one against the other."""

import copy
import functools
import json

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from harness import REPOSITORY

METHODS = ("get", "post", "put", "patch", "delete")


def closed(schema):
    """The schema with every object closed: a field that is not described is a mistake of the description."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    return schema


@functools.cache
def description():
    return json.loads((REPOSITORY / "docs" / "openapi.json").read_text())


@functools.cache
def _registry():
    whole = Resource.from_contents(closed(description()), default_specification=DRAFT202012)
    return Registry().with_resource("urn:native", whole)


def resolved(part):
    """A part of the description, or what it refers to."""
    while "$ref" in part:
        target = description()
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def operations():
    """All of them: (method, path, operation)."""
    for path, item in description()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def is_access(path):
    """Whether it is about who may do what: where there is an account, everybody must log in."""
    return path.startswith(("/api/v1/session", "/api/v1/accounts", "/api/v1/tokens", "/api/v1/audit", "/api/v1/workspaces")) or "/roles" in path


def operation(method, path):
    return description()["paths"][path][method.lower()]


def body_schema(method, path):
    """Merged from `allOf`, with properties and required; None where there is no JSON body."""
    content = operation(method, path).get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema = resolved(content["application/json"]["schema"])
    merged = {"properties": copy.copy(schema.get("properties", {})), "required": list(schema.get("required", []))}
    for part in map(resolved, schema.get("allOf", [])):
        merged["properties"] |= part.get("properties", {})
        merged["required"] += part.get("required", [])
    return merged


def check(method, path, answer):
    """Fails when an answer (of `requests`) is not as described."""
    responses = operation(method, path)["responses"]
    described = resolved(responses.get(str(answer.status_code)) or responses["default"])
    content = described.get("content")
    if not content:
        assert answer.content == b"", f"{method} {path}: a body where none is described"
        return
    kind = answer.headers["Content-Type"].split(";")[0]
    schema = content.get(kind) or content.get("application/octet-stream")
    assert schema is not None, f"{method} {path}: {kind} is not described"
    if kind == "application/json" and schema.get("schema"):
        validator = jsonschema.Draft202012Validator(_anchored(closed(schema["schema"])), registry=_registry())
        validator.validate(answer.json())


def _anchored(schema):
    """References inside the description, from outside of it."""
    if isinstance(schema, list):
        return [_anchored(part) for part in schema]
    if isinstance(schema, dict):
        return {key: "urn:native" + value if key == "$ref" else _anchored(value) for key, value in schema.items()}
    return schema
