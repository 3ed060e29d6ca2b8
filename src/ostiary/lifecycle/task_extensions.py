"""Custom task extensions: what may be stored, and between wire and store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ostiary.directory.model import Application, User
from ostiary.extensions.configurations import WaitLimits, check_callback, check_extension
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.endpoints import given_url, redacted, with_url
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import (
    CustomExtensionCallbackConfiguration,
)
from ostiary.graph.errors import InvalidModel
from ostiary.lifecycle import names
from ostiary.lifecycle.conditions import check_known
from ostiary.lifecycle.model.enums import CustomTaskExtensionReplyMode as ReplyMode
from ostiary.lifecycle.model.extensions import (
    CustomTaskExtension,
    CustomTaskExtensionCallbackConfiguration,
)
from ostiary.lifecycle.model.references import only_id
from ostiary.lifecycle.texts import check_texts

WAIT: Final = WaitLimits(
    shortest=timedelta(minutes=3), longest=timedelta(hours=5), default=timedelta(minutes=30)
)
"""How long a task may wait."""


def checked(extension: CustomTaskExtension, *, egress: EgressPolicy) -> CustomTaskExtension:
    """Give the extension in the form in which it is stored.

    :raises InvalidModel: a property is missing, out of range, or leads to a forbidden target.
    """
    check_extension(extension, egress=egress)
    check_texts(extension.display_name, extension.description)
    callback = check_callback(_callback(extension.callback_configuration), limits=WAIT)
    mode = _mode(extension.reply_mode, waits=callback is not None)
    return replace(extension, callback_configuration=callback, reply_mode=mode)


def stored(
    extension: CustomTaskExtension, *, id: str, created_at: datetime, created_by: str | None
) -> Extension:
    """Give what is kept of a checked extension that is new."""
    return Extension(
        id=id,
        kind=names.EXTENSION_KIND,
        display_name=extension.display_name,
        description=extension.description,
        endpoint=extension.endpoint_configuration,
        authentication=extension.authentication_configuration,
        client=extension.client_configuration,
        callback=extension.callback_configuration,
        replies=extension.reply_mode is ReplyMode.RESPONSE,
        created_at=created_at,
        created_by=created_by,
        modified_at=created_at,
        modified_by=created_by,
    )


def shown(extension: Extension, *, authors: bool = True) -> CustomTaskExtension:
    """Give an extension as the API shows it; secrets in its URL are not."""
    configuration = extension.configuration()
    endpoint = extension.endpoint
    configuration["endpoint_configuration"] = with_url(endpoint, redacted(given_url(endpoint)))
    shown = CustomTaskExtension(
        **configuration,
        callback_configuration=_pruned(extension.callback),
        reply_mode=_mode_of(extension),
        created_date_time=extension.created_at,
        last_modified_date_time=extension.modified_at,
    )
    if authors and extension.created_by and extension.modified_by:
        shown.created_by = only_id(User, extension.created_by)
        shown.last_modified_by = only_id(User, extension.modified_by)
    return shown


def with_mode_of_callback(
    after: CustomTaskExtension, before: CustomTaskExtension
) -> CustomTaskExtension:
    """Let the mode follow from the callback configuration where only that was changed."""
    was, is_now = before.callback_configuration is None, after.callback_configuration is None
    follows = was != is_now and after.reply_mode == before.reply_mode
    return replace(after, reply_mode=UNSET) if follows else after


def _mode(mode: ReplyMode | UnsetType, *, waits: bool) -> ReplyMode:
    """Give the mode, which must agree with the callback configuration.

    :raises InvalidModel: it does not.
    """
    if mode is UNSET:
        return ReplyMode.CALLBACK if waits else ReplyMode.NONE
    check_known(mode, "replyMode")
    if (mode is ReplyMode.CALLBACK) != waits:
        what = "needs a 'callbackConfiguration'" if not waits else "must be 'callback'"
        why = "" if not waits else " where there is a 'callbackConfiguration'"
        raise InvalidModel(
            f"The property 'replyMode' is '{mode.value}': it {what}{why}.", target="replyMode"
        )
    return mode


def _mode_of(extension: Extension) -> ReplyMode:
    if extension.replies:
        return ReplyMode.RESPONSE
    return ReplyMode.NONE if extension.callback is None else ReplyMode.CALLBACK


def _callback(
    callback: CustomExtensionCallbackConfiguration | None,
) -> CustomTaskExtensionCallbackConfiguration | None:
    """Give the callback configuration the type that workflows have, with ids of applications.

    A client may send the base type; that of another feature is not valid here.
    """
    if callback is None:
        return None
    if type(callback) is CustomExtensionCallbackConfiguration:
        return CustomTaskExtensionCallbackConfiguration(timeout_duration=callback.timeout_duration)
    if not isinstance(callback, CustomTaskExtensionCallbackConfiguration):
        raise InvalidModel(
            "'callbackConfiguration/@odata.type' must be "
            "'#microsoft.graph.identityGovernance.customTaskExtensionCallbackConfiguration'.",
            target="callbackConfiguration/@odata.type",
        )
    apps = [] if callback.authorized_apps is UNSET else callback.authorized_apps
    return replace(callback, authorized_apps=[_named_app(a, i) for i, a in enumerate(apps)])


def _named_app(app: Application, index: int) -> Application:
    """Name an application by whichever of its ids was given: ``id`` or ``appId``."""
    given = app.id or app.app_id or ""
    if not given.strip():
        target = f"callbackConfiguration/authorizedApps/{index}/id"
        raise InvalidModel(
            f"The property '{target}' is required: the application's id or appId.", target=target
        )
    return only_id(Application, given.strip())


def _pruned(
    callback: CustomExtensionCallbackConfiguration | None,
) -> CustomExtensionCallbackConfiguration | None:
    if not isinstance(callback, CustomTaskExtensionCallbackConfiguration):
        return callback
    apps = cast(list[Application], callback.authorized_apps or [])
    return replace(callback, authorized_apps=[only_id(Application, app.id) for app in apps])
