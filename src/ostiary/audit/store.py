"""Every query of the audit log: one statement writes any number of records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor, AuditEvent, Change, Target
from ostiary.audit.model import (
    AppIdentity,
    AuditActivityInitiator,
    DirectoryAudit,
    KeyValue,
    OperationResult,
    TargetResource,
    UserIdentity,
)
from ostiary.audit.tables import audit_records
from ostiary.storage.ids import new_id
from ostiary.storage.rows import Insertion

_ADD: Final = Insertion(audit_records)
_RESULTS: dict[str, OperationResult] = {str(result): result for result in OperationResult}


async def record(conn: AsyncConnection, events: Sequence[AuditEvent], *, now: datetime) -> None:
    """Write the events of one change, in the transaction that makes it.

    Their ids share a random part and count up, so that one batch sorts as it was given.
    """
    if not events:
        return
    batch = new_id()
    rows = [
        {"id": f"Governance_{batch}_{number:05}", "activity_date_time": now, **_row(event)}
        for number, event in enumerate(events)
    ]
    await _ADD.run(conn, rows)


def load(row: RowMapping) -> DirectoryAudit:
    """Make the wire object of a row."""
    return DirectoryAudit(
        id=row["id"],
        activity_date_time=row["activity_date_time"],
        activity_display_name=row["activity_display_name"],
        additional_details=[KeyValue(**detail) for detail in row["additional_details"]],
        category=row["category"],
        correlation_id=row["correlation_id"],
        initiated_by=_initiator(row),
        logged_by_service=row["logged_by_service"],
        operation_type=row["operation_type"],
        result=_RESULTS.get(row["result"]),
        result_reason=row["result_reason"],
        target_resources=msgspec.convert(row["target_resources"], list[TargetResource]),
    )


def _row(event: AuditEvent) -> dict[str, Any]:  # column values of several types
    return {
        "activity_display_name": event.activity,
        "category": event.category,
        "correlation_id": event.correlation_id,
        "logged_by_service": event.service,
        "operation_type": event.operation,
        "result": str(event.result),
        "result_reason": event.reason,
        **_actor_columns(event.actor),
        "target_resources": [_target_json(target) for target in event.targets],
        "additional_details": [{"key": k, "value": v} for k, v in event.details.items()],
    }


def _actor_columns(actor: Actor) -> dict[str, str | None]:
    is_user = actor.kind == "user"
    return {
        "user_id": actor.id if is_user else None,
        "user_display_name": actor.display_name if is_user else None,
        "user_principal_name": actor.user_principal_name if is_user else None,
        "app_id": None if is_user else actor.app_id,
        "app_display_name": None if is_user else actor.display_name,
        "service_principal_id": None if is_user else actor.id or None,
    }


def _target_json(target: Target) -> dict[str, Any]:  # JSON, spelled as on the wire
    return {
        "id": target.id,
        "type": target.type,
        "displayName": target.display_name,
        "userPrincipalName": target.user_principal_name,
        "modifiedProperties": [_change_json(change) for change in target.changes],
    }


def _change_json(change: Change) -> dict[str, str | None]:
    return {
        "displayName": change.property,
        "oldValue": None if change.old is None else json.dumps(change.old),
        "newValue": None if change.new is None else json.dumps(change.new),
    }


def _initiator(row: RowMapping) -> AuditActivityInitiator:
    if row["user_id"] is not None:
        return AuditActivityInitiator(
            user=UserIdentity(
                id=row["user_id"],
                display_name=row["user_display_name"],
                user_principal_name=row["user_principal_name"],
            )
        )
    return AuditActivityInitiator(
        app=AppIdentity(
            app_id=row["app_id"],
            display_name=row["app_display_name"],
            service_principal_id=row["service_principal_id"],
        )
    )
