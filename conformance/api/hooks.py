"""What schemathesis does not ask."""

import json

import schemathesis
from hypothesis.internal import lambda_sources

# It reads the source of every lambda to name it, at a depth at which Python 3.11 fails (cpython#106905).
lambda_sources.lambda_description = lambda function: "<lambda>"


@schemathesis.hook
def filter_query(context, query):
    """A log that is followed ends when its task does."""
    return not (query and str(query.get("follow", "")).lower() in ("true", "1"))


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    """A batch of one line."""
    return json.dumps(value).encode() + b"\n"
