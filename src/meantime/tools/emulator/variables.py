"""The environment variables a function's process gets: those of AWS, the user's, and hardly any of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.function import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from meantime.tools.emulator.function import Function

# Without these an interpreter or its packages may not be found.
_NECESSITIES: Final = ("PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def variables(
    function: Function,
    *,
    python_version: str,
    runtime_api: str,
    telemetry: int,
    log_stream: str,
    temporary: Path,
) -> dict[str, str]:
    """Return the variables of one environment's process.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    ours = {
        "TMPDIR": str(temporary),
        # /var/task is read-only on AWS: no bytecode is ever written beside the code.
        "PYTHONDONTWRITEBYTECODE": "1",
        "_LAMBDA_TELEMETRY_LOG_FD": str(telemetry),
    }
    merged = {
        **{name: os.environ[name] for name in _NECESSITIES if name in os.environ},
        **_of_aws(function, python_version=python_version, log_stream=log_stream),
        **ours,
        **function.environment,
    }
    merged["AWS_LAMBDA_RUNTIME_API"] = runtime_api
    merged["PYTHONPATH"] = os.pathsep.join(
        [str(function.code), *([path] if (path := function.environment.get("PYTHONPATH")) else [])]
    )
    return merged


def _of_aws(function: Function, *, python_version: str, log_stream: str) -> dict[str, str]:
    return {
        "_HANDLER": function.handler,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{python_version}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if function.snap_start else "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        # Accepted by every local server, and by AWS never.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "LAMBDA_TASK_ROOT": str(function.code),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
