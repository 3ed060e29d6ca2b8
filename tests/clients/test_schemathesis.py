"""A fuzzer reads the served OpenAPI document and finds no 5xx and no reply outside its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from tests.clients.conftest import EVERYTHING
from tests.support.servers import RunningServer


def no_server_error(
    _: schemathesis.CheckContext, response: schemathesis.Response, __: schemathesis.Case[Any]
) -> None:
    """Refuse every 5xx but 501, which says of a published operation that it is not served."""
    if response.status_code >= 500 and response.status_code != 501:
        raise AssertionError(f"{response.status_code}: {response.text[:500]}")


CHECKS = [no_server_error, response_schema_conformance, content_type_conformance]

bounded = settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations(url: str) -> Iterator[Any]:  # the library's own type
    """Give every operation of the document that a running server gives of itself."""
    for found in schemathesis.openapi.from_url(url).get_all_operations():
        operation: Any = found
        yield operation.ok()


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_every_operation_answers_as_it_is_described(server: RunningServer, version: str) -> None:
    headers = {"Authorization": f"Bearer {server.app_token(EVERYTHING)}"}
    tried, failures = 0, []

    for operation in operations(f"{server.url}/{version}/openapi.json"):

        @bounded
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            answers()
        except (AssertionError, BaseExceptionGroup) as failure:
            failures.append(f"{operation.label}: {failure}")
        tried += 1
    assert not failures, "\n\n".join(failures)
    assert tried > 100
