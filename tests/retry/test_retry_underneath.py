"""Retries of a client underneath: said once, with what they multiply to and how to turn them off."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import pytest

from meantime.retry import Retry


class Client:
    """Of the shape of a botocore client."""

    def __init__(self, service: str = "s3", **retries: object) -> None:
        self.calls = 0
        self.meta = SimpleNamespace(
            config=SimpleNamespace(retries=retries), service_model=SimpleNamespace(service_name=service)
        )

    def get_object(self) -> None:
        self.calls += 1


class Table:
    """Of the shape of a boto3 resource."""

    def __init__(self, client: Client) -> None:
        self.meta = SimpleNamespace(client=client)

    def get_item(self) -> None:
        pass


class Session:
    """Of the shape of a requests session."""

    def __init__(self, total: int | None) -> None:
        self.adapters = {"https://": SimpleNamespace(max_retries=SimpleNamespace(total=total))}

    def get(self) -> None:
        pass


class Odd:
    """Whose attributes are not to be asked for."""

    @property
    def meta(self) -> object:
        raise RuntimeError

    def get(self) -> None:
        pass


class ClientError(Exception):
    """Of the shape of botocore's."""

    def __init__(self, retries: int) -> None:
        super().__init__("ThrottlingException")
        self.response = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"RetryAttempts": retries}}


@pytest.mark.parametrize(
    ("method", "attempts"),
    [
        (Client(mode="legacy").get_object, 15),
        (Client(mode="standard").get_object, 9),
        (Client(mode="adaptive").get_object, 9),
        (Client("dynamodb", mode="standard").get_object, 12),
        (Client("dynamodb", mode="legacy").get_object, 30),
        (Client(mode="standard", total_max_attempts=7).get_object, 21),
        (functools.partial(Client(mode="legacy").get_object), 15),
        (Table(Client("dynamodb", mode="standard")).get_item, 12),
        (Session(2).get, 9),
    ],
)
def test_a_method_of_a_client_that_retries_is_told_with_what_it_multiplies_to(method, attempts, caplog):
    policy = Retry(3)
    policy(method)
    policy(method)

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("meantime", "WARNING")
    assert f"up to {attempts} attempts" in record.getMessage()


def test_it_says_which_line_turns_them_off(caplog):
    policy = Retry()
    policy(Client(mode="standard").get_object)
    policy(Session(1).get)

    first, second = (record.getMessage() for record in caplog.records)
    assert 'botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"})' in first
    assert "requests.adapters.HTTPAdapter(max_retries=0)" in second


@pytest.mark.parametrize(
    ("policy", "function"),
    [
        (Retry(3), Client(mode="standard", total_max_attempts=1).get_object),
        (Retry(3), Session(0).get),
        (Retry(3), Session(None).get),
        (Retry(1, hedge_after=1), Client(mode="legacy").get_object),
        (Retry(3), "text".upper),
        (Retry(3), Odd().get),
        (Retry(3), SimpleNamespace(meta=None, call=print).call),
    ],
)
def test_nothing_is_said_where_nothing_multiplies(policy, function, caplog):
    policy(function)

    assert not caplog.records


def test_an_error_that_the_client_has_tried_again_already_is_told_once(kind, clock, flaky, caplog):
    policy = Retry(3)
    for _ in range(2):
        with pytest.raises(ClientError):
            kind.call(policy, flaky(*(ClientError(4) for _ in range(3))))

    (record,) = caplog.records
    assert "flaky is tried 3 times by Retry, and each time up to 5 times by its own client" in record.getMessage()


def test_an_error_of_the_clients_only_attempt_says_nothing(kind, clock, flaky, caplog):
    kind.call(Retry(3), flaky(ClientError(0)))

    assert not caplog.records
