"""The resources of the provider: what each of them sends and reads to be made, kept and destroyed.

A resource is made from its arguments, and read into the same arguments: Terraform plans a change
where the two are not equal. Statuses are the ones that its releases from 3.0 on expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tests.clients.terraform import EM, ROLES, Body, Provider, typed

Arguments = dict[str, Any]

READ_ONLY = {"createdBy", "createdDateTime", "modifiedBy", "modifiedDateTime"}
"""Left out of a body, whatever was read."""


class Resource(Protocol):
    """What Terraform can do with a resource; it is imported by nothing but its id."""

    def create(self, provider: Provider, wanted: Arguments) -> str:
        """Make it, and give its id."""

    def read(self, provider: Provider, id: str) -> Arguments | None:
        """Read its arguments; None when it is gone, so that it would be made again."""

    def delete(self, provider: Provider, id: str) -> None:
        """Destroy it, and see that it is gone."""


@dataclass(frozen=True)
class Catalog:
    """``azuread_access_package_catalog``."""

    path: str = f"{EM}/accessPackageCatalogs"

    def create(self, provider: Provider, wanted: Arguments) -> str:
        return str(provider.create(self.path, self._body(wanted))["id"])

    def read(self, provider: Provider, id: str) -> Arguments | None:
        found = provider.find(f"{self.path}/{id}")
        return found and {
            "display_name": found["displayName"],
            "description": found["description"],
            "externally_visible": found["isExternallyVisible"],
            "published": found["catalogStatus"].lower() == "published",
        }

    def update(self, provider: Provider, id: str, wanted: Arguments) -> None:
        body = self._body(wanted)
        provider.call("PATCH", f"{self.path}/{id}", body=body, expects={200, 202, 204})

    def delete(self, provider: Provider, id: str) -> None:
        provider.delete(f"{self.path}/{id}")
        assert provider.is_gone(f"{self.path}/{id}")

    def _body(self, wanted: Arguments) -> Body:
        return typed(
            "accessPackageCatalog",
            displayName=wanted["display_name"],
            description=wanted["description"],
            catalogStatus="published" if wanted["published"] else "unpublished",
            isExternallyVisible=wanted["externally_visible"],
        )


@dataclass(frozen=True)
class Package:
    """``azuread_access_package``: sent with the whole catalog in it, changes included."""

    path: str = f"{EM}/accessPackages"

    def create(self, provider: Provider, wanted: Arguments) -> str:
        return str(provider.create(self.path, self._body(provider, wanted))["id"])

    def read(self, provider: Provider, id: str) -> Arguments | None:
        found = provider.find(f"{self.path}/{id}")
        return found and {
            "catalog_id": found["catalogId"],
            "description": found["description"],
            "display_name": found["displayName"],
            "hidden": found["isHidden"],
        }

    def update(self, provider: Provider, id: str, wanted: Arguments) -> None:
        body = self._body(provider, wanted)
        provider.call("PATCH", f"{self.path}/{id}", body=body, expects={204})

    def delete(self, provider: Provider, id: str) -> None:
        provider.delete(f"{self.path}/{id}")
        assert provider.is_gone(f"{self.path}/{id}")

    def _body(self, provider: Provider, wanted: Arguments) -> Body:
        catalog = provider.get(f"{Catalog.path}/{wanted['catalog_id']}", root="beta")
        kept = {k: v for k, v in catalog.items() if "@" not in k and k not in READ_ONLY}
        return typed(
            "accessPackage",
            accessPackageCatalog=typed("accessPackageCatalog", **kept),
            displayName=wanted["display_name"],
            description=wanted["description"],
            isHidden=wanted["hidden"],
        )


@dataclass(frozen=True)
class ResourceInCatalog:
    """``azuread_access_package_resource_catalog_association``; id: catalog/origin."""

    path: str = f"{EM}/accessPackageResourceRequests"

    def create(self, provider: Provider, wanted: Arguments) -> str:
        catalog, origin = wanted["catalog_id"], wanted["resource_origin_id"]
        provider.get(f"{Catalog.path}/{catalog}", root="beta")
        assert _resources(provider, catalog, f"originId eq '{origin}'") == []
        self._ask(provider, "AdminAdd", catalog, origin, wanted["resource_origin_system"])
        for _ in range(2):
            assert _resources(provider, catalog, f"startswith(originId, '{origin}')")
        return f"{catalog}/{origin}"

    def read(self, provider: Provider, id: str) -> Arguments | None:
        catalog, _, origin = id.partition("/")
        found = _resources(provider, catalog, f"originId eq '{origin}'")
        return (
            {
                "catalog_id": catalog,
                "resource_origin_id": origin,
                "resource_origin_system": found[0]["originSystem"],
            }
            if found
            else None
        )

    def delete(self, provider: Provider, id: str) -> None:
        there = self.read(provider, id)
        assert there is not None
        origin, system = there["resource_origin_id"], there["resource_origin_system"]
        self._ask(provider, "AdminRemove", there["catalog_id"], origin, system)

    def _ask(self, provider: Provider, kind: str, catalog: str, origin: str, system: str) -> None:
        body = typed(
            "accessPackageResourceRequest",
            catalogId=catalog,
            executeImmediately=True,
            requestType=kind,
            accessPackageResource=typed(
                "accessPackageResource", originId=origin, originSystem=system
            ),
        )
        provider.create(self.path, body)


@dataclass(frozen=True)
class ResourceInPackage:
    """``azuread_access_package_resource_package_association``.

    Its id is package/role and scope/origin/kind of access. What is proposed for later releases
    looks the role up in the catalog, and leaves the origin of all but groups out of the id.
    """

    looks_up: bool = False

    def create(self, provider: Provider, wanted: Arguments) -> str:
        catalog, _, origin = wanted["catalog_resource_association_id"].partition("/")
        package, access = wanted["access_package_id"], wanted["access_type"]
        (resource,) = _resources(provider, catalog, f"originId eq '{origin}'")
        role = {"displayName": access, "originId": f"{access}_{origin}"}
        if self.looks_up:
            role = _role(provider, catalog, resource, access)
        place = f"{Package.path}/{package}/accessPackageResourceRoleScopes"
        made = provider.create(place, _role_scope(resource, role))
        id = f"{package}/{made['id']}"
        if not self.looks_up or resource["originSystem"] == "AadGroup":
            id = f"{id}/{origin}/{access}"
        for _ in range(2):
            assert self.read(provider, id) is not None
        return id

    def read(self, provider: Provider, id: str) -> Arguments | None:
        package, role_scope, *known = id.split("/")
        inner = "$expand=accessPackageResourceRole,accessPackageResourceScope"
        expand = {"$expand": f"accessPackageResourceRoleScopes({inner})"}
        found = provider.get(f"{Package.path}/{package}", expand, root="beta")
        held = {each["id"]: each for each in found["accessPackageResourceRoleScopes"]}
        if role_scope not in held:
            return None
        origin, access = known or _told(held[role_scope])
        catalog = provider.get(f"{Package.path}/{package}", root="beta")["catalogId"]
        return {
            "access_package_id": package,
            "access_type": access,
            "catalog_resource_association_id": f"{catalog}/{origin}",
        }

    def delete(self, provider: Provider, id: str) -> None:
        package, role_scope, *_ = id.split("/")
        provider.delete(f"{Package.path}/{package}/accessPackageResourceRoleScopes/{role_scope}")


@dataclass(frozen=True)
class RoleInCatalog:
    """``azuread_access_package_catalog_role_assignment``: the one body without a type."""

    path: str = f"{ROLES}/roleAssignments"

    def create(self, provider: Provider, wanted: Arguments) -> str:
        body = {
            "directoryScopeId": "/",
            "principalId": wanted["principal_object_id"],
            "roleDefinitionId": wanted["role_id"],
            "appScopeId": f"/AccessPackageCatalog/{wanted['catalog_id']}",
        }
        return str(provider.create(self.path, body, expects={200, 201})["id"])

    def read(self, provider: Provider, id: str) -> Arguments | None:
        found = provider.find(f"{self.path}/{id}")
        return found and {
            "catalog_id": found["appScopeId"].removeprefix("/AccessPackageCatalog/"),
            "principal_object_id": found["principalId"],
            "role_id": found["roleDefinitionId"],
        }

    def delete(self, provider: Provider, id: str) -> None:
        provider.delete(f"{self.path}/{id}")


def _told(role_scope: Body) -> tuple[str, str]:
    scope, role = (role_scope[f"accessPackageResource{part}"] for part in ("Scope", "Role"))
    return scope["originId"], role["originId"]


def _resources(provider: Provider, catalog: str, condition: str) -> list[Body]:
    place = f"{Catalog.path}/{catalog}/accessPackageResources"
    return provider.listed(place, {"$filter": condition})


def _role(provider: Provider, catalog: str, resource: Body, access: str) -> Body:
    system, id = resource["originSystem"], resource["id"]
    options = {
        "$filter": f"originSystem eq '{system}' and accessPackageResource/id eq '{id}'",
        "$expand": "accessPackageResource",
    }
    found = provider.listed(f"{Catalog.path}/{catalog}/accessPackageResourceRoles", options)
    (role,) = (
        role
        for role in found
        if role["accessPackageResource"]["id"] == id
        and access in (role["originId"], role["displayName"])
    )
    return {"displayName": role["displayName"], "originId": role["originId"]}


def _role_scope(resource: Body, role: Body) -> Body:
    named = {name: resource[name] for name in ("id", "resourceType", "originId")}
    system, origin = resource["originSystem"], resource["originId"]
    return typed(
        "accessPackageResourceRoleScope",
        accessPackageResourceRole=typed(
            "accessPackageResourceRole",
            originSystem=system,
            accessPackageResource=typed("accessPackageResource", **named),
            **role,
        ),
        accessPackageResourceScope=typed(
            "accessPackageResourceScope", originSystem=system, originId=origin
        ),
    )
