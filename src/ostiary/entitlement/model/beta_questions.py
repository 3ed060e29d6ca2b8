"""Questions and answers in the form of beta.

There a text and its translations are one value, questions have an id without being entities, and
the question that an answer is for is a part of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, TypeVar

from msgspec import field

from ostiary.entitlement.model.questions import (
    AccessPackageAnswer,
    AccessPackageAnswerChoice,
    AccessPackageAnswerString,
    AccessPackageLocalizedText,
    AccessPackageMultipleChoiceQuestion,
    AccessPackageQuestion,
    AccessPackageTextInputQuestion,
)
from ostiary.graph.forms import Form, alike, carried, declare
from ostiary.graph.types import UNSET, Beta, Complex, UnsetType


class AccessPackageLocalizedContent(Complex, kw_only=True):
    """A text and what it is in other languages."""

    default_text: str | None = None
    localized_texts: list[AccessPackageLocalizedText] = field(default_factory=list)


class BetaQuestion(Complex, kw_only=True):
    """A question of a policy."""

    ABSTRACT: ClassVar[bool] = True
    EDM_NAME: ClassVar[str] = "accessPackageQuestion"

    id: str | None = None
    is_answer_editable: bool | None = None
    is_required: bool | None = None
    sequence: int | None = None
    text: AccessPackageLocalizedContent | None = None


class BetaTextInputQuestion(BetaQuestion, kw_only=True):
    """A question that is answered in words."""

    EDM_NAME: ClassVar[str] = "accessPackageTextInputQuestion"

    is_single_line_question: bool | None = None
    regex_pattern: str | None = None


class BetaMultipleChoiceQuestion(BetaQuestion, kw_only=True):
    """A question with given answers."""

    EDM_NAME: ClassVar[str] = "accessPackageMultipleChoiceQuestion"

    choices: list[AccessPackageAnswerChoice] = field(default_factory=list)
    is_multiple_selection_allowed: Annotated[bool | None, Beta("allowsMultipleSelection")] = None


class BetaAnswerChoice(Complex, kw_only=True):
    """One of the answers to choose from."""

    EDM_NAME: ClassVar[str] = "accessPackageAnswerChoice"

    actual_value: str | None = None
    display_value: AccessPackageLocalizedContent | None = None


class BetaAnswer(Complex, kw_only=True):
    """An answer to a question of the policy."""

    ABSTRACT: ClassVar[bool] = True
    EDM_NAME: ClassVar[str] = "accessPackageAnswer"

    answered_question: AccessPackageQuestion | UnsetType | None = UNSET
    display_value: str | None = None


class BetaAnswerString(BetaAnswer, kw_only=True):
    """An answer in words, or the value of a choice."""

    EDM_NAME: ClassVar[str] = "accessPackageAnswerString"

    value: str | None = None


QuestionT = TypeVar("QuestionT", bound=AccessPackageQuestion)
BetaQuestionT = TypeVar("BetaQuestionT", bound=BetaQuestion)


def _content(
    text: str | None, localizations: list[AccessPackageLocalizedText]
) -> AccessPackageLocalizedContent | None:
    if text is None and not localizations:
        return None
    return AccessPackageLocalizedContent(default_text=text, localized_texts=localizations)


def _texts(content: AccessPackageLocalizedContent | None) -> dict[str, Any]:
    return {
        "text": content.default_text if content else None,
        "localizations": content.localized_texts if content else [],
    }


def _question_to_beta(beta: type[BetaQuestionT]) -> Callable[[QuestionT], BetaQuestionT]:
    def to_beta(question: QuestionT) -> BetaQuestionT:
        return carried(question, beta, text=_content(question.text, question.localizations))

    return to_beta


def _question_of(
    model: type[QuestionT],
) -> Callable[[BetaQuestionT, QuestionT | None], QuestionT]:
    def from_beta(question: BetaQuestionT, _: QuestionT | None) -> QuestionT:
        return carried(question, model, id=question.id or "", **_texts(question.text))

    return from_beta


def _choice_to_beta(choice: AccessPackageAnswerChoice) -> BetaAnswerChoice:
    return carried(
        choice, BetaAnswerChoice, display_value=_content(choice.text, choice.localizations)
    )


def _choice_of(
    choice: BetaAnswerChoice, _: AccessPackageAnswerChoice | None
) -> AccessPackageAnswerChoice:
    return carried(choice, AccessPackageAnswerChoice, **_texts(choice.display_value))


TEXT: Final = {"text": "text/defaultText", "localizations": "text/localizedTexts"}
CHOICE_TEXT: Final = {
    "text": "displayValue/defaultText",
    "localizations": "displayValue/localizedTexts",
}


def _declare_question(model: type[QuestionT], beta: type[BetaQuestionT]) -> None:
    declare(
        model,
        Form(
            type=beta,
            to_beta=_question_to_beta(beta),
            from_beta=_question_of(model),
            names=TEXT,
        ),
    )


_declare_question(AccessPackageQuestion, BetaQuestion)
_declare_question(AccessPackageTextInputQuestion, BetaTextInputQuestion)
_declare_question(AccessPackageMultipleChoiceQuestion, BetaMultipleChoiceQuestion)
declare(
    AccessPackageAnswerChoice,
    Form(type=BetaAnswerChoice, to_beta=_choice_to_beta, from_beta=_choice_of, names=CHOICE_TEXT),
)
declare(AccessPackageAnswer, alike(AccessPackageAnswer, BetaAnswer))
declare(AccessPackageAnswerString, alike(AccessPackageAnswerString, BetaAnswerString))
