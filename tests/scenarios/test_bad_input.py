"""Bodies that the three operations cannot take: refused with the property and what would be right.

Nothing is stored, nothing moves, and no error is the server's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.scenarios import bodies
from tests.scenarios.api import Json
from tests.scenarios.bodies import CREATED, GOVERNANCE, GRAPH
from tests.scenarios.house import House
from tests.scenarios.parking import Parking

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

MISSING: Any = object()
"""As a value: leave the property out."""


@dataclass(frozen=True)
class Bad:
    """A body that is refused, the property that is named, and what is said to be right."""

    body: Any
    target: str | None
    says: str


def put(whole: Json, **changes: Any) -> Json:
    """Give a body with properties changed, or left out; ``a__b`` changes ``b`` inside ``a``."""
    body = dict(whole)
    for path, value in changes.items():
        name, _, inner = path.partition("__")
        if inner:
            body[name] = put(body[name], **{inner: value})
        else:
            body[name] = value
    return {name: value for name, value in body.items() if value is not MISSING}


def typed(whole: Json, name: Any) -> Json:
    """Give a body with another ``@odata.type``."""
    return put(whole, **{"@odata.type": name})


EXTENSION = bodies.DOCUMENTED_EXTENSION
SPARE = {"id": "an-app"}


def to(url: str) -> Json:
    """Give an extension that calls a URL."""
    return put(EXTENSION, endpointConfiguration=bodies.http_endpoint(url))


def waiting(duration: Any) -> Json:
    """Give an extension that is waited for so long."""
    return put(EXTENSION, callbackConfiguration={"durationBeforeTimeout": duration})


def client(**properties: Any) -> Json:
    """Give an extension with a client configuration."""
    return put(EXTENSION, clientConfiguration=properties)


NO_JSON = {
    "empty": Bad(b"", None, "JSON content expected"),
    "cut off": Bad(b'{"displayName": "x"', None, "valid JSON"),
    "no JSON": Bad(b"displayName=x", None, "valid JSON"),
    "no UTF-8": Bad(b'{"displayName": "\xff"}', None, "valid JSON"),
    "half a character": Bad(b'{"displayName": "\\ud800"}', None, "valid JSON"),
    "too deep": Bad(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, None, "valid JSON"),
    "list": Bad([], None, "must be a JSON object"),
    "null": Bad(b"null", None, "must be a JSON object"),
    "number": Bad(17, None, "must be a JSON object"),
    "text": Bad("x", None, "must be a JSON object"),
}
KINDS = "'#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension'"
TARGET = "endpointConfiguration/targetUrl"
WAIT = "callbackConfiguration/timeoutDuration"
SPELLED_WAIT = "callbackConfiguration/durationBeforeTimeout"
BAD_EXTENSIONS = {
    **NO_JSON,
    # what is required
    "no type": Bad(typed(EXTENSION, MISSING), "@odata.type", KINDS),
    "no name": Bad(put(EXTENSION, displayName=MISSING), "displayName", "is required"),
    "null name": Bad(put(EXTENSION, displayName=None), "displayName", "not a nullable"),
    "blank name": Bad(put(EXTENSION, displayName=" "), "displayName", "must not be empty"),
    "no endpoint": Bad(
        put(EXTENSION, endpointConfiguration=MISSING), "endpointConfiguration", "is required"
    ),
    "no authentication": Bad(
        put(EXTENSION, authenticationConfiguration=MISSING),
        "authenticationConfiguration",
        "is required",
    ),
    "no name of a Logic App": Bad(
        put(EXTENSION, endpointConfiguration__logicAppWorkflowName=MISSING),
        "endpointConfiguration/logicAppWorkflowName",
        "is required where no 'url' is given",
    ),
    "no URL": Bad(
        put(EXTENSION, endpointConfiguration={"@odata.type": f"{GRAPH}httpRequestEndpoint"}),
        TARGET,
        "is required",
    ),
    "no audience": Bad(
        put(
            EXTENSION,
            authenticationConfiguration={"@odata.type": f"{GRAPH}azureAdTokenAuthentication"},
        ),
        "authenticationConfiguration/resourceId",
        "the application id or id URI of the receiver",
    ),
    # types
    "unknown type": Bad(typed(EXTENSION, f"{GRAPH}nothing"), "@odata.type", KINDS),
    "type of something else": Bad(typed(EXTENSION, f"{GRAPH}user"), "@odata.type", KINDS),
    "type of the other governor": Bad(
        typed(EXTENSION, f"{GOVERNANCE}customTaskExtension"), "@odata.type", KINDS
    ),
    "abstract type": Bad(typed(EXTENSION, f"{GRAPH}customCalloutExtension"), "@odata.type", KINDS),
    "type that is none": Bad(typed(EXTENSION, {"a": 1}), "@odata.type", KINDS),
    "unknown type of endpoint": Bad(
        put(EXTENSION, endpointConfiguration=typed(EXTENSION["endpointConfiguration"], "#ftp")),
        "endpointConfiguration/@odata.type",
        "'#microsoft.graph.httpRequestEndpoint'",
    ),
    "endpoint without a type": Bad(
        put(EXTENSION, endpointConfiguration={"targetUrl": "https://hooks.contoso.com"}),
        "endpointConfiguration/@odata.type",
        "is required here; it must be one of",
    ),
    "unknown type of authentication": Bad(
        put(EXTENSION, authenticationConfiguration=typed({}, f"{GRAPH}basicAuthentication")),
        "authenticationConfiguration/@odata.type",
        "'#microsoft.graph.azureAdPopTokenAuthentication'",
    ),
    "callback of the other governor": Bad(
        put(
            EXTENSION,
            callbackConfiguration=typed(
                {"authorizedApps": [SPARE]}, f"{GOVERNANCE}customTaskExtensionCallbackConfiguration"
            ),
        ),
        "callbackConfiguration/@odata.type",
        "must be '#microsoft.graph.customExtensionCallbackConfiguration'",
    ),
    # values of the wrong kind
    "name that is a number": Bad(put(EXTENSION, displayName=1), "displayName", "a string"),
    "description that is a list": Bad(put(EXTENSION, description=["x"]), "description", "a string"),
    "endpoint that is a text": Bad(
        put(EXTENSION, endpointConfiguration="https://x"), "endpointConfiguration", "an object"
    ),
    "character that no text has": Bad(
        put(EXTENSION, displayName="a\0b"), "displayName", "character that text cannot have"
    ),
    "retries that are a truth": Bad(
        client(maximumRetries=True), "clientConfiguration/maximumRetries", "a whole number"
    ),
    "retries that are a half": Bad(
        client(maximumRetries=0.5), "clientConfiguration/maximumRetries", "a whole number"
    ),
    # properties that nothing has
    "misspelt": Bad(put(EXTENSION, dispalyName="x"), "dispalyName", "Did you mean 'displayName'?"),
    "misspelt inside": Bad(
        client(maxRetries=1), "clientConfiguration/maxRetries", "Did you mean 'maximumRetries'?"
    ),
    "unknown inside": Bad(
        put(EXTENSION, endpointConfiguration__secret="x"),
        "endpointConfiguration/secret",
        "does not exist on type",
    ),
    "twice": Bad(put(EXTENSION, DisplayName="x"), "DisplayName", "given twice"),
    # ranges
    "too short a wait": Bad(waiting("PT4M59S"), WAIT, "must lie between PT5M and P14D"),
    "too long a wait": Bad(waiting("P14DT1S"), WAIT, "must lie between PT5M and P14D"),
    "negative wait": Bad(waiting("-PT1H"), WAIT, "must lie between PT5M and P14D"),
    "unthinkable wait": Bad(waiting("P99999999999999D"), SPELLED_WAIT, "longer than any"),
    "wait in words": Bad(waiting("an hour"), SPELLED_WAIT, "such as 'PT1H'"),
    "wait in months": Bad(waiting("P1M"), SPELLED_WAIT, "such as 'PT1H'"),
    "wait in seconds": Bad(waiting(3600), SPELLED_WAIT, "a string"),
    "two waits": Bad(
        put(EXTENSION, callbackConfiguration__timeoutDuration="PT2H"), WAIT, "send one of them"
    ),
    "too short a time limit": Bad(
        client(timeoutInMilliseconds=199),
        "clientConfiguration/timeoutInMilliseconds",
        "between 200 and 2000",
    ),
    "too long a time limit": Bad(
        client(timeoutInMilliseconds=2001),
        "clientConfiguration/timeoutInMilliseconds",
        "between 200 and 2000",
    ),
    "too many retries": Bad(
        client(maximumRetries=2), "clientConfiguration/maximumRetries", "between 0 and 1"
    ),
    "negative retries": Bad(
        client(maximumRetries=-1), "clientConfiguration/maximumRetries", "between 0 and 1"
    ),
    # targets
    "no scheme": Bad(to("hooks.contoso.com"), TARGET, "begins with https://"),
    "ftp": Bad(to("ftp://hooks.contoso.com/"), TARGET, "begins with https://"),
    "file": Bad(to("file:///etc/passwd"), TARGET, "begins with https://"),
    "plain http abroad": Bad(to("http://hooks.contoso.com/"), TARGET, "must begin with https://"),
    "private address": Bad(to("https://10.0.0.1/"), TARGET, "not a public one"),
    "metadata of a cloud": Bad(to("https://169.254.169.254/x"), TARGET, "not a public one"),
    "private address in IPv6": Bad(to("https://[::ffff:10.0.0.1]/"), TARGET, "not a public one"),
    "address in disguise": Bad(to("https://0x7f.1/"), TARGET, "four decimal numbers"),
    "itself": Bad(to("http://127.0.0.1:8080/v1.0/users"), TARGET, "this server itself"),
    "password": Bad(to("https://a:b@hooks.contoso.com/"), TARGET, "user name or password"),
    "odd port": Bad(to("https://hooks.contoso.com:22/"), TARGET, "port must be one of"),
    "no host": Bad(to("https:///x"), TARGET, "has no host"),
    "spaces": Bad(to("https://hooks.contoso.com/a b"), TARGET, "white-space"),
    "Logic App by ftp": Bad(
        put(EXTENSION, endpointConfiguration__url="ftp://x"),
        "endpointConfiguration/url",
        "begins with https://",
    ),
    "path for a name": Bad(
        put(EXTENSION, endpointConfiguration__resourceGroupName="a/b"),
        "endpointConfiguration/resourceGroupName",
        "a plain name, without '/'",
    ),
    # the wrapped form
    "wrapped and misspelt": Bad(
        {"value": put(EXTENSION, dispalyName="x")}, "dispalyName", "Did you mean 'displayName'?"
    ),
}


@pytest.mark.parametrize("case", BAD_EXTENSIONS)
async def test_an_extension_that_cannot_be_is_refused_by_name(house: House, case: str) -> None:
    catalog = await house.access().make_catalog()

    await check(house, house.access().extensions_path(catalog), BAD_EXTENSIONS[case])


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


async def test_a_body_that_is_not_declared_as_json_is_refused(house: House) -> None:
    catalog = await house.access().make_catalog()
    headers = {"Authorization": f"Bearer {house.admin.token()}", "Content-Type": "text/plain"}

    path = house.access().extensions_path(catalog)
    reply = await house.http.post(path, content=b"{}", headers=headers)

    assert reply.status_code == 415
    assert reply.json()["error"]["target"] == "Content-Type"


async def test_a_body_larger_than_the_limit_is_refused(house: House) -> None:
    catalog = await house.access().make_catalog()
    path = house.access().extensions_path(catalog)

    error = await house.admin.refused(path, content=b" " * 1_048_577, status=413)

    assert "1048576 bytes" in error.message


async def check(house: House, path: str, bad: Bad) -> None:
    """Send a body that cannot be taken; nothing is stored or moved."""
    async with house.untouched():
        if isinstance(bad.body, bytes):
            error = await house.admin.refused(path, content=bad.body)
        else:
            error = await house.admin.refused(path, bad.body)

    assert error.target == bad.target
    assert bad.says in error.message
    assert bad.target is None or f"'{bad.target}'" in error.message
