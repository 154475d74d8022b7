"""A small Litestar application."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, MediaType, Request, Response, delete, get, post, route
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import Cookie, UploadFile
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.response import Redirect, Stream


@asynccontextmanager
async def lifespan(application: Litestar) -> AsyncIterator[None]:
    """Make what the routes use."""
    application.state.made_in_lifespan = "yes"
    yield


@dataclass
class Item:
    """What a shop sells."""

    name: str
    price: float
    tags: list[str]


@route(["/seen", "/seen/{rest:path}"], http_method=["GET", "POST", "PUT", "PATCH"], status_code=200)
async def seen(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return what the request says."""
    body = await request.body()
    return {
        "method": request.method,
        "path": request.url.path,
        "url": str(request.url),
        "query": request.query_params.multi_items(),
        "cookies": request.cookies,
        "client": request.client.host if request.client else None,
        "state": request.app.state.made_in_lifespan,
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }


@get("/items/{number:int}", sync_to_thread=True)
def item(number: FromPath[int], limit: FromQuery[int] = 10) -> dict[str, int]:
    """Answer from a thread."""
    return {"number": number, "limit": limit}


@post("/items")
async def add_item(data: JSONBody[Item]) -> Item:
    """Take a model, and return it."""
    return data


@delete("/items/{number:int}")
async def remove_item(number: FromPath[int]) -> None:
    """Answer without a body."""


@post("/upload", status_code=200)
async def upload(data: MultipartBody[UploadFile]) -> dict[str, Any]:
    """Take a file."""
    content = await data.read()
    return {"name": data.filename, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@get("/cookies")
async def cookies() -> Response[str]:
    """Set several cookies."""
    return Response(
        "set", media_type=MediaType.TEXT, cookies=[Cookie(key="a", value="1", secure=True), Cookie(key="b", value="2")]
    )


@get("/stream")
async def stream() -> Stream:
    """Answer in chunks."""

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(10):
            yield bytes([number + 128]) * number

    return Stream(chunks())


@get("/compressible", media_type=MediaType.TEXT)
async def compressible() -> str:
    """Answer with what is compressed."""
    return "so it goes " * 300


@get("/redirect")
async def redirect(to: FromQuery[str]) -> Redirect:
    """Send elsewhere."""
    return Redirect(to)


@get("/fail/{status:int}")
async def fail(status: FromPath[int]) -> None:
    """Fail."""
    if status == 500:
        raise RuntimeError("on purpose")
    raise HTTPException(status_code=status, detail="on purpose", headers={"x-reason": "purpose"})


app = Litestar(
    [seen, item, add_item, remove_item, upload, cookies, stream, compressible, redirect, fail],
    lifespan=[lifespan],
    cors_config=CORSConfig(allow_origins=["https://shop.example"]),
    compression_config=CompressionConfig(backend="gzip", minimum_size=500),
    openapi_config=None,
)
