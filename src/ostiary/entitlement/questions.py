"""Questions of a policy: what one may ask, and how they are shown in the language of a reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ostiary.entitlement import patterns
from ostiary.entitlement.model.questions import (
    AccessPackageAnswerChoice,
    AccessPackageLocalizedText,
    AccessPackageMultipleChoiceQuestion,
    AccessPackageQuestion,
    AccessPackageTextInputQuestion,
)
from ostiary.graph.errors import InvalidModel

SEPARATOR: Final = ";"
"""What stands between the choices of one answer."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def check_questions(questions: Sequence[AccessPackageQuestion], path: str = "questions") -> None:
    """Check what a policy asks.

    :raises InvalidModel: a question is not complete, or two have the same id.
    """
    known: set[str] = set()
    for number, question in enumerate(questions):
        here = f"{path}/{number}"
        if question.id and question.id in known:
            raise InvalidModel(f"'{here}/id' is the id of another question.", target=f"{here}/id")
        known.add(question.id)
        check_question(question, here)


def localized(question: AccessPackageQuestion, language: str) -> AccessPackageQuestion:
    """Give a question with its texts in this language (``fr-ca``), where it has them."""
    shown = msgspec.structs.replace(
        question, text=_in_language(question.text, question.localizations, language)
    )
    if isinstance(shown, AccessPackageMultipleChoiceQuestion):
        choices = [
            msgspec.structs.replace(
                choice, text=_in_language(choice.text, choice.localizations, language)
            )
            for choice in shown.choices
        ]
        shown = msgspec.structs.replace(shown, choices=choices)
    return shown


def read_language(header: str) -> str | None:
    """Read ``Accept-Language``: the most wanted language in lower case; None: it names none.

    What else a reader would take is left aside. Nobody says in which language the text itself is,
    and to who wants English before French an English text is better than its French translation.
    """
    wanted: list[tuple[float, str]] = []
    for item in header.split(","):
        name, _, quality = item.replace(" ", "").partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        if _LANGUAGE.fullmatch(name) and weight > 0:
            wanted.append((weight, name.lower()))
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else None


def _in_language(
    text: str | None, known: Sequence[AccessPackageLocalizedText], language: str
) -> str | None:
    """Look for the language itself, then for another form of it: ``fr`` for ``fr-CA``."""
    texts = {one.language_code.lower(): one.text for one in known if one.text}
    short = {code.partition("-")[0]: said for code, said in reversed(texts.items())}
    return texts.get(language) or short.get(language.partition("-")[0]) or text


def check_question(question: AccessPackageQuestion, path: str) -> None:
    """Refuse a question that cannot be asked, by the path of what is wrong."""
    _check_languages(question.localizations, f"{path}/localizations")
    match question:
        case AccessPackageTextInputQuestion():
            if question.regex_pattern is not None:
                patterns.check(question.regex_pattern, f"{path}/regexPattern")
        case AccessPackageMultipleChoiceQuestion():
            _check_choices(question, f"{path}/choices")
        case _:
            here = f"{path}/@odata.type"
            raise InvalidModel(f"'{here}' is required here.", target=here)


def _check_choices(question: AccessPackageMultipleChoiceQuestion, path: str) -> None:
    if not question.choices:
        raise InvalidModel(f"'{path}' must have a choice.", target=path)
    known: set[str] = set()
    for number, choice in enumerate(question.choices):
        here = f"{path}/{number}"
        _check_choice(choice, question, known, f"{here}/actualValue")
        _check_languages(choice.localizations, f"{here}/localizations")


def _check_choice(
    choice: AccessPackageAnswerChoice,
    question: AccessPackageMultipleChoiceQuestion,
    known: set[str],
    path: str,
) -> None:
    value = choice.actual_value
    if not value or value in known:
        problem = "is the value of another choice" if value else "is required"
        raise InvalidModel(f"'{path}' {problem}.", target=path)
    if question.is_multiple_selection_allowed and SEPARATOR in value:
        raise InvalidModel(
            f"'{path}' must not contain '{SEPARATOR}', which separates several answers.",
            target=path,
        )
    known.add(value)


def _check_languages(texts: Sequence[AccessPackageLocalizedText], path: str) -> None:
    known: set[str] = set()
    for number, text in enumerate(texts):
        here = f"{path}/{number}/languageCode"
        if not _LANGUAGE.fullmatch(text.language_code):
            raise InvalidModel(
                f"'{here}' must be the code of a language, such as 'fr-CA'.", target=here
            )
        if text.language_code.lower() in known:
            raise InvalidModel(f"'{here}' is there twice.", target=here)
        known.add(text.language_code.lower())
