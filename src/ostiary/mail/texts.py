"""Turning texts into HTML, safely: what a template wrote, and what an administrator wrote.

A template's text is escaped as a whole, and then cut into paragraphs. An administrator's text may
hold bold, italics, underlining and links to the web; whatever else looks like HTML is shown as it
was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

MARKS: Final = frozenset({"b", "i", "u"})
_LINK: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_PARAGRAPHS: Final = re.compile(r"\n[ \t]*\n\s*")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def one_line(text: str) -> str:
    """Give a text without line breaks and control characters, as a name or a subject is."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def paragraphs(text: str) -> str:
    """Give a plain text as HTML: paragraphs, line breaks, and addresses of the web as links."""
    found = _PARAGRAPHS.split(_UNSEEN.sub("", text).strip())
    return "\n".join(f"<p>{_broken(_linked(one))}</p>" for one in found)


def marked(text: str) -> tuple[str, str]:
    """Give an administrator's text as plain text and as HTML."""
    parser = _Marked()
    parser.feed(_UNSEEN.sub("", text).strip())
    parser.close()
    plain, html = parser.result()
    found = _PARAGRAPHS.split(html)
    return plain, "\n".join(f"<p>{_broken(one)}</p>" for one in found)


def _linked(text: str) -> str:
    parts: list[str] = []
    last = 0
    for match in _LINK.finditer(text):
        parts += [escape(text[last : match.start()]), _anchor(match[0], escape(match[0]))]
        last = match.end()
    return "".join([*parts, escape(text[last:])])


def _anchor(address: str, label: str) -> str:
    return f'<a href="{escape(address)}">{label}</a>'


def _broken(html: str) -> str:
    return html.replace("\n", "<br>\n")


@dataclass
class _Open:
    """An element that has begun, and the address of one that links."""

    tag: str
    address: str | None = None
    label: list[str] = field(default_factory=list)


class _Marked(HTMLParser):
    """Writes what it reads, with the few marks that are allowed and the rest as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._plain: list[str] = []
        self._html: list[str] = []
        self._open: list[_Open] = []

    def result(self) -> tuple[str, str]:
        """Close what is still open, and give plain text and HTML."""
        while self._open:
            self._close(self._open[-1].tag)
        return "".join(self._plain), "".join(self._html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        links = tag == "a" and len(attrs) == 1 and _LINK.fullmatch(address)
        if tag == "br" and not attrs:
            self.handle_data("\n")
        elif links and not any(one.tag == "a" for one in self._open):
            self._open.append(_Open("a", address))
            self._html.append(f'<a href="{escape(address)}">')
        elif tag in MARKS and not attrs:
            self._open.append(_Open(tag))
            self._html.append(f"<{tag}>")
        else:
            self.handle_data(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self._open):
            self._close(tag)
        elif tag != "br":
            self.handle_data(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._plain.append(data)
        self._html.append(escape(data))
        for one in self._open:
            one.label.append(data)

    def handle_comment(self, data: str) -> None:
        self.handle_data(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.handle_data(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.handle_data(f"<?{data}>")

    def _close(self, tag: str) -> None:
        """Close an element and whatever was opened within it."""
        while self._open:
            one = self._open.pop()
            self._html.append(f"</{one.tag}>")
            if one.address and one.address != "".join(one.label):
                self._plain.append(f" ({one.address})")
            if one.tag == tag:
                return
