"""The Markdown summary for a pull request: short, with everything else folded away."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from meantime.tools.report.figures import ARROW
from meantime.tools.report.pull_request import pull_request
from meantime.tools.report.results import Example


def shown_at_once(text: str) -> str:
    """What is to be seen before anything is unfolded."""
    return "".join(part.partition("</details>")[2] or part for part in text.split("<details>"))


def test_verdict_table_and_first_advice_come_at_once(results):
    text = shown_at_once(pull_request(results))

    assert text.startswith("### app.handler\n\n**IO-bound**: It waits for 91 % of its time")
    assert "| 512 MB | **app.threaded** |   **352 (348..357)** |" in text
    assert "| 1,179 (1,175..1,184) |  1,195 |    noise |" in text
    assert "**Make the three calls side by side: threads, 3 at once**" in text
    assert f"985 {ARROW} 356 ms (320 to 392); 64 % less" in text
    assert "It holds if the calls do not depend on each other." in text
    assert "```diff\n-    answers = [fetch(url) for url in urls]\n+" in text
    assert "```sh\nmeantime measure app.handler --against app.threaded --event event.json\n```" in text


def test_the_rest_is_folded(results):
    text = pull_request(results)

    for title in (
        "1 more piece of advice",
        "Where the time went: app.handler at 512 MB",
        "If its calls went side by side, ms: app.handler",
        "Speed and cost by memory size: app.handler",
        "Bill, US dollars at 2 million per month",
    ):
        assert f"<details>\n<summary>{title}</summary>\n\n" in text
        assert title not in shown_at_once(text)
    assert text.count("<details>") == text.count("</details>") == 5
    assert "- waiting alone: 900 ms, 91 %" in text
    assert "interpreter lock" not in text, "a part that took nothing"


def test_what_became_of_each_fail_if_is_said_first(results):
    checks = [(True, "p95 is 431 ms at 512 MB, over 400 ms"), (False, "cost is $3.50 at 512 MB, not over $4.00")]

    text = pull_request(results, checks=checks)

    assert text.startswith(
        "### app.handler\n\n- **failed**: p95 is 431 ms at 512 MB, over 400 ms\n- passed: cost is \\$3.50"
    )


def test_what_there_are_no_numbers_for_is_left_out(results):
    bare = replace(
        results,
        examples=(Example(name="app", title="app.handler"),),
        runs=tuple(replace(run, recording=None) for run in results.runs),
        bills=(),
    )

    text = pull_request(bare)

    assert "<details>" not in text
    assert text.startswith("### app.handler\n\n| memory |")


@pytest.mark.parametrize("hostile", ["</details><script>alert(1)</script>", "a|b", "[click](http://evil)", "**bold**"])
def test_a_name_cannot_break_out_of_its_place(results, hostile):
    runs = tuple(replace(run, variant=hostile) if run.variant == "app.handler" else run for run in results.runs)
    example = replace(results.examples[0], title=hostile)

    text = pull_request(replace(results, examples=(example,), runs=runs))

    # Within a summary's line HTML is read and Markdown is not; everywhere else it is the other way round.
    outside = re.sub("<summary>.*</summary>", "", text)
    assert re.search(rf"(?<!\\){re.escape(hostile)}", outside) is None
    assert text.count("</details>") == 5
    assert "<script>" not in text


def test_code_with_a_fence_in_it_is_fenced_longer(results):
    advice = replace(results.examples[0].advice[0], change='text = """\n```\n"""')
    example = replace(results.examples[0], advice=(advice,))

    assert '````python\ntext = """\n```\n"""\n````' in pull_request(replace(results, examples=(example,)))
