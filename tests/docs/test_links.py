"""Every link between pages leads somewhere, and every page can be reached from the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, pages


def inner(page: Path) -> list[str]:
    """Give the links of a page that stay within the repository."""
    return [link for link in links(page) if not link.startswith(("http://", "https://"))]


def target(page: Path, link: str) -> Path:
    path = link.partition("#")[0]
    return (page.parent / path).resolve() if path else page


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    dead = []
    for link in inner(page):
        found = target(page, link)
        anchor = link.partition("#")[2]
        if not found.is_file() or (anchor and anchor not in anchors(found)):
            dead.append(link)

    assert dead == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [target(page, link) for link in inner(page)]

    assert set(DOCS.rglob("*.md")) <= reached
