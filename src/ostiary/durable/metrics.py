"""What this process counts of its work, in the form that Prometheus reads.

The numbers begin at nothing with the process. They are counted whether anybody reads them or not.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

COMMITTED: Final = Histogram(
    "ostiary_commit_size",
    "Requests that one transaction committed together.",
    ["of"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
COMMIT_SECONDS: Final = Histogram(
    "ostiary_commit_seconds",
    "Seconds that such a transaction took, from its begin to its commit.",
    ["of"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
QUEUED: Final = Gauge("ostiary_commit_waiting", "Requests that wait for their transaction.", ["of"])
TURNED_AWAY: Final = Counter(
    "ostiary_commit_turned_away", "Requests refused with 503 because too many waited.", ["of"]
)

BATCH_SECONDS: Final = Histogram(
    "ostiary_work_batch_seconds",
    "Seconds that a batch of work took, what it waited for outside included.",
    ["kind"],
    buckets=(0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120),
)
HANDLED: Final = Counter("ostiary_work_handled", "Items of work that were taken.", ["kind"])
FAILED: Final = Counter("ostiary_work_failed", "Items that failed and come again.", ["kind"])
BURIED: Final = Counter("ostiary_work_buried", "Items that became dead letters.", ["kind"])
IMPOSSIBLE: Final = Counter(
    "ostiary_work_batches_impossible", "Batches that an outage or a defect broke off.", ["kind"]
)
