"""What an automatic policy does about somebody: what its rule says, and nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ostiary.entitlement import assignments
from ostiary.entitlement.assignments import Assignment, AssignmentStatus
from ostiary.entitlement.automatic import Act, Automatic, act_on
from ostiary.entitlement.states import Delivery
from tests.support.clocks import MONDAY

HOUR = timedelta(hours=1)
ASKED = Assignment(
    id="one", catalog_id="catalog", package_id="package", policy_id="policy", target_id="ann"
)

policies = st.builds(
    Automatic,
    policy_id=st.just("policy"),
    package_id=st.just("package"),
    catalog_id=st.just("catalog"),
    terms_id=st.just("terms"),
    gives=st.booleans(),
    takes=st.booleans(),
    grace=st.sampled_from([timedelta(0), HOUR, 5 * HOUR]),
)
steps = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), max_size=12)
"""Whether the rule is true then, how many hours have passed, and whether a request gets on."""


def done(act: Act | None, held: Assignment | None, at: datetime) -> Assignment | None:
    """Give what is held once an act is carried out; ``at`` is when a time of grace would end."""
    if act is Act.GIVE:
        return ASKED
    if held is None or act in (Act.REMOVE, Act.DROP):
        return None
    if act is Act.LEAVE:
        return assignments.leaving(held, at=at)
    return assignments.staying(held) if act is Act.STAY else held


@given(policies, steps)
def test_what_is_held_follows_the_rule(
    policy: Automatic, course: list[tuple[bool, int, bool]]
) -> None:
    now, outside_since = MONDAY, MONDAY
    held: Assignment | None = None
    was_target = True
    for is_target, hours, gets_on in course:
        now += hours * HOUR
        if gets_on and held is not None and not held.is_held:
            held = assignments.giving(held, ends_at=None, now=now)
            held = assignments.given(held, Delivery.COMPLETE)
        outside_since = now if was_target else outside_since
        was_target = is_target
        act = act_on(policy, held, is_target=is_target, now=now)
        held = done(act, held, now + policy.grace)

        assert act_on(policy, held, is_target=is_target, now=now) is None  # nothing twice
        if is_target:
            assert held is not None or not policy.gives
            assert held is None or held.leaves_at is None
        elif held is not None and policy.takes:
            assert now < outside_since + policy.grace
            assert held.status is AssignmentStatus.IN_GRACE_PERIOD


@given(policies, st.booleans())
def test_what_others_have_given_is_never_touched(policy: Automatic, is_target: bool) -> None:
    other = Assignment(
        id="one", catalog_id="catalog", package_id="package", policy_id="other", target_id="ann"
    )
    assert act_on(policy, other, is_target=is_target, now=MONDAY) is None
