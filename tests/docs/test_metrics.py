"""Every metric is in the manual, and the manual names none that is not."""

from __future__ import annotations

import re
from typing import Final

from prometheus_client import REGISTRY

import ostiary.server.composition  # noqa: F401  what counts something is loaded
from tests.docs.pages import DOCS, REFERENCE, examples, prose, rows

PAGE: Final = REFERENCE / "metrics.md"
HOW_TO: Final = DOCS / "how-to" / "watch-with-prometheus.md"

_NAME: Final = re.compile(r"ostiary_[a-z_]+")
_OF_A_HISTOGRAM: Final = ("_bucket", "_sum", "_count")


def existing() -> dict[str, tuple[str, set[str]]]:
    """Give the kind and the labels of every metric, by the name that Prometheus knows it by."""
    found = {}
    for collector in set(REGISTRY._names_to_collectors.values()):
        for family in getattr(collector, "describe", list)():
            if family.name.startswith("ostiary"):
                name = family.name + ("_total" if family.type == "counter" else "")
                found[name] = (family.type, set(getattr(collector, "_labelnames", ())))
    return found


def documented() -> dict[str, tuple[str, set[str]]]:
    """Give the same as the manual says it."""
    tables = (row for row in rows(PAGE) if row[0].startswith("`ostiary_"))
    return {
        name.strip("`"): (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in tables
    }


def test_the_reference_names_every_metric_with_its_kind_and_its_labels() -> None:
    assert documented() == existing()


def test_the_guide_asks_for_metrics_that_exist() -> None:
    text = prose(HOW_TO) + "".join(one.text for one in examples(HOW_TO))
    asked = set(_NAME.findall(text))

    known = set(existing())
    for name, (kind, _) in existing().items():
        if kind == "histogram":
            known |= {name + part for part in _OF_A_HISTOGRAM}
    assert asked - known == set()
    assert len(asked) > 8
