"""Offers of a site that lives at an origin elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from tests.entitlement.house import House
from tests.entitlement.origins import SITE
from tests.support.callers import application

RESOURCE = {"originId": SITE, "originSystem": "SharePointOnline"}
SITES = application(
    "EntitlementManagement.ReadWrite.All",
    "Group.ReadWrite.All",
    "Sites.FullControl.All",
    id="00000000-0000-4000-8000-00000000aaaa",
)
VISITORS = "4"
MEMBERS = "5"
HOURS = (0, 1, 1, 1, 3)
"""How far the clock is moved until every attempt has been made."""


async def offer(
    house: House,
    *roles: str,
    groups: tuple[str, ...] = (),
    resource: Mapping[str, str] = RESOURCE,
) -> tuple[str, str]:
    """Offer roles of the site, and memberships; give package and policy."""
    catalog = await house.catalog()
    await house.take_in(catalog, resource)
    package = await house.package(catalog, *groups)
    for role in roles:
        await house.hand_out(package, resource, role)
    return package, await house.policy(package)


async def wait(house: House) -> None:
    """Let every attempt be made."""
    for hours in HOURS:
        house.clock.advance(hours=hours)
        await house.settle()
