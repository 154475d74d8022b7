"""A change in code is shown only where it gives the same answer: what turns hand on to each other stays in line."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advice import advise
from meantime.tools.measure.pricing import current_prices

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording, run_of


def change_in(tmp_path, body, *, line=None):
    """What is advised for a handler with this body, in which `get(` is the recorded call."""
    text = f"def lambda_handler(event, context):\n{body}"
    (tmp_path / "app.py").write_text(text)
    made = line or next(number for number, each in enumerate(text.split("\n"), 1) if "get(" in each)
    calls = [call(number, stack=(f"app.py:{made} in lambda_handler",), line=f"app.py:{made}") for number in range(8)]
    found = advise([run_of(recording(calls))], tmp_path, prices=current_prices())
    return next(each for each in found if each.code == "side-by-side").change


@pytest.mark.parametrize(
    "body",
    [
        "    n = 0\n    for k in KEYS:\n        n += 1\n        r = get(k)\n        out.append((n, r))\n",
        "    out = []\n    for k in KEYS:\n        out.extend(get(k))\n    return out\n",
        "    w = csv.writer(f)\n    for k in KEYS:\n        w.writerow(get(k))\n",
        "    for k in KEYS:\n        r = get(k)\n        self.rows.append((k, r))\n        log(k)\n",
        "    heap = []\n    for k in KEYS:\n        r = get(k)\n        heapq.heappush(heap, r)\n",
        "    counts = {}\n    for k in KEYS:\n        r = get(k)\n        counts[r] = counts.get(r, 0) + 1\n",
        "    out = []\n    for i, k in enumerate(KEYS):\n        r = get(k)\n        out.append((len(out), r))\n",
        "    seen = []\n    for k in KEYS:\n        r = get(k, seen)\n        seen.append(k)\n",
        "    it = iter(NAMES)\n    for k in KEYS:\n        name = next(it)\n        get(k + name)\n        log(k)\n",
        "    out = []\n    for k in KEYS:\n        out.append(get(k))\n    return k, out\n",
        "    d = {}\n    for i, k in enumerate(KEYS): d[k] = get(k)\n    return d\n",
        "    threads = KEYS\n    out = []\n    for t in threads:\n        out.append(get(t))\n    return out\n",
        "    d = []\n    try:\n        for k in KEYS:\n            d.append(get(k))\n    except IOError:\n        0\n",
        "    return any(get(k) for k in KEYS)\n",
        "    return [get(k) for k in 'abcdefgh']\n",
    ],
)
def test_where_turns_go_by_each_other_no_change_is_shown(tmp_path, body):
    assert change_in(tmp_path, body) == ""


def test_a_loop_that_keeps_answers_in_a_list_is_shown_as_one_line(tmp_path):
    change = change_in(tmp_path, "    out = []\n    for k in KEYS:\n        out.append(get(k))\n    return out\n")

    assert "+    out.extend(threads.map(get, KEYS, max_concurrency=8))" in change.split("\n")


@pytest.mark.parametrize(
    "body",
    [
        "    item, at = 1, 2\n    found = {}\n    for i, k in enumerate(KEYS):\n        found[k] = get(k, item)\n",
        "  out = []\n  for i, k in enumerate(KEYS):\n    r = get(k)\n    out.append(r)\n",
        "\tout = []\n\tfor i, k in enumerate(KEYS):\n\t\tr = get(k)\n\t\tout.append(r)\n",
        "    out = []\n    for k in KEYS:\n        if k == 'éééé': continue\n        out.append(get(k))\n",
        "    out = []  # \f\n    for k in KEYS:\n        out.append(get(k))\n",
        "    out = []  # \u2028\n    for k in KEYS:\n        out.append(get(k))\n",
        "    out = []\n    for k in KEYS:\n        out.append((n := get(k)))\n",
        "    out = []\n    for k in KEYS:\n        r = get(k); out.append(r)\n",
    ],
)
def test_where_it_would_have_to_guess_no_change_is_shown(tmp_path, body):
    assert change_in(tmp_path, body) == ""
