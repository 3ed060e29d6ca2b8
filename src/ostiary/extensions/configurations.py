"""Whether the configuration of an extension can be stored (entitlement 2.3, lifecycle 15.1).

Every refusal names the property as it is spelled on the wire and says what would be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import msgspec

from ostiary.extensions.egress import EgressPolicy, Forbidden, check_url
from ostiary.extensions.endpoints import given_url
from ostiary.extensions.model import (
    AzureAdTokenAuthentication,
    CustomCalloutExtension,
    CustomExtensionAuthenticationConfiguration,
    CustomExtensionCallbackConfiguration,
    CustomExtensionClientConfiguration,
    CustomExtensionEndpointConfiguration,
    LogicAppTriggerEndpointConfiguration,
)
from ostiary.graph.errors import InvalidModel
from ostiary.graph.values import write_duration

CallbackT = TypeVar("CallbackT", bound=CustomExtensionCallbackConfiguration)

CLIENT_TIMEOUT = range(200, 2001)
CLIENT_RETRIES = range(0, 2)

_LOGIC_APP_NAMES = {
    "subscription_id": "subscriptionId",
    "resource_group_name": "resourceGroupName",
    "logic_app_workflow_name": "logicAppWorkflowName",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitLimits:
    """How long a governor lets an answer take, and what holds when nobody says."""

    shortest: timedelta
    longest: timedelta
    default: timedelta


def check_extension(extension: CustomCalloutExtension, *, egress: EgressPolicy) -> None:
    """Check what all extensions have in common.

    :raises InvalidModel: something is missing, out of range, or leads to a forbidden target.
    """
    if not extension.display_name.strip():
        raise InvalidModel("The property 'displayName' must not be empty.", target="displayName")
    check_endpoint(extension.endpoint_configuration, egress=egress)
    check_authentication(extension.authentication_configuration)
    check_client(extension.client_configuration)


def check_endpoint(endpoint: CustomExtensionEndpointConfiguration, *, egress: EgressPolicy) -> None:
    """Check that there is something to call, and that it may be called.

    :raises InvalidModel: see ``check_extension``.
    """
    is_logic_app = isinstance(endpoint, LogicAppTriggerEndpointConfiguration)
    name = "endpointConfiguration/" + ("url" if is_logic_app else "targetUrl")
    url = given_url(endpoint)
    if url is not None:
        _check_url(url, name, egress)
    elif not is_logic_app:
        raise InvalidModel(f"The property '{name}' is required.", target=name)
    if isinstance(endpoint, LogicAppTriggerEndpointConfiguration):
        _check_names(endpoint)


def check_authentication(authentication: CustomExtensionAuthenticationConfiguration) -> None:
    """Check that a bearer token has an audience.

    :raises InvalidModel: ``resourceId`` is missing.
    """
    if not isinstance(authentication, AzureAdTokenAuthentication):
        return
    if not (authentication.resource_id or "").strip():
        name = "authenticationConfiguration/resourceId"
        raise InvalidModel(
            f"The property '{name}' is required: the application id or id URI of the receiver.",
            target=name,
        )


def check_client(client: CustomExtensionClientConfiguration | None) -> None:
    """Check the time limit and the number of retries of one call.

    :raises InvalidModel: one is out of its range.
    """
    if client is None:
        return
    _check_range(client.timeout_in_milliseconds, CLIENT_TIMEOUT, "timeoutInMilliseconds")
    _check_range(client.maximum_retries, CLIENT_RETRIES, "maximumRetries")


def check_callback(callback: CallbackT | None, *, limits: WaitLimits) -> CallbackT | None:
    """Check how long an answer may take, and give the configuration with that time filled in.

    :raises InvalidModel: the time is out of the governor's range.
    """
    if callback is None:
        return None
    if callback.timeout_duration is None:
        return msgspec.structs.replace(callback, timeout_duration=limits.default)
    if not limits.shortest <= callback.timeout_duration <= limits.longest:
        name = "callbackConfiguration/timeoutDuration"
        low, high = write_duration(limits.shortest), write_duration(limits.longest)
        raise InvalidModel(
            f"The property '{name}' is {write_duration(callback.timeout_duration)}; it must lie "
            f"between {low} and {high}.",
            target=name,
        )
    return callback


def _check_url(url: str, name: str, egress: EgressPolicy) -> None:
    try:
        check_url(url, egress)
    except Forbidden as error:
        raise InvalidModel(
            f"The property '{name}' cannot be called. {error}", target=name
        ) from None


def _check_names(endpoint: LogicAppTriggerEndpointConfiguration) -> None:
    """Check the names of a Logic App: all three, unless there is a URL, and no path in them."""
    for attribute, name in _LOGIC_APP_NAMES.items():
        text = getattr(endpoint, attribute)
        target = f"endpointConfiguration/{name}"
        if not text and endpoint.url is None:
            raise InvalidModel(
                f"The property '{target}' is required where no 'url' is given.", target=target
            )
        if text and ("/" in text or text != text.strip()):
            raise InvalidModel(
                f"The property '{target}' must be a plain name, without '/' or spaces around it.",
                target=target,
            )


def _check_range(value: int | None, allowed: range, name: str) -> None:
    if value is not None and value not in allowed:
        target = f"clientConfiguration/{name}"
        raise InvalidModel(
            f"The property '{target}' is {value}; it must lie between {allowed.start} and "
            f"{allowed.stop - 1}.",
            target=target,
        )
