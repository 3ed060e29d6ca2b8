"""Terraform makes, keeps, changes, imports and destroys what a catalog consists of.

``terraform`` says what is spoken here: the conversation of the provider, not its binary.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from ostiary.directory.seed import group_id, person_id
from tests.clients.conftest import TERRAFORM
from tests.clients.terraform import EM, ROLES, Provider
from tests.clients.terraform_resources import (
    Arguments,
    Catalog,
    Package,
    ResourceInCatalog,
    ResourceInPackage,
    RoleInCatalog,
)

SALES = group_id("Sales team")
CATALOG: Arguments = {
    "display_name": "Terraform's own",
    "description": "Kept in files",
    "externally_visible": True,
    "published": True,
}


@pytest.fixture
def catalog(provider: Provider) -> Iterator[str]:
    """A catalog that Terraform has made."""
    id = Catalog().create(provider, CATALOG)
    yield id
    Catalog().delete(provider, id)


@pytest.fixture
def package(provider: Provider, catalog: str) -> Iterator[str]:
    """A package in that catalog."""
    id = Package().create(provider, _package(catalog))
    yield id
    Package().delete(provider, id)


def test_the_token_says_whose_it_is(provider: Provider) -> None:
    """The provider ends at once where a token has no ``oid``, and asks who it is without one."""
    claims = provider.token.split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    (found,) = provider.listed(
        "/servicePrincipals", {"$filter": f"appId eq '{TERRAFORM}'"}, root="v1.0"
    )
    assert told["oid"] == found["id"]


def test_a_catalog_is_as_it_was_written_and_changes_in_place(provider: Provider) -> None:
    catalogs = Catalog()
    id = catalogs.create(provider, CATALOG)
    assert catalogs.read(provider, id) == CATALOG

    changed = CATALOG | {"description": "Closed", "published": False, "externally_visible": False}
    catalogs.update(provider, id, changed)
    assert catalogs.read(provider, id) == changed

    catalogs.delete(provider, id)
    assert catalogs.read(provider, id) is None


def test_a_package_changes_with_its_catalog_in_the_body(provider: Provider, catalog: str) -> None:
    packages, wanted = Package(), _package(catalog)
    id = packages.create(provider, wanted)
    assert packages.read(provider, id) == wanted

    changed = wanted | {"display_name": "Tools, renamed", "hidden": True}
    packages.update(provider, id, changed)
    assert packages.read(provider, id) == changed

    packages.delete(provider, id)
    assert packages.read(provider, id) is None


def test_a_package_keeps_its_catalog_when_that_has_changed_meanwhile(
    provider: Provider, package: str, catalog: str
) -> None:
    Catalog().update(provider, catalog, CATALOG | {"description": "Changed by the same apply"})

    Package().update(provider, package, _package(catalog))

    assert Package().read(provider, package) == _package(catalog)


@pytest.mark.parametrize("association", [ResourceInPackage(), ResourceInPackage(looks_up=True)])
@pytest.mark.parametrize("access", ["Member", "Owner"])
def test_a_group_comes_into_a_catalog_and_a_package_and_leaves_them(
    provider: Provider,
    catalog: str,
    package: str,
    association: ResourceInPackage,
    access: str,
) -> None:
    wanted = {
        "catalog_id": catalog,
        "resource_origin_id": SALES,
        "resource_origin_system": "AadGroup",
    }
    in_catalog = ResourceInCatalog().create(provider, wanted)
    assert ResourceInCatalog().read(provider, in_catalog) == wanted

    role = {
        "access_package_id": package,
        "access_type": access,
        "catalog_resource_association_id": in_catalog,
    }
    in_package = association.create(provider, role)
    assert association.read(provider, in_package) == role

    association.delete(provider, in_package)
    assert association.read(provider, in_package) is None
    ResourceInCatalog().delete(provider, in_catalog)
    assert ResourceInCatalog().read(provider, in_catalog) is None


def test_a_role_of_an_application_comes_into_a_package_and_leaves_it(
    provider: Provider, catalog: str, package: str
) -> None:
    """As proposed for the provider (pull request 1880); its releases know the roles of groups."""
    origin, role = _application(provider)
    wanted = {
        "catalog_id": catalog,
        "resource_origin_id": origin,
        "resource_origin_system": "AadApplication",
    }
    in_catalog = ResourceInCatalog().create(provider, wanted)
    assert ResourceInCatalog().read(provider, in_catalog) == wanted

    held = {
        "access_package_id": package,
        "access_type": role,
        "catalog_resource_association_id": in_catalog,
    }
    association = ResourceInPackage(looks_up=True)
    in_package = association.create(provider, held)
    assert association.read(provider, in_package) == held

    association.delete(provider, in_package)
    ResourceInCatalog().delete(provider, in_catalog)


def test_somebody_is_made_owner_of_a_catalog(provider: Provider, catalog: str) -> None:
    (role,) = provider.listed(
        f"{ROLES}/roleDefinitions", {"$filter": "displayName eq 'Catalog owner'"}
    )
    wanted = {
        "catalog_id": catalog,
        "principal_object_id": person_id("adele"),
        "role_id": role["id"],
    }

    id = RoleInCatalog().create(provider, wanted)
    assert RoleInCatalog().read(provider, id) == wanted

    RoleInCatalog().delete(provider, id)
    assert RoleInCatalog().read(provider, id) is None


@pytest.mark.parametrize(
    "name",
    [
        "Catalog owner",
        "Catalog reader",
        "Access package manager",
        "Access package assignment manager",
    ],
)
def test_roles_of_catalogs_are_found_by_name_and_by_id(provider: Provider, name: str) -> None:
    """``azuread_access_package_catalog_role``."""
    (found,) = provider.listed(f"{ROLES}/roleDefinitions", {"$filter": f"displayName eq '{name}'"})
    by_id = provider.find(f"{ROLES}/roleDefinitions/{found['id']}")

    assert by_id is not None
    for read in (found, by_id):
        assert read["displayName"] == name
        assert read["description"]
        assert read["templateId"]


def test_a_catalog_is_found_by_a_name_with_an_apostrophe(provider: Provider, catalog: str) -> None:
    """``azuread_access_package_catalog`` as a data source."""
    condition = {"$filter": "displayName eq 'Terraform''s own'"}

    (found,) = provider.listed(f"{EM}/accessPackageCatalogs", condition)

    assert found["id"] == catalog


def test_a_package_is_found_by_name_and_then_by_catalog(
    provider: Provider, catalog: str, package: str
) -> None:
    """``azuread_access_package`` as a data source."""
    found = provider.listed(f"{EM}/accessPackages", {"$filter": "displayName eq 'Tools'"})

    assert [(read["id"], read["catalogId"]) for read in found] == [(package, catalog)]


def test_a_package_that_somebody_deleted_is_made_again(provider: Provider, catalog: str) -> None:
    """A refresh takes 404 for "gone", and anything else for a failure."""
    id = Package().create(provider, _package(catalog))
    provider.delete(f"{Package.path}/{id}")

    assert Package().read(provider, id) is None


def _application(provider: Provider) -> tuple[str, str]:
    """Register an application; give the id of its service principal and that of its role."""
    role = {
        "allowedMemberTypes": ["User"],
        "displayName": "Reader",
        "description": "Reads",
        "id": "6a0a1a2c-6a1e-4a42-8d0c-1f6a7e0f4b11",
        "isEnabled": True,
        "value": "reader",
    }
    body = {"displayName": "Price list", "appRoles": [role]}
    registered = provider.create("/applications", body)
    made = provider.create("/servicePrincipals", {"appId": registered["appId"]})
    return str(made["id"]), str(role["id"])


def _package(catalog: str) -> Arguments:
    return {
        "catalog_id": catalog,
        "description": "What one works with",
        "display_name": "Tools",
        "hidden": False,
    }
