"""Errands: what other parts of the server ask for, many at a time, each with a reply of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.entitlement.service import errands
from ostiary.entitlement.service.errands import Errands, Reply
from ostiary.server.governors import WORKFLOWS
from tests.entitlement.house import House
from tests.entitlement.test_api_automatic import automatic

DONE = Reply()


@dataclass(frozen=True)
class Wish:
    """An errand."""

    key: str
    person_id: str
    package_id: str = ""
    policy_id: str = ""
    days: int = 0


async def sent(house: House, verb: str, wishes: Sequence[Wish]) -> list[Reply]:
    """Send errands together; give the replies in their order."""
    mine = Errands(WORKFLOWS)
    async with house.database.transaction() as conn:
        now = house.clock.now()
        replies = await getattr(mine, verb)(conn, wishes, is_dry=False, now=now)
    await house.settle()
    return [replies[wish.key] for wish in wishes]


async def test_each_of_many_has_its_own_reply(house: House) -> None:
    ada, bob = await house.person("ada"), await house.person("bob")
    catalog, group = await house.catalog(), await house.group("sales")
    package = await house.package(catalog, group)
    policy = await house.policy(package)
    nobody = "00000000-0000-4000-8000-00000000ffff"
    wishes = [
        Wish(key, who, package, policy)
        for key, who in (("1", ada), ("2", bob), ("3", ada), ("4", nobody))
    ]

    first, second, again, lost = await sent(house, "assign", wishes)

    assert (first, second) == (DONE, DONE)
    assert again == Reply(errands.WAITS, is_needless=True)
    assert lost.is_refused
    assert await house.members(group) == {ada, bob}
    taken = await sent(house, "remove", wishes)
    assert taken[:2] == [DONE, DONE]
    assert taken[2:] == [
        Reply(errands.IS_REMOVED, is_needless=True),
        Reply(errands.LACKS_IT, is_needless=True),
    ]
    assert await house.members(group) == set()


async def test_what_a_rule_would_give_again_stays_and_the_rest_goes(house: House) -> None:
    ada = await house.person("ada", department="Sales")
    catalog = await house.catalog()
    plain, ruled = await house.group("plain"), await house.group("ruled")
    by_hand = await house.package(catalog, plain, name="By hand")
    by_rule = await house.package(catalog, ruled, name="By rule")
    await house.policy(by_rule, **automatic())
    await house.assign(ada, by_hand, await house.policy(by_hand))
    await house.settle()
    assert ada in await house.members(ruled)

    (reply,) = await sent(house, "remove_all", [Wish("1", ada)])

    assert reply.is_refused
    assert str(reply.text).startswith("'By rule' stays: The automatic policy")
    assert await house.members(plain) == set()
    assert await house.members(ruled) == {ada}
