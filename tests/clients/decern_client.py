"""Asks the sidecar at the given URL through PyPI's `decern`, a client that was written for another PDP."""

import sys

from decern import Client, DecernError

client = Client(sys.argv[1], timeout=10)


def resource(place, **more):
    return {"type": "conversation", "id": "c-1", "properties": {"tenant": "boutiques-durand", "sub_account": place, **more}}


def ask(account, action, resource, context=None):
    try:
        decision = client.evaluate({"type": "user", "id": account}, action, resource, context)
    except DecernError as error:
        print("error", error.status_code, error.body)
    else:
        print("allow" if decision.allowed else "deny", (decision.context or {}).get("reason"))


ask("marc", "read", resource("paris-marais"))
ask("marc", "read", resource("lyon"))
ask("marc", {"name": "close"}, resource("paris-marais", status="open"))
ask("marc", {"name": "close"}, resource("paris-marais", status="closed"))
lyon = {"type": "sub_account", "id": "lyon"}
ask("claire", "delete", lyon, {"tenant": "boutiques-durand", "mfa": True})
ask("claire", "delete", lyon, {"tenant": "boutiques-durand"})
ask("marc", "read", {"type": "conversation"})
