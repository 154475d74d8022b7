"""What GitHub's annotations get."""

from __future__ import annotations

from meantime.tools.check.checking import Checked
from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.output.github import workflow_commands


def commands(checked):
    return workflow_commands(checked, lambda path: path.relative_to(checked.root).as_posix()).splitlines()


def test_each_finding_is_one_command(checked):
    first, second, third = commands(checked)
    assert first == (
        "::error file=app.py,line=4,endLine=4,col=5,title=MT001 unreadable-file,endColumn=19::This is so. Do that."
    )
    assert second.endswith(
        "::`requests.get` waits: 100 %25 of the time, 5 s.%0Aapp.py:5: lambda_handler calls load_user"
    )
    assert third.startswith("::warning file=my lib/helpers.py,line=1,endLine=1,col=1,")


def test_what_would_end_a_property_is_escaped(tmp_path):
    found = Finding("MT001", "a\r\nb", Place("a,b:c%.py", 1, 1, 3, 4))
    assert commands(Checked(tmp_path, (found,), 1)) == [
        "::error file=a%2Cb%3Ac%25.py,line=1,endLine=3,col=1,title=MT001 unreadable-file::a%0D%0Ab"
    ]


def test_nothing_found_says_nothing(tmp_path):
    assert commands(Checked(tmp_path, (), 3)) == []
