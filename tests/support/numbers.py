"""The numbers that this process has counted: by how much they rise while something happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY

Sample = tuple[str, tuple[tuple[str, str], ...]]


def sample(name: str, **labels: str) -> Sample:
    """Name a number."""
    return name, tuple(sorted(labels.items()))


@contextmanager
def risen() -> Iterator[dict[Sample, float]]:
    """Give the numbers that have risen in the block, and by how much, at its end."""
    found: dict[Sample, float] = {}
    before = _numbers()
    yield found
    for name, number in _numbers().items():
        if number > before.get(name, 0):
            found[name] = number - before.get(name, 0)


def _numbers() -> dict[Sample, float]:
    return {
        sample(one.name, **one.labels): one.value
        for family in REGISTRY.collect()
        if family.name.startswith("ostiary")
        for one in family.samples
    }
