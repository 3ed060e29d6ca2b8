"""What a resource has to know of whoever is given a role of it: its attributes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.graph.types import UNSET, Beta, BetaOnly, Complex, Nav, UnsetType


class AccessPackageResourceAttributeSource(Complex, kw_only=True):
    """Where the value of an attribute comes from."""

    ABSTRACT: ClassVar[bool] = True


class AccessPackageResourceAttributeQuestion(AccessPackageResourceAttributeSource, kw_only=True):
    """Whoever asks for access is asked for the value."""

    question: Annotated[AccessPackageQuestion | UnsetType | None, Nav(contained=True)] = UNSET


class AccessPackageResourceAttributeDestination(Complex, kw_only=True):
    """Where the value of an attribute goes."""

    ABSTRACT: ClassVar[bool] = True


class AccessPackageUserDirectoryAttributeStore(
    AccessPackageResourceAttributeDestination, kw_only=True
):
    """The value becomes a property of the person in the directory."""


class AccessPackageResourceAttribute(Complex, kw_only=True):
    """Something that a resource has to know of whoever is given a role of it."""

    destination: Annotated[
        AccessPackageResourceAttributeDestination | None, Beta("attributeDestination")
    ] = None
    is_editable: Annotated[bool | None, Beta(absent=True)] = None
    is_persisted_on_assignment_removal: Annotated[bool | None, Beta(absent=True)] = None
    name: Annotated[str | None, Beta("attributeName")] = None
    source: Annotated[AccessPackageResourceAttributeSource | None, Beta("attributeSource")] = None
    id: Annotated[str | None, BetaOnly] = None
