"""The extensions of a catalog, their place in a policy, and what they answer.

Endpoint, authentication, client and callback configuration belong to ``extensions.model``: they are
the same for both governors.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage
from ostiary.extensions.model import CustomCalloutExtension, CustomExtensionCallbackConfiguration
from ostiary.graph.types import UNSET, Entity, Nav, ReadOnly, UnsetType


class AccessPackageRequestApprovalStageCallbackConfiguration(
    CustomExtensionCallbackConfiguration, kw_only=True
):
    """That the awaited answer names the approvers of a stage."""


class AccessPackageAssignmentRequestWorkflowExtension(CustomCalloutExtension, kw_only=True):
    """An extension that is called while a request is on its way."""

    callback_configuration: CustomExtensionCallbackConfiguration | None = None
    created_by: Annotated[str | None, ReadOnly] = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    last_modified_by: Annotated[str | None, ReadOnly] = None
    last_modified_date_time: Annotated[datetime | None, ReadOnly] = None


class AccessPackageAssignmentWorkflowExtension(CustomCalloutExtension, kw_only=True):
    """An extension that is called before an assignment ends. It is never waited for."""

    callback_configuration: CustomExtensionCallbackConfiguration | None = None
    created_by: Annotated[str | None, ReadOnly] = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    last_modified_by: Annotated[str | None, ReadOnly] = None
    last_modified_date_time: Annotated[datetime | None, ReadOnly] = None


class CustomAccessPackageWorkflowExtension(CustomCalloutExtension, kw_only=True):
    """An extension of the older kind: for any stage but the dynamic one, and never waited for."""

    created_date_time: Annotated[datetime | None, ReadOnly] = None
    last_modified_date_time: Annotated[datetime | None, ReadOnly] = None


WorkflowExtension = (
    AccessPackageAssignmentRequestWorkflowExtension
    | AccessPackageAssignmentWorkflowExtension
    | CustomAccessPackageWorkflowExtension
)


class CustomExtensionStageSetting(Entity, kw_only=True):
    """One extension at one stage of a policy; those of a stage are called in their order.

    Beta has had it as ``customExtensionHandler``, for extensions of the older kind.
    """

    ALSO_NAMED: ClassVar[tuple[str, ...]] = ("microsoft.graph.customExtensionHandler",)

    stage: AccessPackageCustomExtensionStage
    custom_extension: Annotated[CustomCalloutExtension | UnsetType | None, Nav()] = UNSET
