"""An OpenID provider on loopback, small and strict, that can be told to misbehave in one way or another."""

import base64
import hashlib
import hmac
import html
import json
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT, SECRET = "martlet-test", "a secret: of the client & more"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest(text):
    return hashlib.sha256(text.encode()).digest()


class Key:
    """One key that signs. `kind` is RSA or EC."""

    def __init__(self, kind="RSA"):
        self.id = uuid.uuid4().hex[:8]
        self.kind = kind
        self.private = ec.generate_private_key(ec.SECP256R1()) if kind == "EC" else rsa.generate_private_key(65537, 2048)

    def public(self):
        numbers = self.private.public_key().public_numbers()
        if self.kind == "EC":
            parts = {"crv": "P-256", "x": encoded(numbers.x.to_bytes(32)), "y": encoded(numbers.y.to_bytes(32))}
        else:
            parts = {"n": encoded(numbers.n.to_bytes(256)), "e": encoded(numbers.e.to_bytes(3))}
        return {"kty": self.kind, "use": "sig", "kid": self.id, **parts}

    def signed(self, data, algorithm):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            # The old trick: the public key is the shared secret.
            shown = self.private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            return hmac.digest(shown, data, "sha256")
        if algorithm == "ES256":
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32) + s.to_bytes(32)
        pad = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if algorithm == "PS256" else padding.PKCS1v15()
        return self.private.sign(data, pad, hashes.SHA256())


class Provider:
    """`with Provider() as provider:`. What is set on it holds from the next request on.

    `person` are the claims of who logs in. `claims`, `header`, `metadata` and `tokens` change what is given out; None
    takes a member away. `replies` has whole answers by path: (status, bytes) or a function that makes them, where an
    iterator of bytes stands for an answer that comes bit by bit.
    """

    def __init__(self, client=CLIENT, secret=SECRET, host="127.0.0.1"):
        self.client, self.secret, self.host = client, secret, host
        self.person = {"sub": "1001", "preferred_username": "ana", "name": "Ana Lopes", "email": "ana@example.org",
                       "groups": ["ml-team"]}
        self.algorithm = "RS256"
        self.keys = [Key()]
        self.claims, self.header, self.metadata, self.tokens, self.replies = {}, {}, {}, {}, {}
        self.error = None
        self.shows_page = False
        self.in_form = False
        self.codes = {}
        self.asked = []

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"provider": self}))
        self.issuer = f"http://{self.host}:{self.server.server_port}/realms/lab"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def settings(self, roles="ml-admins=admin,ml-team=editor"):
        """The environment of a server that logs people in here."""
        settings = {"MARTLET_OIDC_ISSUER": self.issuer, "MARTLET_OIDC_CLIENT": self.client, "MARTLET_OIDC_NAME": "Lab",
                    "MARTLET_OIDC_ROLES": roles}
        return settings | ({"MARTLET_OIDC_SECRET": self.secret} if self.secret else {})

    def times(self, path):
        """How often a path below the issuer was asked for."""
        return sum(asked == path for asked in self.asked)

    # ---- endpoints ----

    def discovery(self):
        return {
            "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize?ui=1",
            "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "scopes_supported": ["openid", "profile", "email", "groups"],
            **({"token_endpoint_auth_methods_supported": ["client_secret_post"]} if self.in_form else {}),
        } | self.metadata

    def authorize(self, query):
        """Where the browser goes next."""
        assert query["response_type"] == "code" and query["client_id"] == self.client and query["ui"] == "1", query
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43, query
        assert "openid" in query["scope"].split() and query["nonce"] and query["state"], query
        back = {"state": query["state"]}
        if self.error:
            back["error"] = self.error
        else:
            code = uuid.uuid4().hex
            self.codes[code] = query
            back["code"] = code
        if self.metadata.get("authorization_response_iss_parameter_supported"):
            back["iss"] = self.issuer
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(back)

    def token(self, form, authorization):
        if not self.is_client(form, authorization):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form.get("code"), None)
        if begun is None or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        if form["redirect_uri"] != begun["redirect_uri"] or encoded(digest(form["code_verifier"])) != begun["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "not who began"}
        access = uuid.uuid4().hex
        claims = {"iss": self.issuer, "aud": self.client, "exp": time.time() + 300, "iat": int(time.time()),
                  "nonce": begun["nonce"], "at_hash": encoded(digest(access)[:16]), **self.person}
        answer = {"access_token": access, "token_type": "Bearer", "id_token": self.signed(claims | self.claims)}
        return 200, without_none(answer | self.tokens)

    def is_client(self, form, authorization):
        if not self.secret:
            return form["client_id"] == self.client and not authorization
        if self.in_form:
            return not authorization and (form["client_id"], form["client_secret"]) == (self.client, self.secret)
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return [urllib.parse.unquote_plus(part) for part in (name, secret)] == [self.client, self.secret]

    def signed(self, claims):
        key = self.keys[-1]
        header = without_none({"typ": "JWT", "alg": self.algorithm, "kid": key.id} | self.header)
        text = ".".join(encoded(json.dumps(part).encode()) for part in (header, without_none(claims)))
        return f"{text}.{encoded(key.signed(text.encode(), self.algorithm))}"


def without_none(members):
    return {name: value for name, value in members.items() if value is not None}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path, query = self.below(url.path), dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if self.is_replaced(path):
            return
        if path == "/.well-known/openid-configuration":
            self.answer(200, without_none(self.provider.discovery()))
        elif path == "/keys":
            self.answer(200, {"keys": [key.public() for key in self.provider.keys]})
        elif path == "/authorize" and self.provider.shows_page and "who" not in query:
            fields = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in query.items())
            page = f'<title>Lab</title><form>{fields}<label>Who <input name="who"></label><button>Sign in</button></form>'
            self.send(200, page.encode(), "text/html")
        elif path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(404, {"error": "not_found"})

    def do_POST(self):
        path = self.below(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.is_replaced(path):
            return
        assert path == "/token", path
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        self.answer(*self.provider.token(form, self.headers.get("Authorization")))

    def below(self, path):
        below = path.removeprefix("/realms/lab")
        self.provider.asked.append(below)
        return below

    def is_replaced(self, path):
        reply = self.provider.replies.get(path)
        if reply is None:
            return False
        status, body, *headers = reply() if callable(reply) else reply
        self.send(status, body, "application/json", *headers)
        return True

    def answer(self, status, body):
        self.send(status, json.dumps(body).encode(), "application/json")

    def send(self, status, body, content_type, *headers):
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)) if isinstance(body, bytes) else "1000")
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            for piece in [body] if isinstance(body, bytes) else body:
                self.wfile.write(piece)
        except (BrokenPipeError, ConnectionResetError):
            # Who asked has had enough.
            self.close_connection = True

    def log_message(self, *_):
        pass
