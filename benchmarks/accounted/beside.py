"""aiobotocore, which pins a botocore of its own: in a process that finds the packages of its environment first.

As a program it makes the calls, and prints the row.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accounted.awaiting import on_a_loop
from accounted.rows import Summary
from accounted.running import ROUNDS, in_turn
from accounted.servers import serving

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from accounted.awaiting import Call
    from accounted.servers import Servers

_ENVIRONMENT = Path(sys.prefix) / "aiobotocore"  # the Makefile makes it


def summary(rounds: int) -> Summary:
    """The row."""
    packages = next(_ENVIRONMENT.glob("lib/python*/site-packages/aiobotocore"), None)
    if packages is None:
        raise FileNotFoundError(
            f"there is no aiobotocore in {_ENVIRONMENT}: make {_ENVIRONMENT.parent.name}/.aiobotocore"
        )
    benchmarks = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{packages.parent}{os.pathsep}{benchmarks}"}
    command = [sys.executable, __file__, str(rounds)]
    run = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)  # noqa: S603  # ourselves
    if run.returncode:
        raise RuntimeError(run.stderr.strip().splitlines()[-1])
    fields = json.loads(run.stdout)
    return Summary(**fields | {"failures": tuple(fields["failures"])})


async def _client(stack: AsyncExitStack, servers: Servers) -> Call:
    from aiobotocore.config import AioConfig  # noqa: PLC0415  # only here
    from aiobotocore.session import get_session  # noqa: PLC0415  # likewise

    made = get_session().create_client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{servers.ports['http']}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # no secret
        config=AioConfig(s3={"addressing_style": "path"}),
    )
    client: Any = await stack.enter_async_context(made)

    async def call(number: int) -> object:
        answer = await client.get_object(Bucket="bucket", Key=str(number))
        return await answer["Body"].read()

    return call


def _main(rounds: int = ROUNDS) -> None:
    with serving({}) as servers, on_a_loop(servers, _client) as run:
        row = in_turn("aiobotocore", run, servers, rounds=rounds)
    print(json.dumps(asdict(row.summary())))  # noqa: T201  # the accounting reads it


if __name__ == "__main__":
    _main(int(sys.argv[1]))
