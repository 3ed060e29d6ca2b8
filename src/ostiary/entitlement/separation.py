"""Separation of duties: what nobody may have together with a package.

The relation has one direction: a package lists what excludes it, and only its own list counts when
somebody is to get it. What they hold already stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from ostiary.entitlement.errors import IncompatibleAccessPackage, IncompatibleGroup
from ostiary.graph.errors import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluders:
    """What excludes a package: other packages and groups, by id with their names."""

    packages: Mapping[str, str | None] = field(default_factory=dict)
    groups: Mapping[str, str | None] = field(default_factory=dict)


NOTHING = Excluders()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """What excludes packages, and what people have of it."""

    excluders: Mapping[str, Excluders] = field(default_factory=dict)
    """By package; those that nothing excludes are missing."""
    packages: Mapping[str, set[str]] = field(default_factory=dict)
    """By person: what they have of the packages that exclude others; grows by ``note``."""
    groups: Mapping[str, Set[str]] = field(default_factory=dict)
    """By person: which of the groups that exclude packages they are in."""

    def conflict(
        self, package_id: str, person_id: str
    ) -> IncompatibleAccessPackage | IncompatibleGroup | None:
        """Say why somebody may not get a package, if so."""
        return conflict(
            self.excluders.get(package_id, NOTHING),
            packages=self.packages.get(person_id, frozenset()),
            groups=self.groups.get(person_id, frozenset()),
        )

    def note(self, package_id: str, person_id: str) -> None:
        """Note that somebody of those that were asked about is given a package."""
        self.packages[person_id].add(package_id)


def check_pair(package_id: str | None, incompatible_id: str | None) -> None:
    """Check the arguments of ``additionalAccess``.

    :raises BadRequest: they are the same, or the second stands alone.
    """
    if incompatible_id is None:
        return
    if package_id is None:
        raise BadRequest(
            "'incompatibleAccessPackageId' needs 'accessPackageId' beside it.",
            target="accessPackageId",
        )
    if package_id.lower() == incompatible_id.lower():
        raise BadRequest(
            "'accessPackageId' and 'incompatibleAccessPackageId' must be different packages.",
            target="incompatibleAccessPackageId",
        )


def conflict(
    excluders: Excluders, *, packages: Set[str], groups: Set[str]
) -> IncompatibleAccessPackage | IncompatibleGroup | None:
    """Say why somebody with these packages and in these groups may not get a package, if so."""
    for key in sorted(excluders.packages.keys() & packages):
        return IncompatibleAccessPackage(
            f"The target has the access package '{excluders.packages[key]}' ('{key}'), which is "
            "incompatible with this one.",
            target="assignment/accessPackageId",
        )
    for key in sorted(excluders.groups.keys() & groups):
        return IncompatibleGroup(
            f"The target is a member of the group '{excluders.groups[key]}' ('{key}'), which is "
            "incompatible with this access package.",
            target="assignment/accessPackageId",
        )
    return None
