"""Data sources of the provider find the people, groups and applications that a policy names."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import group_id, person_id
from tests.clients.conftest import TERRAFORM
from tests.clients.terraform import Provider

ADELE, MIRIAM, SALES = person_id("adele"), person_id("miriam"), group_id("Sales team")
DETAILS = [
    "accountEnabled",
    "ageGroup",
    "businessPhones",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "creationType",
    "department",
    "displayName",
    "employeeId",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "faxNumber",
    "givenName",
    "id",
    "imAddresses",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "showInAddressList",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
]
"""What ``azuread_user`` selects, in its order."""


@pytest.mark.parametrize(
    "condition",
    [
        "userPrincipalName eq 'adele@contoso.example'",
        "mail eq 'adele@contoso.example'",
        "mailNickname eq 'adele'",
        "employeeId eq 'C1007'",
    ],
)
def test_a_person_is_found_by_any_of_four_names(provider: Provider, condition: str) -> None:
    (found,) = provider.listed("/users", {"$filter": condition}, root="v1.0")

    assert found["id"] == ADELE


def test_every_detail_of_a_person_can_be_selected(provider: Provider) -> None:
    found = provider.get(f"/users/{ADELE}", {"$select": ",".join(DETAILS)}, root="v1.0")

    assert set(DETAILS) <= found.keys()
    assert found["displayName"] == "Adele Vance"
    assert found["ageGroup"] is None
    assert found["imAddresses"] == []


def test_a_manager_is_a_directory_object_or_is_not_there(provider: Provider) -> None:
    found = provider.get(f"/users/{ADELE}/manager", root="v1.0")
    assert found["@odata.type"] == "#microsoft.graph.user"

    provider.call("GET", f"/users/{MIRIAM}/manager", root="v1.0", expects={404})


def test_a_group_is_found_by_name_with_its_members_and_owners(provider: Provider) -> None:
    condition = "displayName eq 'Sales team' and mailEnabled eq false and securityEnabled eq true"

    (found,) = provider.listed("/groups", {"$filter": condition})

    assert found["id"] == SALES
    assert {"groupTypes", "description", "mailNickname", "visibility"} <= found.keys()
    for relation in ("members", "transitiveMembers", "owners"):
        held = provider.listed(f"/groups/{SALES}/{relation}", {})
        assert all(each["@odata.type"] and each["id"] for each in held)


def test_what_only_groups_with_a_mailbox_have_can_be_selected(provider: Provider) -> None:
    """Of a group of type ``Unified`` the provider asks for these as well."""
    names = [
        "allowExternalSenders",
        "autoSubscribeNewMembers",
        "hideFromAddressLists",
        "hideFromOutlookClients",
    ]

    found = provider.get(f"/groups/{SALES}", {"$select": ",".join(names)}, root="beta")

    assert [found[name] for name in names] == [None] * 4


def test_a_service_principal_is_found_by_its_application(provider: Provider) -> None:
    condition = {"$filter": f"appId eq '{TERRAFORM}'"}

    (found,) = provider.listed("/servicePrincipals", condition, root="v1.0")

    place = f"/servicePrincipals/{found['id']}"
    more = provider.get(place, {"$select": "samlMetadataUrl"}, root="beta")
    assert more["samlMetadataUrl"] is None
    assert found["displayName"] == "Terraform"
    assert found["servicePrincipalType"] == "Application"
