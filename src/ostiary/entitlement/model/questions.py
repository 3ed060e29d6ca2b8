"""What a policy asks whoever wants the access, and the answers."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import field

from ostiary.graph.types import UNSET, Beta, Complex, Entity, Nav, UnsetType


class AccessPackageLocalizedText(Complex, kw_only=True):
    """A text in one language."""

    language_code: str
    text: str | None = None


class AccessPackageQuestion(Entity, kw_only=True):
    """A question of a policy."""

    ABSTRACT: ClassVar[bool] = True

    is_answer_editable: bool | None = None
    is_required: bool | None = None
    localizations: list[AccessPackageLocalizedText] = field(default_factory=list)
    sequence: int | None = None
    text: str | None = None


class AccessPackageTextInputQuestion(AccessPackageQuestion, kw_only=True):
    """A question that is answered in words."""

    is_single_line_question: bool | None = None
    regex_pattern: str | None = None


class AccessPackageAnswerChoice(Complex, kw_only=True):
    """One of the answers to choose from."""

    actual_value: str | None = None
    localizations: list[AccessPackageLocalizedText] = field(default_factory=list)
    text: str | None = None


class AccessPackageMultipleChoiceQuestion(AccessPackageQuestion, kw_only=True):
    """A question with given answers."""

    choices: list[AccessPackageAnswerChoice] = field(default_factory=list)
    is_multiple_selection_allowed: Annotated[bool | None, Beta("allowsMultipleSelection")] = None


class AccessPackageAnswer(Complex, kw_only=True):
    """An answer to a question of the policy."""

    ABSTRACT: ClassVar[bool] = True

    answered_question: Annotated[AccessPackageQuestion | UnsetType | None, Nav(contained=True)] = (
        UNSET
    )
    display_value: str | None = None


class AccessPackageAnswerString(AccessPackageAnswer, kw_only=True):
    """An answer in words, or the value of a choice."""

    value: str | None = None
