"""Callouts, answers and extensions with sensible values for whatever a test does not care about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ostiary.audit.events import Actor
from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import (
    AzureAdPopTokenAuthentication,
    CustomExtensionCallbackConfiguration,
    CustomExtensionClientConfiguration,
    HttpRequestEndpoint,
)
from ostiary.storage.ids import new_id
from tests.support.clocks import MONDAY

APP = Actor(kind="app", id="7f1f9e5c-1c86-4a0f-9a52-6f3f3f3f0001", app_id="an-app")
HOUR = timedelta(hours=1)
CREATED = "assignmentRequestCreated"


def make_callout(**changes: Any) -> Callout:
    """Make an open callout that waits for an hour."""
    usual: dict[str, Any] = {
        "id": new_id(),
        "owner_kind": "scripted",
        "owner_id": "owner-1",
        "extension_id": "extension-1",
        "stage": CREATED,
        "waits": True,
        "timeout": HOUR,
        "deadline": MONDAY + HOUR,
        "created_at": MONDAY,
    }
    return Callout(**{**usual, **changes})


def make_answer(**changes: Any) -> Answer:
    """Make an answer that says to continue."""
    usual: dict[str, Any] = {
        "owner_kind": "scripted",
        "owner_id": "owner-1",
        "verdict": "continue",
        "caller": APP,
        "received_at": MONDAY,
    }
    return Answer(**{**usual, **changes})


def make_extension(url: str = "https://hooks.contoso.test/check", **changes: Any) -> Extension:
    """Make an extension that waits for an hour and calls ``url``, without retries."""
    usual: dict[str, Any] = {
        "id": new_id(),
        "kind": "microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "display_name": "sod-check",
        "endpoint": HttpRequestEndpoint(target_url=url),
        "authentication": AzureAdPopTokenAuthentication(),
        "client": CustomExtensionClientConfiguration(
            maximum_retries=0, timeout_in_milliseconds=2000
        ),
        "callback": CustomExtensionCallbackConfiguration(timeout_duration=HOUR),
        "created_at": MONDAY,
        "modified_at": MONDAY,
    }
    return Extension(**{**usual, **changes})
