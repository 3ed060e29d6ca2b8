"""Parts of policies below ``/beta``: stages, questions, contexts, and the schema."""

from __future__ import annotations

from tests.entitlement.beta_policies import POLICIES, make_policy
from tests.entitlement.house import BETA, GRAPH, REQUEST_EXTENSION, House, calls


async def test_parts_of_a_policy_are_addressed_by_their_names_in_beta(cottage: House) -> None:
    _, key = await make_policy(cottage)

    days = await cottage.get(f"{POLICIES}/{key}/durationInDays")
    scope = await cottage.get(f"{POLICIES}/{key}/requestorSettings/scopeType")
    settings = await cottage.get(f"{POLICIES}/{key}/requestApprovalSettings")

    assert days["value"] == 365
    assert scope["value"] == "SpecificDirectorySubjects"
    assert settings["approvalMode"] == "SingleStage"
    assert settings["@odata.context"].endswith("#microsoft.graph.approvalSettings")


async def test_a_dynamic_stage_is_declared_in_the_form_of_beta(cottage: House) -> None:
    catalog = await cottage.catalog()
    package = await cottage.package(catalog)
    extension = await cottage.extension(
        catalog,
        callbackConfiguration={
            "@odata.type": f"{GRAPH}accessPackageRequestApprovalStageCallbackConfiguration",
            "timeoutDuration": "PT1H",
        },
    )
    named = {"@odata.type": REQUEST_EXTENSION, "id": extension}
    stage = {
        "@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage",
        "approvalStageTimeOutInDays": 14,
        "isApproverJustificationRequired": False,
        "isEscalationEnabled": False,
        "escalationTimeInMinutes": 0,
        "primaryApprovers": [],
        "escalationApprovers": [],
        "customExtension": named,
    }
    body = {
        "accessPackageId": package,
        "displayName": "Somebody will know",
        "requestorSettings": {"scopeType": "AllExistingDirectorySubjects", "acceptRequests": True},
        "requestApprovalSettings": {
            "isApprovalRequired": True,
            "isApprovalRequiredForExtension": False,
            "isRequestorJustificationRequired": False,
            "approvalMode": "SingleStage",
            "approvalStages": [stage],
        },
        "customExtensionStageSettings": calls(
            ("assignmentRequestDeterminingApprovalRequirements", extension)
        ),
    }

    made = [await cottage.post(root, body) for root in (POLICIES, "assignmentPolicies")]

    (shown,) = made[0]["requestApprovalSettings"]["approvalStages"]
    assert shown["@odata.type"] == stage["@odata.type"]
    assert shown["customExtension"]["id"] == extension
    (at_v1,) = made[1]["requestApprovalSettings"]["stages"]
    assert at_v1["@odata.type"] == stage["@odata.type"]
    assert at_v1["durationBeforeAutomaticDenial"] == "P14D"


async def test_questions_have_localised_texts_under_beta(cottage: House) -> None:
    question = {
        "@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion",
        "sequence": 1,
        "isRequired": True,
        "isAnswerEditable": True,
        "allowsMultipleSelection": False,
        "text": {
            "defaultText": "What state are you from?",
            "localizedTexts": [{"languageCode": "fr-CA", "text": "D'où venez-vous?"}],
        },
        "choices": [
            {
                "actualValue": "AZ",
                "displayValue": {"defaultText": "Arizona", "localizedTexts": []},
            }
        ],
    }
    _, key = await make_policy(cottage, questions=[question])

    (shown,) = (await cottage.get(f"{POLICIES}/{key}"))["questions"]
    (at_v1,) = (await cottage.get(f"assignmentPolicies/{key}"))["questions"]
    changed = {"questions": [{**shown, "sequence": 2}]}
    patched = await cottage.call("PATCH", f"{POLICIES}/{key}", changed, status=200)

    assert shown.pop("id") == at_v1["id"] == patched["questions"][0]["id"]
    assert shown == question
    assert (at_v1["text"], at_v1["localizations"][0]["languageCode"]) == (
        "What state are you from?",
        "fr-CA",
    )
    assert at_v1["choices"][0]["text"] == "Arizona"


async def test_contexts_below_an_entity_name_navigations_as_the_root_does(cottage: House) -> None:
    sent, key = await make_policy(cottage)
    package = sent["accessPackageId"]

    many = await cottage.get(f"{BETA}/accessPackages/{package}/assignmentPolicies")
    one = await cottage.get(f"{POLICIES}/{key}/catalog?$select=state")
    v1 = await cottage.get(f"assignmentPolicies/{key}/accessPackageCatalog?$select=catalogStatus")

    assert many["@odata.context"].endswith(
        f"accessPackages('{package}')/accessPackageAssignmentPolicies"
    )
    assert one["@odata.context"].endswith(
        f"accessPackageAssignmentPolicies('{key}')/accessPackageCatalog(catalogStatus)/$entity"
    )
    assert v1["@odata.context"].endswith(f"assignmentPolicies('{key}')/catalog(state)/$entity")


async def test_the_schemas_of_beta_have_its_forms(cottage: House) -> None:
    schema = (await cottage.api.get("/beta/$metadata")).text
    document = await cottage.get("/beta/openapi.json")

    for name in ("approvalSettings", "requestorSettings", "assignmentReviewSettings", "userSet"):
        assert f'<ComplexType Name="{name}"' in schema
        assert f"microsoft.graph.{name}" in document["components"]["schemas"]
    assert '<EntityType Name="approvalStep"' in schema
    assert "accessPackageAssignmentApprovalSettings" not in schema
    policy = document["components"]["schemas"]["microsoft.graph.accessPackageAssignmentPolicy"]
    assert "durationInDays" in policy["properties"]
    assert "expiration" not in policy["properties"]
