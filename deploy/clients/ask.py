#!/usr/bin/env python3
"""Asks an octroi sidecar. Copy it into an app: the standard library is all it needs (Python 3.9 or newer).

    ask.py SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]
    ask.py marc read conversation c-1 tenant=boutiques-durand sub_account=paris-marais

Prints `allow` or `deny`; of several actions, one line each. Exit code: 0 allow, 5 deny (one of them), 1 in doubt, 2 wrong
usage. OCTROI_URL, OCTROI_TOKEN and OCTROI_TIMEOUT_MS say where, as whom, and how long to wait. Properties are sent as
texts; an app sends numbers and lists as what they are.
"""

import contextlib
import http.client
import json
import logging
import os
import socket
import sys
import threading
import time
import urllib.parse
import uuid

log = logging.getLogger("octroi")

UNREACHED_MAX = 1  # how often to ask again after a refused or broken connection
BUSY_MAX = 2  # how often to ask again after a 503
WAIT_MAX = 2  # longest Retry-After, in seconds, that is waited for


class InDoubt(Exception):
    """There is no certain answer. Whoever asked must act as on a deny."""


class Octroi:
    """One for the whole app: it may be used by all threads, and keeps a connection for each."""

    def __init__(self, url="http://127.0.0.1:8181", timeout=0.5, token=None):
        """`timeout` is in seconds, for a whole request: connecting, sending, waiting, reading."""
        self._url = urllib.parse.urlsplit(url)
        self._timeout = timeout
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._local = threading.local()

    def may(self, subject, action, resource, context=None, request_id=None):
        """Whether the subject may. Denies when in doubt, and logs why."""
        try:
            return self.decide(subject, action, resource, context, request_id)
        except InDoubt as doubt:
            log.warning("in doubt, so denied: %s", doubt)
            return False

    def may_each(self, subject, actions, resource, context=None, request_id=None):
        """Which of the actions the subject may, in one request: for the buttons of a page."""
        try:
            return self.decide_each(subject, actions, resource, context, request_id)
        except InDoubt as doubt:
            log.warning("in doubt, so denied: %s", doubt)
            return dict.fromkeys(actions, False)

    def decide(self, subject, action, resource, context=None, request_id=None):
        """As `may`, but raises `InDoubt` when in doubt."""
        question = {"subject": subject, "action": {"name": action}, "resource": resource}
        if context:
            question["context"] = context
        return _decision(self._ask("/access/v1/evaluation", question, request_id))

    def decide_each(self, subject, actions, resource, context=None, request_id=None):
        """As `may_each`, but raises `InDoubt` when in doubt."""
        evaluations = [{"action": {"name": action}} for action in actions]
        question = {"subject": subject, "resource": resource, "evaluations": evaluations}
        if context:
            question["context"] = context
        answer = self._ask("/access/v1/evaluations", question, request_id)
        decisions = answer.get("evaluations") if isinstance(answer, dict) else None
        if not isinstance(decisions, list) or len(decisions) != len(evaluations):
            raise InDoubt("200 without one decision for each question")
        return {action: _decision(decision) for action, decision in zip(actions, decisions)}

    def _ask(self, path, question, request_id):
        """The answer's JSON. Asks again where that can help, which is safe: a question changes nothing."""
        body = json.dumps(question).encode()
        headers = {**self._headers, "X-Request-ID": request_id or str(uuid.uuid4())}
        unreached = busy = 0
        while True:
            try:
                status, retry_after, answer = self._post(path, body, headers)
            except TimeoutError:
                raise InDoubt(f"no answer within {self._timeout} s") from None
            except (OSError, http.client.HTTPException) as error:
                unreached += 1
                if unreached > UNREACHED_MAX:
                    raise InDoubt(f"cannot reach {self._url.geturl()}: {error!r}") from error
                time.sleep(0.1)
                continue
            if status == 200:
                try:
                    return json.loads(answer)
                except ValueError:
                    raise InDoubt("200 without JSON") from None
            # 400: this question is wrong. 401: the token is. Neither is mended by asking again.
            doubt = InDoubt(f"{status}: {answer[:300].decode(errors='replace')}")
            if status != 503:
                raise doubt
            wait = int(retry_after) if retry_after and retry_after.isdecimal() else 0.1
            busy += 1
            if busy > BUSY_MAX or wait > WAIT_MAX:
                raise doubt
            time.sleep(wait)

    def _post(self, path, body, headers):
        """One request. A socket's timeout is for each read, so a timer ends what takes too long as a whole."""
        connection = self._connection()
        late = threading.Event()

        def abort():
            late.set()
            sock = connection.sock
            if sock:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._timeout, abort)
        timer.daemon = True
        timer.start()
        try:
            connection.request("POST", self._url.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            if late.is_set():
                raise TimeoutError
            return response.status, response.getheader("Retry-After"), answer
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it anew
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def _connection(self):
        if not hasattr(self._local, "connection"):
            https = self._url.scheme == "https"
            kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
            self._local.connection = kind(self._url.netloc, timeout=self._timeout)
        return self._local.connection


def _decision(answer):
    """`true` allows and `false` denies, nothing else: not 1, not "true"."""
    decision = answer.get("decision") if isinstance(answer, dict) else None
    if not isinstance(decision, bool):
        raise InDoubt("200 without a decision")
    return decision


def main(arguments):
    if len(arguments) < 4:
        print("usage: ask.py SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]", file=sys.stderr)
        return 2
    account, action, kind, identifier, *properties = arguments
    octroi = Octroi(
        os.environ.get("OCTROI_URL", "http://127.0.0.1:8181"),
        int(os.environ.get("OCTROI_TIMEOUT_MS", "500")) / 1000,
        os.environ.get("OCTROI_TOKEN"),
    )
    subject = {"type": "user", "id": account}
    properties = dict(text.partition("=")[::2] for text in properties)
    resource = {"type": kind, "id": identifier, "properties": properties}
    actions = action.split(",")
    in_doubt = False
    try:
        if len(actions) == 1:
            each = {action: octroi.decide(subject, action, resource)}
        else:
            each = octroi.decide_each(subject, actions, resource)
    except InDoubt as doubt:
        print("in doubt, so denied:", doubt, file=sys.stderr)
        each = dict.fromkeys(actions, False)
        in_doubt = True
    for name, allowed in each.items():
        word = "allow" if allowed else "deny"
        print(word if len(actions) == 1 else f"{name} {word}")
    return 1 if in_doubt else 0 if all(each.values()) else 5


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
