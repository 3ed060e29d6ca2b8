"""What this process counts of its database, in the form that Prometheus reads."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

OUTAGES: Final = Counter(
    "ostiary_database_outages",
    "Times that the database was not reached, was lost, or had no connection to give.",
)
