"""What the simulated clock is told is refused in words for whoever sent it."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.graph.errors import BadRequest
from ostiary.server.operator import _target
from tests.support.clocks import MONDAY


@pytest.mark.parametrize("value", [5, None, True, ["P1D"], {"days": 1}])
@pytest.mark.parametrize("name", ["duration", "to"])
def test_a_value_that_is_no_text_is_said_to_be_none(name: str, value: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        _target({name: value}, MONDAY)

    assert str(refused.value).startswith(f"'{name}' must be a text")
