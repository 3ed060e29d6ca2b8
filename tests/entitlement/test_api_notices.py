"""Who is written to as requests go their way, through the API."""

from __future__ import annotations

from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from tests.entitlement.house import (
    APPROVER,
    House,
    calls,
    decision,
    user,
)
from tests.support.callers import person


async def decide(house: House, who: str, request: str, verdict: str, reason: str = "") -> None:
    """Decide at the open stage of a request."""
    headers = person(who, APPROVER)
    stages = await house.values(
        f"accessPackageAssignmentApprovals/{request}/stages", headers=headers
    )
    (stage,) = [one for one in stages if one["status"] == "InProgress"]
    body = {"reviewResult": verdict, "justification": reason}
    path = f"accessPackageAssignmentApprovals/{request}/stages/{stage['id']}"
    await house.call("PATCH", path, body, status=204, headers=headers)
    await house.settle()


async def make_offer(house: House, *stages: object, **changes: object) -> tuple[str, str, str]:
    """Make a group, a package that gives it, and its policy; give the ids of all three."""
    catalog, group = await house.catalog(), await house.group("sales")
    package = await house.package(catalog, group)
    return group, package, await house.policy(package, *stages, **changes)  # type: ignore[arg-type]


async def test_a_request_is_told_from_the_question_to_the_access_and_its_end(house: House) -> None:
    ada, boss, second = [await house.person(name) for name in ("ada", "boss", "second")]
    stages = decision(user(boss)), decision(user(second))
    _, package, terms = await make_offer(house, *stages)

    request = await house.ask(ada, package, terms, justification="A new\npartner.")
    await house.settle()
    assert await house.told(request) == [("boss", "approval-requested")]
    (mail,) = await house.mails(request)
    assert mail.text is not None
    assert "Ada has asked for access to Sales." in mail.text
    assert "Reason given: A new partner." in mail.text
    assert "January 7, 2026" in (mail.subject or "")

    house.clock.advance(minutes=1)
    await decide(house, boss, request, "Approve")
    house.clock.advance(minutes=1)
    await decide(house, second, request, "Approve")
    assert await house.told(request) == [
        ("boss", "approval-requested"),
        ("second", "approval-requested"),
        ("ada", "access-granted"),
        ("ada", "request-approved"),
    ]

    house.clock.advance(minutes=1)
    removal = await house.remove((await house.assignment_of(request))["id"])
    await house.settle()
    assert await house.told(removal) == [("ada", "access-removed")]


async def test_a_denial_tells_its_reason(house: House) -> None:
    ada, boss = await house.person("ada", preferred_language="de"), await house.person("boss")
    _, package, terms = await make_offer(house, decision(user(boss)))
    request = await house.ask(ada, package, terms)
    await house.settle()

    house.clock.advance(minutes=1)
    await decide(house, boss, request, "Deny", "Bitte erst das Team fragen <b>.")

    mail = (await house.mails(request))[-1]
    assert mail.template == "request-denied"
    assert mail.subject == "Abgelehnt: Zugriff auf Sales"
    assert "Angegebener Grund: Bitte erst das Team fragen <b>." in (mail.text or "")
    assert "fragen &lt;b&gt;." in (mail.html or "")


async def test_silence_of_approvers_is_told_to_all_and_escalation_to_those_asked_then(
    house: House,
) -> None:
    ada, boss, chief = [await house.person(name) for name in ("ada", "boss", "chief")]
    stage = decision(
        user(boss),
        isEscalationEnabled=True,
        durationBeforeEscalation="P1D",
        escalationApprovers=[user(chief)],
    )
    _, package, terms = await make_offer(house, stage)
    request = await house.ask(ada, package, terms)
    await house.settle()

    house.clock.advance(days=1)
    await house.settle()
    assert await house.told(request) == [
        ("boss", "approval-requested"),
        ("chief", "approval-escalated"),
    ]

    house.clock.advance(days=1)
    await house.settle()
    assert (await house.told(request))[2:] == [
        ("boss", "approval-expired"),
        ("ada", "request-expired"),
    ]


async def test_members_of_a_group_are_asked_one_by_one_and_never_about_their_own_request(
    house: House,
) -> None:
    ada, bob, cyn = [await house.person(name) for name in ("ada", "bob", "cyn")]
    approvers = await house.group("approvers")
    await house.join(approvers, ada, bob, cyn)
    members = {"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers}
    _, package, terms = await make_offer(house, decision(members, user(bob)))

    request = await house.ask(ada, package, terms)
    await house.settle()

    assert sorted(await house.told(request)) == [
        ("bob", "approval-requested"),
        ("cyn", "approval-requested"),
    ]


async def test_a_canceled_request_is_told_to_approvers_and_not_to_whoever_canceled_it(
    house: House,
) -> None:
    ada, boss = await house.person("ada"), await house.person("boss")
    _, package, terms = await make_offer(house, decision(user(boss)))
    own = await house.ask(ada, package, terms)
    await house.settle()
    house.clock.advance(minutes=1)
    headers = person(ada, "EntitlementMgmt-SubjectAccess.ReadWrite")
    await house.post(f"assignmentRequests/{own}/cancel", status=204, headers=headers)
    await house.settle()
    assert (await house.told(own))[1:] == [("boss", "approval-withdrawn")]


async def test_an_extension_that_denies_is_told_without_its_detail(house: House) -> None:
    ada = await house.person("ada")
    catalog, group = await house.catalog(), await house.group("sales")
    package = await house.package(catalog, group)
    extension = await house.extension(catalog)
    settings = calls(("assignmentRequestCreated", extension))
    terms = await house.policy(package, customExtensionStageSettings=settings)
    request = await house.ask(ada, package, terms)
    await house.settle()

    await house.resume(house.endpoint.calls[0], state="denied")
    await house.settle()

    (mail,) = await house.mails(request)
    assert mail.template == "request-stopped"
    assert "checked" not in (mail.text or "")


async def test_an_administrator_assigns_and_only_the_target_is_told(house: House) -> None:
    ada = await house.person("ada")
    _, package, terms = await make_offer(
        house, expiration={"type": "afterDuration", "duration": "P30D"}
    )

    request = await house.assign(ada, package, terms)
    await house.settle()

    (mail,) = await house.mails(request)
    assert (mail.template, mail.recipient_id) == ("access-granted", ada)
    assert "It ends on February 4, 2026, 09:00 UTC." in (mail.text or "")


async def test_whoever_made_a_request_for_somebody_hears_that_it_failed(house: House) -> None:
    ada, nora = await house.person("ada"), await house.person("nora")
    group, package, terms = await make_offer(house)
    await house.drop_group(group)
    by_nora = person(nora, APPROVER, directory_roles=[IDENTITY_GOVERNANCE_ADMINISTRATOR])
    assignment = {"targetId": ada, "accessPackageId": package, "assignmentPolicyId": terms}
    body = {"requestType": "adminAdd", "assignment": assignment}

    request = str((await house.post("assignmentRequests", body, headers=by_nora))["id"])
    for _ in range(6):
        await house.settle()
        house.clock.advance(hours=2)
    again = await house.assign(ada, package, terms)  # by an application, which reads no mails
    for _ in range(6):
        await house.settle()
        house.clock.advance(hours=2)

    (mail,) = await house.mails(request)
    assert (mail.template, mail.recipient_id) == ("request-failed", nora)
    assert "Your request for Sales for Ada could not be carried out" in (mail.text or "")
    assert await house.mails(again) == []


async def test_a_policy_can_switch_mails_about_its_assignments_off(house: House) -> None:
    ada, boss = await house.person("ada"), await house.person("boss")
    _, package, terms = await make_offer(
        house,
        decision(user(boss)),
        notificationSettings={"isAssignmentNotificationDisabled": True},
        expiration={"type": "afterDuration", "duration": "P30D"},
    )
    request = await house.ask(ada, package, terms)
    await house.settle()
    house.clock.advance(minutes=1)
    await decide(house, boss, request, "Approve")

    for _ in range(31):
        house.clock.advance(days=1)
        await house.settle()

    assert await house.told() == [("boss", "approval-requested"), ("ada", "request-approved")]


async def test_what_could_not_be_given_is_told_once_the_retries_are_over(house: House) -> None:
    ada = await house.person("ada")
    group, package, terms = await make_offer(house)
    other = await house.group("other")
    catalogs = await house.get(f"accessPackages/{package}?$expand=catalog")
    await house.offer(catalogs["catalog"]["id"], package, other)
    await house.drop_group(other)

    request = await house.ask(ada, package, terms)
    await house.settle()
    assert await house.told(request) == []
    for _ in range(5):
        house.clock.advance(hours=2)
        await house.settle()

    assert (await house.standing(request))[0] == "partiallyDelivered"
    assert sorted(await house.told(request)) == [
        ("ada", "access-partly-granted"),
        ("ada", "request-partly-delivered"),
    ]
    assert group


async def test_a_batch_of_requests_is_told_in_a_constant_number_of_statements(
    cottage: House,
) -> None:
    boss = await cottage.person("boss")
    _, package, terms = await make_offer(cottage, decision(user(boss)))
    people = [await cottage.person(f"person{number}") for number in range(8)]
    for one in people:
        await cottage.ask(one, package, terms)
    await cottage.settle()

    assert await cottage.told() == [("boss", "approval-requested")] * 8


async def test_those_who_are_asked_at_once_are_told_each_of_their_own_stage(house: House) -> None:
    ada, one, two, chief = [await house.person(name) for name in ("ada", "one", "two", "chief")]
    later = {"isEscalationEnabled": True, "escalationApprovers": [user(chief)]}
    stages = [
        decision(user(one), durationBeforeEscalation="PT1H", **later),
        decision(user(two), durationBeforeEscalation="PT2H", **later),
    ]
    approval = {"isApprovalRequiredForAdd": True, "approvalMode": "Parallel", "stages": stages}
    _, package, terms = await make_offer(house, requestApprovalSettings=approval)

    async def ask_and_wait() -> str:
        request = await house.ask(ada, package, terms)
        for _ in range(3):
            await house.settle()
            house.clock.advance(hours=1)
        return request

    request = await ask_and_wait()
    assert sorted(await house.told(request)) == [
        ("chief", "approval-escalated"),
        ("chief", "approval-escalated"),
        ("one", "approval-requested"),
        ("two", "approval-requested"),
    ]
    path = f"accessPackageAssignmentApprovals/{request}/stages"
    (first, _) = await house.values(path, headers=person(one, APPROVER))
    body = {"reviewResult": "Approve"}
    url = f"{path}/{first['id']}"
    await house.call("PATCH", url, body, status=204, headers=person(one, APPROVER))
    headers = person(ada, "EntitlementMgmt-SubjectAccess.ReadWrite")
    await house.post(f"assignmentRequests/{request}/cancel", status=204, headers=headers)
    assert (await house.told(request))[4:] == [("two", "approval-withdrawn")]

    again = await ask_and_wait()
    house.clock.advance(days=2)
    await house.settle()
    assert sorted((await house.told(again))[4:]) == [
        ("ada", "request-expired"),
        ("one", "approval-expired"),
        ("two", "approval-expired"),
    ]
