"""What a user's own tests need: a Lambda context, a fresh execution environment, a clock to hold, a pytest plugin."""

from meantime.testing.contexts import LambdaContext
from meantime.testing.environments import fresh_environment
from meantime.testing.events import dynamodb_event, kafka_event, kinesis_event, sqs_event
from meantime.testing.held_clock import FakeClock
from meantime.testing.http_events import http_event
from meantime.testing.http_responses import HTTPResponse, http_response

__all__ = [
    "FakeClock",
    "HTTPResponse",
    "LambdaContext",
    "dynamodb_event",
    "fresh_environment",
    "http_event",
    "http_response",
    "kafka_event",
    "kinesis_event",
    "sqs_event",
]
