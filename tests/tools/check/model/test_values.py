"""What names, attributes, results, parameters and containers may hold, each in the spelling people use."""

from __future__ import annotations

import pytest


def case(held: str | set[str], source: str | dict[str, str], *, id: str):  # noqa: A002  # as pytest calls it
    return pytest.param(source, {held} if isinstance(held, str) else held, id=id.replace(" ", "-"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        case(
            "boto3.client()",
            """
            import boto3
            client = boto3.client("s3")
            reveal(client)
            """,
            id="a global",
        ),
        case(
            "boto3.client()",
            """
            import boto3 as aws
            reveal(aws.client("s3"))
            """,
            id="an import under another name",
        ),
        case(
            "boto3.client()",
            """
            from boto3 import client as make
            reveal(make("s3"))
            """,
            id="a name that was imported under another",
        ),
        case(
            "boto3.client",
            """
            import boto3
            make = boto3.client
            reveal(make)
            """,
            id="a function that a name stands for",
        ),
        case(
            "concurrent.futures.ThreadPoolExecutor",
            """
            import concurrent.futures
            reveal(concurrent.futures.ThreadPoolExecutor)
            """,
            id="a dotted import",
        ),
        case(
            "concurrent.futures.ThreadPoolExecutor",
            """
            import concurrent.futures as futures
            reveal(futures.ThreadPoolExecutor)
            """,
            id="a dotted import under another name",
        ),
        case(
            "requests.Session()",
            """
            def handler(event, context):
                import requests
                session = requests.Session()
                reveal(session)
            """,
            id="an import within a function",
        ),
        case(
            "requests.Session()",
            """
            import requests
            session = requests.Session()
            def handler(event, context):
                reveal(session)
            """,
            id="a global within a function",
        ),
        case(
            "requests.Session()",
            """
            def handler(event, context):
                session = httpx = make()
                def inner():
                    reveal(session)
            def make():
                import requests
                return requests.Session()
            """,
            id="a closure's name, and a result",
        ),
        case(
            "app.own",
            """
            import requests
            def own():
                pass
            reveal(own)
            """,
            id="an own function",
        ),
        case(
            "app.Service()",
            """
            class Service:
                pass
            reveal(Service())
            """,
            id="an instance of an own class",
        ),
        case(
            {"boto3.client()", "redis.Redis()"},
            """
            import boto3, redis
            if event:
                x = boto3.client("s3")
            else:
                x = redis.Redis()
            reveal(x)
            """,
            id="either of what branches give",
        ),
        case(
            {"boto3.client()", "redis.Redis()"},
            """
            import boto3, redis
            reveal(boto3.client("s3") if flag else redis.Redis())
            """,
            id="either of a conditional expression",
        ),
        case(
            "redis.Redis()",
            """
            import redis
            cache = None
            def connection():
                global cache
                if cache is None:
                    cache = redis.Redis()
                return cache
            reveal(connection())
            """,
            id="a lazy global, by its getter",
        ),
        case(
            "redis.Redis()",
            """
            import redis
            cache = None
            def connect():
                global cache
                cache = cache or redis.Redis()
            def handler(event, context):
                reveal(cache)
            """,
            id="a lazy global, by its name",
        ),
        case(
            "redis.Redis()",
            """
            import redis
            def outer():
                cache = None
                def connect():
                    nonlocal cache
                    cache = redis.Redis()
                connect()
                reveal(cache)
            """,
            id="a nonlocal",
        ),
        case(
            "redis.Redis()",
            """
            import redis
            if (cache := redis.Redis()):
                reveal(cache)
            """,
            id="a walrus",
        ),
        case(
            "httpx.AsyncClient()",
            """
            import httpx
            async def main():
                async with httpx.AsyncClient() as client:
                    reveal(client)
            """,
            id="what async with enters",
        ),
        case(
            "httpx.AsyncClient()",
            """
            import httpx
            from contextlib import AsyncExitStack
            async def main():
                stack = AsyncExitStack()
                client = await stack.enter_async_context(httpx.AsyncClient())
                reveal(client)
            """,
            id="what an exit stack enters",
        ),
        case(
            "psycopg2.connect().cursor()",
            """
            import psycopg2
            with psycopg2.connect() as connection, connection.cursor() as cursor:
                reveal(cursor)
            """,
            id="two in one with",
        ),
        case(
            "asyncpg.connect()",
            """
            import asyncpg
            async def main():
                connection = await asyncpg.connect()
                reveal(connection)
            """,
            id="what is awaited",
        ),
        case(
            "asyncpg.connect()",
            """
            import asyncio, asyncpg
            async def main():
                connection = await asyncio.wait_for(asyncpg.connect(), 3)
                reveal(connection)
            """,
            id="what is awaited with a timeout",
        ),
        case(
            "boto3.resource().Table()",
            """
            import boto3
            table = boto3.resource("dynamodb").Table("users")
            reveal(table)
            """,
            id="a method's result",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            session = boto3.session.Session()
            reveal(session.client("s3"))
            """,
            id="a client of a session",
        ),
        case(
            "boto3.client()",
            """
            import typing, boto3
            reveal(typing.cast("S3Client", boto3.client("s3")))
            """,
            id="a cast",
        ),
        case(
            {"a.A()", "b.B()"},
            """
            from a import A
            from b import B
            x, y = A(), B()
            reveal(x or y)
            """,
            id="several targets",
        ),
        case(
            "b.B()",
            """
            from a import A
            from b import B
            x, y = A(), B()
            reveal(y)
            """,
            id="the second of several targets",
        ),
        case(
            "builtins.open()",
            """
            reveal(open("x"))
            """,
            id="a builtin",
        ),
    ],
)
def test_names(held, source, expected):
    assert held(source) == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                def __init__(self):
                    self.client = boto3.client("s3")
                def load(self):
                    reveal(self.client)
            """,
            id="an instance's attribute",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                client = boto3.client("s3")
                def load(self):
                    reveal(self.client)
            """,
            id="a class attribute",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                client = boto3.client("s3")
                @classmethod
                def load(cls):
                    reveal(cls.client)
            """,
            id="a class attribute, by its class method",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                def __init__(self):
                    self.client = boto3.client("s3")
            service = Service()
            def handler(event, context):
                reveal(service.client)
            """,
            id="an attribute of a global instance",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Base:
                def __init__(self):
                    self.client = boto3.client("s3")
            class Service(Base):
                def load(self):
                    reveal(self.client)
            """,
            id="an inherited attribute",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                @property
                def client(self):
                    return boto3.client("s3")
                def load(self):
                    reveal(self.client)
            """,
            id="a property",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            from functools import cached_property
            class Service:
                @cached_property
                def client(self):
                    return boto3.client("s3")
            reveal(Service().client)
            """,
            id="a cached property",
        ),
        case(
            "redis.Redis()",
            """
            import redis
            class Service:
                _client = None
                def client(self):
                    if self._client is None:
                        self._client = redis.Redis()
                    return self._client
            reveal(Service().client())
            """,
            id="a lazy attribute",
        ),
        case(
            "app.Service.load",
            """
            class Service:
                def load(self):
                    pass
            service = Service()
            reveal(service.load)
            """,
            id="a bound method",
        ),
        case(
            "app.Base.load",
            """
            class Base:
                def load(self):
                    pass
            class Service(Base):
                def load(self):
                    reveal(super().load)
            """,
            id="super's method",
        ),
        case(
            "threading.Thread().start",
            """
            import threading
            class Worker(threading.Thread):
                def go(self):
                    reveal(self.start)
            """,
            id="a method of a foreign base",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                def __init__(self, client):
                    self.client = client
                def load(self):
                    reveal(self.client)
            service = Service(boto3.client("s3"))
            """,
            id="what a constructor is given",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            from dataclasses import dataclass
            @dataclass
            class Service:
                client: httpx.Client
                def load(self):
                    reveal(self.client)
            """,
            id="a field of a dataclass, by its annotation",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            class Service:
                client: httpx.Client | None = None
                def load(self):
                    reveal(self.client)
            """,
            id="an annotated class attribute that is None at first",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            class Service:
                def __init__(self, client: httpx.Client):
                    self.client = client
                def load(self):
                    reveal(self.client)
            """,
            id="an annotated parameter, kept",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            class Service:
                def __new__(cls):
                    self = super().__new__(cls)
                    return self
                def __enter__(self):
                    self.client = httpx.Client()
                    return self
            with Service() as service:
                reveal(service.client)
            """,
            id="what a with of an own class enters",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            class Outer:
                class Inner:
                    client = httpx.Client()
            reveal(Outer.Inner.client)
            """,
            id="a class within a class",
        ),
    ],
)
def test_attributes(held, source, expected):
    assert held(source) == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        case(
            "boto3.client()",
            """
            import boto3
            def make():
                return boto3.client("s3")
            reveal(make())
            """,
            id="a function's result",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            make = lambda: boto3.client("s3")
            reveal(make())
            """,
            id="a lambda's result",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            from functools import lru_cache
            @lru_cache(maxsize=None)
            def make():
                return boto3.client("s3")
            reveal(make())
            """,
            id="a cached function's result",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            from functools import partial
            make = partial(boto3.client, "s3")
            reveal(make())
            """,
            id="a partial's result",
        ),
        case(
            "asyncpg.connect()",
            """
            import asyncpg
            async def make():
                return await asyncpg.connect()
            async def main():
                reveal(await make())
            """,
            id="a coroutine's result",
        ),
        case(
            "sqlite3.connect()",
            """
            import sqlite3
            from contextlib import contextmanager
            @contextmanager
            def connection():
                made = sqlite3.connect("x")
                try:
                    yield made
                finally:
                    made.close()
            with connection() as c:
                reveal(c)
            """,
            id="what a context manager yields",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            def use(client: httpx.Client):
                reveal(client)
            """,
            id="an annotated parameter",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            def use(client: "httpx.Client | None" = None):
                reveal(client)
            """,
            id="an annotation in quotes, with None",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            from typing import Optional
            def use(client: Optional[httpx.Client]):
                reveal(client)
            """,
            id="an Optional annotation",
        ),
        case(
            "httpx.Client()",
            """
            from __future__ import annotations
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                import httpx
            def use(client: httpx.Client):
                reveal(client)
            """,
            id="an annotation that is imported for type checkers only",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            def use(client=boto3.client("s3")):
                reveal(client)
            """,
            id="a default",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            def use(number, client):
                reveal(client)
            use(1, boto3.client("s3"))
            """,
            id="what a caller gives by place",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            def use(number, *, client):
                reveal(client)
            use(1, client=boto3.client("s3"))
            """,
            id="what a caller gives by name",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            from functools import partial
            def use(client, number):
                reveal(client)
            run(partial(use, boto3.client("s3")))
            """,
            id="what a partial gives",
        ),
        case(
            "boto3.client()",
            """
            import asyncio, boto3
            def use(client):
                reveal(client)
            async def main():
                await asyncio.to_thread(use, boto3.client("s3"))
            """,
            id="what a thread's function is given",
        ),
        case(
            "boto3.client()",
            """
            import threading, boto3
            def use(client):
                reveal(client)
            threading.Thread(target=use, args=(boto3.client("s3"),)).start()
            """,
            id="what a thread is given",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                def use(self, client):
                    reveal(client)
            Service().use(boto3.client("s3"))
            """,
            id="what a method is given",
        ),
        case(
            "app.use#client",
            """
            def use(client):
                reveal(client)
            """,
            id="a parameter that nothing is known of",
        ),
        case(
            "httpx.Client()",
            """
            import httpx
            def make() -> httpx.Client:
                return cache()["x"].y
            reveal(make())
            """,
            id="a result that is known by its annotation only",
        ),
        case(
            "app.Service()",
            """
            class Service:
                @classmethod
                def make(cls):
                    return cls()
            reveal(Service.make())
            """,
            id="a class method that makes an instance",
        ),
    ],
)
def test_results_and_parameters(held, source, expected):
    assert held(source) == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        case(
            "boto3.client()",
            """
            import boto3, redis
            clients = {"s3": boto3.client("s3"), "redis": redis.Redis()}
            reveal(clients["s3"])
            """,
            id="an item of a dict by its key",
        ),
        case(
            {"boto3.client()", "redis.Redis()"},
            """
            import boto3, redis
            clients = {"s3": boto3.client("s3"), "redis": redis.Redis()}
            reveal(clients[name])
            """,
            id="any item of a dict",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = {}
            def handler(event, context):
                if "s3" not in clients:
                    clients["s3"] = boto3.client("s3")
                reveal(clients["s3"])
            """,
            id="a dict as a cache",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            class Service:
                def __init__(self):
                    self.clients = {}
                def client(self, name):
                    self.clients[name] = boto3.client(name)
                    reveal(self.clients[name])
            """,
            id="a dict attribute as a cache",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = {"s3": boto3.client("s3")}
            reveal(clients.get("s3"))
            """,
            id="get of a dict",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            for client in [boto3.client("s3"), boto3.client("sqs")]:
                reveal(client)
            """,
            id="each of a list",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = [boto3.client("s3") for region in regions]
            reveal(clients[0])
            """,
            id="an element of a comprehension",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = {region: boto3.client("s3") for region in regions}
            for region, client in clients.items():
                reveal(client)
            """,
            id="the values of items",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = {region: boto3.client("s3") for region in regions}
            for client in clients.values():
                reveal(client)
            """,
            id="values of a dict",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = []
            clients.append(boto3.client("s3"))
            for client in clients:
                reveal(client)
            """,
            id="what is appended",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = [boto3.client("s3")]
            for number, client in enumerate(clients):
                reveal(client)
            """,
            id="enumerated",
        ),
        case(
            "boto3.client()",
            """
            import boto3
            clients = [boto3.client("s3")]
            for client, key in zip(clients, keys):
                reveal(client)
            """,
            id="zipped",
        ),
        case(
            "threading.Thread().start",
            """
            import threading
            threads = [threading.Thread(target=f) for f in work]
            for thread in threads:
                reveal(thread.start)
            """,
            id="a method of each",
        ),
    ],
)
def test_containers(held, source, expected):
    assert held(source) == [expected]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        case(
            "boto3.client()",
            {
                "app.py": "from clients import s3\nreveal(s3)\n",
                "clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a sibling's global",
        ),
        case(
            "boto3.client()",
            {
                "app.py": "import clients\nreveal(clients.s3)\n",
                "clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="an attribute of a sibling",
        ),
        case(
            "boto3.client()",
            {
                "pkg/__init__.py": "",
                "pkg/app.py": "from .clients import s3\nreveal(s3)\n",
                "pkg/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a relative import",
        ),
        case(
            "boto3.client()",
            {
                "pkg/__init__.py": "",
                "pkg/sub/__init__.py": "",
                "pkg/sub/app.py": "from .. import clients\nreveal(clients.s3)\n",
                "pkg/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a relative import from the package above",
        ),
        case(
            "boto3.client()",
            {
                "pkg/__init__.py": "from .clients import s3\n",
                "pkg/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
                "app.py": "from pkg import s3\nreveal(s3)\n",
            },
            id="a re-export",
        ),
        case(
            "boto3.client()",
            {
                "pkg/__init__.py": "from .clients import *\n",
                "pkg/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
                "app.py": "import pkg\nreveal(pkg.s3)\n",
            },
            id="a star re-export",
        ),
        case(
            "boto3.client()",
            {
                "clients.py": "import boto3\ns3 = boto3.client('s3')\n",
                "app.py": "from clients import *\nreveal(s3)\n",
            },
            id="a star import",
        ),
        case(
            "time.sleep",
            {"app.py": "from time import *\nreveal(sleep)\n"},
            id="a star import of a library that holds the name alone",
        ),
        case(
            "boto3.client()",
            {
                "src/shop/__init__.py": "",
                "src/shop/app.py": "from shop.clients import s3\nreveal(s3)\n",
                "src/shop/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a package below src",
        ),
        case(
            "boto3.client()",
            {
                "functions/load/app.py": "from clients import s3\nreveal(s3)\n",
                "functions/load/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
                "functions/save/clients.py": "import redis\ns3 = redis.Redis()\n",
            },
            id="the sibling of the same folder of many functions",
        ),
        case(
            "boto3.client()",
            {
                "functions/load/app.py": "from shared.clients import s3\nreveal(s3)\n",
                "shared/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a folder beside",
        ),
        case(
            "boto3.client()",
            {
                "functions/load/app.py": "from common.clients import s3\nreveal(s3)\n",
                "layers/common/python/common/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a layer's package",
        ),
        case(
            "boto3.client()",
            {
                "pkg/__init__.py": "",
                "pkg/app.py": "import pkg.clients\nreveal(pkg.clients.s3)\n",
                "pkg/clients.py": "import boto3\ns3 = boto3.client('s3')\n",
            },
            id="a dotted own import",
        ),
        case(
            "requests.get",
            {
                "pkg/__init__.py": "",
                "pkg/app.py": "import requests\nreveal(requests.get)\n",
                "pkg/requests.py": "def get(): ...\n",
            },
            id="a library although a sibling in the package has its name",
        ),
        case(
            "requests (own).get",
            {"app.py": "import requests\nreveal(requests.get)\n", "requests.py": "def get(): ...\n"},
            id="an own file that is called as a library is",
        ),
        case(
            "requests.get",
            {
                "app.py": "import requests\nreveal(requests.get)\n",
                "requests/__init__.py": "from .api import get\n",
                "requests/api.py": "def get(): ...\n",
            },
            id="a library whose copy lies beside the code",
        ),
        case(
            "boto3.client()",
            {
                "base.py": "import boto3\nclass Base:\n    client = boto3.client('s3')\n",
                "app.py": "import base\nclass Service(base.Base):\n    def load(self):\n        reveal(self.client)\n",
            },
            id="what a base in another file has",
        ),
        case(
            "app.Service()",
            {
                "app.py": "from helper import make\nclass Service: ...\nreveal(make(Service))\n",
                "helper.py": "def make(kind):\n    return kind()\n",
            },
            id="a class given to a factory",
        ),
    ],
)
def test_files(held, files, expected):
    assert held(files) == [expected]


def test_files_may_import_all_of_each_other(held):
    files = {"app.py": "from other import *\nreveal(x)\n", "other.py": "from app import *\nreveal(y)\n"}
    assert held(files) == [{"builtins.x"}, {"builtins.y"}]


def test_functions_that_all_call_each_other_are_answered_for_at_once(held):
    names = [f"f{number}" for number in range(40)]
    body = "\n".join(f"    if x == '{name}': return {name}(x)" for name in names)
    functions = "\n".join(f"def {name}(x):\n{body}\n" for name in names)
    assert held(f"{functions}\nreveal(f0(1))\n")


def test_a_name_that_is_made_of_itself_in_many_branches_is_answered_for_at_once(held):
    branches = "\n".join(f"if e[{number}]: x = x or e[{number}]\nelse: x = [x, e]" for number in range(300))
    assert held(f"x = e\n{branches}\nfor y in x:\n    reveal(y)\n")
