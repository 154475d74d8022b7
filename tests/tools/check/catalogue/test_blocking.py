"""Which calls of libraries are known to block."""

from __future__ import annotations

import pytest

from meantime.tools.check.catalogue.blocking import blocks, may_block


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("requests.get", "an HTTP request"),
        ("requests.Session().post", "an HTTP request"),
        ("requests.sessions.Session().get", "an HTTP request"),
        ("meantime.clients.requests().get", "an HTTP request"),
        ("httpx.get", "an HTTP request"),
        ("httpx2.Client().send", "an HTTP request"),
        ("urllib.request.urlopen", "an HTTP request"),
        ("urllib3.PoolManager().request", "an HTTP request"),
        ("http.client.HTTPSConnection().getresponse", "an HTTP request"),
        ("jwt.PyJWKClient().get_signing_key_from_jwt", "an HTTP request"),
        ("slack_sdk.WebClient().chat_postMessage", "an HTTP request"),
        ("slack_sdk.web.client.WebClient().chat_postMessage", "an HTTP request"),
        ("boto3.client().get_object", "a call to AWS"),
        ("meantime.clients.boto3().get_object", "a call to AWS"),
        ("botocore.session.get_session().create_client().invoke", "a call to AWS"),
        ("boto3.client().get_paginator().paginate().build_full_result", "a call to AWS"),
        ("boto3.client().get_waiter().wait", "a call to AWS"),
        ("boto3.resource().Table().put_item", "a call to AWS"),
        ("boto3.resource().Bucket().Object().upload_file", "a call to AWS"),
        ("boto3.resource().Bucket().objects.all().delete", "a call to AWS"),
        ("boto3.resource().Queue().receive_messages", "a call to AWS"),
        ("aws_lambda_powertools.utilities.parameters.SSMProvider().get", "a call to AWS"),
        ("psycopg2.connect", "a database call"),
        ("psycopg2.pool.ThreadedConnectionPool().getconn().cursor().execute", "a database call"),
        ("psycopg.connect().execute", "a database call"),
        ("pymysql.connect().cursor().executemany", "a database call"),
        ("snowflake.connector.connect().cursor().execute", "a database call"),
        ("sqlalchemy.create_engine().connect().execute", "a database call"),
        ("sqlalchemy.engine.create_engine().begin", "a database call"),
        ("sqlalchemy.orm.sessionmaker()().commit", "a database call"),
        ("sqlalchemy.orm.session.Session().execute", "a database call"),
        ("pymongo.MongoClient().shop.orders.find_one", "a database call"),
        ("redis.Redis().get", "a Redis command"),
        ("redis.from_url().get", "a Redis command"),
        ("redis.RedisCluster().pipeline().execute", "a Redis command"),
        ("time.sleep", "sleeping"),
        ("subprocess.Popen().communicate", "a subprocess"),
        ("os.spawnlp", "a subprocess"),
        ("socket.getaddrinfo", "looking up a name"),
        ("smtplib.SMTP_SSL().send_message", "a network connection"),
        ("paramiko.SSHClient().open_sftp().put", "a network connection"),
        ("openai.OpenAI().chat.completions.create", "a call to a model"),
        ("threading.Timer().join", "waiting for another thread or process"),
        ("multiprocessing.pool.ThreadPool().map", "waiting for another thread or process"),
        ("multiprocessing.pool.Pool().starmap", "waiting for another thread or process"),
        ("concurrent.futures.ProcessPoolExecutor().submit().result", "waiting for another thread or process"),
        ("asyncio.run_coroutine_threadsafe().result", "waiting for another thread or process"),
        ("meantime.threads.settle", "a verb for threads"),
        ("builtins.input", "waiting for the terminal"),
    ],
)
def test_blocks(path, what):
    assert blocks(path) == what


@pytest.mark.parametrize(
    "path",
    [
        "requests.Session",
        "requests.Session().mount",
        "requests.utils.quote",
        "httpx.AsyncClient().get",
        "httpx.Client",
        "boto3.client",
        "boto3.client().generate_presigned_url",
        "boto3.client().generate_presigned_post",
        "boto3.client().can_paginate",
        "boto3.client().get_paginator",
        "boto3.client().get_waiter",
        "boto3.client().close",
        "boto3.client().exceptions.ClientError",
        "boto3.client().meta.events.register",
        "boto3.resource",
        "boto3.resource().Table",
        "boto3.resource().Table().batch_writer",
        "boto3.resource().Table().query().get",
        "boto3.resource().meta.client.get_paginator",
        "boto3.resource().get_available_subresources",
        "boto3.resource().Bucket().objects.all",
        "boto3.resource().Bucket().objects.filter",
        "aioboto3.Session().client().get_object",
        "psycopg2.connect().cursor",
        "psycopg2.connect().cursor().fetchone",
        "psycopg.AsyncConnection.connect",
        "asyncpg.connect().fetch",
        "sqlalchemy.create_engine",
        "sqlalchemy.ext.asyncio.create_async_engine().connect",
        "pymongo.MongoClient().shop.orders.find",
        "redis.Redis",
        "redis.Redis().pipeline",
        "redis.Redis().pipeline().get",
        "redis.asyncio.Redis().get",
        "subprocess.Popen().poll",
        "asyncio.sleep",
        "asyncio.Queue().get",
        "asyncio.create_task().result",
        "threading.Thread().start",
        "queue.Queue().get_nowait",
        "builtins.open",
        "app.requests.get",
        "openai.AsyncOpenAI().chat.completions.create",
        "meantime.tasks.map",
    ],
)
def test_does_not_block(path):
    assert blocks(path) is None
    assert may_block(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "sqlite3.connect().execute",
        "sqlite3.connect().cursor().execute",
        "threading.Lock().acquire",
        "concurrent.futures.ThreadPoolExecutor().map",
        "subprocess.Popen",
    ],
)
def test_may_block(path):
    assert blocks(path) is None
    assert may_block(path) is not None
