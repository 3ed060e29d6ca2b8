"""What this process counts of callouts, in the form that Prometheus reads."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

CALLS: Final = Counter(
    "ostiary_callout_attempts",
    "Attempts to reach an endpoint, by what came of it: taken, or the label of the failure.",
    ["result"],
)
CALL_SECONDS: Final = Histogram(
    "ostiary_callout_attempt_seconds",
    "Seconds until an endpoint had replied, or was given up.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
ANSWERS: Final = Counter(
    "ostiary_callout_answers", "Answers: accepted, repeated or refused.", ["result"]
)
TIMED_OUT: Final = Counter("ostiary_callout_timeouts", "Waits that ended because nobody answered.")
CIRCUITS_OPENED: Final = Counter(
    "ostiary_circuits_opened", "Times that this process began to leave an endpoint alone."
)
