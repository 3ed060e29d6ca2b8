"""What the directory refuses, in the words that clients of the published API know."""

from __future__ import annotations

from collections.abc import Collection

from ostiary.graph.errors import BadRequest, Conflict, NotFound


class DirectoryError(BadRequest):
    """A request that a rule of the directory forbids."""

    code = "Request_BadRequest"


class ValueRequired(DirectoryError):
    """A new object lacks a property that it cannot be without."""

    def __init__(self, property_name: str, resource: str) -> None:
        super().__init__(
            f"A value is required for property '{property_name}' of resource '{resource}'.",
            target=property_name,
        )


class InvalidValue(DirectoryError):
    """A property has a value that it may not have; ``right`` says what would do."""

    def __init__(self, property_name: str, resource: str, right: str) -> None:
        super().__init__(
            f"Invalid value specified for property '{property_name}' of resource '{resource}': "
            f"{right}.",
            target=property_name,
        )


class ForeignDomain(DirectoryError):
    """The name of a user is in a domain that is not the organisation's."""

    def __init__(self, domain: str, own: Collection[str]) -> None:
        super().__init__(
            "The domain portion of the userPrincipalName property is invalid: "
            f"'{domain}' is none of the organisation's domains, which are "
            f"{', '.join(sorted(own))}.",
            target="userPrincipalName",
        )


class ObjectConflict(DirectoryError):
    """Another object already has what only one may have."""

    def __init__(self, property_name: str) -> None:
        super().__init__(
            f"Another object with the same value for property {property_name} already exists.",
            target=property_name,
        )


class ReferenceExists(DirectoryError):
    """A reference that is to be added is there already."""

    def __init__(self, navigation: str) -> None:
        super().__init__(
            "One or more added object references already exist for the following modified "
            f"properties: '{navigation}'.",
            target=navigation,
        )


class ObjectNotFound(NotFound):
    """There is no live object with this id."""

    code = "Request_ResourceNotFound"

    def __init__(self, object_id: str) -> None:
        super().__init__(
            f"Resource '{object_id}' does not exist or one of its queried reference-property "
            "objects are not present."
        )


class NoSuchApplication(DirectoryError):
    """A service principal is asked for that has no application behind it."""

    code = "NoBackingApplicationObject"

    def __init__(self, app_id: str) -> None:
        super().__init__(
            f"The appId '{app_id}' of the service principal does not reference a valid "
            "application object.",
            target="appId",
        )


class PrincipalExists(Conflict):
    """The application has a service principal already."""

    code = "Request_MultipleObjectsWithSameKeyValue"

    def __init__(self, app_id: str) -> None:
        super().__init__(
            "The service principal cannot be created, updated, or restored because the service "
            f"principal name {app_id} is already in use.",
            target="appId",
        )


class AlreadyGranted(DirectoryError):
    """The principal holds the role already."""

    message = "Permission being assigned already exists on the object"
