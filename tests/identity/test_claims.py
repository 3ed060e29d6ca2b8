from __future__ import annotations

from typing import Any

import pytest

from ostiary.identity.catalogue import GLOBAL_READER, ORDINARY_USER_MARKER
from ostiary.identity.claims import at, caller
from ostiary.identity.issuers import ClaimMap, Grant, TrustedIssuer
from ostiary.identity.refusals import InvalidToken, Reason
from tests.identity.minting import ALICE, SERVICE_PRINCIPAL, TENANT, app_claims, microsoft
from tests.identity.minting import user_claims as person

KEYCLOAK = "https://sso.example.org/realms/corp"


def keycloak(**changes: Any) -> TrustedIssuer:
    settings: dict[str, Any] = {
        "name": "keycloak",
        "issuer": KEYCLOAK,
        "tenant": TENANT,
        "audiences": frozenset({"governance"}),
        "claims": ClaimMap(
            object_id="entra_oid",
            app_roles="resource_access.governance.roles",
            directory_roles="groups",
        ),
        "scope_prefixes": ("governance/",),
        "role_templates": {"/auditors": GLOBAL_READER},
        "authoritative_for": frozenset(Grant),
    }
    return TrustedIssuer(**settings | changes)


def keycloak_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": KEYCLOAK,
        "sub": "f:1",
        "entra_oid": ALICE,
        "azp": "portal",
        "scope": "openid governance/EntitlementManagement.Read.All",
        "preferred_username": "alice",
        "groups": ["/auditors", "/staff"],
        "jti": "j1",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        (app_claims(), "application"),
        (person(), "delegated"),
        (app_claims(idtyp=None), "application"),
        (person(idtyp=None), "delegated"),
        (app_claims(idtyp=None, roles=None), "application"),
        (app_claims(idtyp=None, sub="other"), "application"),
        (person(idtyp=None, roles=["EntitlementManagement.Read.All"]), "delegated"),
        (app_claims(scp="User.Read"), "application"),
    ],
    ids=[
        "idtyp app",
        "idtyp user",
        "roles",
        "scp",
        "sub is oid",
        "roles, another sub",
        "scp before roles",
        "idtyp before scp",
    ],
)
def test_the_kind_of_caller_is_told_by_the_first_sign(claims: dict[str, Any], kind: str) -> None:
    assert caller(microsoft(), claims).kind == kind


def test_a_token_without_any_sign_of_a_caller_is_refused() -> None:
    with pytest.raises(InvalidToken) as caught:
        caller(microsoft(), person(idtyp=None, scp=None))

    assert caught.value.reason is Reason.CALLER


@pytest.mark.parametrize("oid", [None, "alice", 7, "{cccccccc-0000-4000-8000-000000000003}"])
def test_a_microsoft_token_names_its_principal_by_guid(oid: Any) -> None:
    with pytest.raises(InvalidToken):
        caller(microsoft(), person(oid=oid))


def test_roles_in_a_delegated_token_grant_nothing() -> None:
    assert caller(microsoft(), person(roles=["EntitlementManagement.ReadWrite.All"])).roles == set()


def test_scopes_in_an_applications_token_grant_nothing() -> None:
    assert caller(microsoft(), app_claims(scp="User.Read")).scopes == set()


def test_the_marker_of_ordinary_users_is_no_directory_role() -> None:
    roles = caller(microsoft(), person(wids=[GLOBAL_READER.upper(), ORDINARY_USER_MARKER]))

    assert roles.directory_roles == {GLOBAL_READER}


@pytest.mark.parametrize(
    ("grant", "kept"), [(Grant.SCOPES, "scopes"), (Grant.DIRECTORY_ROLES, "directory_roles")]
)
def test_only_what_the_issuer_is_authoritative_for_counts(grant: Grant, kept: str) -> None:
    issuer = microsoft(authoritative_for=frozenset({grant}))

    found = caller(issuer, person(wids=[GLOBAL_READER]))

    assert {n for n in ("scopes", "directory_roles") if getattr(found, n)} == {kept}


def test_app_roles_count_only_of_an_issuer_that_is_authoritative_for_them() -> None:
    issuer = microsoft(authoritative_for=frozenset({Grant.SCOPES}))

    assert caller(issuer, app_claims()).roles == set()


def test_scopes_may_be_qualified_by_a_known_resource_only() -> None:
    scopes = "https://graph.microsoft.com/User.Read https://other.example/User.ReadWrite.All"

    found = caller(microsoft(), person(scp=scopes))

    assert found.scopes == {"User.Read", "https://other.example/User.ReadWrite.All"}


def test_a_generic_person_is_read_by_the_claim_map() -> None:
    found = caller(keycloak(), keycloak_claims())

    assert found.kind == "delegated"
    assert (found.object_id, found.app_id, found.tenant_id) == (ALICE, "portal", TENANT)
    assert found.scopes == {"openid", "EntitlementManagement.Read.All"}
    assert found.directory_roles == {GLOBAL_READER}
    assert (found.user_principal_name, found.token_id) == ("alice", "j1")


@pytest.mark.parametrize(
    "signs",
    [
        {"preferred_username": "service-account-portal"},
        {"sub": "portal", "client_id": "portal"},
    ],
    ids=["Keycloak's name", "RFC 9068"],
)
def test_a_service_account_is_an_application_though_it_has_scopes(signs: dict[str, Any]) -> None:
    access = {"governance": {"roles": ["EntitlementManagement.ReadWrite.All"]}}
    claims = keycloak_claims(entra_oid=SERVICE_PRINCIPAL, resource_access=access, **signs)

    found = caller(keycloak(), claims)

    assert found.kind == "application"
    assert found.roles == {"EntitlementManagement.ReadWrite.All"}
    assert found.scopes == set()


@pytest.mark.parametrize(
    "changes", [{"scope": None}, {"scope": ["a"]}, {"entra_oid": None}, {"entra_oid": 7}], ids=str
)
def test_a_generic_token_without_scopes_or_principal_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken) as caught:
        caller(keycloak(), keycloak_claims(**changes))

    assert caught.value.reason is Reason.CALLER


def test_a_subject_may_be_mapped_to_an_object_by_hand() -> None:
    issuer = keycloak(subjects={"f:1": SERVICE_PRINCIPAL})

    assert caller(issuer, keycloak_claims(entra_oid=None)).object_id == SERVICE_PRINCIPAL


def test_a_mapped_tenant_claim_must_name_the_tenant() -> None:
    issuer = keycloak(claims=ClaimMap(object_id="entra_oid", tenant="org.id"))

    assert caller(issuer, keycloak_claims(org={"id": TENANT})).tenant_id == TENANT
    with pytest.raises(InvalidToken):
        caller(issuer, keycloak_claims(org={"id": "other"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b", 1), ("a", {"b": 1}), ("x\\.y", 2), ("a.b.c", None), ("z", None), ("", None)],
)
def test_claim_paths_are_dotted(path: str, value: Any) -> None:
    assert at({"a": {"b": 1}, "x.y": 2}, path) == value


def test_the_audit_log_names_the_caller() -> None:
    actor = caller(microsoft(), person()).actor()

    assert (actor.kind, actor.id, actor.user_principal_name) == (
        "user",
        ALICE,
        "alice@example.org",
    )
    assert caller(microsoft(), app_claims()).actor().kind == "app"
