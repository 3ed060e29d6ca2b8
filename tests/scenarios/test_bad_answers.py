"""Answers that cannot be, about requests and about tasks: refused with the property at fault.

Nothing is stored, nothing moves, and no error is the server's own.
"""

from __future__ import annotations

import pytest

from tests.scenarios import bodies
from tests.scenarios.api import Json
from tests.scenarios.bad import MISSING, NO_JSON, Bad, check, put, typed
from tests.scenarios.bodies import CREATED, GOVERNANCE, GRAPH
from tests.scenarios.house import House
from tests.scenarios.parking import Parking

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

ANSWER: Json = {
    "source": "Contoso.SodCheckProcess",
    "type": "any",
    "data": {"stage": CREATED, "customExtensionStageInstanceDetail": "checked"},
}
LONG = "x" * 4_001
ANSWER_TYPE = "data/@odata.type"
BAD_ANSWERS = {
    **{name: bad for name, bad in NO_JSON.items() if name != "empty"},
    "empty": Bad(b"", "data", "is required"),
    "no data": Bad(put(ANSWER, data=MISSING), "data", "is required"),
    "null data": Bad(put(ANSWER, data=None), "data", "not a nullable property"),
    "data that is a text": Bad(put(ANSWER, data="go on"), "data", "must be an object"),
    "data that is a list": Bad(put(ANSWER, data=[{}]), "data", "must be an object"),
    "unknown type": Bad(
        put(ANSWER, data=typed({}, f"{GRAPH}nothing")),
        ANSWER_TYPE,
        "'#microsoft.graph.accessPackageAssignmentRequestCallbackData'",
    ),
    "type of the other governor": Bad(
        put(ANSWER, data=typed({}, f"{GOVERNANCE}customTaskExtensionCallbackData")),
        ANSWER_TYPE,
        "'#microsoft.graph.accessPackageAssignmentRequestCallbackData'",
    ),
    "unknown": Bad(put(ANSWER, sorce="x"), "sorce", "Did you mean 'source'?"),
    "unknown inside": Bad(put(ANSWER, data__stat="denied"), "data/stat", "Did you mean 'state'?"),
    "answer to a task": Bad(
        put(ANSWER, data__operationStatus="Completed"), "data/operationStatus", "does not exist"
    ),
    "source that is a number": Bad(put(ANSWER, source=1), "source", "must be a string"),
    "type that is an object": Bad(put(ANSWER, type={}), "type", "must be a string"),
    "unknown stage": Bad(put(ANSWER, data__stage="created"), "data/stage", f"'{CREATED}'"),
    "stage that is a number": Bad(put(ANSWER, data__stage=1), "data/stage", "must be a string"),
    "unknown state": Bad(
        put(ANSWER, data__state="approved"), "data/state", "must be 'denied' or 'canceled'"
    ),
    "state that is a truth": Bad(put(ANSWER, data__state=True), "data/state", "a string"),
    "instance that is a number": Bad(
        put(ANSWER, data__customExtensionStageInstanceId=5),
        "data/customExtensionStageInstanceId",
        "must be a string",
    ),
    "long detail": Bad(
        put(ANSWER, data__customExtensionStageInstanceDetail=LONG),
        "data/customExtensionStageInstanceDetail",
        "at most 4000 characters",
    ),
    "long source": Bad(put(ANSWER, source=LONG), "source", "at most 4000 characters"),
    "character that no text has": Bad(
        put(ANSWER, data__customExtensionStageInstanceDetail="\0"),
        "data/customExtensionStageInstanceDetail",
        "character that text cannot have",
    ),
    "approvers that nobody asked for": Bad(
        {"data": {"approvalStage": {"primaryApprovers": []}}},
        "data/approvalStage",
        "no callout asks for approvers",
    ),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
async def test_an_answer_about_a_request_that_cannot_be_is_refused_by_name(
    house: House, parked_request: Parking, case: str
) -> None:
    await check(house, parked_request.path, BAD_ANSWERS[case])


STATUS = "data/operationStatus"
BAD_TASK_ANSWERS = {
    **{name: bad for name, bad in NO_JSON.items() if name != "empty"},
    "empty": Bad(b"", "data", "is required"),
    "no data": Bad(put(bodies.COMPLETED, data=MISSING), "data", "is required"),
    "null data": Bad(put(bodies.COMPLETED, data=None), "data", "not a nullable property"),
    "data that is a text": Bad(put(bodies.COMPLETED, data="Completed"), "data", "an object"),
    "no status": Bad(put(bodies.COMPLETED, data={}), STATUS, "is required"),
    "null status": Bad(put(bodies.COMPLETED, data__operationStatus=None), STATUS, "nullable"),
    "unknown status": Bad(
        put(bodies.COMPLETED, data__operationStatus="done"), STATUS, "'completed', 'failed'"
    ),
    "status of the future": Bad(
        put(bodies.COMPLETED, data__operationStatus="unknownFutureValue"),
        STATUS,
        "'completed', 'failed'",
    ),
    "status that is a number": Bad(
        put(bodies.COMPLETED, data__operationStatus=1), STATUS, "must be a string"
    ),
    "unknown type": Bad(
        put(bodies.COMPLETED, data=typed({"operationStatus": "Completed"}, "#nothing")),
        ANSWER_TYPE,
        "'#microsoft.graph.identityGovernance.customTaskExtensionCallbackData'",
    ),
    "unknown": Bad(put(bodies.COMPLETED, sorce="x"), "sorce", "Did you mean 'source'?"),
    "unknown inside": Bad(
        put(bodies.COMPLETED, data__operationState="x"), "data/operationState", "Did you mean"
    ),
    "answer to a request": Bad(
        put(bodies.COMPLETED, data__customExtensionStageInstanceId="x"),
        "data/customExtensionStageInstanceId",
        "does not exist on type",
    ),
    "source that is a list": Bad(put(bodies.COMPLETED, source=[]), "source", "must be a string"),
    "long source": Bad(put(bodies.COMPLETED, source=LONG), "source", "at most 4000 characters"),
    "long type": Bad(put(bodies.COMPLETED, type=LONG), "type", "at most 4000 characters"),
}


@pytest.mark.parametrize("case", BAD_TASK_ANSWERS)
async def test_an_answer_about_a_task_that_cannot_be_is_refused_by_name(
    house: House, parked_task: Parking, case: str
) -> None:
    await check(house, parked_task.path, BAD_TASK_ANSWERS[case])
