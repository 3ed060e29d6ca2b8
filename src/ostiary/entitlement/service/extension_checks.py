"""Whether an extension of a catalog may be what somebody wants it to be."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.dynamic import DETERMINING
from ostiary.entitlement.errors import OperationNotAllowed
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    AccessPackageRequestApprovalStageCallbackConfiguration,
    CustomAccessPackageWorkflowExtension,
    WorkflowExtension,
)
from ostiary.entitlement.stages import STAGES_OF
from ostiary.entitlement.store import extensions as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.extensions.configurations import WaitLimits, check_callback, check_extension
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.model import (
    CustomCalloutExtension,
    CustomExtensionCallbackConfiguration,
)
from ostiary.graph.edm import qualified_name
from ostiary.graph.errors import InvalidModel

WAIT: Final = WaitLimits(
    shortest=timedelta(minutes=5), longest=timedelta(days=14), default=timedelta(days=14)
)
"""How long an answer may take."""

CURRENT: Final = (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
)
"""The types of extensions that an awaited answer can be configured for."""

_CALLBACKS: Final[dict[type, tuple[type[CustomExtensionCallbackConfiguration], ...]]] = {
    AccessPackageAssignmentRequestWorkflowExtension: (
        CustomExtensionCallbackConfiguration,
        AccessPackageRequestApprovalStageCallbackConfiguration,
    ),
    AccessPackageAssignmentWorkflowExtension: (CustomExtensionCallbackConfiguration,),
}
"""Which configurations of an answer each type may have."""


def checked(
    draft: CustomCalloutExtension, *, kinds: Collection[str], egress: EgressPolicy
) -> WorkflowExtension:
    """Give an extension as it is kept; ``kinds`` are those that fit where it is to be.

    :raises InvalidModel: it is of another kind, or a property is out of its bounds.
    """
    if not isinstance(draft, WorkflowExtension) or qualified_name(type(draft)) not in kinds:
        raise wrong_type(kinds)
    check_extension(draft, egress=egress)
    if isinstance(draft, CustomAccessPackageWorkflowExtension):
        return draft
    callback = draft.callback_configuration
    allowed = _CALLBACKS[type(draft)]
    if callback is not None and type(callback) not in allowed:
        names = " or ".join(f"'#{qualified_name(one)}'" for one in allowed)
        raise InvalidModel(
            f"'callbackConfiguration/@odata.type' must be {names} here.",
            target="callbackConfiguration/@odata.type",
        )
    kept = check_callback(callback, limits=WAIT)
    return msgspec.structs.replace(draft, callback_configuration=kept)


def wrong_type(kinds: Collection[str] = tuple(store.CURRENT_TYPES)) -> InvalidModel:
    """Say which types extensions have where this one was to be."""
    names = " or ".join(f"'#{name}'" for name in kinds)
    return InvalidModel(f"'@odata.type' must be {names} here.", target="@odata.type")


async def check_type(
    conn: AsyncConnection, before: WorkflowExtension, after: CustomCalloutExtension
) -> bool:
    """Check that an extension keeps its type, or is converted from the older one; tell which.

    :raises InvalidModel: it would be of another type.
    :raises OperationNotAllowed: policies call it at stages that the new type does not have.
    """
    if type(after) is type(before):
        return False
    if not isinstance(before, CustomAccessPackageWorkflowExtension) or not isinstance(
        after, CURRENT
    ):
        raise InvalidModel(
            f"'@odata.type' cannot be changed from '#{qualified_name(type(before))}'.",
            target="@odata.type",
        )
    fitting = STAGES_OF[type(after)]
    others = (await policy_store.stages_calling(conn, before.id)) - fitting
    if others:
        raise OperationNotAllowed(
            f"Policies call the custom extension at {', '.join(sorted(others))}, and the type "
            f"'#{qualified_name(type(after))}' is for {', '.join(sorted(fitting))}. Remove it "
            "from those stages first.",
            target="@odata.type",
        )
    return True


async def keep_asking(conn: AsyncConnection, key: str, after: WorkflowExtension) -> None:
    """Refuse to stop waiting for an extension that policies ask for approvers.

    :raises OperationNotAllowed: it would no longer be awaited.
    """
    if isinstance(after, CURRENT) and after.callback_configuration is not None:
        return
    callers = await policy_store.callers_of(conn, key, stage=DETERMINING)
    if callers:
        raise OperationNotAllowed(
            f"The custom extension names the approvers of the policies: {', '.join(callers)}. "
            "It must keep its 'callbackConfiguration'.",
            target="callbackConfiguration",
        )
