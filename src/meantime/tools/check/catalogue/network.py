"""Which calls go to the network, and which of these change something there."""

from __future__ import annotations

from meantime.tools.check.catalogue.timeouts import HTTP_VERBS

_LOCAL = frozenset(
    {
        "can_paginate",
        "close",
        "exceptions",
        "generate_presigned_post",
        "generate_presigned_url",
        "get_available_subresources",
        "get_paginator",
        "get_waiter",
        "meta",
        "waiter_names",
    }
)
"""What a boto3 client does without its service."""

_WRITES = frozenset(
    {
        "delete_item",
        "delete_message",
        "delete_object",
        "invoke",
        "publish",
        "publish_batch",
        "put_events",
        "put_item",
        "put_object",
        "put_record",
        "put_records",
        "send_email",
        "send_message",
        "send_message_batch",
        "start_execution",
        "transact_write_items",
        "update_item",
    }
)
"""Methods of boto3 clients and tables that do something that is not done twice lightly."""

_HTTP_CLIENTS = (
    "requests.Session",
    "meantime.clients.requests",
    "httpx.Client",
    "httpx.AsyncClient",
    "httpx2.Client",
    "httpx2.AsyncClient",
)
_HTTP = frozenset(
    {
        "urllib.request.urlopen",
        *(f"{library}.{verb}" for library in ("requests", "httpx", "httpx2") for verb in HTTP_VERBS),
        *(f"{client}().{verb}" for client in _HTTP_CLIENTS for verb in HTTP_VERBS),
    }
)

_AWS = ("boto3.client()", "boto3.resource().Table()", "meantime.clients.boto3()")


def goes_to_network(path: str) -> bool:
    """Whether a call of this waits for a server."""
    if path in _HTTP:
        return True
    owner, _, method = path.rpartition(".")
    return owner in _AWS and method not in _LOCAL


def writes(path: str) -> bool:
    """Whether it changes something there that must not be changed once for each execution environment."""
    owner, _, method = path.rpartition(".")
    return owner in _AWS and method in _WRITES
