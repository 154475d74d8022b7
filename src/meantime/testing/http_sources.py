"""What each HTTP event source makes of a request, for `http_event`."""

from __future__ import annotations

from dataclasses import dataclass
from time import gmtime, strftime
from urllib.parse import parse_qsl, unquote

from meantime.testing.events import ACCOUNT, REGION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_API = "a1b2c3d4e5"
_DEFAULT_STAGE = "$default"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the client has sent, and a proxy has added."""

    method: str
    path: str
    query: str
    headers: dict[str, list[str]]
    body: str | None
    is_base64: bool
    stage: str
    authorizer: dict[str, Any] | None
    client: str
    time: float

    @property
    def host(self) -> str:
        """What the client has asked."""
        return self.headers["host"][0]

    @property
    def staged(self) -> str:
        """The path that has a named stage in front."""
        return self.path if self.stage == _DEFAULT_STAGE else f"/{self.stage}{self.path}"

    @property
    def target(self) -> str:
        """The path and the query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def parameters(self) -> dict[str, list[str]]:
        """The query's parameters, decoded."""
        return _lists(parse_qsl(self.query, keep_blank_values=True))

    def parameters_sent(self) -> dict[str, list[str]]:
        """The query's parameters, as sent."""
        pairs = [pair.partition("=") for pair in self.query.split("&") if pair]
        return _lists((name, value) for name, _, value in pairs)


def _api_gateway_v2(request: Request) -> dict[str, Any]:
    """An HTTP API decodes the path; what comes after a question mark that was encoded is lost."""
    return _payload_v2(request, unquote(request.staged).partition("?")[0], request.stage, _API)


def _function_url(request: Request) -> dict[str, Any]:
    """A function URL gives the path as sent, and its own domain, by which it is told, whatever the Host header is."""
    event = _payload_v2(request, request.path, _DEFAULT_STAGE, "url")
    if ".lambda-url." not in request.host:
        domain = HOSTS["function-url"]
        event["requestContext"] |= {"domainName": domain, "domainPrefix": domain.partition(".")[0]}
    return event


def _payload_v2(request: Request, path: str, stage: str, api: str) -> dict[str, Any]:
    cookies = [cookie.strip() for value in request.headers.get("cookie", ()) for cookie in value.split(";")]
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": api,
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.client,
            "userAgent": request.headers["user-agent"][0],
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": stage,
        "time": strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(request.time)),
        "timeEpoch": int(request.time * 1000),
    }
    if request.authorizer is not None:
        context["authorizer"] = request.authorizer
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": {name: ",".join(values) for name, values in request.headers.items() if name != "cookie"},
        "requestContext": context,
        "isBase64Encoded": request.is_base64,
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in request.parameters().items()}
    if request.body is not None:
        event["body"] = request.body
    return event


def _api_gateway_v1(request: Request) -> dict[str, Any]:
    """A REST API gives the path as sent, and with the stage only in the context; of the length it says nothing."""
    stage = "prod" if request.stage == _DEFAULT_STAGE else request.stage
    headers = {name: values for name, values in request.headers.items() if name != "content-length"}
    return _payload_v1(request, request.path, request.staged, stage, headers)


def _http_api_v1(request: Request) -> dict[str, Any]:
    """As with payload format 2.0, the path is decoded."""
    path = unquote(request.staged).partition("?")[0]
    return {"version": "1.0"} | _payload_v1(request, path, path, request.stage, request.headers)


def _payload_v1(request: Request, path: str, whole: str, stage: str, headers: dict[str, list[str]]) -> dict[str, Any]:
    parameters = request.parameters()
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": _API,
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": request.method,
        "identity": {"sourceIp": request.client, "userAgent": request.headers["user-agent"][0]},
        "path": whole,
        "protocol": "HTTP/1.1",
        "requestId": "77375676-aaaa-4b79-853a-f982474efe18",
        "requestTime": strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(request.time)),
        "requestTimeEpoch": int(request.time * 1000),
        "resourceId": "2gabcd",
        "resourcePath": "/{proxy+}",
        "stage": stage,
    }
    if request.authorizer is not None:
        context["authorizer"] = request.authorizer
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(parameters) or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": context,
        "body": request.body,
        "isBase64Encoded": request.is_base64,
    }


def _alb(request: Request) -> dict[str, Any]:
    """Of what is repeated, a load balancer keeps the last; it decodes nothing."""
    return _to_target_group(
        request, queryStringParameters=_last(request.parameters_sent()), headers=_last(request.headers)
    )


def _alb_multi_value(request: Request) -> dict[str, Any]:
    return _to_target_group(
        request, multiValueQueryStringParameters=request.parameters_sent(), multiValueHeaders=request.headers
    )


def _to_target_group(request: Request, **values: Any) -> dict[str, Any]:
    group = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/group/0123456789abcdef"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": request.method,
        "path": request.path,
        **values,
        "body": request.body or "",
        "isBase64Encoded": request.is_base64,
    }


def _vpc_lattice_v1(request: Request) -> dict[str, Any]:
    """The path has the query with it."""
    return {
        "raw_path": request.target,
        "method": request.method,
        "headers": {name: ",".join(values) for name, values in request.headers.items()},
        "query_string_parameters": _last(request.parameters()),
        "body": request.body,
        "is_base64_encoded": request.is_base64,
    }


def _vpc_lattice_v2(request: Request) -> dict[str, Any]:
    """The path has the query with it."""
    arn = f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}"
    return {
        "version": "2.0",
        "path": request.target,
        "method": request.method,
        "headers": request.headers,
        "queryStringParameters": request.parameters(),
        "body": request.body,
        "isBase64Encoded": request.is_base64,
        "requestContext": {
            "serviceNetworkArn": f"{arn}:servicenetwork/sn-0123456789abcdef0",
            "serviceArn": f"{arn}:service/svc-0123456789abcdef0",
            "targetGroupArn": f"{arn}:targetgroup/tg-0123456789abcdef0",
            "identity": {"sourceVpcArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-0123456789abcdef0"},
            "region": REGION,
            "timeEpoch": str(int(request.time * 1_000_000)),
        },
    }


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


def _last(lists: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in lists.items()}


SOURCES: dict[str, Callable[[Request], dict[str, Any]]] = {
    "api-gateway-v2": _api_gateway_v2,
    "function-url": _function_url,
    "api-gateway-v1": _api_gateway_v1,
    "http-api-payload-v1": _http_api_v1,
    "alb": _alb,
    "alb-multi-value": _alb_multi_value,
    "vpc-lattice-v1": _vpc_lattice_v1,
    "vpc-lattice-v2": _vpc_lattice_v2,
}
HOSTS = {
    "api-gateway-v2": f"{_API}.execute-api.{REGION}.amazonaws.com",
    "function-url": f"url.lambda-url.{REGION}.on.aws",
    "api-gateway-v1": f"{_API}.execute-api.{REGION}.amazonaws.com",
    "http-api-payload-v1": f"{_API}.execute-api.{REGION}.amazonaws.com",
    "alb": f"group-1234567890.{REGION}.elb.amazonaws.com",
    "alb-multi-value": f"group-1234567890.{REGION}.elb.amazonaws.com",
    "vpc-lattice-v1": f"service-0123456789abcdef0.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
    "vpc-lattice-v2": f"service-0123456789abcdef0.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
}
