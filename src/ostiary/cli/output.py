"""How commands print: tables for people, JSON for scripts, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from unicodedata import category

import msgspec
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text

from ostiary.graph.values import write_instant

_PROSE: Final = 24
"""Columns that a column of sentences has at least, where they are longer."""

Row = Mapping[str, Any]  # JSON values


def console(*, stderr: bool = False) -> Console:
    """Give a console on the present standard output; plain where that is no terminal."""
    return Console(stderr=stderr, highlight=False, soft_wrap=not _is_terminal(stderr=stderr))


def print_json(value: Any) -> None:
    """Print one JSON document, indented, on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(text.decode() + "\n")


def print_rows(rows: Sequence[Row], columns: Mapping[str, str], *, empty: str) -> None:
    """Print a table; ``columns`` gives the heading of each property, ``empty`` what to say if none.

    Where the output is no terminal there are no lines and no wrapping: columns, for other programs.
    """
    if not rows:
        note(empty)
        return
    if not _is_terminal():
        for row in rows:
            print("\t".join(_text(row.get(name)) for name in columns))
        return
    cells = [[_text(row.get(name)) for name in columns] for row in rows]
    screen = console()
    needed = _needed(cells, list(columns.values()))
    screen.size = ConsoleDimensions(max(screen.width, needed), screen.height)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(columns.values()):
        table.add_column(heading, overflow="fold", no_wrap=not _is_prose(cells, number))
    for row_of_cells in cells:
        table.add_row(*map(Text, row_of_cells))
    screen.print(table, crop=False)


def _is_prose(cells: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column has sentences, which may be folded; ids and instants are to be copied."""
    return any(" " in row[column] for row in cells)


def _needed(cells: Sequence[Sequence[str]], headings: Sequence[str]) -> int:
    """Give the width below which a table could not be read; the terminal breaks longer lines."""
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    parts = enumerate(widths)
    return sum(2 + (min(w, _PROSE) if _is_prose(cells, n) else w) for n, w in parts)


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Print names and values, one a line, the names aligned."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        print(f"{name:<{width}}  {_text(value)}")


def note(text: str) -> None:
    """Tell a person something that is not the result: on standard error."""
    console(stderr=True).print(Text(plain(text, keep="\n")))


def complain(text: str) -> None:
    """Say what went wrong: on standard error."""
    line = Text("ostiary: ", style="bold red").append(
        plain(text, keep="\n"), style="default not bold"
    )
    console(stderr=True).print(line)


def _is_terminal(*, stderr: bool = False) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return write_instant(value)
    return plain(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def plain(text: str, *, keep: str = "") -> str:
    """Give a text without what would move the cursor or end a line, but for what is in ``keep``.

    Some of what is shown was sent by others, and a terminal obeys what it is shown.
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or _is_shown(c) else _escaped(c) for c in text)


def _is_shown(character: str) -> bool:
    return character.isprintable() or category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "replace").decode("ascii")
