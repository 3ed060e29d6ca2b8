"""Answers that somebody changes after the access was given."""

from __future__ import annotations

from typing import Any

from tests.entitlement.extending import after, end_of, held, update, updating
from tests.entitlement.house import GRAPH, SUBJECT, House
from tests.support.callers import person


def asks(key: str, **more: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
        "id": key,
        "isRequired": True,
        "text": key,
        **more,
    }


def says(key: str, value: str) -> dict[str, Any]:
    question = {"@odata.type": f"{GRAPH}accessPackageTextInputQuestion", "id": key}
    type_ = f"{GRAPH}accessPackageAnswerString"
    return {"@odata.type": type_, "value": value, "answeredQuestion": question}


QUESTIONS = [asks("project", isAnswerEditable=True), asks("desk")]


async def test_an_answer_that_may_be_edited_changes_and_the_end_stays(house: House) -> None:
    it = await held(house, questions=QUESTIONS)
    house.clock.advance(days=1)
    first = [says("project", "X"), says("desk", "4711")]
    await update(house, it, answers=first)
    await house.settle()

    request = await update(house, it, answers=[says("project", "Y")])
    await house.settle()

    found = await house.get(f"assignmentRequests/{request}")
    assert {a["answeredQuestion"]["id"]: a["value"] for a in found["answers"]} == {
        "project": "Y",
        "desk": "4711",
    }
    assert await end_of(house, it) == after(30)


async def test_an_answer_that_may_not_be_edited_stays(house: House) -> None:
    it = await held(house, questions=QUESTIONS)
    await update(house, it, answers=[says("project", "X"), says("desk", "4711")])
    await house.settle()
    body = updating(it, answers=[says("desk", "4712")])

    code, message, target = await house.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )

    assert (code, target) == ("InvalidModel", "answers")
    assert "desk" in message
    await house.post(
        "assignmentRequests", updating(it, "adminUpdate", answers=[says("desk", "4712")])
    )
