"""What the examples call, served on this machine: one server for each downstream of the catalogue, filled and ready."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalogue import EXAMPLES

from meantime.tools.downstream import AWSServer, DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from catalogue import Downstream, Example


@dataclass(frozen=True)
class Surroundings:
    """The servers while they run.

    Attributes:
        services: The server of each downstream, with its records and counters.
    """

    services: Mapping[Downstream, DelayedAPI | DelayProxy]

    def services_of(self, example: Example) -> tuple[DelayedAPI | DelayProxy, ...]:
        """The servers that one example calls, none if it only computes."""
        return tuple(self.services[downstream] for downstream in example.downstreams.values())

    def environment_of(self, example: Example) -> dict[str, str]:
        """The environment variables of one example's function, which lead it to the servers."""
        return example.environment({downstream: service.url for downstream, service in self.services.items()})


@contextmanager
def surroundings(examples: Iterable[Example] = EXAMPLES) -> Iterator[Surroundings]:
    """Serve what these examples call, on free ports of 127.0.0.1; filled at the start, gone at the end.

    Args:
        examples: Some of the catalogue.

    Raises:
        AWSServerError: The server with AWS's protocols cannot be started; the message says how to install it.
    """
    examples = tuple(examples)
    downstreams = sorted({each for example in examples for each in example.downstreams.values()}, key=repr)
    with ExitStack() as stack:
        services: dict[Downstream, DelayedAPI | DelayProxy] = {}
        for each in downstreams:
            if each.kind == "api":
                services[each] = stack.enter_context(DelayedAPI(each.latency))
        of_aws = [each for each in downstreams if each.kind == "aws"]
        if of_aws:
            aws = stack.enter_context(AWSServer())
            for example in examples:
                example.seed(aws.url)
            for each in of_aws:
                services[each] = stack.enter_context(DelayProxy(aws.url, latency=each.latency))
        yield Surroundings(services)
