"""An identity provider that does not answer as it should, or for which somebody else answers."""

import json
import re
import threading
import time

import pytest
import requests

from oidc_login import Visitor, log_line, own, provider, served  # noqa: F401 - fixtures too
from oidc_provider import SECRET, Key, Provider
from test_login import admin
from wire import eventually

pytestmark = pytest.mark.martlet_only


@pytest.mark.parametrize("algorithm, kind", [("RS256", "RSA"), ("PS256", "RSA"), ("ES256", "EC")])
@pytest.mark.parametrize("secret", ["basic", "form", None])
def test_every_algorithm_and_every_way_to_show_the_client(tmp_path, algorithm, kind, secret):
    with Provider(secret=SECRET if secret else None) as provider:
        provider.in_form = secret == "form"
        provider.algorithm, provider.keys = algorithm, [Key("EC"), Key(), Key(kind)]
        server = served(tmp_path, provider.settings())
        try:
            visitor = Visitor(server)
            visitor.log_in()
            assert visitor.who()["name"] == "ana"
        finally:
            server.stop()


UNTRUSTED = {
    "nonce": ({"nonce": "of another login"}, "'nonce'"), "no nonce": ({"nonce": None}, "'nonce'"),
    "audience": ({"aud": "another"}, "'aud'"), "audiences": ({"aud": ["another", "third"]}, "'aud'"),
    "shared": ({"aud": ["martlet-test", "another"]}, "'azp'"), "party": ({"azp": "another"}, "'azp'"),
    "issuer": ({"iss": "http://127.0.0.1:1/realms/lab"}, "'iss'"), "no issuer": ({"iss": None}, "'iss'"),
    "expired": ({"exp": time.time() - 120}, "'exp'"), "no end": ({"exp": None}, "'exp'"),
    "future": ({"iat": time.time() + 86_400}, "'iat'"), "not yet": ({"nbf": time.time() + 86_400}, "'nbf'"),
    "other access": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "'at_hash'"),
    "no subject": ({"sub": None}, "'sub'"), "long subject": ({"sub": "x" * 256}, "'sub'"), "number": ({"sub": 7}, "'sub'"),
}


@pytest.mark.parametrize("claims, word", UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_token_that_is_not_for_this_login_is_not_believed(own, provider, claims, word):
    provider.claims = claims
    assert "cannot be trusted" in Visitor(own).refusal()
    assert log_line(own, "identity provider failed", word)
    provider.claims = {}
    visitor = Visitor(own)
    visitor.log_in()
    assert visitor.who()["name"] == "ana"


@pytest.mark.parametrize("claims", [
    {"aud": ["martlet-test"]}, {"azp": "martlet-test"},
    {"aud": ["other", "martlet-test"], "azp": "martlet-test"}, {"at_hash": None}, {"groups": "ml-team"},
], ids=str)
def test_what_a_token_may_say_otherwise(own, provider, claims):
    provider.claims = claims
    visitor = Visitor(own)
    visitor.log_in()
    assert visitor.who()["name"] == "ana"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_signature_and_the_public_key_as_a_secret_are_refused(own, provider, algorithm):
    provider.algorithm = algorithm
    assert "cannot be trusted" in Visitor(own).refusal()
    assert log_line(own, f"signed by {algorithm}")


@pytest.mark.parametrize("change, word", [
    ({"crit": ["exp"], "exp": 1}, "critical"), ({"alg": "ES256"}, "none of the provider's keys"), ({"alg": None}, "signed by nothing"),
    ({"alg": "PS256"}, "signature of the ID token is wrong"),
], ids=str)
def test_a_header_that_does_not_fit_is_refused(own, provider, change, word):
    provider.header = change
    assert "cannot be trusted" in Visitor(own).refusal()
    assert log_line(own, word)


def test_a_forged_signature_is_refused_and_keys_are_not_sought_for_it(own, provider):
    published = provider.keys[0].public()
    provider.replies["/keys"] = lambda: (200, json.dumps({"keys": [published]}).encode())
    forger = Key()
    forger.id = provider.keys[0].id
    provider.keys = [forger]
    assert "cannot be trusted" in Visitor(own).refusal()
    assert provider.times("/keys") == 1


def test_new_keys_are_fetched_once_and_an_unknown_one_not_again_and_again(own, provider):
    visitor = Visitor(own)
    visitor.log_in()
    provider.keys = [Key()]
    again = Visitor(own)
    again.log_in()
    assert again.who()["name"] == "ana" and provider.times("/keys") == 2
    provider.header = {"kid": "unheard-of"}
    for _ in range(3):
        assert "cannot be trusted" in Visitor(own).refusal()
    assert provider.times("/keys") == 2


DISCOVERY = "/.well-known/openid-configuration"
BROKEN = {
    "discovery is no JSON": (DISCOVERY, (200, b"<html>"), "no JSON"), "discovery is away": (DISCOVERY, (503, b"{}"), "status 503"),
    "discovery is huge": (DISCOVERY, (200, b'"' + b"x" * (1 << 20) + b'"'), "longer than 1 MB"),
    "discovery is elsewhere": (DISCOVERY, (302, b"{}", ("Location", "/realms/lab/keys")), "status 302"),
    "keys are no JSON": ("/keys", (200, b"{"), "no JSON"), "keys are none": ("/keys", (200, b"[]"), "no keys"),
    "token is no JSON": ("/token", (200, b"no"), "no JSON"), "token is empty": ("/token", (200, b"{}"), "no ID token"),
    "token is huge": ("/token", (200, b" " * (2 << 20)), "longer than 1 MB"), "token is away": ("/token", (502, b"<html>"), "status 502"),
    "client is wrong": ("/token", (401, b'{"error":"invalid_client"}'), "invalid_client"),
    "token is elsewhere": ("/token", (307, b"{}", ("Location", "/realms/lab/token")), "307"),
}


@pytest.mark.parametrize("path, reply, word", BROKEN.values(), ids=BROKEN)
def test_a_provider_that_fails_is_told_as_such_and_others_still_come_in(own, provider, path, reply, word):
    provider.replies[path] = reply
    visitor = Visitor(own)
    begun = visitor.get("/login/oidc?next=e")
    assert begun.status_code == 302
    if path != DISCOVERY:
        visitor.end(requests.get(begun.headers["Location"], allow_redirects=False, timeout=30).headers["Location"])
    else:
        assert begun.headers["Location"] == "/login?next=e"
    assert "Lab cannot be used at the moment" in visitor.who()["refusal"]
    # Said once.
    assert "refusal" not in visitor.who()
    assert log_line(own, "identity provider failed", word)
    admin(own)
    # It is left alone for two seconds after it could not say what it is.
    del provider.replies[path]
    assert eventually(lambda: visitor.get("/login/oidc").headers["Location"].startswith(provider.issuer), 5)
    visitor.log_in()
    assert visitor.who()["name"] == "ana"


@pytest.mark.parametrize("change, word", [
    ({"issuer": "https://elsewhere.example/realms/lab"}, "calls itself 'https://elsewhere.example/realms/lab'"),
    ({"issuer": None}, "has no issuer"), ({"token_endpoint": None}, "no usable token_endpoint"),
    ({"token_endpoint": "http://elsewhere.example/token"}, "token_endpoint does not begin with https"),
    ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"), ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
], ids=str)
def test_a_provider_that_says_odd_things_of_itself_is_not_asked(own, provider, change, word):
    provider.metadata = change
    visitor = Visitor(own)
    assert visitor.get("/login/oidc").headers["Location"] == "/login"
    assert "cannot be used" in visitor.who()["refusal"]
    assert log_line(own, word)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_provider_that_is_slow_is_given_up_after_ten_seconds(own, provider, part):
    held = threading.Event()

    def drops():
        while not held.wait(0.5):
            yield b" "

    def slow():
        if part == "body":
            return 200, drops()
        held.wait(60)
        return 200, b"{}"

    provider.replies["/token"] = slow
    visitor = Visitor(own)
    back = visitor.begin()
    started = time.monotonic()
    visitor.end(back)
    held.set()
    assert 9 < time.monotonic() - started < 14
    assert "cannot be used" in visitor.who()["refusal"] and log_line(own, "within 10 s")


def test_a_provider_that_is_not_there_keeps_nobody_from_starting_or_from_a_password(tmp_path):
    with Provider() as provider:
        settings = provider.settings()
    server = served(tmp_path, settings)
    try:
        visitor = Visitor(server)
        assert visitor.get("/login/oidc").headers["Location"] == "/login"
        assert "cannot be used" in visitor.who()["refusal"]
        admin(server)
    finally:
        server.stop()


def test_an_answer_names_its_provider_where_that_is_promised(own, provider):
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    visitor = Visitor(own)
    visitor.log_in()
    assert visitor.who()["name"] == "ana"
    for change in (lambda url: re.sub(r"&iss=[^&]*", "", url), lambda url: re.sub(r"&iss=[^&]*", "&iss=https://evil.example", url)):
        other = Visitor(own)
        other.end(change(other.begin()))
        assert "cannot be trusted" in other.who()["refusal"]
    assert provider.times("/token") == 1
