"""Patterns that answers must match, tested in a time that grows with the answer and no faster.

One person writes the pattern and another the answer, while the process serves everybody. With
backtracking, as in Python's ``re``, a pattern such as ``(a+)+`` takes hours over forty letters;
RE2 does without, and so without look-around and back-references.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

from ostiary.graph.errors import InvalidModel

LONGEST: Final = 500
"""How many characters a pattern may have."""


def check(pattern: str, path: str) -> None:
    """Let a pattern pass that answers can be tested with; ``path`` is its property.

    :raises InvalidModel: it is too long, or none of RE2's.
    """
    if len(pattern) > LONGEST:
        raise InvalidModel(f"'{path}' must have at most {LONGEST} characters.", target=path)
    try:
        _compiled(pattern)
    except re2.error as error:
        raise InvalidModel(
            f"'{path}' is no regular expression of RE2, which has no look-around and no "
            f"back-references: {_reason(error)}.",
            target=path,
        ) from None


def matches(pattern: str, text: str) -> bool:
    """Say whether a pattern matches the whole of a text; one that is none of RE2's matches nothing.

    Such a pattern can be in a policy that was stored by another program than this.
    """
    try:
        return _compiled(pattern).fullmatch(text) is not None
    except re2.error:
        return False


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # the refusal says it
    return re2.compile(pattern, options)


def _reason(error: re2.error) -> str:
    said = error.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
