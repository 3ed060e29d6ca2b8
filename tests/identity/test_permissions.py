from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from ostiary.graph.errors import Forbidden, status_of
from ostiary.graph.resources import Call
from ostiary.identity import catalogue, matrix
from ostiary.identity.matrix import MATRIX
from ostiary.identity.permissions import Permission, allows, requires
from ostiary.identity.principals import Principal, principal
from tests.identity.minting import ALICE, SERVICE_PRINCIPAL, TENANT

ADMIN = catalogue.GLOBAL_ADMINISTRATOR
READER = catalogue.GLOBAL_READER
ER, EW = "EntitlementManagement.Read.All", "EntitlementManagement.ReadWrite.All"
ES = "EntitlementMgmt-SubjectAccess.ReadWrite"
LR, LW = "LifecycleWorkflows.Read.All", "LifecycleWorkflows.ReadWrite.All"
W, X = "LifecycleWorkflows-Workflow", "LifecycleWorkflows-CustomExt"
REPORTS = "LifecycleWorkflows-Reports.Read.All"
RR, RW = "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory"
DR, DW = "Directory.Read.All", "Directory.ReadWrite.All"

# Row, what opens it for people, what opens it for applications (None: the same), what does not
# open it, the least directory role that does, one that does not (None: no role is needed).
Row = tuple[str, str, str | None, str, str | None, str | None]
TABLE: list[Row] = [
    ("em.read", f"{ER} {EW}", None, ES, READER, catalogue.REPORTS_READER),
    ("em.write", EW, None, ER, catalogue.IDENTITY_GOVERNANCE_ADMINISTRATOR, READER),
    ("em.resume", EW, None, ER, catalogue.IDENTITY_GOVERNANCE_ADMINISTRATOR, READER),
    ("em.request", f"{EW} {ES}", EW, ER, None, None),
    ("em.cancel", f"{EW} {ES}", "", ER, None, None),
    ("em.mine", f"{ER} {EW} {ES}", "", LR, None, None),
    ("em.offered", f"{ER} {EW} {ES}", f"{ER} {EW}", LR, None, None),
    ("em.additionalAccess", f"{ER} {EW}", "", ES, catalogue.SECURITY_READER, W),
    ("em.approval.read", f"{ER} {EW}", "", ES, None, None),
    ("em.approval.decide", EW, "", ER, None, None),
    ("em.roleAssignments.read", f"{ER} {EW} {RR} {RW}", None, ES, READER, W),
    (
        "em.roleAssignments.write",
        f"{EW} {RW}",
        None,
        RR,
        catalogue.PRIVILEGED_ROLE_ADMINISTRATOR,
        READER,
    ),
    ("mails.resend", f"{EW} {LW}", None, ER, catalogue.IDENTITY_GOVERNANCE_ADMINISTRATOR, READER),
    ("em.roleDefinitions.read", f"{ER} {EW} RoleManagement.Read.All", None, ES, READER, W),
    (
        "lw.workflows.read",
        f"{W}.ReadBasic.All {W}.Read.All {W}.ReadWrite.All {LR} {LW}",
        None,
        REPORTS,
        READER,
        catalogue.SECURITY_READER,
    ),
    (
        "lw.details.read",
        f"{W}.Read.All {W}.ReadWrite.All {LR} {LW}",
        None,
        f"{W}.ReadBasic.All",
        READER,
        catalogue.SECURITY_READER,
    ),
    (
        "lw.write",
        f"{W}.ReadWrite.All {LW}",
        None,
        f"{W}.Activate",
        catalogue.LIFECYCLE_WORKFLOWS_ADMINISTRATOR,
        READER,
    ),
    (
        "lw.activate",
        f"{W}.Activate {W}.ReadWrite.All {LW}",
        None,
        LR,
        catalogue.LIFECYCLE_WORKFLOWS_ADMINISTRATOR,
        READER,
    ),
    ("lw.reports.read", f"{REPORTS} {LR} {LW}", None, f"{W}.Read.All", READER, W),
    ("lw.settings.read", f"{LR} {LW}", None, f"{W}.Read.All", READER, W),
    ("lw.settings.write", LW, None, LR, ADMIN, READER),
    (
        "lw.extensions.read",
        f"{X}.Read.All {X}.ReadWrite.All {LR} {LW}",
        None,
        REPORTS,
        READER,
        W,
    ),
    ("lw.extensions.write", f"{X}.ReadWrite.All {LW}", None, f"{X}.Read.All", ADMIN, READER),
    ("lw.resume", LW, f"{LW} LifecycleWorkflows.Resume.All", LR, ADMIN, READER),
    ("me.read", f"User.Read User.Read.All {DR}", "", "Group.Read.All", None, None),
    ("users.read", f"User.ReadBasic.All User.Read.All {DR}", None, "User.Read", None, None),
    ("users.details.read", f"User.Read.All {DR}", None, "User.ReadBasic.All", None, None),
    (
        "organization.read",
        f"Organization.Read.All User.Read User.Read.All {DR}",
        f"Organization.Read.All User.Read.All {DR}",
        "Domain.Read.All",
        None,
        None,
    ),
    (
        "domains.read",
        f"Domain.Read.All User.Read.All {DR}",
        None,
        "Organization.Read.All",
        None,
        None,
    ),
    (
        "users.write",
        f"User.ReadWrite.All {DW}",
        None,
        "User.Read.All",
        catalogue.USER_ADMINISTRATOR,
        catalogue.GROUPS_ADMINISTRATOR,
    ),
    (
        "groups.read",
        f"GroupMember.Read.All Group.Read.All {DR}",
        None,
        "User.Read.All",
        None,
        None,
    ),
    (
        "groups.create",
        f"Group.ReadWrite.All {DW}",
        f"Group.Create Group.ReadWrite.All {DW}",
        "GroupMember.ReadWrite.All",
        catalogue.GROUPS_ADMINISTRATOR,
        READER,
    ),
    (
        "groups.write",
        f"Group.ReadWrite.All {DW}",
        None,
        "GroupMember.ReadWrite.All",
        catalogue.GROUPS_ADMINISTRATOR,
        READER,
    ),
    ("groups.members.read", "GroupMember.Read.All", None, "User.Read.All", None, None),
    (
        "groups.members.write",
        f"GroupMember.ReadWrite.All Group.ReadWrite.All {DW}",
        None,
        "GroupMember.Read.All",
        catalogue.GROUPS_ADMINISTRATOR,
        READER,
    ),
    ("applications.read", f"Application.Read.All {DR}", None, "User.Read.All", None, None),
    (
        "applications.write",
        f"Application.ReadWrite.All {DW}",
        None,
        "Application.Read.All",
        catalogue.CLOUD_APPLICATION_ADMINISTRATOR,
        READER,
    ),
    ("appRoleAssignments.read", "Application.Read.All", None, "User.Read.All", None, None),
    (
        "appRoleAssignments.write",
        "AppRoleAssignment.ReadWrite.All",
        None,
        "Application.ReadWrite.All",
        catalogue.PRIVILEGED_ROLE_ADMINISTRATOR,
        catalogue.APPLICATION_ADMINISTRATOR,
    ),
    ("directoryObjects.read", DR, None, "User.Read.All", None, None),
    (
        "audit.read",
        "AuditLog.Read.All",
        None,
        DR,
        catalogue.REPORTS_READER,
        catalogue.USER_ADMINISTRATOR,
    ),
]


@dataclass
class FakeCall:
    """A request of which only the caller matters."""

    caller: Any


def person(*scopes: str, roles: tuple[str, ...] = ()) -> Principal:
    return Principal(
        kind="delegated",
        tenant_id=TENANT,
        object_id=ALICE,
        app_id=None,
        scopes=frozenset(scopes),
        roles=frozenset(),
        directory_roles=frozenset(roles),
    )


def application(*roles: str) -> Principal:
    return Principal(
        kind="application",
        tenant_id=TENANT,
        object_id=SERVICE_PRINCIPAL,
        app_id=None,
        scopes=frozenset(),
        roles=frozenset(roles),
        directory_roles=frozenset(),
    )


def call(caller: object) -> Call:
    return cast(Call, FakeCall(caller))


async def refusal(permission: Permission, caller: Principal, **options: Any) -> str:
    with pytest.raises(Forbidden) as caught:
        await requires(permission, **options)(call(caller))
    assert status_of(caught.value) == 403
    assert caught.value.code == "Authorization_RequestDenied"
    return str(caught.value)


async def yes(_: Call, __: Principal) -> bool:
    return True


async def no(_: Call, __: Principal) -> bool:
    return False


def test_every_row_of_the_matrix_is_tested() -> None:
    assert {row[0] for row in TABLE} == set(MATRIX)


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
async def test_a_person_with_scope_and_role_may(row: Row) -> None:
    name, scopes, _, _, role, _ = row
    for scope in scopes.split():
        await requires(MATRIX[name])(call(person(scope, roles=(role,) if role else ())))


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
async def test_a_person_without_the_scope_may_not_whatever_the_role(row: Row) -> None:
    name, scopes, _, wrong, _, _ = row

    message = await refusal(MATRIX[name], person(wrong, roles=(ADMIN,)))

    assert scopes.split()[0] in message


ROLE_ROWS = [row for row in TABLE if row[4]]


@pytest.mark.parametrize("row", ROLE_ROWS, ids=[row[0] for row in ROLE_ROWS])
async def test_a_person_with_the_scope_and_no_fitting_role_may_not(row: Row) -> None:
    name, scopes, _, _, role, wrong = row
    assert role is not None
    assert wrong is not None
    scope = scopes.split()[0]

    await refusal(MATRIX[name], person(scope))
    message = await refusal(MATRIX[name], person(scope, roles=(wrong,)))

    assert catalogue.DIRECTORY_ROLES[role] in message


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
async def test_an_application_needs_an_app_role(row: Row) -> None:
    name, scopes, roles, wrong, _, _ = row
    allowed = (scopes if roles is None else roles).split()
    for role in allowed:
        await requires(MATRIX[name])(call(application(role)))

    message = await refusal(MATRIX[name], application(wrong))
    if allowed:
        assert allowed[0] in message
    else:
        assert "not available to applications" in message
        await refusal(MATRIX[name], application(*scopes.split()))


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_the_matrix_knows_only_permissions_and_roles_that_exist(name: str) -> None:
    row = MATRIX[name]

    for scope in row.delegated:
        assert catalogue.PERMISSIONS[scope].delegated_id
    for role in row.application:
        assert catalogue.PERMISSIONS[role].application_id
    assert row.directory_roles <= set(catalogue.DIRECTORY_ROLES)


async def test_an_application_may_hold_a_governance_role_instead() -> None:
    await requires(matrix.EM_RESUME, role=yes)(call(application()))

    assert "governance role" in await refusal(matrix.EM_RESUME, application(), role=no)


async def test_a_person_needs_the_scope_besides_a_governance_role() -> None:
    await requires(matrix.EM_WRITE, role=yes)(call(person(EW)))

    assert EW in await refusal(matrix.EM_WRITE, person(ER), role=yes)
    assert "governance role" in await refusal(matrix.EM_WRITE, person(EW), role=no)


async def test_an_app_role_grants_a_person_nothing() -> None:
    confused = Principal(
        kind="delegated",
        tenant_id=TENANT,
        object_id=ALICE,
        app_id=None,
        scopes=frozenset(),
        roles=frozenset({EW}),
        directory_roles=frozenset({ADMIN}),
    )

    assert not allows(matrix.EM_WRITE, confused)


async def test_an_operation_for_applications_only_says_so() -> None:
    row = Permission(name="x", delegated=frozenset(), application=frozenset({EW}))

    assert "on behalf of a user" in await refusal(row, person(EW))


async def test_a_caller_of_another_kind_is_a_programming_error() -> None:
    with pytest.raises(TypeError):
        principal(call(object()))


def test_ids_of_permissions_are_unique() -> None:
    ids = [
        i for p in catalogue.PERMISSIONS.values() for i in (p.delegated_id, p.application_id) if i
    ]

    assert len(ids) == len(set(ids))
    assert catalogue.APP_ROLE_NAMES["9acd699f-1e81-4958-b001-93b1d2506e19"] == EW


@pytest.mark.parametrize("said", ["global reader", " Global Reader", READER.upper()])
def test_directory_roles_are_found_by_name_or_id(said: str) -> None:
    assert catalogue.directory_role(said) == READER
    assert catalogue.directory_role("Emperor") is None
