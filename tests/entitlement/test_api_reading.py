"""Reading requests, assignments and subjects as clients ask for them."""

from __future__ import annotations

import pytest

from ostiary.entitlement.roles import Role
from tests.entitlement.house import BASE, BETA, EM, GRAPH, ROLES, SUBJECT, House
from tests.support.callers import application, person

READ = "EntitlementManagement.Read.All"


async def place(house: House) -> tuple[str, str, str, str]:
    """Deliver a package to alice; give her id, the package, the policy and the request."""
    alice, group = await house.person("alice"), await house.group("sales")
    package = await house.package(await house.catalog(), group)
    policy = await house.policy(package)
    request = await house.ask(alice, package, policy)
    await house.settle()
    return alice, package, policy, request


async def test_requests_are_found_by_every_documented_filter(house: House) -> None:
    alice, package, _, request = await place(house)

    for text in (
        "state eq 'Delivered'",
        "requestState eq 'delivered'",
        "status eq 'FulfilledNotificationTriggered'",
        "requestType eq 'userAdd'",
        "createdDateTime ge 2026-01-01T00:00:00Z",
        f"accessPackage/id eq '{package}'",
        f"requestor/objectId eq '{alice}'",
        f"state eq 'delivered' and accessPackage/id eq '{package}'",
    ):
        found = await house.values(f"assignmentRequests?$filter={text}")
        assert [one["id"] for one in found] == [request], text
    assert await house.values("assignmentRequests?$filter=state eq 'denied'") == []
    count = await house.api.get(f"{EM}/assignmentRequests/$count")
    assert count.text == "1"


async def test_requests_are_shown_with_all_that_belongs_to_them(house: House) -> None:
    alice, package, policy, request = await place(house)
    expand = "$expand=accessPackage,requestor,assignment($expand=target,assignmentPolicy)"

    shown = await house.get(f"assignmentRequests/{request}?{expand}")

    assert shown["accessPackage"]["id"] == package
    assert shown["requestor"]["principalName"] == "alice@contoso.example"
    assert shown["requestor"]["subjectType"] == "user"
    assert shown["assignment"]["target"]["objectId"] == alice
    assert shown["assignment"]["assignmentPolicy"]["id"] == policy
    assert shown["schedule"]["expiration"]["type"] == "notSpecified"
    selected = await house.get(f"assignmentRequests/{request}?$select=id,state")
    assert {name for name in selected if not name.startswith("@")} == {"id", "state"}


async def test_the_newest_requests_come_first_and_page_by_page(house: House) -> None:
    _, package, policy, first = await place(house)
    house.clock.advance(minutes=1)
    bob = await house.person("bob")
    second = await house.assign(bob, package, policy)

    page = await house.get("assignmentRequests?$top=1&$count=true")
    rest = await house.get(page["@odata.nextLink"].removeprefix(BASE))

    assert page["@odata.count"] == 2
    assert [one["id"] for one in page["value"] + rest["value"]] == [second, first]
    ordered = await house.values("assignmentRequests?$orderby=createdDateTime")
    assert [one["id"] for one in ordered] == [first, second]


async def test_assignments_are_found_by_every_documented_filter(house: House) -> None:
    alice, package, policy, request = await place(house)
    assignment = (await house.assignment_of(request))["id"]

    for text in (
        "state eq 'Delivered'",
        f"target/objectId eq '{alice}'",
        f"accessPackage/id eq '{package}'",
        f"assignmentPolicy/id eq '{policy}'",
    ):
        path = f"assignments?$filter={text}&$expand=target,accessPackage,assignmentPolicy"
        (found,) = await house.values(path)
        assert found["id"] == assignment
    beta = await house.get(f"{BETA}/accessPackageAssignments/{assignment}")
    assert (beta["assignmentState"], beta["assignmentStatus"]) == ("Delivered", "Delivered")
    assert (beta["accessPackageId"], beta["targetId"]) == (package, alice)


async def test_people_see_their_own_requests_and_nobody_elses(house: House) -> None:
    alice, _, _, request = await place(house)
    stranger = await house.person("stranger")
    path = f"assignmentRequests/{request}"

    shown = await house.get(f"{path}?$expand=accessPackage", headers=person(alice, SUBJECT))

    assert shown["accessPackage"]["displayName"] == "Sales"
    await house.get(path, status=404, headers=person(stranger, SUBJECT))
    assert await house.values("assignmentRequests", headers=person(stranger, SUBJECT)) == []
    await house.get("assignments", status=403, headers=person(alice, SUBJECT))
    await house.get(path, status=403, headers=application())


async def test_what_a_person_may_not_see_is_not_shown_by_way_of_their_request(
    house: House,
) -> None:
    alice, _, _, request = await place(house)
    nested = "accessPackage($expand=catalog,assignmentPolicies,resourceRoleScopes($expand=role))"

    shown = await house.get(
        f"assignmentRequests/{request}?$expand={nested},assignment($expand=assignmentPolicy)",
        headers=person(alice, SUBJECT),
    )

    package = shown["accessPackage"]
    assert package["catalog"] is None
    assert package["assignmentPolicies"] == []
    assert [scope["role"] for scope in package["resourceRoleScopes"]] in ([], [None])
    assert shown["assignment"]["assignmentPolicy"] is None


async def test_a_role_in_a_catalog_shows_what_is_in_it(house: House) -> None:
    _, package, _, request = await place(house)
    reader, other = await house.person("reader"), await house.catalog("Other")
    catalog = (await house.get(f"accessPackages/{package}?$expand=catalog"))["catalog"]["id"]
    body = {
        "principalId": reader,
        "roleDefinitionId": Role.CATALOG_READER,
        "appScopeId": f"/AccessPackageCatalog/{catalog}",
    }
    await house.post(f"{ROLES}/roleAssignments", body)
    await house.package(other, name="Hidden")
    headers = person(reader, READ)

    packages = await house.values("accessPackages", headers=headers)
    requests = await house.values("assignmentRequests", headers=headers)
    assignments = await house.values("assignments", headers=headers)

    assert [one["displayName"] for one in packages] == ["Sales"]
    assert [one["id"] for one in requests] == [request]
    assert len(assignments) == 1


async def test_ids_are_found_in_any_case(house: House) -> None:
    alice, package, policy, _ = await place(house)

    for path in (
        f"accessPackages?$filter=id eq '{package.upper()}'",
        f"accessPackages?$filter=id in ('{package.upper()}')",
        f"accessPackages?$filter=not (id ne '{package.upper()}')",
        f"assignmentPolicies?$filter=accessPackage/id eq '{package.upper()}'",
        f"assignments?$filter=target/objectId eq '{alice.upper()}'",
        f"assignments?$filter=assignmentPolicy/id eq {policy.upper()}",
    ):
        assert len(await house.values(path)) == 1, path


@pytest.mark.parametrize(
    "text",
    [
        "schedule/expiration/type eq 'noExpiration'",
        "answers/any()",
        "customExtensionCalloutInstances/$count eq 0",
        "requestor ne null",
    ],
)
async def test_a_property_that_is_there_and_cannot_be_filtered_by_is_not_called_unknown(
    cottage: House, text: str
) -> None:
    _, message, target = await cottage.refused("GET", f"assignmentRequests?$filter={text}")

    assert message.endswith("cannot be used in a query here.")
    assert target == text.split("/")[0].split(" ")[0]


async def test_a_property_can_be_read_by_itself(cottage: House) -> None:
    catalog = await cottage.catalog()
    package = f"{EM}/accessPackages/{await cottage.package(catalog)}"
    policy = f"{EM}/assignmentPolicies/{await cottage.policy(package.rpartition('/')[2])}"

    targets = await cottage.get(f"{policy}/specificAllowedTargets")
    hidden = await cottage.api.get(f"{package}/isHidden/$value")
    name = await cottage.api.get(f"{package}/displayName/$value")
    _, _, target = await cottage.refused("GET", f"{policy}/specificAllowedTargets/$value")

    assert targets["value"] == []
    assert targets["@odata.context"].endswith("#Collection(microsoft.graph.subjectSet)")
    assert (hidden.text, name.text) == ("false", "Sales")
    assert target == "specificAllowedTargets"


async def test_what_has_a_name_can_be_searched_for(house: House) -> None:
    alice, package, _, _ = await place(house)
    found = await house.get(f"accessPackages/{package}?$expand=catalog")
    catalog = found["catalog"]["id"]
    await house.extension(catalog)
    mine = "accessPackages/filterByCurrentUser(on='allowedRequestor')"

    for path, wanted, headers in (
        ("catalogs", "sal", {}),
        ("accessPackages", "SALES", {}),
        (mine, "sales", person(alice, SUBJECT)),
        ("assignmentPolicies", "staff", {}),
        (f"catalogs/{catalog}/customWorkflowExtensions", "sod", {}),
        (f"catalogs/{catalog}/resourceRoles", "member", {}),
        (f"catalogs/{catalog}/resourceScopes", "root", {}),
        ("subjects", "alice", {}),
    ):
        assert len(await house.values(f'{path}?$search="{wanted}"', headers=headers)) == 1, path
        assert await house.values(f'{path}?$search="nothing"', headers=headers) == [], path


async def test_subjects_have_the_names_of_the_directory(house: House) -> None:
    alice, _, _, _ = await place(house)

    for path in (f"subjects/{alice}", f"subjects(objectId='{alice}')"):
        shown = await house.get(path)
        assert (shown["objectId"], shown["displayName"]) == (alice, "Alice")
        assert shown["subjectLifecycle"] == "notDefined"
    path = f"subjects(objectId='{alice}')"
    await house.call("PATCH", path, {"subjectLifecycle": "governed"}, status=204)
    assert (await house.get(path))["subjectLifecycle"] == "governed"
    await house.refused("PATCH", path, {"subjectLifecycle": "notDefined"})
    again = {"@odata.type": f"{GRAPH}accessPackageSubject", "displayName": "Alice"}
    change = {**again, "subjectLifecycle": "notGoverned"}
    await house.call("PATCH", f"subjects(objectId='{alice.upper()}')", change, status=204)
    assert (await house.get(path))["subjectLifecycle"] == "notGoverned"
    code, message, target = await house.refused("PATCH", path, {"displayName": "Al"})
    assert (code, target) == ("InvalidModel", "displayName")
    assert "read-only" in message
    unknown = "subjects(objectId='none')"
    await house.refused("PATCH", unknown, {"subjectLifecycle": "governed"}, status=404)


@pytest.mark.parametrize(
    "path",
    [
        "assignments",
        "subjects",
        "accessPackageAssignmentApprovals",
    ],
)
async def test_what_only_requests_make_cannot_be_made_directly(cottage: House, path: str) -> None:
    code, _, _ = await cottage.refused("POST", path, {}, status=405)

    assert code == "Request_BadRequest"


async def test_whoever_owns_a_catalog_sees_and_governs_those_who_ask_there(house: House) -> None:
    owner, ann, bob = [await house.person(alias) for alias in ("owner", "ann", "bob")]
    mine, other = await house.catalog("Mine"), await house.catalog("Other")
    role = {
        "principalId": owner,
        "roleDefinitionId": Role.CATALOG_OWNER.value,
        "appScopeId": f"/AccessPackageCatalog/{mine}",
    }
    await house.post(f"{ROLES}/roleAssignments", role)
    for who, catalog in ((ann, mine), (bob, other)):
        package = await house.package(catalog)
        await house.assign(who, package, await house.policy(package))
    headers = person(owner, "EntitlementManagement.ReadWrite.All")

    assert [one["id"] for one in await house.values("subjects", headers=headers)] == [ann]
    await house.get(f"subjects/{bob}", status=404, headers=headers)
    change = {"subjectLifecycle": "governed"}
    path = f"subjects(objectId='{ann}')"
    await house.call("PATCH", path, change, status=204, headers=headers)
    await house.refused("PATCH", f"subjects/{bob}", change, status=404, headers=headers)
    assert (await house.get(f"subjects/{bob}"))["subjectLifecycle"] == "notDefined"
    stranger = person(bob, "EntitlementManagement.ReadWrite.All")
    await house.refused("PATCH", path, change, status=403, headers=stranger)
