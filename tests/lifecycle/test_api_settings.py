"""The tenant's settings."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.lifecycle.model.shared import EmailSettings
from ostiary.lifecycle.service.settings import TenantSettings
from tests.lifecycle.house import ADMINISTRATOR, ROOT, House, application

NS = "#microsoft.graph.identityGovernance."
LIMIT = {
    "matchMode": "any",
    "conditions": [
        {"@odata.type": f"{NS}countBasedQuarantineCondition", "threshold": 100},
        {"@odata.type": f"{NS}percentageBasedQuarantineCondition", "percentage": 20},
    ],
}


async def patch(house: House, body: Any, status: int = 204, **options: Any) -> Any:
    reply = await house.api.patch(f"{ROOT}/settings", json=body, **options)
    assert reply.status_code == status, reply.text
    return reply.json()["error"] if reply.content else None


async def test_settings_have_their_defaults_until_somebody_changes_them(house: House) -> None:
    settings = await house.get("settings")

    assert settings["workflowScheduleIntervalInHours"] == 3
    mail = {"senderDomain": "ostiary.local", "useCompanyBranding": False}
    assert settings["emailSettings"] == mail
    assert settings["quarantineConfiguration"] is None


async def test_any_part_of_the_settings_can_be_changed(house: House) -> None:
    await patch(house, {"workflowScheduleIntervalInHours": 1})
    await patch(house, {"quarantineConfiguration": LIMIT})

    settings = await house.get("settings")
    assert settings["workflowScheduleIntervalInHours"] == 1
    assert settings["quarantineConfiguration"] == LIMIT
    await patch(house, {"quarantineConfiguration": None})
    assert (await house.get("settings"))["quarantineConfiguration"] is None
    (beta,) = [await house.api.get("/beta/identityGovernance/lifecycleWorkflows/settings")]
    assert beta.json()["workflowScheduleIntervalInHours"] == 1


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"workflowScheduleIntervalInHours": 0}, "workflowScheduleIntervalInHours"),
        ({"workflowScheduleIntervalInHours": 25}, "workflowScheduleIntervalInHours"),
        (
            {"emailSettings": {"senderDomain": "contoso.com", "useCompanyBranding": False}},
            "emailSettings/senderDomain",
        ),
        (
            {"emailSettings": {"senderDomain": "ostiary.local", "useCompanyBranding": True}},
            "emailSettings/useCompanyBranding",
        ),
        ({"quarantineConfiguration": {**LIMIT, "conditions": []}},
         "quarantineConfiguration/conditions"),
        (
            {
                "quarantineConfiguration": {
                    **LIMIT,
                    "conditions": [{**LIMIT["conditions"][0], "threshold": 0}],  # type: ignore[dict-item]  # JSON
                }
            },
            "quarantineConfiguration/conditions/0/threshold",
        ),
        (
            {
                "quarantineConfiguration": {
                    **LIMIT,
                    "conditions": [{**LIMIT["conditions"][1], "percentage": 101}],  # type: ignore[dict-item]  # JSON
                }
            },
            "quarantineConfiguration/conditions/0/percentage",
        ),
        ({"quarantineConfiguration": {**LIMIT, "matchMode": "unknownFutureValue"}},
         "quarantineConfiguration/matchMode"),
        ({"interval": 3}, "interval"),
    ],
)  # fmt: skip
async def test_a_setting_out_of_its_range_is_refused_by_name(
    cottage: House, body: Any, target: str
) -> None:
    before = await cottage.get("settings")

    error = await patch(cottage, body, 400)

    assert error["target"] == target
    assert await cottage.get("settings") == before


async def test_who_may_only_read_workflows_cannot_change_settings(cottage: House) -> None:
    reader = application("LifecycleWorkflows.Read.All")

    await patch(cottage, {"workflowScheduleIntervalInHours": 1}, 403, headers=reader)


async def test_mails_show_the_logo_where_there_is_one(house: House) -> None:
    branded = {"emailSettings": {"senderDomain": "ostiary.local", "useCompanyBranding": True}}
    error = await patch(house, branded, status=400)
    assert "OSTIARY_MAIL_LOGO_URL" in error["message"]

    settings = TenantSettings(database=house.database, domains=("ostiary.local",), has_banner=True)
    email = EmailSettings(sender_domain="ostiary.local", use_company_branding=True)
    now = house.clock.now()
    await settings.update(
        lambda before: replace(before, email_settings=email), now=now, actor=ADMINISTRATOR
    )

    assert (await house.get("settings"))["emailSettings"] == branded["emailSettings"]
