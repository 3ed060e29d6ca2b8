"""From an endpoint configuration to the URL that is called.

A Logic App is named by subscription, resource group and name; without Azure somebody has to say
where it is: the configuration's own ``url``, then the registry (``ostiary logicapps set``), then a
template for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from msgspec.structs import replace

from ostiary.extensions.model import (
    CustomExtensionEndpointConfiguration,
    HttpRequestEndpoint,
    LogicAppTriggerEndpointConfiguration,
)
from ostiary.graph.errors import InvalidModel

_SECRET = re.compile(r"(?<=[?&])(sig|code)=[^&]*", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"[?&](?:sig|code)=([^&]*)", re.IGNORECASE)
_REDACTED = "REDACTED"
_SHARED_ACCESS = re.compile(r"[?&](sp|sv|sig)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogicAppName:
    """The three names of a Logic App, which Azure compares without regard to case."""

    subscription: str
    group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> LogicAppName:
        """Read ``SUBSCRIPTION/GROUP/NAME``.

        :raises ValueError: the text has another form.
        """
        parts = [part.strip() for part in text.split("/")]
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{text!r} is not of the form SUBSCRIPTION/GROUP/NAME")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.subscription}/{self.group}/{self.name}"

    @property
    def key(self) -> str:
        """The form that is stored and compared."""
        return str(self).lower()

    @property
    def resource_id(self) -> str:
        """The path in Azure Resource Manager, which PoP tokens name."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.Logic/workflows/{self.name}"
        )


def logic_app(endpoint: CustomExtensionEndpointConfiguration) -> LogicAppName | None:
    """Give the Logic App that a configuration names in full."""
    if not isinstance(endpoint, LogicAppTriggerEndpointConfiguration):
        return None
    names = (
        endpoint.subscription_id,
        endpoint.resource_group_name,
        endpoint.logic_app_workflow_name,
    )
    subscription, group, name = (text or "" for text in names)
    return LogicAppName(subscription, group, name) if all(names) else None


def given_url(endpoint: CustomExtensionEndpointConfiguration) -> str | None:
    """Give the URL that the configuration itself has."""
    match endpoint:
        case HttpRequestEndpoint():
            return endpoint.target_url
        case LogicAppTriggerEndpointConfiguration():
            return endpoint.url
        case _:
            return None


def resolve(
    endpoint: CustomExtensionEndpointConfiguration,
    *,
    registered: Mapping[str, str],
    template: str | None = None,
) -> str | None:
    """Find the URL to call; ``None``: nobody has said where the Logic App is.

    ``registered`` gives URLs by ``LogicAppName.key``. ``template`` may use ``{subscriptionId}``,
    ``{resourceGroupName}`` and ``{logicAppWorkflowName}``.
    """
    named = logic_app(endpoint)
    if url := given_url(endpoint):
        return url
    if named is None:
        return None
    return registered.get(named.key) or (_filled(template, named) if template else None)


def unresolved(endpoint: CustomExtensionEndpointConfiguration) -> str:
    """Say why there is no URL, and what to do about it."""
    named = logic_app(endpoint)
    if named is None:
        return "The extension's endpoint configuration names no URL and no Logic App."
    return (
        f"No URL is known for the Logic App {named}. Register it with: "
        f"ostiary logicapps set {named} URL"
    )


def redacted(url: str | None) -> str | None:
    """Give a URL as it may be shown: signatures and keys in its query are secrets."""
    return _SECRET.sub(rf"\1={_REDACTED}", url) if url else url


def with_url(
    endpoint: CustomExtensionEndpointConfiguration, url: str | None
) -> CustomExtensionEndpointConfiguration:
    """Give the configuration with another URL of its own."""
    match endpoint:
        case HttpRequestEndpoint():
            return replace(endpoint, target_url=url)
        case LogicAppTriggerEndpointConfiguration():
            return replace(endpoint, url=url)
        case _:
            return endpoint


def with_kept_url(
    after: CustomExtensionEndpointConfiguration,
    before: CustomExtensionEndpointConfiguration,
    shown: CustomExtensionEndpointConfiguration | None = None,
) -> CustomExtensionEndpointConfiguration:
    """Keep the stored URL of ``before`` where a client sends back what it was shown of it.

    :raises InvalidModel: it sends back another URL whose secret it was not shown.
    """
    seen = given_url(shown) if shown is not None else redacted(given_url(before))
    new = given_url(after)
    is_sent_back = type(after) is type(before) and new is not None and new == seen
    if is_sent_back:
        return with_url(after, given_url(before))
    refuse_redacted(after)
    return after


def refuse_redacted(endpoint: CustomExtensionEndpointConfiguration) -> None:
    """Refuse a URL that was shown without its secret, and would be called without it.

    :raises InvalidModel: it is one.
    """
    if _REDACTED in _SECRET_VALUE.findall(given_url(endpoint) or ""):
        name = "targetUrl" if isinstance(endpoint, HttpRequestEndpoint) else "url"
        target = f"endpointConfiguration/{name}"
        raise InvalidModel(
            f"'{target}' has {_REDACTED} where its secret belongs: send the whole URL, or exactly "
            "what was shown to keep it.",
            target=target,
        )


def is_signed(url: str) -> bool:
    """Whether a URL carries a shared access signature of Azure, as callback URLs of triggers do."""
    return {name.lower() for name in _SHARED_ACCESS.findall(url)} == {"sp", "sv", "sig"}


def _filled(template: str, named: LogicAppName) -> str:
    values = {
        "{subscriptionId}": named.subscription,
        "{resourceGroupName}": named.group,
        "{logicAppWorkflowName}": named.name,
    }
    for place, value in values.items():
        template = template.replace(place, quote(value, safe=""))
    return template
