"""What a node knows of the endpoints it calls: which of them it leaves alone for a while.

It is kept in memory, for each node on its own: it is learnt from a handful of calls, and a shared
copy would be a write for each. It closes lanes of the queue, so that what waits is held by nobody.
Only its turns are noted in the database, for people to read (``circuit_store``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from ostiary.durable.clock import Clock
from ostiary.durable.gates import UNBOUNDED, Passage
from ostiary.extensions import circuits, metrics
from ostiary.extensions.calls import Attempt, CallResult
from ostiary.extensions.circuits import Circuit, State, Terms

_FAILURES: Final = frozenset(
    {"connect_failure", "dns_failure", "timeout", "tls_failure", "protocol_failure", "http_5xx"}
)

_Rule = Callable[[Circuit, datetime], Circuit]

_log: Final = structlog.get_logger(__name__)


class Health:
    """The circuits of all extensions that were called; the gate of their lanes."""

    def __init__(self, clock: Clock, terms: Terms | None = None) -> None:
        self._clock = clock
        self._terms = terms or Terms()
        self._circuits: dict[str, Circuit] = {}
        self._tried: set[str] = set()
        self._told: dict[str, Circuit] = {}
        self._not_told: set[str] = set()

    def passage(self, lane: str, *, now: datetime) -> Passage:
        """Say how much of the queue of an extension may be claimed."""
        circuit = self._circuits.get(lane)
        if circuit is None:
            return Passage(UNBOUNDED, now)
        match circuit.state(now, self._terms):
            case State.CLOSED:
                return Passage(UNBOUNDED, now)
            case State.HALF_OPEN:
                return Passage(1, now)
            case State.OPEN:
                return self._of_the_patient(circuit, now)

    def admits(self, extension_id: str, *, due_at: datetime) -> bool:
        """Whether a call may begin now that was due at ``due_at``.

        In a half-open circuit only one may, until it has ended.
        """
        now = self._clock.now()
        circuit = self._circuits.get(extension_id)
        if circuit is None or not circuit.has_patience_with(due_at, now, self._terms):
            return True
        match circuit.state(now, self._terms):
            case State.CLOSED:
                return True
            case State.OPEN:
                return False
            case State.HALF_OPEN:
                if extension_id in self._tried:
                    return False
                self._tried.add(extension_id)
                _log.info("extension.tried", extension=extension_id)
                return True

    def heard(self, extension_id: str, attempt: Attempt) -> None:
        """Note what an endpoint said of the calls that follow."""
        if attempt.retry_after:
            self._change(
                extension_id,
                lambda circuit, now: circuits.asked_to_pause(
                    circuit, attempt.retry_after or 0, attempt.label, now=now, terms=self._terms
                ),
            )

    def ended(self, extension_id: str, result: CallResult | None) -> None:
        """Note how a call has ended; None: it was broken off, and nothing was learnt."""
        self._tried.discard(extension_id)
        if result is None or result.explanation is not None:
            return
        if result.label in _FAILURES:
            self._change(
                extension_id,
                lambda circuit, now: circuits.failed(
                    circuit, result.label, now=now, terms=self._terms
                ),
            )
        elif extension_id in self._circuits:
            self._change(extension_id, lambda circuit, now: circuits.answered(circuit, now=now))

    def turned(self, extension_id: str) -> Circuit | None:
        """Give a circuit that is to be noted, since it has turned after it was last given here."""
        circuit = self._circuits.get(extension_id, Circuit())
        told = self._told.get(extension_id, Circuit())
        if not circuits.has_turned(told, circuit) and extension_id not in self._not_told:
            return None
        self._told[extension_id] = circuit
        self._not_told.discard(extension_id)
        return circuit

    def not_noted(self, extension_id: str) -> None:
        """Give the circuit once more after the next call: it could not be noted."""
        self._not_told.add(extension_id)

    def _of_the_patient(self, circuit: Circuit, now: datetime) -> Passage:
        """Let through what has been held back for as long as it may be."""
        until = circuit.until(now, self._terms)
        longest = now - self._terms.patience
        if circuit.since is not None and circuit.since > longest:
            first = circuit.since + self._terms.patience
            return Passage(0, now, first if until is None else min(first, until))
        return Passage(UNBOUNDED, longest, until)

    def _change(self, extension_id: str, rule: _Rule) -> None:
        now = self._clock.now()
        before = self._circuits.get(extension_id, Circuit())
        after = rule(before, now)
        if after == Circuit():
            self._circuits.pop(extension_id, None)
        else:
            self._circuits[extension_id] = after
        self._tell(extension_id, before, after, now)

    def _tell(self, extension_id: str, before: Circuit, after: Circuit, now: datetime) -> None:
        if after.openings > before.openings:
            metrics.CIRCUITS_OPENED.inc()
            _log.warning(
                "extension.held_back",
                extension=extension_id,
                failures=after.failures,
                until=after.opens_until,
            )
        elif before.openings and not after.openings:
            _log.info("extension.recovered", extension=extension_id, failures=before.failures)
        if after.paused_until not in (None, before.paused_until):
            until = after.paused_until
            _log.warning("extension.paused", extension=extension_id, until=until)
