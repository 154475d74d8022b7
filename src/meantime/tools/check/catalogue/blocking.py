"""Which calls of libraries hold their thread until somebody else answers: what must not be done on an event loop.

Opening and reading local files is not among them: on Lambda that takes microseconds.
"""

from __future__ import annotations

import re
from functools import cache

HTTP = "an HTTP request"
AWS = "a call to AWS"
BODY = "reading an answer from AWS"
DATABASE = "a database call"
REDIS = "a Redis command"
SLEEP = "sleeping"
SUBPROCESS = "a subprocess"
NAME = "looking up a name"
CONNECTION = "a network connection"
MODEL = "a call to a model"
THREAD = "waiting for another thread or process"
VERB = "a verb for threads"
TERMINAL = "waiting for the terminal"


def blocks(path: str) -> str | None:
    """What a call of this path certainly waits for, in words for a message; None: nothing that is known."""
    return _known(path)[0]


def may_block(path: str) -> str | None:
    """What a call of this path waits for where others hold it up, or only for a moment."""
    return _known(path)[1]


_HTTP_VERBS = "get|post|put|patch|delete|head|options|request"
_SQL = "execute|executemany|executescript|callproc|commit|rollback|copy_from|copy_to|copy_expert"

_SURELY: dict[str, str] = {
    # Patterns of whole paths, longest first in each library; `[A-Z]` begins the name of a class.
    rf"requests\.({_HTTP_VERBS})": HTTP,
    rf"requests\.Session\(\)\.({_HTTP_VERBS}|send)": HTTP,
    rf"httpx2?\.({_HTTP_VERBS}|stream)": HTTP,
    rf"httpx2?\.Client\(\)\.({_HTTP_VERBS}|send|stream)": HTTP,
    r"urllib\.request\.(urlopen|urlretrieve)": HTTP,
    r"urllib\.request\.build_opener\(\)\.open": HTTP,
    r"urllib3\.request": HTTP,
    r"urllib3\.(PoolManager|ProxyManager|HTTPConnectionPool|HTTPSConnectionPool)\(\)\.(request|urlopen)": HTTP,
    r"http\.client\.HTTPS?Connection\(\)\.(connect|request|getresponse)": HTTP,
    r"jwt\.PyJWKClient\(\)\.(fetch_data|get_jwk_set|get_signing_keys|get_signing_key|get_signing_key_from_jwt)": HTTP,
    r"slack_sdk\.WebClient\(\)\.(api_call|[a-z]+_[a-zA-Z_]+)": HTTP,
    r"slack_sdk\.webhook\.WebhookClient\(\)\.(send|send_dict)": HTTP,
    # Of a boto3 client every method is an operation, except for a few.
    r"boto3\.client\(\)\.(?!generate_presigned_|can_paginate$|get_paginator$|get_waiter$|close$|exceptions\b|meta\b)"
    r"[a-z]\w*": AWS,
    r"boto3\.client\(\)\.get_paginator\(\)\.paginate(\(\)\.build_full_result)?": AWS,
    r"boto3\.client\(\)\.get_waiter\(\)\.wait": AWS,
    r"boto3\.resource\(\)\.create_[a-z_]+|boto3\.resource\(\)\.batch_(get|write)_item": AWS,
    # A method of a resource; `all`, `filter` and their kind only begin a lazy collection, a capitalised one a resource.
    r"boto3\.resource\(\)(\.\w+|\.([A-Z]\w*|all|filter|limit|page_size)\(\))+\.(?!get_(paginator|waiter|available_subresources)$)(get|put|delete|load|reload|copy|copy_from|scan|query"
    r"|wait_until_\w+|upload_(file|fileobj)|download_(file|fileobj)|(get|put|update|delete)_[a-z_]+"
    r"|(send|receive|publish|start|stop|terminate|reboot|create|invoke|initiate)(_[a-z_]+)?)": AWS,
    r"aws_lambda_powertools\.utilities\.parameters\.(get_parameter|get_parameters|get_parameters_by_name|get_secret"
    r"|set_parameter|set_secret|get_app_config)": AWS,
    r"aws_lambda_powertools\.utilities\.parameters\.\w+Provider\(\)\.(get|get_multiple|set)": AWS,
    rf"sql\(\)(\.cursor\(\))?\.({_SQL})": DATABASE,
    r"connect\.sql": DATABASE,
    r"sqlalchemy\.create_engine\(\)\.(connect|begin)": DATABASE,
    r"sqlalchemy\.create_engine\(\)\.(connect|begin)\(\)\.(execute|scalar|scalars|commit|rollback)": DATABASE,
    r"sqlalchemy\.orm\.(Session|sessionmaker\(\)|scoped_session\(\))\(\)"
    r"\.(execute|scalar|scalars|commit|flush|refresh|get|merge|bulk_\w+)": DATABASE,
    r"pymongo\.MongoClient\(\)(\.\w+|\(\))*\.(find_one(_and_\w+)?|(insert|update|delete|replace)_(one|many)|aggregate"
    r"|count_documents|estimated_document_count|distinct|bulk_write|command|list_collection_names)": DATABASE,
    r"(elasticsearch\.Elasticsearch|opensearchpy\.OpenSearch)\(\)"
    r"\.(search|index|get|bulk|delete|update|count|msearch|mget|scroll|create|exists)": DATABASE,
    r"redis\.(Redis|RedisCluster)\(\)"
    r"\.(?!pipeline$|pubsub$|lock$|register_script$|close$|from_url$|get_connection_kwargs$|get_encoder$)"
    r"[a-z]\w*": REDIS,
    r"redis\.(Redis|RedisCluster)\(\)\.pipeline\(\)\.execute": REDIS,
    r"time\.sleep": SLEEP,
    r"subprocess\.(run|call|check_call|check_output|getoutput|getstatusoutput)": SUBPROCESS,
    r"subprocess\.Popen\(\)\.(wait|communicate)": SUBPROCESS,
    r"os\.(system|wait|wait3|waitpid|wait4|waitid)|os\.spawn[lv]p?e?": SUBPROCESS,
    r"socket\.(getaddrinfo|gethostbyname|gethostbyname_ex|gethostbyaddr|getfqdn)": NAME,
    r"socket\.create_connection": CONNECTION,
    r"smtplib\.SMTP(_SSL)?\(\)\.(connect|ehlo|helo|login|sendmail|send_message|starttls|quit)": CONNECTION,
    r"ftplib\.FTP(_TLS)?\(\)\.(connect|login|cwd|nlst|retrbinary|retrlines|storbinary|storlines|quit)": CONNECTION,
    r"imaplib\.IMAP4(_SSL)?\(\)\.(login|select|search|fetch|store|logout)": CONNECTION,
    r"paramiko\.SSHClient\(\)\.(connect|exec_command|open_sftp)": CONNECTION,
    r"paramiko\.SSHClient\(\)\.open_sftp\(\)\.(get|put|listdir|stat|remove)": CONNECTION,
    r"(openai\.(OpenAI|AzureOpenAI)|anthropic\.(Anthropic|AnthropicBedrock))\(\)(\.\w+)+"
    r"\.(create|parse|stream|retrieve)": MODEL,
    r"threading\.(Thread|Timer)\(\)\.join": THREAD,
    r"threading\.(Event|Condition|Barrier)\(\)\.(wait|wait_for)": THREAD,
    r"multiprocessing\.Process\(\)\.join": THREAD,
    r"multiprocessing\.(Pool|pool\.ThreadPool)\(\)\.(map|starmap|apply|join)": THREAD,
    r"concurrent\.futures\.wait": THREAD,
    r"concurrent\.futures\.(Thread|Process)PoolExecutor\(\)\.(submit\(\)\.(result|exception)|shutdown)": THREAD,
    r"asyncio\.run_coroutine_threadsafe\(\)\.(result|exception)": THREAD,
    r"queue\.(Queue|LifoQueue|PriorityQueue|SimpleQueue)\(\)\.(get|join)": THREAD,
    r"meantime\.threads\.(map|gather|settle)": VERB,
    r"builtins\.input": TERMINAL,
}
_POSSIBLY: dict[str, str] = {
    rf"sqlite3\.connect\(\)(\.cursor\(\))?\.({_SQL})": DATABASE,
    r"threading\.(Lock|RLock|Semaphore|BoundedSemaphore)\(\)\.acquire": THREAD,
    r"concurrent\.futures\.(ThreadPoolExecutor|ProcessPoolExecutor)\(\)\.map": THREAD,
    r"subprocess\.Popen|os\.popen|os\.posix_spawnp?": SUBPROCESS,
}

_SQL_CONNECTIONS = re.compile(
    r"^(psycopg2\.connect|psycopg\.connect|psycopg\.Connection\.connect|pymysql\.connect|pymysql\.connections\.Connection"
    r"|pymysql\.Connection|MySQLdb\.connect|mysql\.connector\.connect|pyodbc\.connect|pymssql\.connect|oracledb\.connect"
    r"|cx_Oracle\.connect|snowflake\.connector\.connect|redshift_connector\.connect|pg8000\.connect|pg8000\.dbapi\.connect"
    r"|psycopg2\.pool\.(Simple|Threaded)ConnectionPool\(\)\.getconn|psycopg_pool\.ConnectionPool\(\)\.(getconn|connection))"
)
# Other names of the same, and Meantime's own clients, which are made of them.
_SAME = tuple(
    (re.compile(pattern), name)
    for pattern, name in {
        r"^(meantime\.clients\.boto3|botocore\.session\.\w+\(\)\.create_client)\(\)": "boto3.client()",
        r"^(meantime\.clients\.requests|requests\.sessions\.Session|requests\.session)\(\)": "requests.Session()",
        r"^redis\.(StrictRedis|client\.(Strict)?Redis|from_url|(Strict)?Redis\.from_url)\(\)": "redis.Redis()",
        r"^redis\.(cluster\.RedisCluster|RedisCluster\.from_url)\(\)": "redis.RedisCluster()",
        r"^sqlalchemy\.engine\.(create\.)?create_engine\(\)": "sqlalchemy.create_engine()",
        r"^sqlalchemy\.orm\.session\.": "sqlalchemy.orm.",
        r"^slack_sdk\.web\.(client\.)?WebClient\(\)": "slack_sdk.WebClient()",
        r"^multiprocessing\.(pool\.Pool|context\.\w+)\(\)": "multiprocessing.Pool()",
    }.items()
)


@cache
def _known(path: str) -> tuple[str | None, str | None]:
    if _ROOTS.match(path) is None:
        return None, None
    for pattern, name in _SAME:
        path = pattern.sub(name, path)
    connection = _SQL_CONNECTIONS.match(path)
    if connection is not None:
        rest = path[connection.end() :]
        path = f"sql{rest}" if rest else "connect.sql"
    return _first(_SURE_PATTERNS, path), _first(_POSSIBLE_PATTERNS, path)


def _first(patterns: tuple[tuple[re.Pattern[str], str], ...], path: str) -> str | None:
    return next((what for pattern, what in patterns if pattern.fullmatch(path)), None)


_SURE_PATTERNS = tuple((re.compile(pattern), what) for pattern, what in _SURELY.items())
_POSSIBLE_PATTERNS = tuple((re.compile(pattern), what) for pattern, what in _POSSIBLY.items())
# Most paths belong to none of these libraries, and are not looked at any further.
_ROOTS = re.compile(
    r"(requests|httpx2?|urllib|urllib3|http|jwt|slack_sdk|boto3|botocore|aws_lambda_powertools|psycopg2|psycopg|psycopg_pool"
    r"|pymysql|MySQLdb|mysql|pyodbc|pymssql|oracledb|cx_Oracle|snowflake|redshift_connector|pg8000|sqlalchemy|pymongo"
    r"|elasticsearch|opensearchpy|redis|time|subprocess|os|socket|smtplib|ftplib|imaplib|paramiko|openai|anthropic|threading"
    r"|multiprocessing|concurrent|asyncio|queue|meantime|sqlite3|builtins)\."
)
