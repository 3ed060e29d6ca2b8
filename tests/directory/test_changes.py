"""What the use cases change, and what they leave alone, on both databases."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.directory import changes, store
from ostiary.directory.errors import DirectoryError, ObjectConflict
from ostiary.directory.model import AssignedLicense, DirectoryObject, Group, User
from ostiary.directory.objects import Kind
from ostiary.directory.people import NOT_KEPT
from ostiary.directory.seed import group_id, person_id
from ostiary.storage.database import Database
from tests.directory.conftest import ADMINISTRATOR
from tests.support.clocks import FixedClock

SALES = group_id("Sales team")
FINANCE = group_id("Finance team")
ADELE, MEGAN, JONI, GRADY = (person_id(alias) for alias in ("adele", "megan", "joni", "grady"))
NOBODY = "00000000-0000-4000-8000-00000000dead"
SKU = "6fd2c87f-b296-42f0-b197-1e91e994b900"


async def _told(database: Database, activity: str) -> list[list[str]]:
    """Give the ids of the targets of each record of an activity, in no order of time."""
    column = audit_records.c
    query = select(column.target_resources).where(column.activity_display_name == activity)
    async with database.reading() as conn:
        rows = (await conn.execute(query)).scalars().all()
    return sorted([target["id"] for target in targets] for targets in rows)


async def test_adding_members_is_idempotent_and_tells_what_is_new(
    staffed: Database, clock: FixedClock
) -> None:
    pairs = [(SALES, JONI), (SALES, ADELE), (FINANCE, ADELE), (SALES, JONI)]
    before = await _told(staffed, "Add member to group")

    for expected in ({(SALES, JONI), (FINANCE, ADELE)}, set()):
        async with staffed.transaction() as conn:
            added = await changes.add_members(conn, pairs, now=clock.now(), actor=ADMINISTRATOR)
        assert added == expected

    async with staffed.reading() as conn:
        members = await store.group_members(conn, [SALES, FINANCE])
    assert JONI in members[SALES]
    assert ADELE in members[FINANCE]
    told = await _told(staffed, "Add member to group")
    assert told == sorted([*before, [JONI, SALES], [ADELE, FINANCE]])


async def test_pairs_that_cannot_be_are_passed_over(staffed: Database, clock: FixedClock) -> None:
    odd = [(NOBODY, ADELE), (SALES, NOBODY), (ADELE, SALES), (SALES, SALES), (SALES, JONI)]

    async with staffed.transaction() as conn:
        added = await changes.add_members(conn, odd, now=clock.now(), actor=ADMINISTRATOR)

    assert added == {(SALES, JONI)}


async def test_a_group_may_be_a_member_of_a_group(staffed: Database, clock: FixedClock) -> None:
    async with staffed.transaction() as conn:
        pairs = [(FINANCE, SALES)]
        added = await changes.add_members(conn, pairs, now=clock.now(), actor=ADMINISTRATOR)
        assert added == {(FINANCE, SALES)}

        assert SALES in (await store.group_members(conn, [FINANCE]))[FINANCE]
        assert (await store.groups_of(conn, [SALES]))[SALES] == {FINANCE}


async def test_removing_members_is_idempotent_and_tells_who_went(
    staffed: Database, clock: FixedClock
) -> None:
    pairs = [(SALES, ADELE), (SALES, JONI)]

    for expected in ({(SALES, ADELE)}, set()):
        async with staffed.transaction() as conn:
            gone = await changes.remove_members(conn, pairs, now=clock.now(), actor=ADMINISTRATOR)
        assert gone == expected

    assert await _told(staffed, "Remove member from group") == [[ADELE, SALES]]


async def test_owners_come_and_go_apart_from_members(staffed: Database, clock: FixedClock) -> None:
    async with staffed.transaction() as conn:
        now = clock.now()
        pairs = [(SALES, JONI)]
        assert await changes.add_owners(conn, pairs, now=now, actor=ADMINISTRATOR) == {*pairs}
        assert JONI in (await store.owners(conn, [SALES]))[SALES]
        assert JONI not in (await store.group_members(conn, [SALES]))[SALES]
        assert (await store.owned_by(conn, [JONI]))[JONI] == {SALES}
        assert await changes.remove_owners(conn, pairs, now=now, actor=ADMINISTRATOR) == {*pairs}
        assert JONI not in (await store.owners(conn, [SALES]))[SALES]


async def test_disabling_accounts_tells_only_whose_it_changed(
    staffed: Database, clock: FixedClock
) -> None:
    ids = [ADELE, MEGAN, NOBODY, SALES]
    async with staffed.transaction() as conn:
        now = clock.now()
        await changes.set_account_enabled(conn, [MEGAN], False, now=now, actor=ADMINISTRATOR)
        changed = await changes.set_account_enabled(conn, ids, False, now=now, actor=ADMINISTRATOR)
        people = await store.people(conn, ids)

    assert changed == {ADELE}
    assert not people[ADELE].account_enabled
    assert await _told(staffed, "Disable account") == sorted([[MEGAN], [ADELE]])


async def test_two_people_cannot_have_the_same_name_in_any_case(
    staffed: Database, clock: FixedClock
) -> None:
    twin = User(display_name="Adele II", user_principal_name="ADELE@contoso.example")

    with pytest.raises(ObjectConflict) as refused:
        async with staffed.transaction() as conn:
            await changes.add_users(conn, [twin], now=clock.now(), actor=ADMINISTRATOR)

    assert refused.value.target == "userPrincipalName"
    assert "Another object with the same value for property userPrincipalName" in str(refused.value)


async def test_a_change_of_name_cannot_take_somebody_elses(
    staffed: Database, clock: FixedClock
) -> None:
    async with staffed.reading() as conn:
        megan = (await store.users(conn, [MEGAN]))[MEGAN]
    wanted = msgspec.structs.replace(megan, user_principal_name="Adele@contoso.example")
    pairs = [(megan, wanted)]

    with pytest.raises(ObjectConflict):
        async with staffed.transaction() as conn:
            await changes.update_users(conn, pairs, now=clock.now(), actor=ADMINISTRATOR)


async def test_the_name_of_somebody_deleted_is_free(staffed: Database, clock: FixedClock) -> None:
    now, actor = clock.now(), ADMINISTRATOR
    successor = User(display_name="Adele II", user_principal_name="adele@contoso.example")
    async with staffed.transaction() as conn:
        await changes.delete_objects(conn, Kind.USER, [ADELE], now=now, actor=actor)
        await changes.add_users(conn, [successor], now=now, actor=actor)

    with pytest.raises(ObjectConflict):
        async with staffed.transaction() as conn:
            await changes.restore_objects(conn, [ADELE], now=now, actor=actor)


async def test_who_is_deleted_vanishes_from_everywhere_and_comes_back_whole(
    staffed: Database, clock: FixedClock
) -> None:
    now, actor = clock.now(), ADMINISTRATOR
    async with staffed.transaction() as conn:
        gone = await changes.delete_objects(conn, Kind.USER, [ADELE, SALES], now=now, actor=actor)
        again = await changes.delete_objects(conn, Kind.USER, [ADELE], now=now, actor=actor)
        assert (gone, again) == ({ADELE}, set())
        assert await store.people(conn, [ADELE]) == {}
        assert await store.references(conn, [ADELE]) == {}
        assert ADELE not in (await store.group_members(conn, [SALES]))[SALES]

        back = await changes.restore_objects(conn, [ADELE], now=now, actor=actor)
        assert back == {ADELE}
        assert ADELE in (await store.group_members(conn, [SALES]))[SALES]


async def test_only_what_differs_is_stored_and_told(staffed: Database, clock: FixedClock) -> None:
    async with staffed.transaction() as conn:
        users = await store.users(conn, [ADELE, MEGAN, JONI], lock=True)
        pairs = [
            (users[ADELE], msgspec.structs.replace(users[ADELE], department="Marketing")),
            (users[MEGAN], msgspec.structs.replace(users[MEGAN], department="Finance")),
            (users[JONI], users[JONI]),
        ]
        changed = await changes.update_users(conn, pairs, now=clock.now(), actor=ADMINISTRATOR)
        people = await store.people(conn, [ADELE, MEGAN])

    assert changed == {ADELE, MEGAN}
    assert [people[i].department for i in (ADELE, MEGAN)] == ["Marketing", "Finance"]
    assert await _told(staffed, "Update user") == sorted([[ADELE], [MEGAN]])


async def test_every_property_of_a_user_survives_the_database(
    staffed: Database, clock: FixedClock
) -> None:
    made = await _full_user(staffed, clock)

    async with staffed.reading() as conn:
        stored = (await store.users(conn, [made.id]))[made.id]

    assert stored == made


async def _full_user(database: Database, clock: FixedClock) -> User:
    """Create a user with a value in every property that is kept."""
    texts = {
        field.name: f"{field.name[:10]}"
        for field in msgspec.structs.fields(User)
        if field.type == str | None and field.name not in NOT_KEPT
    }
    draft = msgspec.convert(
        {
            **{_camel(name): value for name, value in texts.items()},
            "userPrincipalName": "full@contoso.example",
            "mail": "full@contoso.example",
            "usageLocation": "DE",
            "userType": "Guest",
            "businessPhones": ["1", "2"],
            "otherMails": ["a@b.example"],
            "employeeHireDate": "2026-02-01T00:00:00.000001Z",
            "employeeOrgData": {"costCenter": "1", "division": None},
            "onPremisesExtensionAttributes": {"extensionAttribute7": "seven"},
            "onPremisesSyncEnabled": True,
            "assignedLicenses": [{"skuId": SKU}],
        },
        User,
    )
    async with database.transaction() as conn:
        made = await changes.add_users(conn, [draft], now=clock.now(), actor=ADMINISTRATOR)
    return made[0]


def _camel(name: str) -> str:
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(User)}
    return fields[name]


async def test_managers_are_set_with_a_new_user_and_changed_later(
    staffed: Database, clock: FixedClock
) -> None:
    now, actor = clock.now(), ADMINISTRATOR
    draft = User(
        display_name="Newcomer",
        user_principal_name="new@contoso.example",
        manager=DirectoryObject(id=ADELE),
    )
    async with staffed.transaction() as conn:
        (made,) = await changes.add_users(conn, [draft], now=now, actor=actor)
        assert (await store.people(conn, [made.id]))[made.id].manager_id == ADELE

        managers = {made.id: MEGAN, ADELE: None, MEGAN: person_id("nestor")}
        changed = await changes.set_managers(conn, managers, now=now, actor=actor)
        assert changed == {made.id, ADELE}
        assert (await store.people(conn, [ADELE]))[ADELE].manager_id is None


@pytest.mark.parametrize("manager", [NOBODY, SALES, ADELE])
async def test_nobody_is_managed_by_what_is_no_other_user(
    staffed: Database, clock: FixedClock, manager: str
) -> None:
    managers = {ADELE: manager}

    with pytest.raises(DirectoryError) as refused:
        async with staffed.transaction() as conn:
            await changes.set_managers(conn, managers, now=clock.now(), actor=ADMINISTRATOR)

    assert refused.value.target == "manager"


async def test_revoking_sessions_moves_the_instant_from_which_they_count(
    staffed: Database, clock: FixedClock
) -> None:
    now = clock.advance(hours=1)
    async with staffed.transaction() as conn:
        changed = await changes.revoke_sign_in_sessions(
            conn, [ADELE, NOBODY], now=now, actor=ADMINISTRATOR
        )
        people = await store.people(conn, [ADELE, MEGAN])

    assert changed == {ADELE}
    assert people[ADELE].sign_in_sessions_valid_from_date_time == now
    assert people[MEGAN].sign_in_sessions_valid_from_date_time == now - timedelta(hours=1)


async def test_licences_are_replaced_and_told_once(staffed: Database, clock: FixedClock) -> None:
    wanted = {ADELE: [AssignedLicense(sku_id=SKU)], NOBODY: []}

    for expected in ({ADELE}, set()):
        async with staffed.transaction() as conn:
            changed = await changes.set_licenses(conn, wanted, now=clock.now(), actor=ADMINISTRATOR)
            people = await store.people(conn, [ADELE])
        assert changed == expected

    assert people[ADELE].license_sku_ids == {SKU}
    assert await _told(staffed, "Change user license") == [[ADELE]]


async def test_a_batch_of_thousands_is_one_change(staffed: Database, clock: FixedClock) -> None:
    now, actor = clock.now(), ADMINISTRATOR
    drafts = [
        User(display_name=f"Person {n}", user_principal_name=f"p{n}@contoso.example")
        for n in range(6_000)
    ]
    async with staffed.transaction() as conn:
        made = await changes.add_users(conn, drafts, now=now, actor=actor)
        pairs = {(SALES, user.id) for user in made}
        assert await changes.add_members(conn, pairs, now=now, actor=actor) == pairs
        ids = [user.id for user in made]
        off = await changes.set_account_enabled(conn, ids, False, now=now, actor=actor)
        assert off == set(ids)
        assert await changes.remove_members(conn, pairs, now=now, actor=actor) == pairs


async def test_a_draft_that_is_refused_leaves_no_trace(
    staffed: Database, clock: FixedClock
) -> None:
    drafts = [
        Group(display_name="Fine", mail_enabled=False, mail_nickname="f", security_enabled=True),
        Group(display_name="Wrong", mail_enabled=True, mail_nickname="w", security_enabled=True),
    ]
    before = await _told(staffed, "Add group")

    with pytest.raises(DirectoryError):
        async with staffed.transaction() as conn:
            await changes.add_groups(conn, drafts, now=clock.now(), actor=ADMINISTRATOR)

    assert await _told(staffed, "Add group") == before


async def test_sponsors_are_given_and_taken_once_and_leave_records(
    staffed: Database, clock: FixedClock
) -> None:
    pairs = [(ADELE, JONI), (ADELE, SALES), (ADELE, ADELE), (NOBODY, JONI), (SALES, JONI)]
    async with staffed.transaction() as conn:
        now, actor = clock.now(), ADMINISTRATOR
        added = await changes.add_sponsors(conn, pairs, now=now, actor=actor)
        again = await changes.add_sponsors(conn, pairs, now=now, actor=actor)
        removed = await changes.remove_sponsors(conn, pairs[:1], now=now, actor=actor)
        left = await store.sponsors(conn, [ADELE])

    assert added == {(ADELE, JONI), (ADELE, SALES)}
    assert again == set()
    assert removed == {(ADELE, JONI)}
    assert left == {ADELE: {SALES}}
    assert await _told(staffed, "Add user sponsor") == sorted([[JONI, ADELE], [SALES, ADELE]])
    assert await _told(staffed, "Remove user sponsor") == [[JONI, ADELE]]
