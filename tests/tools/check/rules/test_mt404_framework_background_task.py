"""MT404: a background task of a web framework, whose application Mangum serves."""

from __future__ import annotations

import pytest

FOUND = {
    "of FastAPI": """
from fastapi import BackgroundTasks, FastAPI
from mangum import Mangum

app = FastAPI()

def mail(address): ...

@app.post("/orders")
def order(address: str, background: BackgroundTasks):
    background.add_task(mail, address)  # finds MT404

handler = Mangum(app)
""",
    "of Starlette, given to the response": """
from mangum import Mangum as Adapter
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse

def mail(address): ...

async def order(request):
    return JSONResponse({}, background=BackgroundTask(mail, "a@example.com"))  # finds MT404

handler = Adapter(Starlette())
""",
    "several of Starlette": """
import mangum
from starlette import background
from starlette.applications import Starlette
from starlette.responses import JSONResponse

def mail(address): ...

async def order(request):
    tasks = background.BackgroundTasks()
    tasks.add_task(mail, "a@example.com")  # finds MT404
    return JSONResponse({}, background=tasks)

handler = mangum.Mangum(Starlette())
""",
}

SILENT = {
    "served by Meantime": """
import meantime
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()

def mail(address): ...

@app.post("/orders")
def order(address: str, background: BackgroundTasks):
    background.add_task(mail, address)

handler = meantime.ASGIAdapter(app)
""",
    "served by uvicorn": """
import uvicorn
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()

def mail(address): ...

@app.post("/orders")
def order(address: str, background: BackgroundTasks):
    background.add_task(mail, address)

if __name__ == "__main__":
    uvicorn.run(app)
""",
    "another object's add_task": """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

class Plan:
    def add_task(self, task):
        print(task)

@app.post("/orders")
def order():
    Plan().add_task("buy")

handler = Mangum(app)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_background_task_behind_mangum_is_found(finds, source):
    finds("MT404", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_one_that_no_adapter_makes_the_client_wait_for_is_not(finds, source):
    finds("MT404", source)


def test_a_route_of_another_file_is_found(finds, findings_of):
    files = {
        "routes.py": """
from fastapi import APIRouter, BackgroundTasks

router = APIRouter()

def mail(address): ...

@router.post("/orders")
async def order(tasks: BackgroundTasks):
    tasks.add_task(mail, "a@example.com")  # finds MT404
""",
        "app.py": """
from fastapi import FastAPI
from mangum import Mangum
from routes import router

app = FastAPI()
app.include_router(router)
lambda_handler = Mangum(app)
""",
    }
    finds("MT404", files)
    assert "`mail`" in findings_of("MT404", files)[0].message
