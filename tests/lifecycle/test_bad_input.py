"""Generated bodies at every write: a clear refusal or a success, and never a failure of ours."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lifecycle.house import CUSTOM, ENABLE, ROOT, House, callback, task, workflow

NS = "#microsoft.graph.identityGovernance."

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)

EXTENSION = {
    "displayName": "name",
    "endpointConfiguration": {
        "@odata.type": "#microsoft.graph.httpRequestEndpoint",
        "targetUrl": "https://hooks.contoso.example/",
    },
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    },
    "clientConfiguration": {"maximumRetries": 0, "timeoutInMilliseconds": 2000},
    "callbackConfiguration": callback("PT30M", "an-app"),
}
WORKFLOW = workflow(
    task(ENABLE, "Enable", enableOnPremisesAccount="false"),
    displayName="name",
    isEnabled=True,
    isSchedulingEnabled=False,
    executionConditions={
        "@odata.type": f"{NS}triggerAndScopeBasedConditions",
        "scope": {"@odata.type": f"{NS}ruleBasedSubjectSet", "rule": "(country eq 'Australia')"},
        "trigger": {
            "@odata.type": f"{NS}timeBasedAttributeTrigger",
            "timeBasedAttribute": "employeeHireDate",
            "offsetInDays": 0,
        },
    },
)
RESUME = {"source": "s", "type": "t", "data": {"operationStatus": "completed"}}
ACTIVATE = {"subjects": [{"id": "someone"}]}
CANCEL = {"scope": {"@odata.type": f"{NS}cancelRunsScope", "runs": [{"id": "one"}]}}


@st.composite
def damaged(draw: st.DrawFn, sound: Any) -> Any:
    """Give a sound value with one part of it replaced, removed or joined by a stranger."""
    if isinstance(sound, dict) and sound and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(sound)))
        return {**sound, name: draw(damaged(sound[name]))}
    if isinstance(sound, list) and sound and draw(st.booleans()):
        return [draw(damaged(sound[0])), *sound[1:]]
    if isinstance(sound, dict) and draw(st.booleans()):
        return {**sound, draw(st.text(max_size=8)): draw(anything)}
    return draw(anything)


def requests() -> st.SearchStrategy[tuple[str, str, Any]]:
    """Give a method, a path with places to fill in, and a body."""
    writes = [
        ("POST", "customTaskExtensions", EXTENSION),
        ("PATCH", "customTaskExtensions/{extension}", EXTENSION),
        ("POST", "workflows", WORKFLOW),
        ("PATCH", "workflows/{workflow}", WORKFLOW),
        ("PATCH", "workflows/{workflow}/tasks/{task}", WORKFLOW["tasks"][0]),
        ("POST", "workflows/{workflow}/createNewVersion", {"workflow": WORKFLOW}),
        ("POST", "workflows/{workflow}/activate", ACTIVATE),
        ("POST", "workflows/{workflow}/cancelProcessing", CANCEL),
        ("POST", "workflows/{workflow}/tasks/{task}/taskProcessingResults/{result}/resume", RESUME),
    ]
    return st.one_of(*(st.tuples(st.just(m), st.just(p), damaged(b)) for m, p, b in writes))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests())
async def test_no_body_makes_the_server_fail(house: House, request: tuple[str, str, Any]) -> None:
    method, path, body = request
    places = await furnished(house)

    reply = await house.api.request(
        method,
        f"{ROOT}/{path.format(**places)}",
        content=encoded(body),
        headers={"Content-Type": "application/json"},
    )

    assert reply.status_code < 500 or reply.status_code == 501, (body, reply.text)
    if reply.status_code >= 400:
        error = reply.json()["error"]
        assert error["code"]
        assert error["message"]


async def furnished(house: House) -> dict[str, str]:
    """Make sure that there is something to write to; the examples share one deployment."""
    if "places" not in house.__dict__:
        extension = await house.extension(displayName="there already")
        id = await house.workflow(
            task(CUSTOM, "Call", customTaskExtensionID=extension), displayName="there already"
        )
        (alice,) = await house.people("alice")
        await house.activate(id, alice)
        await house.settle()
        (result,) = await house.values(
            f"workflows/{id}/userProcessingResults?$expand=taskProcessingResults"
        )
        (waiting,) = result["taskProcessingResults"]
        house.__dict__["places"] = {
            "extension": extension,
            "workflow": id,
            "task": waiting["task"]["id"],
            "result": waiting["id"],
        }
    places: dict[str, str] = house.__dict__["places"]
    return places


def encoded(body: Any) -> bytes:
    """Give JSON, or what Python takes for JSON: NaN is no number there."""
    return json.dumps(body).encode("utf-8", "surrogatepass")
