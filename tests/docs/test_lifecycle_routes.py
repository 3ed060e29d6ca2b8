"""The table of the routes of lifecycle workflows says what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.docs.pages import rows
from tests.docs.test_entitlement_routes import (
    PAGE,
    SOME_ID,
    STANDINGS,
    Callers,
    Row,
    callers,
    shape,
)

__all__ = ["callers"]

BASE: Final = "/identityGovernance/lifecycleWorkflows/"
DELETED: Final = "deletedItems/workflows/"
EXAMPLES: Final = {
    "userProcessingResults": "workflows/{id}/runs/{id}",
    "subjectProcessingResults": "workflows/{id}/runs/{id}",
    "taskProcessingResults": "workflows/{id}/tasks/{id}",
}
"""A path that leads to each set that many lead to."""


def table() -> Iterator[Row]:
    """Give the routes, one for each path that a row stands for."""
    for cells in rows(PAGE):
        path = cells[1].strip("`")
        if len(cells) == 4 and cells[2] in STANDINGS and not path.startswith("/"):
            for one in {re.sub(r"\[.*\]", "", path), re.sub(r"[\[\]]", "", path)}:
                yield Row(re.findall(r"`([A-Z]+)`", cells[0]), one, cells[2])


def example(path: str) -> str:
    return path.replace("…", EXAMPLES[path.split("/")[1]]) if path.startswith("…") else path


def is_told(path: str, told: set[str]) -> bool:
    """Whether a path is in the table, by itself or by how it ends."""
    ends = {one.removeprefix("…/") for one in told if one.startswith("…/")}
    return path in told or any(path.endswith(f"/{end}") for end in ends)


async def test_every_route_of_the_table_is_offered_or_refused_as_it_says(
    callers: Callers,
) -> None:
    """Whoever may do nothing is refused what there is (403), or what they sent is (400)."""
    wrong = []
    for methods, path, standing in table():
        expected = {501} if standing == "501" else {400, 403}
        for method in methods:
            url = f"/v1.0{BASE}{example(path)}".replace("{id}", SOME_ID)
            reply = await callers.nobody.request(method, url, json={})
            unknown = "Resource not found for the segment" in reply.text
            if reply.status_code not in expected or unknown:
                wrong.append((method, path, standing, reply.status_code, reply.text[:200]))
    assert wrong == []


async def test_every_route_that_is_served_is_in_the_table(callers: Callers) -> None:
    """Of deleted workflows everything that can be read is served, and restoring."""
    told: dict[str, set[str]] = {}
    for methods, path, _ in table():
        for method in methods:
            told.setdefault(method.lower(), set()).add(shape(path))
    served = (await callers.nobody.get("/v1.0/openapi.json")).json()["paths"]

    missing = []
    for path, methods in served.items():
        below = path.partition(BASE)[2]
        plain = shape(below).replace("microsoft.graph.identityGovernance.", "")
        if not below or plain.endswith("/$count") or "ostiary." in plain:
            continue
        for method in told.keys() & methods.keys():
            live = plain.replace(DELETED, "workflows/", 1) if method == "get" else plain
            if not is_told(plain, told[method]) and not is_told(live, told[method]):
                missing.append((method, plain))
    assert missing == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_tasks_change_by_new_versions_only(callers: Callers, method: str) -> None:
    path = f"workflows/{SOME_ID}/tasks" + ("" if method == "POST" else f"/{SOME_ID}")
    reply = await callers.governor.request(method, f"/v1.0{BASE}{path}", json={})
    assert reply.status_code == 405
