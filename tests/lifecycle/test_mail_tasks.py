"""Tasks that write to people: to whom, in which words and language, and what fails."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ostiary.directory import changes, model
from ostiary.lifecycle import catalogue
from ostiary.lifecycle.letters import LETTERS, OPTIONAL, SAMPLES, TEMPLATES
from ostiary.lifecycle.model.definitions import LifecycleManagementSettings
from ostiary.lifecycle.model.shared import EmailSettings
from ostiary.lifecycle.store.settings import save_settings
from ostiary.lifecycle.tables import workflows
from ostiary.mail.mails import Mail, MailState
from ostiary.mail.templates import Templates
from tests.lifecycle.house import ADMINISTRATOR, ROOT, House, task
from tests.lifecycle.test_api_limits import activate, count, limit
from tests.lifecycle.test_directory_tasks import run
from tests.support.clocks import MONDAY

LANGUAGES = ("en", "de", "fr", "es")
NOBODY = "00000000-0000-4000-8000-00000000ffff"
TAP = {"tapLifetimeMinutes": "60", "tapIsUsableOnce": "true"}


class Staff:
    """Alice, whom megan manages, and a few others."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def hire(self, **properties: Any) -> Staff:
        """Let them be there; ``properties`` are alice's."""
        house = self.house
        self.megan, self.bob = await house.people("megan", "bob")
        (self.alice,) = await house.people("alice", **properties)
        (self.mute,) = await self.add(
            display_name="Mute", user_principal_name="mute@contoso.example"
        )
        await self.managed(self.alice, self.megan)
        return self

    async def add(self, **properties: Any) -> list[str]:
        """Add one more person."""
        async with self.house.database.transaction() as conn:
            draft = model.User(**properties)
            now = self.house.clock.now()
            return [
                u.id for u in await changes.add_users(conn, [draft], now=now, actor=ADMINISTRATOR)
            ]

    async def managed(self, person: str, manager: str | None) -> None:
        """Give somebody a manager."""
        async with self.house.database.transaction() as conn:
            now = self.house.clock.now()
            await changes.set_managers(conn, {person: manager}, now=now, actor=ADMINISTRATOR)

    async def sponsored(self, *pairs: tuple[str, str]) -> None:
        """Make people sponsors: pairs of who is sponsored, and by whom."""
        async with self.house.database.transaction() as conn:
            now = self.house.clock.now()
            await changes.add_sponsors(conn, set(pairs), now=now, actor=ADMINISTRATOR)

    async def sent(self, definition: str, category: str = "joiner", **arguments: Any) -> Mail:
        """Run a mail task for alice; give the one mail."""
        await self.result(definition, category, **arguments)
        (mail,) = await self.house.mails()
        return mail

    async def result(self, definition: str, category: str = "joiner", **arguments: Any) -> Any:
        """Run a mail task for alice; give its result."""
        step = task(definition, "Mail", **arguments)
        (found,) = await run(self.house, step, self.alice, category=category)
        return found


@pytest.fixture
async def staff(cottage: House) -> Staff:
    """Alice, megan who manages her, and a few others."""
    return await Staff(cottage).hire()


async def test_a_new_hire_is_welcomed_in_her_language(house: House) -> None:
    first_day = house.clock.now() + timedelta(days=7)
    staff = await Staff(house).hire(preferred_language="de-AT", employee_hire_date=first_day)

    mail = await staff.sent(catalogue.SEND_WELCOME)

    assert (mail.address, mail.template) == ("alice@contoso.example", "welcome")
    assert mail.state is MailState.RECORDED
    assert mail.subject == "Willkommen bei Ostiary"
    assert "12. Januar 2026" in (mail.text or "")
    assert "Ihre Führungskraft ist Megan." in (mail.text or "")
    assert mail.about is not None
    assert mail.about.kind == "taskProcessingResult"


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.template)
async def test_every_mail_goes_to_whom_it_is_for(cottage: House, letter: Any) -> None:
    staff = await Staff(cottage).hire()
    guest, other = await cottage.people("guest", "other")
    await staff.sponsored((guest, staff.alice), (guest, staff.bob), (other, staff.alice))
    category = catalogue.definition_of(letter.definition_id)
    assert category is not None

    mail = await staff.sent(letter.definition_id, category.category[0].value)

    usual = {"user": "alice", "manager": "megan", "co-sponsors": "bob"}[letter.audience]
    assert (mail.template, mail.address) == (letter.template, f"{usual}@contoso.example")
    if letter.audience == "co-sponsors":
        assert "Guest" in (mail.text or "")
        assert "Other" not in (mail.text or "")  # bob has nothing to do with them


async def test_an_administrator_writes_their_own_text(staff: Staff) -> None:
    mail = await staff.sent(
        catalogue.REMIND_OF_ONBOARDING,
        customSubject="{{userDisplayName}} comes",
        customBody="<b>{{managerDisplayName}}</b>: [UserPrincipalName]{{user.department}}.{{shoe}}",
        cc=f"{staff.bob},{NOBODY}",
    )

    assert mail.subject == "Alice comes"
    assert (mail.text or "").startswith("Megan: alice@contoso.example.{{shoe}}\n")
    assert "<b>Megan</b>" in (mail.html or "")
    assert mail.cc == ("bob@contoso.example",)
    assert "written by an administrator" in (mail.text or "")


async def test_what_could_not_be_done_is_said_in_the_result(staff: Staff) -> None:
    result = await staff.result(
        catalogue.SEND_WELCOME,
        to=f"{staff.bob}, {staff.mute}, {NOBODY}",
        cc=staff.megan,
        customBody="{{shoe}}",
    )

    assert result["processingStatus"] == "completed"
    assert result["processingInfo"] == (
        f"Not written to, for lack of a mail address: 'Mute', '{NOBODY}'. "
        "There are no copies of mails that go neither to the user nor to the manager. "
        "Left as typed, for they are no attributes: {{shoe}}."
    )
    (mail,) = await staff.house.mails()
    assert (mail.address, mail.cc) == ("bob@contoso.example", ())


async def test_the_task_says_the_language(staff: Staff) -> None:
    mail = await staff.sent(catalogue.REMIND_OF_ONBOARDING, locale="fr-fr")

    assert (mail.text or "").startswith("Bonjour Megan,")


async def test_a_task_fails_when_nobody_can_be_reached(staff: Staff) -> None:
    house = staff.house
    (lone,) = await house.people("lone")
    await staff.managed(staff.bob, staff.mute)
    step = task(catalogue.SEND_ON_LAST_DAY, "Mail")
    to_sponsors = task(catalogue.SEND_ON_LAST_DAY, "Mail", to="Sponsors")

    first, second = await run(house, step, lone, staff.bob, category="leaver")
    (third,) = await run(house, to_sponsors, lone, category="leaver")

    assert first["failureReason"] == "The user has no manager."
    assert second["failureReason"] == "The user's manager has no mail address."
    assert third["failureReason"] == "The user has no sponsors."
    assert await house.mails() == []


async def test_co_sponsors_are_told_only_where_there_are_some(staff: Staff) -> None:
    await staff.sponsored((staff.bob, staff.alice))

    result = await staff.result(catalogue.TELL_CO_SPONSORS, "leaver")

    assert result["processingInfo"] == "The user sponsors nobody together with others."
    assert await staff.house.mails() == []


async def test_a_preview_says_who_would_be_written_to_and_sends_nothing(staff: Staff) -> None:
    house = staff.house
    steps = (
        task(catalogue.SEND_WELCOME, "Welcome"),
        task(catalogue.SEND_WELCOME, "Nobody", to=NOBODY),
    )
    id = await house.workflow(*steps)

    await house.post(
        f"workflows/{id}/previewWorkflow", {"subjects": [{"id": staff.alice}]}, status=204
    )
    await house.settle()

    results = await house.values(f"workflows/{id}/userProcessingResults")
    (person,) = results
    path = f"workflows/{id}/userProcessingResults/{person['id']}/taskProcessingResults"
    infos = {r["processingInfo"] or r["failureReason"] for r in await house.values(path)}
    assert infos == {"Would write to 'Alice'.", "None of the users that 'to' names exists."}
    faults = await house.api.post(f"{ROOT}/workflows/{id}/previewTaskFailures")
    assert "None of the users" in faults.text
    assert await house.mails() == []


async def test_a_pass_is_sent_to_the_manager_and_shown_to_nobody(house: House) -> None:
    staff = await Staff(house).hire(other_mails=["alice@home.example"])

    await staff.sent(catalogue.GENERATE_TAP, **TAP)
    private = await staff.result(
        catalogue.GENERATE_TAP, to="User/otherMails", customBody="Hi!", **TAP
    )

    assert private["processingStatus"] == "completed"
    for_manager, for_her = sorted(await house.mails(), key=lambda mail: mail.created_at)
    if for_manager.address == "alice@home.example":
        for_manager, for_her = for_her, for_manager
    assert (for_manager.address, for_manager.is_confidential) == ("megan@contoso.example", True)
    assert for_her.address == "alice@home.example"
    code = for_her.attributes["temporaryaccesspass"]
    assert f"Hi!\n\n{code}\n" in (for_her.text or "")
    assert for_manager.values["temporary_access_pass"] in (for_manager.text or "")


async def test_without_an_address_no_pass_is_made(staff: Staff) -> None:
    result = await staff.result(
        catalogue.GENERATE_TAP, to="User/customSecurityAttributes/A/B", **TAP
    )

    assert "not kept in this directory" in result["failureReason"]


@pytest.mark.parametrize("is_branded", [True, False])
async def test_the_settings_say_the_domain_and_the_look(house: House, is_branded: bool) -> None:
    staff = await Staff(house).hire()
    email = EmailSettings(sender_domain="mail.contoso.example", use_company_branding=is_branded)
    stored = LifecycleManagementSettings(
        workflow_schedule_interval_in_hours=3, email_settings=email
    )
    async with house.database.transaction() as conn:
        await save_settings(conn, stored)

    mail = await staff.sent(catalogue.SEND_WELCOME, customSubject="Hi")

    assert mail.look.sender_domain == "mail.contoso.example"
    assert (mail.look.is_branded, mail.look.has_notice) == (is_branded, not is_branded)


async def test_a_quarantined_workflow_is_told_to_whoever_made_it(staff: Staff) -> None:
    house = staff.house
    step = task(catalogue.SEND_WELCOME, "Welcome")
    id = await house.workflow(step, displayName="Onboard", settings=limit(count(1)))
    async with house.database.transaction() as conn:
        made_by = update(workflows).where(workflows.c.id == id).values(created_by=staff.megan)
        await conn.execute(made_by)

    await activate(house, id, staff.alice, staff.bob, status=400)
    await house.settle()

    (mail,) = await house.mails()
    assert (mail.template, mail.address) == ("workflow-quarantined", "megan@contoso.example")
    assert "the limit is 1 people" in (mail.text or "")


def test_every_template_can_be_written_in_every_language_with_and_without_what_may_lack() -> None:
    templates = Templates([TEMPLATES], zone=UTC)
    for name, values in SAMPLES.items():
        bare = {key: None if key in OPTIONAL else value for key, value in values.items()}
        for language in LANGUAGES:
            assert (TEMPLATES.folder / language / f"{name}.txt").is_file()
            for said in (values, bare, {**values, "is_own": True}):
                mail = Mail(
                    id="x", template=name, language=language, values=said, created_at=MONDAY
                )
                assert "None" not in templates.render(mail).text
