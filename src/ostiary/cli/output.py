"""How commands print: tables for people, JSON for scripts, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ostiary.graph.values import write_instant

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
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(row.get(name))) for name in columns))
    console().print(table)


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Print names and values, one a line, the names aligned."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        print(f"{name:<{width}}  {_text(value)}")


def note(text: str) -> None:
    """Tell a person something that is not the result: on standard error."""
    console(stderr=True).print(Text(text))


def complain(text: str) -> None:
    """Say what went wrong: on standard error."""
    line = Text("ostiary: ", style="bold red").append(text, style="default not bold")
    console(stderr=True).print(line)


def _is_terminal(*, stderr: bool = False) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return write_instant(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
