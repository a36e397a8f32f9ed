"""What schemathesis cannot know from the description; see schemathesis.toml."""

import schemathesis

REQUESTS = ("Request", "Item", "Properties", "Context", "Subject", "Action", "Resource", "Sought")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Closes the schemas of answers: a member that is not described is a failure. The description itself leaves them
    open, for clients must ignore what they do not know."""
    for name, schema in raw_schema["components"]["schemas"].items():
        if not name.endswith(REQUESTS) and "properties" in schema:
            schema.setdefault("additionalProperties", False)


@schemathesis.hook
def filter_case(context, case):
    """A header that is not described is no mistake: HTTP has every server ignore what it does not know."""
    return "x-schemathesis-unknown-property" not in (case.headers or {})


@schemathesis.hook
def map_body(context, body):
    """Of pages, what JSON Schema cannot say: a token is one that an answer gave, and 2.0 is no whole number here."""
    page = body.get("page") if isinstance(body, dict) else None
    if isinstance(page, dict):
        if isinstance(page.get("token"), str):
            page["token"] = ""
        if isinstance(page.get("limit"), float) and page["limit"].is_integer():
            page["limit"] = int(page["limit"])
    return body
