"""A broad FastAPI and Starlette application: what services do with HTTP, and what clients do to it.

What it answers depends on the request alone: no time of day, no chance, no port of a client.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import itsdangerous
import starlette.responses
from fastapi import (
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    UploadFile,
    WebSocket,
)
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).with_name("files")
EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Hand requests a state."""
    yield {"made_in_lifespan": "yes"}


app = FastAPI(title="Broad", lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=500)
app.add_middleware(SessionMiddleware, secret_key="not secret")  # noqa: S106  # a test's
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://shop.example"],
    allow_methods=["GET", "PUT"],
    allow_headers=["x-token"],
    allow_credentials=True,
    expose_headers=["x-seen", "etag"],
)

# Signatures hold the time, and what parts several ranges is drawn by lot: here neither changes, so answers compare.
setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _self: 1_800_000_000)  # noqa: B010  # or mypy objects
setattr(starlette.responses, "token_hex", lambda count: "5" * 2 * count)  # noqa: B010  # likewise


# --- the request, as the application sees it -----------------------------------------------------------------------


async def seen(request: Request) -> Response:
    """Return all that the request says; padded, for what is compressed must not hang on what a way adds to it."""
    body = await request.body()
    return JSONResponse(
        {
            "padding": " " * 500,
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.scope["path"],
            "raw_path": request.scope["raw_path"].decode("latin-1"),
            "root_path": request.scope["root_path"],
            "query_string": request.scope["query_string"].decode("latin-1"),
            "query": request.query_params.multi_items(),
            "url": str(request.url),
            "base_url": str(request.base_url),
            "client": request.client.host if request.client else None,
            "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            "cookies": request.cookies,
            "path_params": request.path_params,
            "state": dict(request.scope.get("state", {})),
            "body_size": len(body),
            "body_sha256": hashlib.sha256(body).hexdigest(),
        },
        headers={"x-seen": "request"},
    )


app.add_api_route("/seen", seen, methods=EVERY_METHOD, include_in_schema=False)
app.add_api_route("/seen/{rest:path}", seen, methods=EVERY_METHOD, include_in_schema=False)


@app.get("/links")
async def links(request: Request) -> dict[str, str]:
    """Return addresses that the framework makes."""
    return {
        "seen": str(request.url_for("seen", rest="a b/ü")),
        "static": str(request.url_for("static", path="/style.css")),
        "base": str(request.base_url),
        "query": str(request.url.include_query_params(page=2)),
    }


@app.post("/streamed-in")
async def streamed_in(request: Request) -> dict[str, Any]:
    """Read the body as it comes."""
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


# --- JSON, parameters, validation ----------------------------------------------------------------------------------


class Item(BaseModel):
    """What a shop sells."""

    name: str = Field(min_length=1, max_length=40)
    price: float = Field(ge=0, le=1e6)
    tags: list[str] = []
    stock: dict[str, int] = {}
    note: str | None = None


@app.get("/items/{number}")
async def item(
    number: int,
    q: Annotated[list[str], Query()] = [],  # noqa: B006  # FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    x_token: Annotated[str | None, Header()] = None,
    flavour: Annotated[str | None, Cookie()] = None,
) -> dict[str, Any]:
    """Return every kind of parameter."""
    return {"number": number, "q": q, "limit": limit, "token": x_token, "flavour": flavour}


@app.post("/items", status_code=201)
async def add_item(new: Item, response: Response) -> Item:
    """Take a model, and return it."""
    response.headers["location"] = "/items/1"
    return new


@app.put("/items/{number}")
async def replace_item(number: int, new: Item, reason: Annotated[str, Body()]) -> dict[str, Any]:
    """Take two bodies in one."""
    return {"number": number, "item": new, "reason": reason}


@app.patch("/items/{number}")
def change_item(number: int, change: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Take any object, in a thread."""
    return {"number": number, "change": change}


@app.delete("/items/{number}", status_code=204)
async def remove_item(number: int) -> None:
    """Answer without a body."""


@app.get("/text/{word}")
def text(word: str, times: Annotated[int, Query(ge=0, le=2000)] = 1) -> PlainTextResponse:
    """Answer with text, in a thread."""
    return PlainTextResponse(word * times)


# --- forms, uploads, cookies, sessions -----------------------------------------------------------------------------


@app.post("/form")
async def form(
    name: Annotated[str, Form()],
    colours: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> dict[str, Any]:
    """Take a form."""
    return {"name": name, "colours": colours}


@app.post("/upload")
async def upload(files: Annotated[list[UploadFile], File()], title: Annotated[str, Form()] = "") -> dict[str, Any]:
    """Take files."""
    contents = [await each.read() for each in files]
    return {
        "title": title,
        "files": [
            [each.filename, each.content_type, len(content), hashlib.sha256(content).hexdigest()]
            for each, content in zip(files, contents, strict=True)
        ],
    }


@app.get("/cookies")
async def set_cookies(response: Response) -> dict[str, str]:
    """Set several cookies, and delete one."""
    response.set_cookie("first", "1", max_age=60, secure=True, httponly=True, samesite="strict")
    response.set_cookie("second", 'a "quoted", value; with = signs', path="/sub")
    response.set_cookie("third", "3", expires="Wed, 21 Oct 2026 07:28:00 GMT", domain="example.com")
    response.delete_cookie("old")
    return {"set": "three"}


@app.get("/session")
async def session(request: Request, add: str | None = None, *, clear: bool = False) -> dict[str, Any]:
    """Keep a list in the session."""
    if clear:
        request.session.clear()
    if add is not None:
        request.session["list"] = [*request.session.get("list", []), add]
    return dict(request.session)


# --- responses of every kind ---------------------------------------------------------------------------------------


@app.get("/redirect")
async def redirect(to: str, status: Annotated[int, Query(ge=301, le=308)] = 307) -> RedirectResponse:
    """Send elsewhere."""
    return RedirectResponse(to, status_code=status)


@app.get("/with-slash/")
async def with_slash() -> str:
    """Without its slash it is redirected."""
    return "slash"


@app.get("/stream/{chunks}")
async def stream(chunks: int, size: Annotated[int, Query(ge=0, le=10_000)] = 10) -> StreamingResponse:
    """Answer in chunks, of which some are empty."""

    async def parts() -> AsyncIterator[bytes]:
        for number in range(min(chunks, 100)):
            yield bytes([number]) * (0 if number % 5 == 4 else size)

    return StreamingResponse(parts(), media_type="application/octet-stream")


@app.get("/breaking-off", include_in_schema=False)
async def breaking_off() -> StreamingResponse:
    """Fail half-way."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise RuntimeError("there is no second half")

    return StreamingResponse(parts(), media_type="text/plain")


@app.get("/stream-of-text")
def stream_of_text() -> StreamingResponse:
    """Answer in lines from a generator that blocks."""

    def lines() -> Iterator[str]:
        for number in range(20):
            yield f"data: {number} ü\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.api_route("/files/{name}", methods=["GET", "HEAD"], include_in_schema=False)
async def file(name: str, *, attached: bool = False) -> FileResponse:
    """Answer with a file, or a range of it."""
    return FileResponse(FILES / name, filename=name if attached else None)


@app.get("/compressible")
async def compressible(size: Annotated[int, Query(ge=0, le=100_000)] = 5000) -> PlainTextResponse:
    """Answer with what a middleware compresses."""
    return PlainTextResponse("so it goes " * (size // 11))


@app.api_route("/bytes/{size}", methods=["GET", "HEAD"], include_in_schema=False)
async def binary(size: int) -> Response:
    """Answer with bytes of no content type."""
    return Response((bytes(range(256)) * (size // 256 + 1))[:size])


@app.api_route("/typed", methods=["GET", "POST", "HEAD"], include_in_schema=False)
async def typed(request: Request) -> Response:
    """Answer with the body that came, of the type, status and encoding that are asked for."""
    answer = Response(await request.body(), status_code=int(request.query_params.get("status", "200")))
    for name in ("content-type", "content-encoding"):
        if name in request.query_params:
            answer.headers[name] = request.query_params[name]
    return answer


@app.get("/headers")
async def repeated_headers(request: Request) -> Response:
    """Answer with headers that come several times, are not ASCII, are empty."""
    answer = PlainTextResponse("headers", headers={"x-latin": "Grüße", "x-empty": "", "Vary": "Accept"})
    answer.headers.append("link", "</style.css>; rel=preload")
    answer.headers.append("link", "</a,b.js>; rel=preload")
    answer.headers.append("www-authenticate", 'Basic realm="a, b"')
    answer.headers.append("www-authenticate", "Bearer")
    answer.headers.append("x-long", "l" * int(request.query_params.get("length", "0")))
    return answer


@app.get("/page")
async def page() -> HTMLResponse:
    """Answer with a page."""
    return HTMLResponse("<!doctype html><title>Ü</title><p>Ω")


@app.get("/nothing/{status}")
async def nothing(status: int) -> Response:
    """Answer without a body."""
    return Response(status_code=status if 200 <= status < 600 else 400)


# --- dependencies, background tasks, errors ------------------------------------------------------------------------


async def connection() -> AsyncIterator[list[str]]:
    """Stand for what is opened before a route and closed behind it."""
    opened = ["opened"]
    yield opened
    opened.append("closed")


def settings() -> Iterator[str]:
    """Stand for the same in a thread."""
    yield "set"


@app.get("/dependencies")
def dependencies(
    opened: Annotated[list[str], Depends(connection)], chosen: Annotated[str, Depends(settings)]
) -> list[str]:
    """Use what others open."""
    return [*opened, chosen]


done_in_the_background: list[str] = []


@app.post("/background/{key}", include_in_schema=False)
async def in_the_background(key: str, tasks: BackgroundTasks) -> dict[str, list[str]]:
    """Answer, and work on."""

    def blocking() -> None:
        done_in_the_background.append(f"{key} in a thread")

    async def waiting() -> None:
        done_in_the_background.append(f"{key} on the loop")

    tasks.add_task(blocking)
    tasks.add_task(waiting)
    return {"so far": [each for each in done_in_the_background if each.startswith(key)]}


@app.get("/background/{key}", include_in_schema=False)
async def background(key: str) -> list[str]:
    """Tell what was done."""
    return [each for each in done_in_the_background if each.startswith(key)]


class OutOfTea(Exception):
    """A domain's own error."""


@app.exception_handler(OutOfTea)
async def out_of_tea(_request: Request, error: Exception) -> JSONResponse:
    """Explain it as RFC 9457 says."""
    problem = {"type": "about:blank", "title": "Out of tea", "detail": str(error)}
    return JSONResponse(problem, status_code=418, media_type="application/problem+json")


@app.get("/errors/{kind}")
def errors(kind: str) -> None:
    """Fail."""
    if kind == "http":
        raise HTTPException(403, detail={"reason": "closed"}, headers={"x-reason": "closed", "retry-after": "3"})
    if kind == "tea":
        raise OutOfTea("not a leaf")
    if kind == "group":
        raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])
    raise RuntimeError(kind)


@app.websocket("/socket")
async def socket(connected: WebSocket) -> None:
    """Is out of reach."""
    await connected.accept()


# --- other applications below this one -----------------------------------------------------------------------------

inner = FastAPI(title="Inner")
inner.add_api_route("/seen/{rest:path}", seen, methods=EVERY_METHOD)


@inner.get("/with-slash/")
async def inner_with_slash(request: Request) -> dict[str, str]:
    """Without its slash it is redirected, too."""
    return {"base": str(request.base_url)}


async def plain(request: Request) -> Response:
    """Answer without FastAPI; what is not UTF-8 stays as it is."""
    return Response(b"caf\xe9 " + request.url.path.encode(), media_type="text/plain")


app.mount("/inner", inner)
app.mount("/static", StaticFiles(directory=FILES, html=True), name="static")
app.mount("/plain", Starlette(routes=[Route("/", plain), Mount("/deep", routes=[Route("/{word}", plain)])]))
