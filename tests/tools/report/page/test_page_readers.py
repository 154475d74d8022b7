from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from meantime.tools.report.results import Results

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop

# Contrast between the colours of every visible text and of what it stands on (WCAG 2.2, success criterion 1.4.3).
LOW_CONTRASTS = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(node).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  let seen = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const drawn = node instanceof SVGElement ? style.fill : style.color;
    const levels = [luminance(channels(drawn).slice(0, 3)), luminance(behind(node))].sort((a, b) => b - a);
    const contrast = (levels[0] + 0.05) / (levels[1] + 0.05);
    seen += 1;
    if (contrast < 4.5) low.push(`${contrast.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
  return { seen, low };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shown", ["address", "measured_page"])
def test_every_text_stands_out_from_what_it_stands_on(
    open_page: OpenPage, scheme: str, shown: str, request: pytest.FixtureRequest
) -> None:
    with open_page(request.getfixturevalue(shown), color_scheme=scheme) as page:
        page.locator(".row").first.wait_for()
        for summary in page.locator(".advice summary").all():
            summary.click()
        page.mouse.move(0, 0)
        found = page.evaluate(LOW_CONTRASTS)

    assert found["low"] == []
    assert found["seen"] > 500


@pytest.mark.parametrize(("scheme", "label"), [("light", "Dark colours"), ("dark", "Light colours")])
def test_the_toggle_changes_page_and_charts_from_the_keyboard(open_page: OpenPage, scheme: str, label: str) -> None:
    colours = """() => [
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector(".curve text")).fill,
    ]"""
    with open_page(color_scheme=scheme) as page:
        before = page.evaluate(colours)
        toggle = page.locator("#theme")
        assert toggle.inner_text() == label

        toggle.focus()
        page.keyboard.press("Enter")

        after = page.evaluate(colours)
        assert after[0] != before[0]
        assert after[1] != before[1]
        assert toggle.inner_text() != label


def test_the_page_follows_the_system_from_light_to_dark(open_page: OpenPage) -> None:
    with open_page(color_scheme="light") as page:
        page.emulate_media(color_scheme="dark")

        page.wait_for_function("() => document.getElementById('theme').textContent === 'Light colours'")


def test_on_paper_it_is_dark_on_light(open_page: OpenPage) -> None:
    with open_page(color_scheme="dark") as page:
        page.emulate_media(color_scheme="dark", media="print")
        page.wait_for_function(
            """() => [...document.querySelectorAll(".curve text")]
                .every((text) => ["rgb(26, 29, 33)", "rgb(86, 94, 103)"].includes(getComputedStyle(text).fill))"""
        )

        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.locator("#theme").is_visible()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    with open_page(width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_summary_fits_without_scrolling(open_page: OpenPage) -> None:
    with open_page(width=360) as page:
        widths = page.locator(".summary .scroller").evaluate("(box) => [box.scrollWidth, box.clientWidth]")

    assert widths[0] == widths[1]


def test_without_javascript_the_verdicts_and_the_numbers_stand(open_page: OpenPage, results: Results) -> None:
    with open_page(java_script_enabled=False) as page:
        assert page.locator(".verdicts li").first.is_visible()
        assert page.locator("section.example table").count() == len(results.examples)
        assert page.locator("section.example table").first.is_visible()
        assert page.locator("noscript").inner_text().startswith("The charts are drawn by JavaScript")
        assert not page.locator(".charts").first.is_visible()
        assert not page.locator("#theme").is_visible()


def test_the_page_is_built_of_headings_and_landmarks(open_page: OpenPage, results: Results) -> None:
    with open_page() as page:
        levels = page.locator("h1, h2, h3, h4").evaluate_all("(all) => all.map((h) => Number(h.tagName[1]))")
        unnamed = page.locator("[role=img]:not([aria-label]), [role=region]:not([aria-label])").count()
        images = page.locator("[role=img]").count()

        assert page.get_by_role("main").count() == 1
        assert page.get_by_role("banner").count() == 1
        assert page.get_by_role("contentinfo").count() == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert unnamed == 0
    assert images == len(results.examples)


def test_the_first_tab_leads_to_the_results(open_page: OpenPage) -> None:
    with open_page() as page:
        page.keyboard.press("Tab")

        assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
        assert page.locator(".skip").evaluate("(link) => link.getBoundingClientRect().x") >= 0


def test_the_summary_leads_to_each_example(open_page: OpenPage, results: Results) -> None:
    with open_page() as page:
        links = page.locator(".summary a")
        targets = links.evaluate_all("(all) => all.map((a) => document.querySelector(a.hash).textContent)")

        assert targets == [example.title for example in results.examples] == links.all_inner_texts()


def test_nothing_moves_for_those_who_asked_for_rest(open_page: OpenPage) -> None:
    with open_page(reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate("document.getAnimations().length") == 0
