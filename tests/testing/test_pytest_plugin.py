"""The pytest plugin as a user's own test suite meets it: a suite of its own, run by pytest."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester):
    """Runs a test suite that consists of this text; says how many of its tests came out how."""

    def run_suite(source, *options):
        pytester.makepyfile(source)
        return pytester.runpytest("--strict-markers", "-W", "error", "-p", "no:cacheprovider", *options)

    return run_suite


def test_the_context_has_three_seconds_or_what_the_marker_says(run):
    run(
        """
        import pytest

        def test_three(lambda_context):
            assert 2500 < lambda_context.get_remaining_time_in_millis() <= 3000
            assert lambda_context.function_name == "test"

        @pytest.mark.lambda_timeout(30)
        class TestThirty:
            def test_of_its_class(self, lambda_context):
                assert 25_000 < lambda_context.get_remaining_time_in_millis() <= 30_000

            @pytest.mark.lambda_timeout(60, function_name="orders")
            def test_of_its_own(self, lambda_context):
                assert 50_000 < lambda_context.get_remaining_time_in_millis() <= 60_000
                assert lambda_context.function_name == "orders"
        """
    ).assert_outcomes(passed=3)


def test_a_time_that_cannot_be_is_an_error_of_the_test(run):
    result = run(
        """
        import pytest

        @pytest.mark.lambda_timeout(-1)
        def test_it(lambda_context):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ValueError: timeout must be 0 or more seconds, got -1"])


def test_under_a_held_clock_the_time_of_the_context_is_the_clocks_in_whatever_order(run):
    run(
        """
        def test_before(lambda_context, fake_clock):
            fake_clock.advance(2)
            assert lambda_context.get_remaining_time_in_millis() == 1000

        def test_after(fake_clock, lambda_context):
            fake_clock.advance(2)
            assert lambda_context.get_remaining_time_in_millis() == 1000
        """
    ).assert_outcomes(passed=2)


def test_a_fresh_environment_is_cold_and_its_resources_end_with_the_test(run):
    run(
        """
        import meantime

        events = []

        @meantime.warm
        async def client():
            events.append("made")
            yield object()
            events.append("closed")

        @meantime.handler
        async def lambda_handler(event, context):
            return (await client()) is (await client())

        def test_first(fresh_environment, lambda_context):
            assert lambda_handler({}, lambda_context)
            assert fresh_environment.statistics().invocations == 1
            assert fresh_environment is meantime.current_environment()

        def test_second(fresh_environment, lambda_context):
            assert events == ["made", "closed"]
            assert lambda_handler({}, lambda_context)
            assert fresh_environment.statistics().invocations == 1
        """
    ).assert_outcomes(passed=2)


def test_the_machines_clock_is_back_after_a_test_that_failed(run):
    run(
        """
        import time

        from meantime import clock

        def test_first(fake_clock):
            assert clock.monotonic == fake_clock.monotonic
            raise LookupError

        def test_second():
            assert clock.monotonic is time.monotonic
        """
    ).assert_outcomes(passed=1, failed=1)


def test_a_fixture_of_the_suite_goes_before_one_of_the_same_name_here(run, pytester):
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def lambda_context():
            return "the suite's own"
        """
    )
    run(
        """
        import pytest

        @pytest.fixture
        def fake_clock():
            return "the module's own"

        def test_it(lambda_context, fake_clock):
            assert (lambda_context, fake_clock) == ("the suite's own", "the module's own")
        """
    ).assert_outcomes(passed=1)


def test_a_suite_that_does_not_use_it_loads_nothing_of_the_library(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_it():
            loaded = {name for name in sys.modules if name.partition(".")[0] == "meantime"}
            assert loaded == {"meantime", "meantime.pytest_plugin"}
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_pytest_shows_what_there_is(run):
    fixtures = run("", "--fixtures").stdout
    fixtures.fnmatch_lines(["lambda_context*", "*A Lambda context of 3 seconds*"])
    fixtures.fnmatch_lines(["fake_clock*", "*A clock to hold*"])
    fixtures.fnmatch_lines(["fresh_environment*", "*An execution environment of the test's own*"])
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.lambda_timeout(seconds, [*][*]more): *"])
