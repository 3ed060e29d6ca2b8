"""The operator's routes of mails, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ostiary.graph.errors import DomainError
from ostiary.mail.mails import About
from ostiary.mail.routes import MailRoutes
from ostiary.mail.views import WITHHELD
from ostiary.server.front import _domain_error
from tests.mail.mailroom import MailRoom, ready
from tests.support.callers import NamedCallers, application, person

READS = application("AuditLog.Read.All")
SENDS = application("EntitlementManagement.ReadWrite.All")


@pytest.fixture
async def api(silent: MailRoom) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes alone."""
    routes = MailRoutes(
        database=silent.database, clock=silent.clock, authenticator=NamedCallers()
    ).routes()
    app = Starlette(routes=routes, exception_handlers={DomainError: _domain_error})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def listed(api: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    reply = await api.get(f"/ostiary/mails{query}", headers=READS)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_mails_are_listed_newest_first_and_page_by_page(
    silent: MailRoom, api: httpx.AsyncClient
) -> None:
    keys = []
    for number in range(5):
        keys += await silent.send(ready(address=f"p{number}@contoso.example"))
        silent.clock.advance(minutes=number % 2)
    await silent.settle()

    first = await listed(api, "?limit=2")
    second = await listed(api, f"?limit=2&before={first['before']}")
    third = await listed(api, f"?limit=2&before={second['before']}")

    found = [one["id"] for page in (first, second, third) for one in page["value"]]
    assert set(found) == set(keys)
    assert len(found) == 5
    assert found == [mail.id for mail in await silent.mails()]
    assert "before" not in third
    assert first["value"][0]["subject"] == "Your Parcel is ready"


async def test_lists_are_narrowed_by_state_recipient_template_and_subject_matter(
    silent: MailRoom, api: httpx.AsyncClient
) -> None:
    megan = await silent.person("megan")
    one, two = await silent.send(
        ready(megan, about=About("parcel", "p1")), ready(address="sam@fabrikam.example")
    )
    await silent.settle()
    (three,) = await silent.send(ready(megan))

    async def ids(query: str) -> set[str]:
        return {mail["id"] for mail in (await listed(api, query))["value"]}

    assert await ids("?state=recorded") == {one, two}
    assert await ids("?state=recorded&state=queued") == {one, two, three}
    assert await ids(f"?to={megan}") == {one, three}
    assert await ids("?to=SAM@fabrikam.example") == {two}
    assert await ids("?about=p1") == {one}
    assert await ids("?template=other") == set()


async def test_one_mail_is_shown_with_all_that_it_says(
    silent: MailRoom, api: httpx.AsyncClient
) -> None:
    (key,) = await silent.send(ready(address="sam@fabrikam.example", about=About("parcel", "p1")))
    await silent.settle()

    shown = (await api.get(f"/ostiary/mails/{key.upper()}", headers=READS)).json()

    assert shown["state"] == "recorded"
    assert shown["about"] == "parcel p1"
    assert "Parcel is ready" in shown["text"]
    assert "<p>" in shown["html"]


async def test_a_confidential_mail_is_shown_to_nobody(
    silent: MailRoom, api: httpx.AsyncClient
) -> None:
    (key,) = await silent.send(ready(address="sam@fabrikam.example", is_confidential=True))
    await silent.settle()

    reply = await api.get(f"/ostiary/mails/{key}", headers=READS)

    assert reply.json()["text"] == reply.json()["html"] == WITHHELD
    assert "is ready until" not in reply.text


async def test_a_mail_is_queued_again(silent: MailRoom, api: httpx.AsyncClient) -> None:
    (key,) = await silent.send(ready(address="sam@fabrikam.example"))
    early = await api.post(f"/ostiary/mails/{key}/resend", headers=SENDS)
    await silent.settle()

    reply = await api.post(f"/ostiary/mails/{key}/resend", headers=SENDS)

    assert early.status_code == 409
    assert (reply.status_code, reply.json()["state"]) == (202, "queued")
    await silent.settle()
    assert (await silent.mail(key)).round == 2


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "says"),
    [
        ("GET", "", {}, 401, "token"),
        ("GET", "", SENDS, 403, "AuditLog.Read.All"),
        ("GET", "", person("p", "AuditLog.Read.All"), 403, "directory role"),
        ("GET", "/x", SENDS, 403, "AuditLog.Read.All"),
        ("POST", "/x/resend", READS, 403, "ReadWrite.All"),
        ("GET", "/x", READS, 404, "no such mail"),
        ("POST", "/x/resend", SENDS, 404, "no mail 'x'"),
        ("GET", "?sate=sent", READS, 400, "'sate' is no filter"),
        ("GET", "?state=lost", READS, 400, "must be one of 'queued'"),
        ("GET", "?limit=0", READS, 400, "1 to 500"),
        ("GET", "?limit=many", READS, 400, "1 to 500"),
    ],
)
async def test_what_makes_no_sense_or_is_not_allowed_is_refused(
    api: httpx.AsyncClient,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
    says: str,
) -> None:
    reply = await api.request(method, f"/ostiary/mails{path}", headers=headers)

    assert reply.status_code == status
    assert says in reply.json()["error"]["message"]
