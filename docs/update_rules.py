"""Writes the table of all rules into docs/check.md: `make rules` runs it, and a test says when it is out of date."""

from __future__ import annotations

from pathlib import Path

from meantime.tools.check.rule import all_rules

PAGE = Path(__file__).with_name("check.md")
BEGIN, END = "<!-- rules -->", "<!-- end of rules -->"
_PAGES = "../src/meantime/tools/check/pages"
_SHOWN: dict[tuple[str, ...], str] = {
    ("error",): "always",
    ("warning",): "with `--warnings`",
    ("error", "warning"): "what is proved; the rest with `--warnings`",
}
_GROUPS = {
    "0": "Files and comments",
    "1": "Event loops",
    "2": "What blocks a loop, or the handler",
    "3": "Clients",
    "4": "Work that outlives the return",
    "5": "How many at once",
    "6": "What threads share",
    "7": "Timeouts and retries",
    "8": "Batches",
    "9": "What Lambda has not",
}


def table() -> str:
    """The table, group by group, in Markdown."""
    lines: list[str] = []
    group = ""
    for rule in all_rules().values():
        if rule.code[2] != group:
            group = rule.code[2]
            lines += [
                "",
                f"### {_GROUPS[group]}",
                "",
                "| code | name | what it finds | shown | beside it, of ruff |",
                "|---|---|---|---|---|",
            ]
        shown = _SHOWN[rule.levels]
        companions = ", ".join(rule.companions)
        summary = rule.summary.replace("|", "\\|") + (" ✎" if rule.can_fix else "")
        lines.append(f"| [{rule.code}]({_PAGES}/{rule.code}.md) | {rule.name} | {summary} | {shown} | {companions} |")
    return "\n".join(lines).strip()


def updated(page: str) -> str:
    """The page with the present table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
