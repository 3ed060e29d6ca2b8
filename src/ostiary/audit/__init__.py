"""Who did what: written in the transaction that does it, readable as ``auditLogs/directoryAudits``.

There is no way to change or remove a record. A feature package says what happened with an
``AuditEvent`` and hands all events of one change to ``store.record``.
"""
