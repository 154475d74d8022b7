"""Puts the pages of `meantime check`'s rules, which lie in the package, into the site: `rules/MT101.md`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_IN_THE_PACKAGE = "../src/meantime/tools/check/pages/"
_ON_THE_SITE = "rules/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages in the navigation."""
    pages: list[Any] = [{f"{rule.code} {rule.name}": f"{_ON_THE_SITE}{rule.code}.md"} for rule in all_rules().values()]
    config.nav = [*(config.nav or []), {"Rules of meantime check": pages}]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages to the site's files."""
    for rule in all_rules().values():
        files.append(File.generated(config, f"{_ON_THE_SITE}{rule.code}.md", content=rule.page))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Lead links to the pages in the package to where they are on the site."""
    here = posixpath.dirname(page.file.src_uri)
    return markdown.replace(_IN_THE_PACKAGE, posixpath.relpath(_ON_THE_SITE, here or ".") + "/")
