"""A package that alice can ask for, and policies that call out about it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.entitlement.house import House, calls

CREATED = "assignmentRequestCreated"
APPROVED = "assignmentRequestApproved"
GRANTED = "assignmentRequestGranted"
REMOVED = "assignmentRequestRemoved"


@dataclass
class Offer:
    """A package that alice can ask for."""

    alice: str
    bob: str
    catalog: str
    group: str
    package: str


async def offer(house: House) -> Offer:
    alice, bob = await house.person("alice"), await house.person("bob")
    group, catalog = await house.group("sales"), await house.catalog()
    package = await house.package(catalog, group)
    return Offer(alice, bob, catalog, group, package)


async def calling(house: House, it: Offer, stage: str) -> str:
    """Make a policy that calls an extension of its own at a stage."""
    extension = await house.extension(it.catalog)
    return await house.policy(it.package, customExtensionStageSettings=calls((stage, extension)))
