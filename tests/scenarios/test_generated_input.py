"""Whatever is sent to the three operations: taken, or refused in the one shape and without a trace.

Bodies are valid ones with something replaced, left out, added or respelt, or any JSON at all, or
nearly JSON.
"""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.server.composition import Server
from tests.extensions.endpoints import ScriptedEndpoint
from tests.scenarios import bodies
from tests.scenarios.api import Json, refusal
from tests.scenarios.bodies import DOCUMENTED_EXTENSION
from tests.scenarios.house import House
from tests.scenarios.parking import Parking
from tests.scenarios.snapshots import Contents, contents

pytestmark = pytest.mark.asyncio(loop_scope="module")

modestly: Final = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,  # the examples of a test share what it watches
    ],
)

NAMES: Final = st.sampled_from(
    [
        *("@odata.type", "@@odata.type", "@odata.bind", "value", "id", "displayName", "url"),
        *("data", "stage", "state", "source", "type", "operationStatus", "approvalStage"),
        *("targetUrl", "authorizedApps", "timeoutDuration"),
    ]
)
ODD: Final = st.sampled_from(
    [
        *("", " ", "\0", "\ud800", "x" * 5_000, "PT1H", "-P1D", "P999999999999D", "denied"),
        *("Failed", "#microsoft.graph.user", "microsoft.graph.customExtensionData", "//x", "\n"),
        *("https://[::1", "https://1", "https://a.b/%", 2**31, 2**63, -(2**70), 1e308, 0.1),
        *([[]], [None], {"value": {}}, {"": None}),
    ]
)
ANYTHING: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()  # NaN and infinity are not JSON, and are sent all the same
    | st.text(max_size=12)
    | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn, sound: Any) -> Any:
    """Give a sound value with one thing wrong somewhere in it."""
    if isinstance(sound, dict) and sound and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(sound)))
        rest = {key: value for key, value in sound.items() if key != name}
        match draw(st.sampled_from(["inside", "inside", "without", "respelt", "beside"])):
            case "inside":
                return {**sound, name: draw(damaged(sound[name]))}
            case "without":
                return rest
            case "respelt":
                return {draw(st.sampled_from([name.upper(), f" {name}", f"{name}s"])): sound[name]}
            case _:
                return {**sound, draw(NAMES | st.text(max_size=8)): draw(ANYTHING)}
    return draw(ANYTHING)


def sent(*sound: Json) -> st.SearchStrategy[bytes]:
    """Give bodies as bytes, most of them near to one of those that are sound."""
    near = st.sampled_from(sound).flatmap(damaged)
    twice = near.flatmap(damaged)
    whole = (near | twice | ANYTHING).map(lambda body: json.dumps(body).encode())
    cut = whole.flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end]))
    return whole | whole | cut | st.binary(max_size=40)


def answers() -> st.SearchStrategy[bytes]:
    """Give answers about a request, without the instance, which is found all the same."""
    data = {
        "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
        "stage": bodies.CREATED,
        "customExtensionStageInstanceDetail": "This user is all verified",
        "state": "denied",
    }
    stage = {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": [{"userId": "x"}]}
    whole = {"source": "Contoso.SodCheckProcess", "type": "any", "data": data}
    return sent(whole, {**whole, "data": {**data, "approvalStage": stage}})


class Watched:
    """A server whose traces are watched: what it holds is compared before and after."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._held: Contents | None = None

    async def send(self, path: str, body: bytes) -> int:
        """Send a body, check whatever comes back, and give its status."""
        held = self._held or await contents(self.house.database)
        reply = await self.house.admin.send("POST", path, content=body)
        self._held = await contents(self.house.database)
        assert reply.status_code < 500, reply.text
        if reply.status_code >= 400:
            refusal(reply)
            assert self._held == held
        return reply.status_code

    def forget(self) -> None:
        """Look anew: something was done on purpose."""
        self._held = None


@pytest.fixture
def watched(server: Server, http: httpx.AsyncClient) -> Watched:
    """The server, watched from here on."""
    return Watched(House(server, http, ScriptedEndpoint()))


@pytest_asyncio.fixture(loop_scope="module")
async def extensions(watched: Watched) -> str:
    """The path of the extensions of a catalog."""
    access = watched.house.access()
    return access.extensions_path(await access.make_catalog())


FULL_EXTENSION: Final = {
    **DOCUMENTED_EXTENSION,
    "clientConfiguration": {"maximumRetries": 1, "timeoutInMilliseconds": 1000},
}


@modestly
@given(
    body=sent(
        FULL_EXTENSION,
        {"value": FULL_EXTENSION},
        bodies.extension("https://hooks.contoso.com/sod"),
        {**FULL_EXTENSION, "@odata.type": bodies.ASSIGNMENT_EXTENSION},
    )
)
async def test_any_body_makes_an_extension_or_is_refused_without_a_trace(
    watched: Watched, extensions: str, body: bytes
) -> None:
    before = len(await watched.house.admin.values(extensions))

    status = await watched.send(extensions, body)

    assert status in (201, 400)
    after = len(await watched.house.admin.values(extensions))
    assert after - before == (1 if status == 201 else 0)


@modestly
@given(body=answers())
async def test_any_body_resumes_a_request_or_is_refused_without_a_trace(
    parked_request: Parking, watched: Watched, body: bytes
) -> None:
    await resume_or_refuse(watched, parked_request, body)


@modestly
@given(body=sent(bodies.COMPLETED, {**bodies.FAILED, "value": {}}))
async def test_any_body_resumes_a_task_or_is_refused_without_a_trace(
    parked_task: Parking, watched: Watched, body: bytes
) -> None:
    await resume_or_refuse(watched, parked_task, body)


async def resume_or_refuse(watched: Watched, parked: Parking, body: bytes) -> None:
    """Answer with any body; where it counts, another one waits afterwards."""
    status = await watched.send(parked.path, body)

    assert status in (204, 400)
    if status == 204:
        await watched.house.settle()
        await parked.park()
        watched.forget()
