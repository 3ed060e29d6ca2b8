"""The database: one engine for SQLite and PostgreSQL, its transactions, types and migrations.

Nothing here knows what is stored. A feature package declares its tables against ``tables.metadata``
and writes its queries in its own ``store.py``.
"""
