"""The Lambda context for tests is what Lambda's own runtime client hands a handler."""

from __future__ import annotations

import pytest

from meantime.testing import FakeClock, LambdaContext

SENT = {
    "custom": {"flavour": "mint"},
    "env": {"locale": "de_DE"},
    "client": {"installation_id": "i-1", "app_title": "shop", "app_version_name": "2.0"},
    "w3c": {"traceparent": "00-1-2-01", "baggage": 7, "other": "dropped"},
}


def real(client_context=None):
    """A context of the real runtime client, of a function like ours."""
    real_class = pytest.importorskip("awslambdaric.lambda_context", reason="the tools are not installed here")
    return real_class.LambdaContext("id", client_context, {}, 0, "arn", "tenant")


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def test_it_has_every_attribute_and_method_of_the_real_one_and_no_other():
    assert public(LambdaContext()) == public(real())


def test_so_have_the_identity_and_what_a_client_has_sent():
    ours, theirs = LambdaContext(client_context=SENT), real(dict(SENT))

    assert public(ours.identity) == public(theirs.identity)
    assert public(ours.client_context) == public(theirs.client_context)
    assert public(ours.client_context.client) == public(theirs.client_context.client)


def test_what_a_client_has_sent_reads_as_in_the_real_one():
    for context in (LambdaContext(client_context=SENT), real(dict(SENT))):
        assert context.client_context.custom == {"flavour": "mint"}
        assert context.client_context.env == {"locale": "de_DE"}
        assert context.client_context.client.app_title == "shop"
        assert context.client_context.client.app_package_name is None
        assert context.w3c() == {"traceparent": "00-1-2-01"}


def test_a_client_may_have_sent_nothing_or_no_client():
    for context in (LambdaContext(), real()):
        assert context.client_context is None
        assert context.w3c() == {}
    for context in (LambdaContext(client_context={"w3c": "?"}), real({"w3c": "?"})):
        assert context.client_context.client is None
        assert context.w3c() == {}


def test_the_identity_is_always_there_and_mostly_empty():
    for context in (LambdaContext(), real()):
        assert context.identity.cognito_identity_id is None
        context.identity.cognito_identity_id = "eu-west-1:1"
        assert context.identity.cognito_identity_id == "eu-west-1:1"


def test_log_writes_to_the_log_as_it_is(capsys):
    LambdaContext().log("one ")
    LambdaContext().log(2)

    assert capsys.readouterr().out == "one 2"


def test_every_invocation_has_its_own_request():
    assert LambdaContext().aws_request_id != LambdaContext().aws_request_id


def test_the_function_is_named_in_all_that_names_it():
    context = LambdaContext(function_name="orders", memory_limit_in_mb=1769, function_version="7", tenant_id="acme")

    assert context.function_name == "orders"
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:orders"
    assert context.log_group_name == "/aws/lambda/orders"
    assert "[7]" in context.log_stream_name
    assert (context.memory_limit_in_mb, context.function_version, context.tenant_id) == ("1769", "7", "acme")
    assert repr(context).startswith(f"LambdaContext('orders', request {context.aws_request_id}, ")


def test_its_time_runs_from_its_making_to_zero():
    with FakeClock() as clock:
        context = LambdaContext(timeout=0.6)
        assert context.get_remaining_time_in_millis() == 600
        clock.advance(0.25)
        assert context.get_remaining_time_in_millis() == 350
        clock.advance(60)
        assert context.get_remaining_time_in_millis() == 0


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
def test_a_time_that_cannot_be_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout must be 0 or more seconds"):
        LambdaContext(timeout=timeout)


@pytest.mark.parametrize(
    "keywords",
    [{"timeout": "3"}, {"timeout": True}, {"memory_limit_in_mb": "128"}, {"client_context": "custom"}],
    ids=str,
)
def test_what_is_of_the_wrong_type_is_refused(keywords):
    with pytest.raises(TypeError, match=next(iter(keywords))):
        LambdaContext(**keywords)


def test_no_memory_is_refused():
    with pytest.raises(ValueError, match="memory_limit_in_mb must be at least 1, got 0"):
        LambdaContext(memory_limit_in_mb=0)
