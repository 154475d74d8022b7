"""One recording in a terminal: where its time went, its calls as bars, and what else was seen."""

from __future__ import annotations

import pytest

from meantime.tools.report.call_rows import call_rows, most_at_once
from meantime.tools.report.figures import TIMES
from meantime.tools.report.recording import Accounting, Observation, Wait
from meantime.tools.report.recording_report import print_recording
from meantime.tools.report.time_spent import print_time_spent
from meantime.tools.report.waterfall import print_waterfall


def line_of(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(beginning))


def test_it_says_what_was_recorded(shown, three_calls):
    text = shown(print_recording, three_calls, width=120)

    assert text.startswith(
        "app.handler at 512 MB: 985 ms\nwarm, 12.0 ms of CPU, 3 calls, 99.5% explained, Python 3.11.7"
    )


def test_every_part_of_the_time_has_its_own_character_with_its_number(shown, three_calls):
    text = shown(print_time_spent, three_calls)
    bar, *parts = text.splitlines()

    assert len(bar) == 80
    assert [bar.count(sign) for sign in "─█▒?"] == [73, 3, 3, 1]
    assert [part.split()[0] for part in parts if not part.startswith(" ")] == ["─", "█", "▒", "?"]
    assert "900.0 ms       91%" in text
    assert "under 1%" in text


def test_a_part_that_took_nothing_is_left_out(shown, three_calls):
    assert "interpreter lock" not in shown(print_time_spent, three_calls)


def test_a_part_that_is_too_small_for_the_bar_is_in_it_all_the_same(shown, make_recording):
    parts = Accounting(
        waiting_alone_ms=9999.0, waiting_together_ms=0.0, computing_ms=0.1, lock_ms=0.1, throttled_ms=0.1,
        unexplained_ms=0.1,
    )  # fmt: skip

    bar = shown(print_time_spent, make_recording(accounting=parts, duration_ms=10_000.0)).splitlines()[0]

    assert bar == "─" * 76 + "█┼▒?"


def test_without_any_time_it_says_so(shown, make_recording):
    nothing = Accounting(
        waiting_alone_ms=0.0, waiting_together_ms=0.0, computing_ms=0.0, lock_ms=0.0, throttled_ms=0.0,
        unexplained_ms=0.0,
    )  # fmt: skip

    assert (
        shown(print_time_spent, make_recording(accounting=nothing)) == "Nothing was recorded of where the time went.\n"
    )


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_each_call_has_a_line_with_its_bar_where_it_happened(shown, three_calls, width):
    text = shown(print_waterfall, three_calls, width=width)
    starts = [line_of(text, name).index("─") for name in ("GET /customers", "GET /orders", "GET /shipments")]

    assert starts == sorted(set(starts))
    assert line_of(text, "GET /orders").split()[1:3] == ["/orders", "app.py:32"]


def test_waiting_computing_and_being_held_up_look_different(shown, make_call, make_recording):
    call = make_call(0, 0, 100, waiting_ms=50.0, computing_ms=25.0, held_up_ms=25.0)
    wait = Wait(kind="receive", start_ms=0, end_ms=50, call=0)

    line = line_of(shown(print_waterfall, make_recording(call, duration_ms=100.0, waits=(wait,))), "GET")

    waiting, held_up, computing = line.count("─"), line.count("▒"), line.count("█")
    assert waiting == pytest.approx(2 * held_up, abs=2)
    assert computing == pytest.approx(held_up, abs=1)
    assert line.index("─") < line.index("▒") < line.index("█")


def test_the_waits_of_the_calls_within_a_call_are_its_own(shown, make_call, make_recording):
    outer = make_call(0, 0, 100, "load", kind="item", waiting_ms=90.0, computing_ms=10.0)
    inner = make_call(1, 5, 95, "s3 GetObject", kind="aws", parent=0, waiting_ms=90.0)
    wait = Wait(kind="receive", start_ms=5, end_ms=95, call=1)

    text = shown(print_waterfall, make_recording(outer, inner, duration_ms=100.0, waits=(wait,)))

    assert line_of(text, "load").count("─") == line_of(text, "  s3 GetObject").count("─") > 30


def test_waits_side_by_side_within_a_call_count_once_and_only_while_it_lasts(shown, make_call, make_recording):
    call = make_call(0, 0, 100, waiting_ms=50.0, computing_ms=50.0)
    waits = (
        Wait(kind="receive", start_ms=0, end_ms=40, call=0),
        Wait(kind="receive", start_ms=10, end_ms=50, call=0),
        Wait(kind="receive", start_ms=100, end_ms=130, call=0),
        Wait(kind="loop", start_ms=0, end_ms=100),
    )

    line = line_of(shown(print_waterfall, make_recording(call, duration_ms=100.0, waits=waits)), "GET")

    assert line.count("─") == pytest.approx(line.count("█"), abs=2)


def test_what_is_too_short_for_a_cell_is_drawn_all_the_same(shown, make_call, make_recording):
    short = make_call(0, 500, 500, waiting_ms=0.0)

    assert line_of(shown(print_waterfall, make_recording(short)), "GET").count("█") == 1


def test_many_alike_calls_become_one_line_with_their_count_and_span(shown, fan_out):
    text = shown(print_waterfall, fan_out, width=120)

    assert line_of(text, f"load {TIMES} 40, 12 at once ").split()[-5] == "91.0"
    assert f"  s3 GetObject {TIMES} 40, 10 at" in text


def test_alike_calls_that_follow_one_another_say_so(make_call, make_recording):
    calls = [make_call(number, 10 * number, 10 * number + 10) for number in range(50)]

    (row,) = call_rows(make_recording(*calls), most=30).rows

    assert row.name == f"GET /orders {TIMES} 50, one by one"


def test_few_calls_keep_a_line_each(make_call, make_recording):
    calls = [make_call(number, 10 * number, 10 * number + 10) for number in range(30)]

    assert len(call_rows(make_recording(*calls), most=30).rows) == 30


def test_calls_of_another_line_are_not_put_together(make_call, make_recording):
    calls = [make_call(number, number, number + 1, line=f"app.py:{number % 2}") for number in range(50)]

    assert [len(row.calls) for row in call_rows(make_recording(*calls)).rows] == [25, 25]


def test_what_finds_no_place_is_counted_and_the_longest_named(shown, make_call, make_recording):
    calls = [make_call(number, number, number + 1 + number / 100, f"GET /{number}") for number in range(40)]

    text = " ".join(shown(print_waterfall, make_recording(*calls)).split())

    assert "10 shorter lines found no place, together 10 ms; the longest is GET /9 (app.py:31)." in text
    assert "GET /39 " in text


def test_what_a_library_does_within_its_call_is_counted_and_not_drawn(shown, make_call, make_recording):
    calls = [make_call(0, 0, 100), make_call(1, 10, 50, "attempt", parent=0), make_call(2, 60, 90, "attempt", parent=0)]

    text = shown(print_waterfall, make_recording(*calls))

    assert "2 calls within these, such as attempts and redirects, are not drawn." in text
    assert not any(line.strip().startswith("attempt ") for line in text.splitlines())


def test_calls_that_the_recording_had_no_place_for_are_told(shown, make_call, make_recording):
    text = shown(print_waterfall, make_recording(make_call(0, 0, 10), dropped_calls=1234))

    assert "1,234 calls more are in the sums but not in the recording, which was full." in text


def test_without_calls_it_says_so(shown, make_recording):
    assert "No calls were recorded" in shown(print_waterfall, make_recording())


def test_what_outlives_the_handler_is_drawn_to_its_end(shown, make_call, make_recording):
    text = shown(print_waterfall, make_recording(make_call(0, 0, 1500), duration_ms=1000.0))

    assert "1,500 ms" in text.splitlines()[0]


def test_a_long_name_runs_on_and_is_not_cut(shown, make_call, make_recording):
    name = "GET /a/rather/long/path/that/does/not/fit/into/its/column/at/eighty"

    text = shown(print_waterfall, make_recording(make_call(0, 0, 10, name)))

    column = "".join(
        line[: line.index("app.py") if "app.py" in line else 24].strip() for line in text.splitlines()[1:-1]
    )
    assert column.replace(" ", "") == name.replace(" ", "")


def test_a_terminal_that_knows_only_ascii_gets_only_ascii(shown, three_calls, fan_out):
    one, many = (shown(print_recording, recording, encoding="ascii") for recording in (three_calls, fan_out))

    assert one.isascii()
    assert many.isascii()
    assert "- waiting  # computing  ~ held up" in one
    assert "load x 40, 12 at once" in many


def test_what_else_was_seen_is_said_in_words_with_its_line_and_numbers(shown, make_recording):
    seen = (
        Observation(kind="client_made", text="httpx.AsyncClient", line="app.py:12", duration_ms=45.0),
        Observation(kind="pool_full", text="urllib3 pool", line="app.py:20", numbers={"pool_size": 10, "waiting": 6}),
        Observation(kind="loop_blocked", text="boto3", line="app.py:31", duration_ms=20.0),
        Observation(kind="loop_blocked", text="boto3", line="app.py:31", duration_ms=25.0),
        Observation(kind="something_new", text=""),
        Observation(kind="client_used", text="boto3 client of s3", line="app.py:40"),
    )

    text = shown(print_recording, make_recording(observations=seen))

    assert "• client made during the invocation: httpx.AsyncClient, app.py:12, 45.0 ms" in text
    assert "• connection pool full: urllib3 pool, app.py:20 (pool size 10, waiting 6)" in text
    assert f"• event loop blocked: boto3 {TIMES} 2, app.py:31, 45.0 ms" in text
    assert "• something new" in text
    assert "app.py:40" not in text, "how a client is set is no news"


def test_calls_that_touch_are_not_at_once(make_call):
    assert most_at_once([make_call(0, 0, 10), make_call(1, 10, 20)]) == 1
    assert most_at_once([make_call(0, 0, 10), make_call(1, 9, 20)]) == 2


def test_five_thousand_calls_are_laid_out(shown, make_call, make_recording):
    calls = [make_call(number, number % 100, number % 100 + 5, f"GET /{number % 7}") for number in range(5000)]

    assert f"GET /3 {TIMES} 714" in shown(print_waterfall, make_recording(*calls, duration_ms=105.0))


def test_a_call_that_failed_is_marked_with_its_exception(shown, make_call, make_recording):
    failed = make_call(1, 0, 400, error="ConnectionRefusedError")

    text = shown(print_waterfall, make_recording(failed), width=120)

    assert "GET /orders ! ConnectionRefusedError" in text


@pytest.mark.parametrize("parents", [(1, None), (2, 1)])
def test_a_call_that_is_a_part_of_itself_is_refused(make_call, make_recording, parents):
    calls = [make_call(number, 0, 400, parent=parent) for number, parent in enumerate(parents, start=1)]

    with pytest.raises(ValueError, match="is a part of itself"):
        make_recording(*calls)
