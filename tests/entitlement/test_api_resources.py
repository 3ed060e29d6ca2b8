"""Resources of every kind through the API: taken in, changed, read, refreshed, handed out."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.directory import changes, model
from ostiary.durable.tables import work
from ostiary.entitlement.roles import Role
from ostiary.extensions.caller import Caller
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id
from tests.entitlement.house import BETA, EM, GRAPH, ROLES, House
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.entitlement.origins import SITE, LoopbackOrigin
from tests.entitlement.resources import RESOURCE, of_application, register, request, resource_of
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import person
from tests.support.clocks import FixedClock


async def test_groups_that_packages_may_not_change_are_refused(lodge: House) -> None:
    draft = model.Group(
        display_name="administrators",
        mail_nickname="administrators",
        mail_enabled=False,
        security_enabled=True,
        is_assignable_to_role=True,
    )
    async with lodge.database.transaction() as conn:
        now = lodge.clock.now()
        (group,) = await changes.add_groups(conn, [draft], now=now, actor=ADMINISTRATOR)
    body = {"originId": group.id, "originSystem": "aadgroup"}

    refusal = await lodge.refused(
        "POST", "resourceRequests", request("adminAdd", await lodge.catalog(), body)
    )

    assert refusal[0::2] == ("InvalidModel", "resource/originId")
    assert "directory roles" in refusal[1]


async def test_a_removal_is_refused_with_the_names_of_the_packages(lodge: House) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    for name in ("CRM", "Mail"):
        await lodge.package(catalog, group, name=name)
    body = {"originId": group, "originSystem": "AadGroup"}

    code, message, _ = await lodge.refused(
        "POST", "resourceRequests", request("adminRemove", catalog, body)
    )

    assert code == "OperationNotAllowed"
    assert "'CRM', 'Mail'" in message


async def test_a_request_can_be_checked_only(lodge: House) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup"}
    body = {"requestType": "AdminAdd", "catalogId": catalog, "accessPackageResource": resource}
    path = f"{BETA}/accessPackageResourceRequests"

    made = await lodge.post(path, {**body, "isValidationOnly": True})

    assert made["isValidationOnly"]
    assert await lodge.values(f"catalogs/{catalog}/resources") == []
    assert await lodge.values(path) == []
    await lodge.post(path, {**body, "executeImmediately": True, "justification": "needed"})
    (kept,) = await lodge.values(f"{path}?$expand=accessPackageResource")
    assert (kept["executeImmediately"], kept["justification"]) == (True, "needed")
    assert kept["accessPackageResource"]["originId"] == group


async def test_a_resource_that_is_added_for_a_time_is_removed_when_it_is_up(house: House) -> None:
    catalog, group, other = (
        await house.catalog(),
        await house.group("sales"),
        await house.group("crew"),
    )
    path, until = f"{BETA}/accessPackageResourceRequests", "2026-01-10T00:00:00Z"

    def adding(group: str, at: str | None = until, **more: Any) -> dict[str, Any]:
        resource = {"originId": group, "originSystem": "AadGroup"}
        named = {"catalogId": catalog, "accessPackageResource": resource}
        return {"requestType": "AdminAdd", **named, "expirationDateTime": at, **more}

    for wrong in (
        adding(group, at="2026-01-05T09:00:00Z"),
        adding(group, requestType="AdminUpdate"),
        adding(group, requestType="AdminRemove"),
    ):
        assert (await house.refused("POST", path, wrong))[2] == "expirationDateTime"
    await house.post(path, adding(group, isValidationOnly=True))
    made = await house.post(path, adding(group))
    assert made["expirationDateTime"] == until
    await house.post(path, adding(other))
    package = await house.package(catalog, other)

    async def there() -> set[str]:
        return {one["originId"] for one in await house.values(f"catalogs/{catalog}/resources")}

    await pass_by(house, days=4, hours=14)
    assert await there() == {group, other}
    await pass_by(house, hours=1)
    assert await there() == {other}
    assert (await house.get(f"{path}/{made['id']}"))["expirationDateTime"] == until
    assert "expirationDateTime" not in await house.get(f"resourceRequests/{made['id']}")

    await house.post(path, adding(group, at=None))
    await pass_by(house, days=1)
    assert await there() == {group, other}
    (scope,) = await house.values(f"accessPackages/{package}/resourceRoleScopes")
    scopes = f"accessPackages/{package}/resourceRoleScopes/{scope['id']}"
    await house.call("DELETE", scopes, status=204)
    await pass_by(house, days=1)
    assert await there() == {group}
    await pass_by(house, days=3)
    async with house.database.reading() as conn:
        query = select(audit_records).where(
            audit_records.c.activity_display_name == "Remove resource from catalog"
        )
        ordered = query.order_by(audit_records.c.activity_date_time, audit_records.c.id)
        told = (await conn.execute(ordered)).mappings().all()
    assert sorted(one["result"] for one in told[:2]) == ["failure", "success"]
    assert [one["result"] for one in told[2:]] == ["failure", "success"]
    assert "'Sales'. Remove them there first." in told[2]["result_reason"]
    assert "the resource was added to the catalog is up." in told[3]["result_reason"]


async def test_a_resource_that_was_removed_by_hand_leaves_no_timer(cottage: House) -> None:
    catalog, group = await cottage.catalog(), await cottage.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup"}
    named = {"catalog": {"id": catalog}, "resource": resource}
    added = {"requestType": "adminAdd", "expirationDateTime": "2026-01-10T00:00:00Z", **named}
    await cottage.post("resourceRequests", added)

    await cottage.post("resourceRequests", {"requestType": "adminRemove", **named})

    async with cottage.database.reading() as conn:
        kinds = (await conn.execute(select(work.c.kind))).scalars().all()
    assert "resource.expire" not in kinds


async def pass_by(house: House, **duration: float) -> None:
    """Let time pass, and do everything that is due then."""
    house.clock.advance(**duration)
    await house.settle()


async def test_environments_are_listed_by_origin_system(lodge: House) -> None:
    code, message, target = await lodge.refused("GET", "resourceEnvironments")
    assert (code, target) == ("InvalidFilter", "$filter")
    assert "originSystem eq 'SharePointOnline'" in message

    path = "resourceEnvironments?$filter=originSystem eq 'SharePointOnline'"
    (place,) = await lodge.values(path)

    assert (place["displayName"], place["isDefaultEnvironment"]) == ("Main", True)
    assert (await lodge.get(f"resourceEnvironments/{place['id']}"))["originId"] == (
        "https://contoso.example/"
    )
    beta = f"{BETA}/accessPackageResourceEnvironments"
    assert (await lodge.refused("GET", beta))[0] == "InvalidFilter"
    assert await lodge.values(f"{beta}?$filter=originSystem eq 'Other'") == []


async def test_a_resource_names_its_environment_in_every_documented_way(lodge: House) -> None:
    path = "resourceEnvironments?$filter=originSystem eq 'SharePointOnline'"
    (place,) = await lodge.values(path)
    bound = f"https://graph.microsoft.com/v1.0/x/resourceEnvironments/{place['id']}"
    named: list[dict[str, Any]] = [
        {"environment": {"originId": place["originId"]}},
        {"environment": {"id": place["id"]}},
        {"environment@odata.bind": bound},
    ]

    for more in named:
        catalog = await lodge.catalog()
        await lodge.take_in(catalog, {**RESOURCE, **more})
        (kept,) = await lodge.values(f"catalogs/{catalog}/resources?$expand=environment")
        assert kept["environment"]["id"] == place["id"]
    wrong = {**RESOURCE, "environment": {"originId": "elsewhere"}}
    body = request("adminAdd", await lodge.catalog(), wrong)
    assert (await lodge.refused("POST", "resourceRequests", body))[2] == "resource/environment"


async def test_a_resource_is_refreshed_from_its_origin(
    lodge: House, origin: LoopbackOrigin
) -> None:
    catalog = await lodge.catalog()
    await lodge.take_in(catalog, RESOURCE)
    package = await lodge.package(catalog)
    await lodge.hand_out(package, RESOURCE, "4")
    resource = await resource_of(lodge, catalog)
    origin.roles = {"5": "Contributors", "6": "Designers"}

    path = f"{EM}/accessPackageCatalogs/{catalog}/accessPackageResources/{resource['id']}/refresh"
    await lodge.post(path, status=200)

    names = {r["originId"]: r["displayName"] for r in (await resource_of(lodge, catalog))["roles"]}
    assert names == {"4": "Site Visitors", "5": "Contributors", "6": "Designers"}
    origin.status = 503
    assert (await lodge.refused("POST", path, status=503))[0] == "serviceNotAvailable"
    await lodge.post(f"catalogs/{catalog}/resources/none/refresh", status=404)


async def test_a_role_that_the_catalog_does_not_know_yet_is_asked_of_its_origin(
    lodge: House, origin: LoopbackOrigin
) -> None:
    catalog = await lodge.catalog()
    await lodge.take_in(catalog, RESOURCE)
    package = await lodge.package(catalog)
    origin.roles["7"] = "Editors"

    held = await lodge.hand_out(package, RESOURCE, "7")

    path = f"accessPackages/{package}/resourceRoleScopes/{held}?$expand=role"
    assert (await lodge.get(path))["role"]["displayName"] == "Editors"
    body = {
        "role": {"originId": "8", "resource": RESOURCE},
        "scope": {"originId": SITE, "originSystem": "SharePointOnline"},
    }
    where = f"accessPackages/{package}/resourceRoleScopes"
    assert (await lodge.refused("POST", where, body))[2] == "role"
    body = {"role": {"originId": "5", "resource": RESOURCE}, "scope": {"originId": "elsewhere"}}
    assert (await lodge.refused("POST", where, body))[2] == "scope"


async def test_a_role_that_several_resources_have_needs_its_resource(lodge: House) -> None:
    _, crm = await register(lodge, name="CRM")
    _, wiki = await register(lodge, name="Wiki")
    catalog = await lodge.catalog()
    for principal in (crm, wiki):
        await lodge.take_in(catalog, of_application(principal))
    package = await lodge.package(catalog)
    plain = "00000000-0000-0000-0000-000000000000"
    body = {
        "role": {"originId": plain, "originSystem": "AadApplication"},
        "scope": of_application(crm),
    }

    where = f"accessPackages/{package}/resourceRoleScopes"
    assert (await lodge.refused("POST", where, body))[2] == "role/resource"
    await lodge.hand_out(package, of_application(wiki), plain)


async def test_what_packages_have_can_be_read_at_the_top(lodge: House) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    await lodge.package(catalog, group, name="CRM")
    await lodge.package(catalog, group, name="Mail")

    (held,) = await lodge.values("resourceRoleScopes?$expand=role,scope")
    (resource,) = await lodge.values(f"resources?$filter=originId eq '{group}'&$expand=roles")

    assert held["role"]["originId"] == f"Member_{group}"
    assert (held["scope"]["isRootScope"], len(resource["roles"])) == (True, 2)
    assert (await lodge.get("resourceRoleScopes/$count")) == 1
    for path in ("accessPackageResourceRoleScopes", "accessPackageResources"):
        assert len(await lodge.values(f"{BETA}/{path}")) == 1
    for path in ("resources", "resourceRoleScopes", "resourceEnvironments"):
        await lodge.post(path, {}, status=405)


async def test_a_reader_of_one_catalog_sees_its_resources_only(lodge: House) -> None:
    reader = await lodge.person("reader")
    mine, other = await lodge.catalog("Mine"), await lodge.catalog("Other")
    first, second = await lodge.group("first"), await lodge.group("second")
    for catalog, group in ((mine, first), (other, second)):
        package = await lodge.package(catalog, group)
        await lodge.assign(reader, package, await lodge.policy(package))
    await lodge.settle()
    scope = f"/AccessPackageCatalog/{mine}"
    grant = {"principalId": reader, "roleDefinitionId": Role.CATALOG_READER, "appScopeId": scope}
    await lodge.post(f"{ROLES}/roleAssignments", grant)
    headers = person(reader, "EntitlementManagement.Read.All")

    resources = await lodge.values("resources", headers=headers)
    held = await lodge.values("resourceRoleScopes?$expand=role", headers=headers)
    given = await lodge.values(f"{BETA}/accessPackageAssignmentResourceRoles", headers=headers)
    own = await lodge.values(f"{BETA}/accessPackageAssignmentResourceRoles/My()", headers=headers)

    assert [one["originId"] for one in resources] == [first]
    assert [one["role"]["originId"] for one in held] == [f"Member_{first}"]
    assert [one["originId"] for one in given] == [f"Member_{first}"]
    assert {one["originId"] for one in own} == {f"Member_{first}", f"Member_{second}"}


async def test_what_assignments_have_given_is_shown_with_how_far_it_is(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice, group = await lodge.person("alice"), await lodge.group("sales")
    catalog = await lodge.catalog()
    await lodge.take_in(catalog, RESOURCE)
    package = await lodge.package(catalog, group)
    await lodge.hand_out(package, RESOURCE, "5")
    origin.status = 503
    made = await lodge.assign(alice, package, await lodge.policy(package))
    await lodge.settle()
    path = f"{BETA}/accessPackageAssignmentResourceRoles"
    everything = "accessPackageSubject,accessPackageResourceRole,accessPackageResourceScope"
    mine = f"$filter=accessPackageSubject/objectId eq '{alice}'&$expand={everything}"

    shown = {
        one["accessPackageResourceRole"]["originId"]: one["status"]
        for one in await lodge.values(f"{path}?{mine}")
    }

    assert shown == {f"Member_{group}": "Fulfilled", "5": "PendingFulfillment"}
    (pending,) = await lodge.values(
        f"{path}?$filter=status eq 'PendingFulfillment'&$expand=accessPackageAssignments"
    )
    assert pending["originSystem"] == "SharePointOnline"
    assignment = (await lodge.assignment_of(made))["id"]
    assert [one["id"] for one in pending["accessPackageAssignments"]] == [assignment]
    below = f"{BETA}/accessPackageAssignments/{assignment}/accessPackageAssignmentResourceRoles"
    assert len(await lodge.values(below)) == 2
    await lodge.remove(assignment)
    await lodge.settle()
    assert [one["status"] for one in await lodge.values(path)] == ["PendingRemoval"]


async def test_custom_data_is_a_type_of_its_own(
    memory: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    origin: LoopbackOrigin,
) -> None:
    house = House(
        memory, clock, caller, endpoint, origins={"CustomDataProvidedResource": origin.url}
    )
    await house.start()
    catalog = await house.catalog()
    resource = {
        "@odata.type": f"{GRAPH}customDataProvidedResource",
        "originId": SITE,
        "originSystem": "CustomDataProvidedResource",
    }
    await house.take_in(catalog, resource)
    await house.offer(catalog, await house.package(catalog), await house.group("sales"))

    kept = await house.values(f"catalogs/{catalog}/resources?$orderby=originSystem")
    cast = await house.values(
        f"catalogs/{catalog}/resources/microsoft.graph.customDataProvidedResource"
    )

    assert "@odata.type" not in kept[0]
    assert kept[1]["@odata.type"] == f"{GRAPH}customDataProvidedResource"
    assert [one["originId"] for one in cast] == [SITE]
    await house.close()


@pytest.mark.parametrize("type_", ["userAdd", "systemRemove", "notSpecified"])
async def test_other_types_are_refused(lodge: House, type_: str) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    named = {"originId": group, "originSystem": "AadGroup"}

    refusal = await lodge.refused("POST", "resourceRequests", request(type_, catalog, named))

    assert refusal[0::2] == ("BadRequest", "requestType")


async def test_an_unknown_resource_is_not_there(lodge: House) -> None:
    catalog = await lodge.catalog()
    named = {"id": new_id(), "attributes": []}
    for type_ in ("adminUpdate", "adminRemove"):
        body = request(type_, catalog, named)
        code, _, _ = await lodge.refused("POST", "resourceRequests", body, status=404)
        assert code == "ResourceNotFound"
