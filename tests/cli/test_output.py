"""Tables can be read and copied from, and nothing that was sent by others steers the terminal."""

from __future__ import annotations

import sys

import pytest

from ostiary.cli.output import plain, print_pairs, print_rows

ID = "01a2188c-d8a6-7000-9085-dc12f4bfe5e6"
HEADINGS = {"id": "CALLOUT", "of": "OF", "at": "CREATED", "why": "WHY"}
ROW = {
    "id": ID,
    "of": ID.replace("a", "b"),
    "at": "2026-11-26T15:50:13.411932Z",
    "why": "The endpoint could not be called, since nothing listens there at all.",
}


def test_ids_and_instants_stay_whole_on_a_narrow_terminal_and_sentences_are_folded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")

    print_rows([ROW], HEADINGS, empty="")

    told = capsys.readouterr().out
    assert all(ROW[name] in told for name in ("id", "of", "at"))
    assert ROW["why"] not in told
    assert len(told.splitlines()) > 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\u202etxt", "\\u202etxt"),
        ("Zoë\u00a0Łukasz 東京", "Zoë\u00a0Łukasz 東京"),
    ],
)
def test_what_would_steer_a_terminal_is_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], sent: str, shown: str
) -> None:
    print_pairs({"Detail": sent})
    print_rows([{"detail": sent, "next": "x"}], {"detail": "DETAIL", "next": "NEXT"}, empty="")

    assert capsys.readouterr().out == f"Detail  {shown}\n{shown}\tx\n"


def test_lines_may_be_kept() -> None:
    assert plain("one\ntwo\x07", keep="\n") == "one\ntwo\\x07"
