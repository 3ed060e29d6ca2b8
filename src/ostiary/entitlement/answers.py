"""Answers to the questions of a policy: which fit, which may be edited, and how they are kept.

An answer is kept with the question that it answers, as that was asked: what somebody said stays
readable when the policy asks something else. A choice is answered by its ``actualValue``; several
are separated by semicolons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ostiary.entitlement import patterns
from ostiary.entitlement.errors import RequiredAnswerMissing
from ostiary.entitlement.model.questions import (
    AccessPackageAnswer,
    AccessPackageAnswerString,
    AccessPackageMultipleChoiceQuestion,
    AccessPackageQuestion,
    AccessPackageTextInputQuestion,
)
from ostiary.entitlement.questions import SEPARATOR
from ostiary.graph.errors import InvalidModel

ANSWER_LIMIT: Final = 4_000
"""How long an answer may be."""

Answers = Mapping[str, AccessPackageAnswerString]
"""Answers by the ids of their questions."""


def read_answers(
    given: Sequence[AccessPackageAnswer], questions: Sequence[AccessPackageQuestion]
) -> dict[str, AccessPackageAnswerString]:
    """Match answers with the questions that they answer; empty ones count as not given.

    :raises InvalidModel: one answers no question of the policy, or a question is answered twice.
    """
    asked = {question.id.lower(): question for question in questions}
    found: dict[str, AccessPackageAnswerString] = {}
    for number, answer in enumerate(given):
        path = f"answers/{number}/answeredQuestion"
        key = _question_id(answer)
        question = asked.get(key)
        if question is None:
            raise InvalidModel(f"'{path}/id' ('{key}') is no question of the policy.", target=path)
        if key in found:
            raise InvalidModel(f"The question '{key}' is answered twice.", target=path)
        if isinstance(answer, AccessPackageAnswerString) and answer.value:
            found[key] = _kept(answer.value, question)
    return {answer_id(answer): answer for answer in found.values()}


def check_answers(
    answers: Answers, questions: Sequence[AccessPackageQuestion], *, all_required: bool
) -> None:
    """Check that answers fit their questions, and that none is missing that must be there.

    :raises RequiredAnswerMissing: one is missing, or is not what its question allows.
    """
    for question in questions:
        answer = answers.get(question.id)
        if answer is None:
            if question.is_required and all_required:
                raise RequiredAnswerMissing(
                    f"The question '{question.id}' ('{question.text}') must be answered.",
                    target="answers",
                )
        elif not _fits(question, answer.value or ""):
            raise RequiredAnswerMissing(
                f"The answer to the question '{question.id}' ('{question.text}') is not one that "
                f"it allows: {_allowed(question)}.",
                target="answers",
            )


def merged(
    before: Answers,
    given: Answers,
    questions: Sequence[AccessPackageQuestion],
    *,
    may_edit_all: bool,
) -> dict[str, AccessPackageAnswerString]:
    """Give the answers to the policy's questions after some have been changed.

    :raises InvalidModel: an answer would change that its question does not let be edited.
    """
    after: dict[str, AccessPackageAnswerString] = {}
    for question in questions:
        old, new = before.get(question.id), given.get(question.id)
        differs = old is not None and new is not None and old.value != new.value
        if differs and not question.is_answer_editable and not may_edit_all:
            raise InvalidModel(
                f"The answer to the question '{question.id}' ('{question.text}') cannot be edited.",
                target="answers",
            )
        kept = new or old
        if kept is not None:
            after[question.id] = kept
    return after


def by_question(answers: Iterable[AccessPackageAnswer]) -> dict[str, AccessPackageAnswerString]:
    """Give stored answers by the ids of their questions."""
    return {
        answer_id(answer): answer
        for answer in answers
        if isinstance(answer, AccessPackageAnswerString)
    }


def answer_id(answer: AccessPackageAnswer) -> str:
    """Give the id of the question that an answer is for; empty when it names none."""
    question = answer.answered_question
    return question.id if isinstance(question, AccessPackageQuestion) else ""


def _question_id(answer: AccessPackageAnswer) -> str:
    key = answer_id(answer).lower()
    if not key:
        raise InvalidModel(
            "Each answer must name its question: 'answeredQuestion' with its '@odata.type' and "
            "'id'.",
            target="answers",
        )
    return key


def _kept(value: str, question: AccessPackageQuestion) -> AccessPackageAnswerString:
    return AccessPackageAnswerString(
        value=value, display_value=_display(value, question), answered_question=question
    )


def _display(value: str, question: AccessPackageQuestion) -> str:
    """Say an answer in words: choices by their texts."""
    if not isinstance(question, AccessPackageMultipleChoiceQuestion):
        return value
    texts = {choice.actual_value: choice.text for choice in question.choices}
    return "; ".join(texts.get(chosen) or chosen for chosen in _chosen(value, question))


def _chosen(value: str, question: AccessPackageMultipleChoiceQuestion) -> list[str]:
    if not question.is_multiple_selection_allowed:
        return [value]
    return [part.strip() for part in value.split(SEPARATOR)]


def _fits(question: AccessPackageQuestion, answer: str) -> bool:
    if len(answer) > ANSWER_LIMIT:
        return False
    match question:
        case AccessPackageTextInputQuestion():
            if question.is_single_line_question and len(answer.splitlines()) > 1:
                return False
            pattern = question.regex_pattern
            return not pattern or patterns.matches(pattern, answer)
        case AccessPackageMultipleChoiceQuestion():
            chosen = _chosen(answer, question)
            known = {choice.actual_value for choice in question.choices}
            return len(chosen) == len(set(chosen)) and set(chosen) <= known
        case _:
            return True


def _allowed(question: AccessPackageQuestion) -> str:
    match question:
        case AccessPackageMultipleChoiceQuestion():
            values = ", ".join(f"'{choice.actual_value}'" for choice in question.choices)
            several = question.is_multiple_selection_allowed
            return f"{'some' if several else 'one'} of {values}"
        case AccessPackageTextInputQuestion() if question.regex_pattern:
            return f"a text that matches '{question.regex_pattern}'"
        case AccessPackageTextInputQuestion() if question.is_single_line_question:
            return f"one line of at most {ANSWER_LIMIT} characters"
        case _:
            return f"at most {ANSWER_LIMIT} characters"
