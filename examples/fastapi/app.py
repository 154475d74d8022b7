"""An order desk: the offers of several suppliers at once, orders in a database, their documents in S3."""

from __future__ import annotations

import json
import logging
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import documents
import orders
import suppliers
from fastapi import BackgroundTasks, FastAPI, HTTPException, Path, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

import meantime
from meantime import tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LARGEST_DOCUMENT = 4_000_000  # Lambda takes 6 MB, of which base64 leaves 4.5 for the file

log = logging.getLogger(__name__)

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]  # of what is part of an address elsewhere
Patience = Annotated[float, Query(gt=0, le=25, description="Seconds that each supplier may take.")]


class Order(BaseModel):
    """What is ordered, and from whom."""

    product: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=1000)
    supplier: suppliers.Supplier


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Once for each execution environment, at its start: the first request finds the database connected."""
    await orders.ready()
    yield


app = FastAPI(title="Order desk", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """That the function runs; it asks nobody else."""
    return {"status": "ok"}


@app.get("/offers/{product}")
async def get_offers(product: Name, patience: Patience = 1.0) -> dict[str, Any]:
    """What each supplier asks for it; who fails or takes too long is missing."""
    outcomes = await tasks.settle(partial(suppliers.ask, product=product), suppliers.ALL, timeout=patience)
    if not outcomes.succeeded:
        raise HTTPException(502, "No supplier has answered.")
    missing = [*outcomes.failed, *outcomes.unfinished]
    for outcome in missing:
        log.warning("No offer of %s: %s", outcome.item, outcome.error)
    return {"product": product, "offers": outcomes.results, "missing": [outcome.item for outcome in missing]}


@app.get("/offers/{product}/stream")
async def stream_offers(product: Name, patience: Patience = 5.0) -> StreamingResponse:
    """The same as server-sent events, each as soon as it is there."""

    async def events() -> AsyncIterator[str]:
        ask = partial(suppliers.ask, product=product)
        async with aclosing(tasks.as_completed(ask, suppliers.ALL, timeout=patience)) as outcomes:
            async for outcome in outcomes:
                if outcome.error is None:
                    yield f"event: offer\ndata: {json.dumps(outcome.result)}\n\n"
                else:
                    yield f"event: missing\ndata: {json.dumps(outcome.item)}\n\n"
        yield "event: end\ndata: null\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@app.put("/orders/{number}", status_code=201)
async def put_order(number: Name, order: Order, background: BackgroundTasks) -> dict[str, Any]:
    """Take an order. Whoever sends the same once more has not ordered twice."""
    stored, is_new = await orders.add(number, order.product, order.quantity, order.supplier)
    if is_new:
        background.add_task(suppliers.tell, order.supplier, stored)
    elif stored != {"number": number, **order.model_dump()}:
        raise HTTPException(409, f"Order {number} is another one.")
    return stored


@app.get("/orders")
async def list_orders(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[dict[str, Any]]:
    """The first orders, by their numbers."""
    return await orders.first(limit)


@app.get("/orders/{number}")
async def get_order(number: Name) -> dict[str, Any]:
    """One order."""
    order = await orders.find(number)
    if order is None:
        raise HTTPException(404, f"There is no order {number}.")
    return order


@app.put("/orders/{number}/documents/{name}", status_code=201)
async def put_document(number: Name, name: Name, file: UploadFile) -> dict[str, Any]:
    """Keep a document with an order: a file of a multipart form."""
    await get_order(number)
    if file.size is None or file.size > LARGEST_DOCUMENT:
        raise HTTPException(413, f"A document has at most {LARGEST_DOCUMENT:,} bytes.")
    await documents.store(number, name, file.file, file.content_type or "application/octet-stream")
    return {"order": number, "document": name, "size": file.size}


@app.get("/orders/{number}/documents/{name}")
def get_document(number: Name, name: Name) -> Response:
    """A document of an order. It blocks, so it is a `def`, which FastAPI runs on a thread."""
    found = documents.fetch(number, name)
    if found is None:
        raise HTTPException(404, f"Order {number} has no document {name}.")
    content, content_type = found
    # Somebody else has chosen the type, so a browser must not show it as a page of ours.
    return Response(content, media_type=content_type, headers={"content-disposition": f'attachment; filename="{name}"'})


handler = meantime.ASGIAdapter(app, streaming=True)
