"""Configurations of extensions: what is stored, and how a refusal names the property."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostiary.extensions import model
from ostiary.extensions.configurations import WaitLimits, check_callback, check_extension
from ostiary.extensions.credentials import credential
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.endpoints import (
    LogicAppName,
    redacted,
    refuse_redacted,
    resolve,
    unresolved,
    with_kept_url,
    with_url,
)
from ostiary.graph.errors import InvalidModel
from ostiary.graph.reading import Reader
from ostiary.graph.types import Version
from ostiary.graph.writing import Writer

LIMITS = WaitLimits(
    shortest=timedelta(minutes=5), longest=timedelta(days=14), default=timedelta(days=14)
)
NAMED = model.LogicAppTriggerEndpointConfiguration(
    subscription_id="38ab2ccc-3747-4567-b36b-9478f5602f0d",
    resource_group_name="test",
    logic_app_workflow_name="elm-extension-email",
)


class ScriptedExtension(model.CustomCalloutExtension, kw_only=True):
    """An extension of this test."""


def make(**changes: Any) -> ScriptedExtension:
    usual: dict[str, Any] = {
        "display_name": "sod-check",
        "endpoint_configuration": NAMED,
        "authentication_configuration": model.AzureAdPopTokenAuthentication(),
    }
    return ScriptedExtension(**{**usual, **changes})


def logic_app(**changes: str | None) -> model.LogicAppTriggerEndpointConfiguration:
    return model.LogicAppTriggerEndpointConfiguration(
        **{name: changes.get(name, getattr(NAMED, name)) for name in NAMED.__struct_fields__}
    )


def refusal(**changes: Any) -> InvalidModel:
    with pytest.raises(InvalidModel) as caught:
        check_extension(make(**changes), egress=EgressPolicy())
    return caught.value


def test_the_documented_example_is_accepted() -> None:
    check_extension(make(), egress=EgressPolicy())


def test_an_http_endpoint_is_accepted() -> None:
    endpoint = model.HttpRequestEndpoint(target_url="https://hooks.contoso.test/x")

    check_extension(make(endpoint_configuration=endpoint), egress=EgressPolicy())


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"display_name": "  "}, "displayName"),
        (
            {"endpoint_configuration": model.HttpRequestEndpoint()},
            "endpointConfiguration/targetUrl",
        ),
        (
            {"endpoint_configuration": model.HttpRequestEndpoint(target_url="ftp://x.test/")},
            "endpointConfiguration/targetUrl",
        ),
        (
            {"endpoint_configuration": logic_app(url="https://127.0.0.1/")},
            "endpointConfiguration/url",
        ),
        (
            {"endpoint_configuration": logic_app(subscription_id=None)},
            "endpointConfiguration/subscriptionId",
        ),
        (
            {"endpoint_configuration": logic_app(resource_group_name="")},
            "endpointConfiguration/resourceGroupName",
        ),
        (
            {"endpoint_configuration": logic_app(logic_app_workflow_name="a/b")},
            "endpointConfiguration/logicAppWorkflowName",
        ),
        (
            {"authentication_configuration": model.AzureAdTokenAuthentication()},
            "authenticationConfiguration/resourceId",
        ),
        (
            {
                "client_configuration": model.CustomExtensionClientConfiguration(
                    timeout_in_milliseconds=199
                )
            },
            "clientConfiguration/timeoutInMilliseconds",
        ),
        (
            {
                "client_configuration": model.CustomExtensionClientConfiguration(
                    timeout_in_milliseconds=2001
                )
            },
            "clientConfiguration/timeoutInMilliseconds",
        ),
        (
            {"client_configuration": model.CustomExtensionClientConfiguration(maximum_retries=2)},
            "clientConfiguration/maximumRetries",
        ),
    ],
)
def test_a_refusal_names_the_property(changes: dict[str, Any], target: str) -> None:
    error = refusal(**changes)

    assert error.target == target
    assert target.rsplit("/", 1)[-1] in str(error)


def test_the_bounds_of_the_client_configuration_are_inside() -> None:
    for milliseconds, retries in ((200, 0), (2000, 1), (None, None)):
        client = model.CustomExtensionClientConfiguration(
            timeout_in_milliseconds=milliseconds, maximum_retries=retries
        )
        check_extension(make(client_configuration=client), egress=EgressPolicy())


@pytest.mark.parametrize("minutes", [4.99, 14 * 24 * 60 + 0.01, 0, -5])
def test_a_wait_out_of_range_is_refused_with_the_range(minutes: float) -> None:
    callback = model.CustomExtensionCallbackConfiguration(
        timeout_duration=timedelta(minutes=minutes)
    )

    with pytest.raises(InvalidModel, match=r"between PT5M and P14D") as caught:
        check_callback(callback, limits=LIMITS)
    assert caught.value.target == "callbackConfiguration/timeoutDuration"


def test_a_wait_without_duration_gets_the_longest() -> None:
    checked = check_callback(model.CustomExtensionCallbackConfiguration(), limits=LIMITS)

    assert checked is not None
    assert checked.timeout_duration == timedelta(days=14)
    assert check_callback(None, limits=LIMITS) is None


def test_both_names_of_the_duration_are_read_and_written() -> None:
    read = Reader().create(
        model.CustomExtensionCallbackConfiguration,
        {
            "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
            "durationBeforeTimeout": "PT1H",
        },
    )

    written = Writer(Version.V1).entity(read)

    assert (written["timeoutDuration"], written["durationBeforeTimeout"]) == ("PT1H", "PT1H")


def test_the_url_given_comes_before_the_registry_and_that_before_the_template() -> None:
    name = LogicAppName("38AB2CCC-3747-4567-b36b-9478f5602f0d", "TEST", "elm-extension-email")
    registered = {name.key: "https://registered.test/"}
    template = "http://127.0.0.1/{subscriptionId}/{resourceGroupName}/{logicAppWorkflowName}"

    def found(endpoint: model.CustomExtensionEndpointConfiguration, **known: Any) -> str | None:
        return resolve(endpoint, **{"registered": {}, "template": None, **known})

    given = logic_app(url="https://given.test/")
    assert found(given, registered=registered, template=template) == "https://given.test/"
    assert found(NAMED, registered=registered, template=template) == "https://registered.test/"
    assert found(NAMED, template=template) == (
        "http://127.0.0.1/38ab2ccc-3747-4567-b36b-9478f5602f0d/test/elm-extension-email"
    )
    assert found(NAMED) is None


def test_what_nothing_resolves_says_how_to_register_it() -> None:
    assert (
        "ostiary logicapps set 38ab2ccc-3747-4567-b36b-9478f5602f0d/test/elm-extension-email URL"
    ) in unresolved(NAMED)


@pytest.mark.parametrize("text", ["", "a/b", "a/b/c/d", "a//c", "a/ /c"])
def test_the_name_of_a_logic_app_has_three_parts(text: str) -> None:
    with pytest.raises(ValueError, match="SUBSCRIPTION/GROUP/NAME"):
        LogicAppName.parse(text)


@pytest.mark.parametrize(
    "empty", [model.HttpRequestEndpoint(), NAMED], ids=["any endpoint", "Logic App"]
)
def test_signatures_in_a_url_are_shown_redacted_and_kept_when_they_come_back(
    empty: model.CustomExtensionEndpointConfiguration,
) -> None:
    url = "https://x.test/run?api-version=1&sig=secret&sv=1.0"
    shown = "https://x.test/run?api-version=1&sig=REDACTED&sv=1.0"
    before, other = with_url(empty, url), with_url(empty, "https://y.test/?code=other")

    assert redacted(url) == shown
    assert redacted(None) is None
    assert with_kept_url(with_url(empty, shown), before) == before
    assert with_kept_url(with_url(empty, shown), before, with_url(empty, shown)) == before
    assert with_kept_url(other, before) == other
    assert with_kept_url(empty, before) == empty
    with pytest.raises(InvalidModel, match="REDACTED where its secret belongs"):
        with_kept_url(with_url(empty, shown.replace("run", "walk")), before)
    with pytest.raises(InvalidModel, match="REDACTED where its secret belongs"):
        refuse_redacted(with_url(empty, "https://x.test/?a=b&Code=REDACTED"))
    refuse_redacted(with_url(empty, "https://x.test/?a=REDACTED&code=REDACTED1"))


def test_the_proof_is_chosen_by_endpoint_and_authentication() -> None:
    pop, bearer = (
        model.AzureAdPopTokenAuthentication(),
        model.AzureAdTokenAuthentication(resource_id="api://x"),
    )
    http = model.HttpRequestEndpoint(target_url="https://x.test/")

    url = "https://x.test/run?api-version=1"
    resource = credential(NAMED, pop, url=url, app_id="app")
    assert (resource.profile, resource.resource_id) == (
        "resource",
        "/subscriptions/38ab2ccc-3747-4567-b36b-9478f5602f0d/resourceGroups/test"
        "/providers/Microsoft.Logic/workflows/elm-extension-email",
    )
    assert credential(http, pop, url=url, app_id="app").profile == "request"
    assert credential(NAMED, bearer, url=url, app_id="app").audience == "api://x"
    assert credential(NAMED, bearer, url=url, app_id="app").profile == "bearer"


@pytest.mark.parametrize("wanted", ["azureAdPopTokenAuthentication", "azureAdTokenAuthentication"])
def test_a_url_with_a_shared_access_signature_is_proof_enough(wanted: str) -> None:
    """A Logic App refuses calls that have a token as well."""
    authentication: model.CustomExtensionAuthenticationConfiguration = {
        "azureAdPopTokenAuthentication": model.AzureAdPopTokenAuthentication(),
        "azureAdTokenAuthentication": model.AzureAdTokenAuthentication(resource_id="api://x"),
    }[wanted]
    trigger = "https://x.test/triggers/manual/paths/invoke?api-version=2016-10-01"
    signed = f"{trigger}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=secret"

    def profile(url: str) -> str:
        return credential(NAMED, authentication, url=url, app_id="app").profile

    assert profile(signed) == "url"
    assert profile(f"{trigger}&sig=secret") == profile(trigger) != "url"
    assert profile("https://[not/a/url") != "url"
