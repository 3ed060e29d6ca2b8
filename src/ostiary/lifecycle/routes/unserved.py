"""Published names of lifecycle workflows that are not served yet: they answer 501.

``docs/compatibility.md`` says of each why. A name leaves this list when it is served.
"""

from __future__ import annotations

from typing import Final

CONTAINER: Final = ("lifecyclePolicies",)

WORKFLOWS: Final = ("administrationScopeTargets",)
