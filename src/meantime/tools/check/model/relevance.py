"""Whether a file can hold what a rule looks at, by its text: asked where a project is too large to be held whole."""

from __future__ import annotations

import re

_NAMES = """
_thread aioboto3 aiobotocore aiohttp aiomysql aiopg aioredis anyio apig_wsgi asgiref asyncio asyncpg aws_cdk
aws_lambda_powertools boto boto3 botocore cassandra celery chalice concurrent cx_Oracle elasticsearch fastapi
flask ftplib gevent grpc http httplib2 httpx httpx2 kafka litestar mangum meantime multiprocessing mysql
MySQLdb opensearchpy oracledb paho paramiko pika psycopg psycopg2 psycopg_pool pycurl pymemcache pymongo
pymssql pymysql pyodbc quart redis requests smart_open smtplib snowflake socket sqlalchemy sqlite3 ssl
starlette subprocess telnetlib threading tornado treq trio twisted urllib urllib3 uvloop valkey websocket
websockets
"""
PACKAGES = frozenset(_NAMES.split())
"""What waits, or starts what waits, or knows of handlers."""
_IMPORTS = rf"^[ \t]*(?:from|import)[ \t]+(?:[\w., ]+,[ \t]*)?(?:{'|'.join(sorted(PACKAGES))})\b"
_MATTERS = re.compile(rf"{_IMPORTS}|\basync def\b|\bsleep\(|\blambda_handler\b".encode(), re.MULTILINE)


def matters(source: bytes) -> bool:
    """Whether a file imports one of the packages, is asynchronous, sleeps, or has a handler."""
    return _MATTERS.search(source) is not None
