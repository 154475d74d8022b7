"""Where functions run: on the loop, on threads, in processes, in each invocation, at import; what is proved of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meantime.tools.check.model.runs import Chain, Runs


@pytest.fixture
def runs_of(project_of) -> Callable[..., Runs]:
    """Gives where `work`, or the function of another name, runs."""

    def runs(files: str | Mapping[str, str], name: str = "app.work") -> Runs:
        project = project_of(files)
        return project.runs(project.functions[name])

    return runs


def is_proved(chain: Chain | None) -> bool:
    """Whether there is such a way, and no doubt about it."""
    return chain is not None and chain.is_proved


def case(source: str, *, id: str):  # noqa: A002  # as pytest calls it
    return pytest.param(source, id=id.replace(" ", "-"))


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            async def work(): ...
            """,
            id="a coroutine function itself",
        ),
        case(
            """
            def work(): ...
            async def main():
                work()
            """,
            id="what it calls",
        ),
        case(
            """
            def work(): ...
            class Held:
                def __enter__(self):
                    work()
                def __exit__(self, *error): ...
            async def main():
                with Held():
                    pass
            """,
            id="what entering a with block calls",
        ),
        case(
            """
            def work(): ...
            def between():
                return work()
            async def main():
                if between():
                    pass
            """,
            id="what that calls",
        ),
        case(
            """
            class Service:
                def load(self):
                    work()
            def work(): ...
            async def main():
                service = Service()
                service.load()
            """,
            id="a method's callee",
        ),
        case(
            """
            class Service:
                def __init__(self):
                    work()
            def work(): ...
            async def main():
                Service()
            """,
            id="a constructor's callee",
        ),
        case(
            """
            def work(): ...
            async def main():
                for each in map(lambda x: work(), [1, 2]):
                    pass
            """,
            id="a lambda that map calls",
        ),
        case(
            """
            from functools import partial
            def work(x): ...
            async def main():
                run = partial(work, 1)
                run()
            """,
            id="a partial that is called",
        ),
        case(
            """
            import asyncio
            def work(): ...
            def begin():
                asyncio.get_running_loop().call_later(3, work)
            """,
            id="a callback of the loop",
        ),
        case(
            """
            def work():
                yield 1
            async def main():
                for each in work():
                    pass
            """,
            id="a generator that is gone over",
        ),
        case(
            """
            from contextlib import contextmanager
            @contextmanager
            def work():
                yield 1
            async def main():
                with work():
                    pass
            """,
            id="a context manager that is entered",
        ),
        case(
            """
            import tenacity
            @tenacity.retry(stop=3)
            def work(): ...
            async def main():
                work()
            """,
            id="below a decorator that is known to call it right there",
        ),
        case(
            """
            class Base:
                def work(self): ...
            class Service(Base):
                def work(self):
                    super().work()
            """.replace(
                "def work(self):\n                    super", "async def work(self):\n                    super"
            )
            + """
            def work(): ...
            async def main():
                work()
            """,
            id="what a method named alike does elsewhere changes nothing",
        ),
    ],
)
def test_runs_on_the_loop(runs_of, source):
    assert is_proved(runs_of(source).on_loop)


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            from somewhere import decorator
            @decorator
            def work(): ...
            async def main():
                work()
            """,
            id="below a decorator that is not known",
        ),
        case(
            """
            from somewhere import register
            def work(): ...
            async def main():
                register(work)
            """,
            id="given to a function that is not known",
        ),
        case(
            """
            import somewhere
            work_of = somewhere.load
            def work(): ...
            if somewhere.SLOW:
                work_of = work
            async def main():
                work_of()
            """,
            id="where the name may hold another function",
        ),
        case(
            """
            class Base:
                def load(self):
                    work()
                async def run(self):
                    self.load()
            class Other(Base):
                def load(self):
                    pass
            def work(): ...
            """,
            id="where a class below has the method anew",
        ),
        case(
            """
            from starlette.responses import StreamingResponse
            def work():
                yield 1
            async def main():
                return StreamingResponse(work())
            """,
            id="a generator that is given away",
        ),
        case(
            """
            class Service:
                if fast:
                    def load(self):
                        pass
                else:
                    def load(self):
                        work()
            def work(): ...
            async def main():
                Service().load()
            """,
            id="where a class has two methods of the name",
        ),
        case(
            """
            try:
                from fast import load
            except ImportError:
                def load():
                    work()
            def work(): ...
            async def main():
                load()
            """,
            id="where the import may have given another",
        ),
        case(
            """
            def load(kind):
                work()
            load = cached(load)
            def work(): ...
            async def main():
                load(1)
            """,
            id="where the name is given something else later",
        ),
        case(
            """
            import asyncio, somewhere
            callback = somewhere.load if somewhere.SLOW else work
            def work(): ...
            def begin():
                asyncio.get_running_loop().call_soon(callback)
            """,
            id="a callback that may be another function",
        ),
        case(
            """
            import asyncio
            from somewhere import decorator
            @decorator
            def work(): ...
            def begin():
                asyncio.get_running_loop().call_soon(work)
            """,
            id="a callback below a decorator that is not known",
        ),
        case(
            """
            from functools import partial
            def work(): ...
            async def main():
                return partial(work)
            """,
            id="a partial that is only made",
        ),
    ],
)
def test_whether_it_runs_on_the_loop_is_not_proved(runs_of, source):
    assert not is_proved(runs_of(source).on_loop)


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            import asyncio
            def work(): ...
            async def main():
                await asyncio.to_thread(work)
            """,
            id="to_thread",
        ),
        case(
            """
            import asyncio
            def work(): ...
            async def main():
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(None, work)
            """,
            id="run_in_executor",
        ),
        case(
            """
            import asyncio
            from functools import partial
            def work(x): ...
            async def main():
                await asyncio.get_event_loop().run_in_executor(None, partial(work, 1))
            """,
            id="run_in_executor of a partial",
        ),
        case(
            """
            import asyncio
            def work(x): ...
            async def main():
                await asyncio.to_thread(lambda: work(1))
            """,
            id="to_thread of a lambda",
        ),
        case(
            """
            import anyio
            def work(x): ...
            async def main():
                await anyio.to_thread.run_sync(work, 1)
            """,
            id="anyio",
        ),
        case(
            """
            import threading
            def work(): ...
            async def main():
                threading.Thread(target=work).start()
            """,
            id="a thread",
        ),
        case(
            """
            from concurrent.futures import ThreadPoolExecutor
            def work(): ...
            pool = ThreadPoolExecutor()
            async def main():
                pool.submit(work)
            """,
            id="submit",
        ),
        case(
            """
            from concurrent.futures import ThreadPoolExecutor
            def work(x): ...
            def main():
                with ThreadPoolExecutor() as pool:
                    list(pool.map(work, range(3)))
            """,
            id="map of an executor",
        ),
        case(
            """
            from concurrent.futures import ThreadPoolExecutor
            class Service:
                def __init__(self):
                    self.pool = ThreadPoolExecutor()
                def run(self):
                    self.pool.submit(self.load)
                def load(self):
                    work()
            def work(): ...
            """,
            id="a method, by an executor that is an attribute",
        ),
        case(
            """
            import meantime
            def work(x): ...
            async def main():
                await meantime.in_thread(work, 1)
            """,
            id="meantime.in_thread",
        ),
        case(
            """
            from meantime import threads
            def work(x): ...
            def main():
                threads.map(work, [1, 2])
            """,
            id="meantime.threads.map",
        ),
        case(
            """
            from asgiref.sync import sync_to_async
            @sync_to_async
            def work(): ...
            async def main():
                await work()
            """,
            id="a decorator that makes it run there",
        ),
        case(
            """
            import asyncio, functools
            def on_a_thread(function):
                @functools.wraps(function)
                async def wrapper(*given, **named):
                    return await asyncio.to_thread(function, *given, **named)
                return wrapper
            @on_a_thread
            def work(): ...
            async def main():
                await work()
            """,
            id="an own decorator that makes it run there",
        ),
        case(
            """
            import asyncio, functools
            def on_a_thread(pool=None):
                def decorate(function):
                    async def wrapper(*given):
                        loop = asyncio.get_running_loop()
                        return await loop.run_in_executor(pool, functools.partial(function, *given))
                    return wrapper
                return decorate
            @on_a_thread(pool=None)
            def work(): ...
            async def main():
                await work()
            """,
            id="an own decorator with arguments that makes it run there",
        ),
        case(
            """
            import anyio
            def work(x): ...
            async def main():
                async with anyio.create_task_group() as group:
                    group.start_soon(anyio.to_thread.run_sync, work, 1)
            """,
            id="to_thread as a task of a group",
        ),
        case(
            """
            from fastapi import BackgroundTasks, Depends, FastAPI
            app = FastAPI()
            class Mail:
                def send(self):
                    work()
            def work(): ...
            @app.post("/mail")
            async def main(later: BackgroundTasks, mail: Mail = Depends()):
                later.add_task(mail.send)
            """,
            id="a method as a background task",
        ),
        case(
            """
            from starlette.background import BackgroundTasks
            def work(): ...
            async def main():
                later = BackgroundTasks()
                later.add_task(work)
            """,
            id="a background task of starlette",
        ),
        case(
            """
            from starlette.background import BackgroundTask
            def work(): ...
            async def main():
                return BackgroundTask(work)
            """,
            id="a response's background task",
        ),
        case(
            """
            from fastapi import Depends, FastAPI
            app = FastAPI()
            class Repository:
                def __init__(self):
                    work()
            def work(): ...
            @app.get("/")
            async def main(repository: Repository = Depends()): ...
            """,
            id="what a class does that a route depends on",
        ),
    ],
)
def test_runs_on_a_thread_and_not_on_the_loop(runs_of, source):
    runs = runs_of(source)
    assert is_proved(runs.in_thread)
    assert runs.on_loop is None


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            import multiprocessing
            def work(): ...
            def main():
                multiprocessing.Process(target=work).start()
            """,
            id="a process",
        ),
        case(
            """
            from concurrent.futures import ProcessPoolExecutor
            def work(x): ...
            def main():
                with ProcessPoolExecutor() as pool:
                    pool.map(work, range(3))
            """,
            id="an executor of processes",
        ),
        case(
            """
            import asyncio
            from concurrent.futures import ProcessPoolExecutor
            def work(x): ...
            async def main():
                with ProcessPoolExecutor() as pool:
                    await asyncio.get_running_loop().run_in_executor(pool, work, 1)
            """,
            id="run_in_executor with processes",
        ),
        case(
            """
            from multiprocessing import get_context
            def work(x): ...
            def main():
                get_context("spawn").Pool(2).map(work, [1])
            """,
            id="a pool of a context",
        ),
    ],
)
def test_runs_in_another_process(runs_of, source):
    runs = runs_of(source)
    assert is_proved(runs.in_process)
    assert runs.in_thread is None


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            def work(): ...
            def lambda_handler(event, context):
                work()
            """,
            id="called by the handler",
        ),
        case(
            """
            import asyncio
            async def work(): ...
            async def main():
                await work()
            def lambda_handler(event, context):
                asyncio.run(main())
            """,
            id="on the loop that the handler runs",
        ),
        case(
            """
            import asyncio
            async def work(x): ...
            async def main(event):
                await asyncio.gather(*[work(x) for x in event["keys"]])
            def lambda_handler(event, context):
                asyncio.run(main(event))
            """,
            id="gathered",
        ),
        case(
            """
            from concurrent.futures import ThreadPoolExecutor
            def work(x): ...
            def lambda_handler(event, context):
                with ThreadPoolExecutor() as pool:
                    list(pool.map(work, event["keys"]))
            """,
            id="on threads of the handler",
        ),
        case(
            """
            def work(): ...
            class App:
                def handle(self, event, context):
                    self.load()
                def load(self):
                    work()
            app = App()
            def lambda_handler(event, context):
                return app.handle(event, context)
            """,
            id="by a method of a global object",
        ),
        case(
            """
            def work(): ...
            def serve(event, context):
                work()
            def lambda_handler(event, context):
                return serve(event, context)
            """,
            id="by a helper that looks like a handler",
        ),
    ],
)
def test_runs_in_each_invocation(runs_of, source):
    chain = runs_of(source).in_invocation
    assert chain is not None
    assert chain.handler is not None
    assert chain.handler.function == "app.lambda_handler"
    assert chain.is_proved


@pytest.mark.parametrize(
    "source",
    [
        case(
            """
            def work(): ...
            client = work()
            def lambda_handler(event, context): ...
            """,
            id="at import",
        ),
        case(
            """
            def work(): ...
            def lambda_handler(event, context): ...
            if __name__ == "__main__":
                work()
            """,
            id="as a script",
        ),
        case(
            """
            def work(): ...
            def unused():
                work()
            def lambda_handler(event, context): ...
            """,
            id="by what no handler reaches",
        ),
    ],
)
def test_does_not_run_in_an_invocation(runs_of, source):
    assert runs_of(source).in_invocation is None


def test_what_a_module_calls_runs_at_import(runs_of):
    runs = runs_of(
        """
        def work(): ...
        def load():
            work()
        load()
        """
    )
    assert is_proved(runs.at_import)


@pytest.mark.parametrize("test", ['__name__ == "__main__"', '"__main__" == __name__'])
def test_what_stands_under_main_does_not_run_at_import(runs_of, test):
    runs = runs_of(f"def work(): ...\nif {test}:\n    work()\n")
    assert runs.at_import is None


def test_a_loop_on_the_way_makes_it_per_item(runs_of):
    chain = runs_of(
        """
        def work(x): ...
        def each(records):
            for record in records:
                work(record)
        def lambda_handler(event, context):
            each(event["Records"])
        """
    ).in_invocation
    assert chain is not None
    assert chain.is_per_item
    assert not chain.is_bounded


@pytest.mark.parametrize(
    "loop",
    [
        "for x in (1, 2, 3):\n        work(x)",
        "for x in range(3):\n        work(x)",
        "[work(x) for x in NAMES]",
        "for number, x in enumerate(NAMES):\n        work(x)",
        "list(map(work, NAMES))",
        "threads.map(work, NAMES)",
    ],
)
def test_a_loop_over_a_literal_is_bounded(runs_of, loop):
    source = f"""
from meantime import threads
NAMES = ["a", "b"]
def work(x): ...
def lambda_handler(event, context):
    {loop}
"""
    chain = runs_of(source).in_invocation
    assert chain is not None
    assert chain.is_per_item
    assert chain.is_bounded


def test_a_call_outside_loops_is_not_per_item(runs_of):
    chain = runs_of(
        """
        def work(x): ...
        def lambda_handler(event, context):
            for record in event["Records"]:
                print(record)
            work(1)
        """
    ).in_invocation
    assert chain is not None
    assert not chain.is_per_item


def test_steps_say_how_it_comes_to_run(runs_of):
    chain = runs_of(
        {
            "app.py": """
                from helper import between
                def lambda_handler(event, context):
                    between()
                """,
            "helper.py": """
                import threading
                def between():
                    threading.Thread(target=work).start()
                def work(): ...
                """,
        },
        "helper.work",
    ).in_invocation
    assert chain is not None
    assert [(str(step.place), step.text) for step in chain.steps] == [
        ("app.py:4:5", "`lambda_handler` calls `between`"),
        ("helper.py:4:5", "`between` hands `work` to a thread"),
    ]


def test_a_coroutine_function_as_a_background_task_runs_on_the_loop(runs_of):
    runs = runs_of(
        """
        from fastapi import BackgroundTasks
        async def work(): ...
        async def main(later: BackgroundTasks):
            later.add_task(work)
        """
    )
    assert runs.in_thread is None
    assert is_proved(runs.on_loop)


def test_a_proved_way_is_told_of_beside_a_background_task(runs_of):
    chain = runs_of(
        """
        from fastapi import BackgroundTasks, Depends, FastAPI
        app = FastAPI()
        class Mail:
            def send(self):
                work()
        def work(): ...
        @app.post("/later")
        async def later(tasks: BackgroundTasks, mail: Mail = Depends()):
            tasks.add_task(mail.send)
        @app.post("/now")
        async def now(mail: Mail = Depends()):
            mail.send()
        """
    ).on_loop
    assert is_proved(chain)
    assert chain is not None
    assert chain.begins == "app.now"


@pytest.mark.parametrize(
    ("definition", "parameter"),
    [
        ("", "it: Repository = Depends()"),
        ("", "it: Repository = Depends(use_cache=False)"),
        ("", "it=Depends(Repository)"),
        ("", "it=Depends(dependency=Repository)"),
        ("", "it: Annotated[Repository, Depends(Repository)]"),
        ("", "it: Annotated[Repository, Depends()]"),
        ("It = Annotated[Repository, Depends()]", "it: It"),
        ("class Inherited(Repository): ...", "it: Inherited = Depends()"),
    ],
)
def test_a_class_that_a_route_depends_on_is_made_in_each_invocation(runs_of, definition, parameter):
    chain = runs_of(
        f"""
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from mangum import Mangum
        app = FastAPI()
        def work(): ...
        class Repository:
            def __init__(self):
                work()
        {definition}
        @app.get("/")
        def main({parameter}): ...
        handler = Mangum(app)
        """
    ).in_invocation
    assert is_proved(chain)


@pytest.mark.parametrize("parameter", ["it: Repository", "it: Repository = None", "it=Depends()", "it=Depends(other)"])
def test_a_class_that_no_route_depends_on_is_not(runs_of, parameter):
    chain = runs_of(
        f"""
        from fastapi import Depends, FastAPI
        from mangum import Mangum
        app = FastAPI()
        def work(): ...
        def other(): ...
        class Repository:
            def __init__(self):
                work()
        @app.get("/")
        def main({parameter}): ...
        handler = Mangum(app)
        """
    ).in_invocation
    assert chain is None
