"""What is wrong with a rule, and where."""

from __future__ import annotations

from ostiary.graph.errors import BadRequest


class RuleError(BadRequest):
    """A rule that does not parse, or asks for what no rule can ask for.

    ``position`` counts characters of the rule from 0; ``expected`` says what would be right there.
    """

    code = "invalidRule"
    message = "The rule is not valid."

    def __init__(
        self, position: int, expected: str, *, found: str | None = None, target: str | None = None
    ) -> None:
        stands = f", and {found} stands there" if found else ""
        super().__init__(
            f"The rule is not valid at position {position}: {expected}{stands}.", target=target
        )
        self.position = position
        self.expected = expected
        self.found = found

    def at(self, target: str) -> RuleError:
        """Give the same error as one of the property ``target`` of a request."""
        return RuleError(self.position, self.expected, found=self.found, target=target)
