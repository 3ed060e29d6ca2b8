"""Plans of requests: calls of extensions, and ways to the approval, as policies make them."""

from __future__ import annotations

from hypothesis import strategies as st

from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.extensions import AccessPackageAssignmentRequestWorkflowExtension
from ostiary.entitlement.stages import STAGES_OF
from ostiary.entitlement.states import (
    Decide,
    Plan,
    PlannedCall,
)

planned_calls = st.builds(
    PlannedCall,
    stage=st.sampled_from(
        sorted(
            STAGES_OF[AccessPackageAssignmentRequestWorkflowExtension]
            - {Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS}
        )
    ),
    extension_id=st.sampled_from(["first", "second"]),
    waits=st.booleans(),
)
WHO_DECIDES = PlannedCall(
    stage=Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS,
    extension_id="third",
    waits=True,
)
one_by_one = st.lists(st.booleans(), max_size=2).map(
    lambda dynamic: tuple(
        step
        for number, asks in enumerate(dynamic)
        for step in (WHO_DECIDES if asks else None, Decide((number,)))
        if step is not None
    )
)
all_at_once = st.integers(2, 3).map(lambda number: (Decide(tuple(range(number))),))
ways = st.one_of(one_by_one, all_at_once)
plans = st.builds(Plan, calls=st.lists(planned_calls, max_size=5).map(tuple), approval=ways)
