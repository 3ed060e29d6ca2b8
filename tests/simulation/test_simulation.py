"""The invariants hold in every history; ``make simulate`` runs more of them."""

from __future__ import annotations

import os

import pytest

from tests.simulation.history import History

SEEDS = int(os.environ.get("SIMULATED_SEEDS", "200"))
CHUNK = 20


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_invariants_hold_whatever_fails(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        assert History(seed).run().violations == (), f"python -m tests.simulation --trace {seed}"


@pytest.mark.parametrize("seed", [3, 22])
def test_a_seed_replays_exactly(seed: int) -> None:
    first, between, again = (History(number).run() for number in (seed, seed + 1, seed))
    assert first.trace != between.trace
    assert (again.trace, again.faults, again.steps) == (first.trace, first.faults, first.steps)
    assert again.calls > 0
