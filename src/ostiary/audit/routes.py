"""``auditLogs/directoryAudits``: read only."""

from __future__ import annotations

from ostiary.audit.model import AuditLogRoot, DirectoryAudit
from ostiary.audit.store import load
from ostiary.audit.tables import audit_records
from ostiary.graph.resources import Authorize, EntitySet, Singleton, Source

_columns = audit_records.c

AUDITS = Source(
    type=DirectoryAudit,
    table=audit_records,
    key=_columns.id,
    columns={
        "id": _columns.id,
        "activity_date_time": _columns.activity_date_time,
        "activity_display_name": _columns.activity_display_name,
        "category": _columns.category,
        "correlation_id": _columns.correlation_id,
        "logged_by_service": _columns.logged_by_service,
        "operation_type": _columns.operation_type,
        "result": _columns.result,
        "initiated_by/user/id": _columns.user_id,
        "initiated_by/user/display_name": _columns.user_display_name,
        "initiated_by/user/user_principal_name": _columns.user_principal_name,
        "initiated_by/app/app_id": _columns.app_id,
        "initiated_by/app/display_name": _columns.app_display_name,
        "initiated_by/app/service_principal_id": _columns.service_principal_id,
    },
    load=load,
    lists={
        "target_resources": _columns.target_resources,
        "additional_details": _columns.additional_details,
    },
    order=_columns.activity_date_time.desc(),
)


def resources(*, read: Authorize) -> Singleton:
    """Declare ``auditLogs``; ``read`` decides who may see the records."""
    audits = EntitySet(name="directoryAudits", source=AUDITS, read=read)
    return Singleton(name="auditLogs", type=AuditLogRoot, children=(audits,))
