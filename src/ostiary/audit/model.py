"""The wire types of the audit log, as published."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ostiary.graph.types import UNSET, Complex, EdmEnum, Entity, Nav, UnsetType


class OperationResult(EdmEnum):
    """How an act ended."""

    SUCCESS = "success", 0
    FAILURE = "failure", 1
    TIMEOUT = "timeout", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class GroupType(EdmEnum):
    """The kind of a group that was a target."""

    UNIFIED_GROUPS = "unifiedGroups", 0
    AZURE_AD = "azureAD", 1
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 2


class Identity(Complex, kw_only=True):
    """Somebody or something, by id and name."""

    display_name: str | None = None
    id: str | None = None


class UserIdentity(Identity, kw_only=True):
    """A person who acted."""

    ip_address: str | None = None
    user_principal_name: str | None = None


class AppIdentity(Complex, kw_only=True):
    """An application that acted."""

    app_id: str | None = None
    display_name: str | None = None
    service_principal_id: str | None = None
    service_principal_name: str | None = None


class AuditActivityInitiator(Complex, kw_only=True):
    """Exactly one of the two is not null."""

    app: AppIdentity | None = None
    user: UserIdentity | None = None


class KeyValue(Complex, kw_only=True):
    """One further detail of an act."""

    key: str | None = None
    value: str | None = None


class ModifiedProperty(Complex, kw_only=True):
    """A property that changed; both values are JSON texts."""

    display_name: str | None = None
    new_value: str | None = None
    old_value: str | None = None


class TargetResource(Complex, kw_only=True):
    """An object that an act was about."""

    display_name: str | None = None
    group_type: GroupType | None = None
    id: str | None = None
    modified_properties: list[ModifiedProperty] | None = None
    type: str | None = None
    user_principal_name: str | None = None


class DirectoryAudit(Entity, kw_only=True):
    """One record of the log."""

    ABSTRACT: ClassVar[bool] = False

    activity_date_time: datetime
    activity_display_name: str
    additional_details: list[KeyValue] | None = None
    category: str
    correlation_id: str | None = None
    initiated_by: AuditActivityInitiator
    logged_by_service: str | None = None
    operation_type: str | None = None
    result: OperationResult | None = None
    result_reason: str | None = None
    target_resources: list[TargetResource] | None = None


class AuditLogRoot(Entity, kw_only=True):
    """The container of the logs."""

    ABSTRACT: ClassVar[bool] = False

    directory_audits: Annotated[list[DirectoryAudit] | UnsetType, Nav(contained=True)] = UNSET
