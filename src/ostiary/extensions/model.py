"""Wire types of custom extensions that both governors share (entitlement management 2.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from ostiary.graph.types import Also, Complex, EdmEnum, Entity

__all__ = [
    "AzureAdPopTokenAuthentication",
    "AzureAdTokenAuthentication",
    "CustomCalloutExtension",
    "CustomExtensionAuthenticationConfiguration",
    "CustomExtensionCallbackConfiguration",
    "CustomExtensionCalloutInstance",
    "CustomExtensionCalloutInstanceStatus",
    "CustomExtensionClientConfiguration",
    "CustomExtensionData",
    "CustomExtensionEndpointConfiguration",
    "HttpRequestEndpoint",
    "LogicAppTriggerEndpointConfiguration",
]


class CustomExtensionEndpointConfiguration(Complex, kw_only=True):
    """Where an extension is called."""

    ABSTRACT: ClassVar[bool] = True


class LogicAppTriggerEndpointConfiguration(CustomExtensionEndpointConfiguration, kw_only=True):
    """The trigger of a Logic App, named by subscription, group and name, or by its URL."""

    subscription_id: str | None = None
    resource_group_name: str | None = None
    logic_app_workflow_name: str | None = None
    url: str | None = None


class HttpRequestEndpoint(CustomExtensionEndpointConfiguration, kw_only=True):
    """Any endpoint that takes a POST."""

    target_url: str | None = None


class CustomExtensionAuthenticationConfiguration(Complex, kw_only=True):
    """How the server proves itself to an endpoint."""

    ABSTRACT: ClassVar[bool] = True


class AzureAdPopTokenAuthentication(CustomExtensionAuthenticationConfiguration, kw_only=True):
    """``Authorization: PoP``: a token bound to a key, and a signature over this request."""


class AzureAdTokenAuthentication(CustomExtensionAuthenticationConfiguration, kw_only=True):
    """``Authorization: Bearer``: a token whose audience is ``resourceId``."""

    resource_id: str | None = None


class CustomExtensionClientConfiguration(Complex, kw_only=True):
    """How long one attempt may last, and how often it is repeated; null: the server's default."""

    maximum_retries: int | None = None
    timeout_in_milliseconds: int | None = None


class CustomExtensionCallbackConfiguration(Complex, kw_only=True):
    """That an answer is awaited, and for how long.

    The schema calls it abstract, and published samples send it as it is; so it is not abstract
    here, and tells its type as they do. Samples and schema also differ in the name of its property.
    """

    TELLS_TYPE: ClassVar[bool] = True

    timeout_duration: Annotated[timedelta | None, Also("durationBeforeTimeout", emit=True)] = None


class CustomCalloutExtension(Entity, kw_only=True):
    """Something outside that is called; each governor derives its own kinds from it."""

    ABSTRACT: ClassVar[bool] = True

    display_name: str
    description: str | None = None
    endpoint_configuration: CustomExtensionEndpointConfiguration
    authentication_configuration: CustomExtensionAuthenticationConfiguration
    client_configuration: CustomExtensionClientConfiguration | None = None


class CustomExtensionCalloutInstanceStatus(EdmEnum):
    """Where one callout stands, as the schema spells it."""

    CALLOUT_SENT = "calloutSent", 1
    """To be sent, on its way, or sent without an answer being awaited."""

    CALLBACK_RECEIVED = "callbackReceived", 2
    """Answered."""

    CALLOUT_FAILED = "calloutFailed", 3
    """Could not be delivered, or its owner no longer wants it."""

    CALLBACK_TIMED_OUT = "callbackTimedOut", 4
    """Nobody answered before the deadline."""

    WAITING_FOR_CALLBACK = "waitingForCallback", 5
    """The endpoint took it and has not answered yet."""

    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 6


class CustomExtensionCalloutInstance(Complex, kw_only=True):
    """One callout, as its owner shows it."""

    custom_extension_id: str | None = None
    detail: str | None = None
    external_correlation_id: str | None = None
    id: str | None = None
    status: CustomExtensionCalloutInstanceStatus | None = None


class CustomExtensionData(Complex, kw_only=True):
    """What is told to an endpoint, or answered by it; each governor has its own kinds."""

    ABSTRACT: ClassVar[bool] = True
