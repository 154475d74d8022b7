"""A small Quart application."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

from quart import Quart, Response, abort, jsonify, make_response, redirect, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = Quart(__name__, static_folder="files")
started: list[str] = []


@app.before_serving
async def start() -> None:
    """Note that the lifespan began."""
    started.append("yes")


@app.route("/seen", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def seen() -> Response:
    """Return what the request says."""
    await asyncio.sleep(0)
    return jsonify(
        method=request.method,
        url=request.url,
        query=[[name, request.args.getlist(name)] for name in request.args],
        cookies=dict(request.cookies),
        client=request.remote_addr,
        started=started,
        body_sha256=hashlib.sha256(await request.body).hexdigest(),
    )


@app.route("/cookies")
async def cookies() -> Any:
    """Set several cookies."""
    response = await make_response("set")
    response.set_cookie("a", "1", httponly=True)
    response.set_cookie("b", "ü", path="/seen")
    return response


@app.route("/blocking")
def blocking() -> str:
    """Answer from a thread."""
    return "in a thread"


@app.route("/stream")
async def stream() -> Response:
    """Answer in chunks."""

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(10):
            yield bytes([number + 128]) * number

    return Response(chunks(), mimetype="application/octet-stream")


@app.route("/with-slash/")
async def with_slash() -> str:
    """Without its slash it is redirected."""
    return "slash"


@app.route("/redirect")
async def elsewhere() -> Any:
    """Send elsewhere."""
    return redirect(request.args["to"])


@app.route("/fail/<int:status>")
async def fail(status: int) -> str:
    """Fail."""
    if status == 500:
        raise RuntimeError("on purpose")
    abort(status)
