"""How the demonstration is told: chapters, and in them who did what, when, and what came of it.

On a terminal with colours; otherwise plain lines of at most a hundred columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.text import Text

WIDTH: Final = 100
_ACTOR: Final = 9
_INDENT: Final = _ACTOR + 13
_BETWEEN: Final = " · "
_STATES: Final = {
    "good": ("delivered", "Approved", "completed", "callbackReceived"),
    "bad": ("denied", "callbackTimedOut", "refused"),
    "waits": ("submitted", "pendingApproval", "inProgress", "waitingForCallback", "queued"),
}
_STYLES: Final = {"good": "bold green", "bad": "bold red", "waits": "bold yellow"}


@dataclass(frozen=True, slots=True)
class Show:
    """Tells the stories; ``now`` is the server's clock."""

    console: Console
    now: Callable[[], datetime]

    def title(self, text: str, *lines: str) -> None:
        """Tell what begins here."""
        self.console.print()
        self.console.print(Text(f" {text}", style="bold"))
        for line in lines:
            self._line(Text(f" {line}", style="dim"))

    def chapter(self, text: str) -> None:
        """Begin a chapter."""
        self.console.print()
        rule = "─" * max(3, WIDTH - len(text) - 6)
        self._line(Text(f"── {text} {rule}", style="bold cyan"))

    def step(self, actor: str, what: str, *facts: str) -> None:
        """Tell one step, and below it the facts: ids, states, times."""
        clock = f"{self.now():%a %H:%M}"
        line = Text(f" {clock}  ", style="dim").append(f"{actor:<{_ACTOR}} ", style="not dim bold")
        self._line(line.append(what, style="not dim"))
        for fact in _filled(facts):
            self._line(Text(" " * _INDENT).append_text(_coloured(fact)))

    def plain(self, text: str = "") -> None:
        """Print a line as it is: something to be copied."""
        self._line(Text(text))

    def _line(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)


def stage_console() -> Console:
    """Give the console of a demonstration, on the present standard output."""
    return Console(highlight=False, width=WIDTH)


def _filled(facts: Sequence[str]) -> list[str]:
    """Put as many facts on a line as fit."""
    lines: list[str] = []
    for fact in facts:
        joined = f"{lines[-1]}{_BETWEEN}{fact}" if lines else ""
        if joined and _INDENT + len(joined) <= WIDTH:
            lines[-1] = joined
        else:
            lines.append(fact)
    return lines


def _coloured(fact: str) -> Text:
    """Dim a fact, but for the states in it."""
    text = Text(fact, style="dim")
    for mood, words in _STATES.items():
        text.highlight_words([*words], style=f"not dim {_STYLES[mood]}")
    return text
