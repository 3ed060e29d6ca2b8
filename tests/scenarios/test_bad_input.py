"""Extensions that cannot be: refused with the property and what would be right.

Nothing is stored, and no error is the server's own.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios import bodies
from tests.scenarios.api import Json
from tests.scenarios.bad import MISSING, NO_JSON, Bad, check, put, typed
from tests.scenarios.bodies import GOVERNANCE, GRAPH
from tests.scenarios.house import House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

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


KINDS = (
    "must be '#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension' or "
    "'#microsoft.graph.accessPackageAssignmentWorkflowExtension' here"
)
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
