"""The pages of the manual, and what tests want to know of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
REFERENCE: Final = DOCS / "reference"

_FENCE: Final = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<link>[^)\s]+)\)")
_PICTURE: Final = re.compile(r"!\[[^\]]*\]\((?P<link>[^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_CODE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block: its language, its text, and the note in a comment directly above it."""

    page: Path
    language: str
    text: str
    note: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.strip().splitlines()[0]}"


def pages() -> list[Path]:
    """Give every page of the manual."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def examples(page: Path) -> Iterator[Example]:
    """Give the fenced blocks of a page, in their order."""
    for match in _FENCE.finditer(page.read_text()):
        yield Example(page, match["language"], match["text"], match["note"] or "")


def prose(page: Path) -> str:
    """Give a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Give the links of a page, those to pictures included."""
    text = prose(page)
    return [match["link"] for pattern in (_LINK, _PICTURE) for match in pattern.finditer(text)]


def anchors(page: Path) -> set[str]:
    """Give the names under which the headings of a page can be linked to."""
    titles = (match["title"] for match in _HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def named(page: Path) -> set[str]:
    """Give everything that a page sets in code type within its sentences and tables."""
    return set(_CODE.findall(prose(page)))


def rows(page: Path) -> Iterator[list[str]]:
    """Give the cells of every row of every table of a page."""
    for line in prose(page).splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
