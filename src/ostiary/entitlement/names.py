"""How callouts and mails name what they are about."""

from __future__ import annotations

from typing import Final

REQUEST: Final = "assignmentRequest"
ASSIGNMENT: Final = "assignment"
