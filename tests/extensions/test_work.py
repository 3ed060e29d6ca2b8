"""Sending, recording and timing out with a real endpoint, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ostiary.extensions import registry
from ostiary.extensions.callouts import CalloutStatus, Outcome
from ostiary.extensions.endpoints import LogicAppName
from ostiary.extensions.errors import TooLate
from ostiary.extensions.model import CustomExtensionClientConfiguration
from ostiary.extensions.model import LogicAppTriggerEndpointConfiguration as LogicApp
from ostiary.extensions.receiver import Nonces, Trust, verify
from ostiary.storage.facts import read_fact
from tests.extensions.house import House
from tests.extensions.makers import CREATED, HOUR, make_answer, make_extension

SOD_CHECK = LogicAppName("sub", "rg1", "sod-check")
NAMED = LogicApp(
    subscription_id="sub", resource_group_name="rg1", logic_app_workflow_name="sod-check"
)


async def test_a_callout_is_sent_and_waits_from_its_acceptance_on(house: House) -> None:
    house.endpoint.replies(202, {"x-ms-workflow-run-id": "run-1"})
    (id_,) = await house.launch()
    house.clock.advance(minutes=5)

    await house.worker.settle()

    (call,) = house.endpoint.calls
    callout = await house.read(id_)
    assert call.json() == {
        "Stage": CREATED,
        "CustomExtensionStageInstanceId": id_,
        "CallbackUri": "http://127.0.0.1:8080/owner-1/resume",
    }
    assert callout.status is CalloutStatus.WAITING_FOR_CALLBACK
    assert callout.deadline == house.clock.now() + HOUR
    assert (callout.external_correlation_id, callout.attempts) == ("run-1", 1)
    assert callout.sent_at == house.clock.now()
    assert house.owner.went_on == []


async def test_the_call_is_signed_for_its_receiver(house: House, trust: Trust) -> None:
    await house.launch()

    await house.worker.settle()

    (call,) = house.endpoint.calls
    origin = house.endpoint.url.removesuffix("/hook")
    claims = verify(
        call.headers["authorization"],
        call.received(),
        trust=replace(trust, audiences=[origin]),
        nonces=Nonces(),
        now=house.clock.now(),
    )
    assert claims["azp"] == "an-app"


async def test_the_ledger_has_the_call_without_its_secrets(house: House) -> None:
    extension_url = f"{house.endpoint.url}?sig=secret"
    house.endpoint.replies(503)
    client = CustomExtensionClientConfiguration(maximum_retries=1)
    endpoint = make_extension(extension_url).endpoint
    (id_,) = await house.launch(client=client, endpoint=endpoint)

    await house.worker.settle()

    failed, taken = await house.attempts()
    header = house.endpoint.calls[1].headers["authorization"]
    assert (failed.result, failed.label, failed.status) == ("failed", "http_5xx", 503)
    assert (taken.result, taken.label, taken.status) == ("taken", None, 202)
    assert (taken.callout_id, taken.direction) == (id_, "out")
    assert taken.url == house.endpoint.url
    assert failed.nonce != taken.nonce
    assert header not in repr([failed, taken])
    assert "secret" not in repr([failed, taken])


async def test_launch_and_continue_goes_on_when_the_endpoint_took_the_call(house: House) -> None:
    (id_,) = await house.launch(callback=None)

    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (CalloutStatus.CALLOUT_SENT, Outcome.SENT)
    assert house.owner.went_on == [callout]
    async with house.database.reading() as conn:
        assert await read_fact(conn, id_) == "sent"


async def test_an_endpoint_that_refuses_fails_the_callout(house: House) -> None:
    house.endpoint.always(404)
    (id_,) = await house.launch()

    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (CalloutStatus.CALLOUT_FAILED, Outcome.FAILED)
    assert "http_4xx" in (callout.detail or "")
    assert house.owner.went_without == [callout]


async def test_silence_until_the_deadline_times_the_callout_out(house: House) -> None:
    (id_,) = await house.launch()
    await house.worker.settle()

    house.clock.advance(minutes=59)
    await house.worker.settle()
    assert (await house.read(id_)).is_open
    house.clock.advance(minutes=1)
    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (
        CalloutStatus.CALLBACK_TIMED_OUT,
        Outcome.TIMED_OUT,
    )
    assert house.owner.went_without == [callout]
    with pytest.raises(TooLate):
        await house.resumes.submit(make_answer(received_at=house.clock.now()))


async def test_an_answer_in_time_is_not_timed_out(house: House) -> None:
    (id_,) = await house.launch()
    await house.worker.settle()
    await house.resumes.submit(make_answer())

    house.clock.advance(hours=2)

    assert await house.worker.settle() == 0
    assert (await house.read(id_)).outcome is Outcome.RESUMED
    assert house.owner.went_without == []


async def test_a_logic_app_that_nobody_registered_says_how_to(house: House) -> None:
    (id_,) = await house.launch(endpoint=NAMED)

    await house.worker.settle()

    callout = await house.read(id_)
    assert callout.status is CalloutStatus.CALLOUT_FAILED
    assert "ostiary logicapps set sub/rg1/sod-check URL" in (callout.detail or "")
    assert house.owner.went_without == [callout]


async def test_a_registered_logic_app_is_called_with_a_proof_for_its_resource(
    house: House, trust: Trust
) -> None:
    async with house.database.transaction() as conn:
        await registry.register(
            conn, SOD_CHECK, f"{house.endpoint.url}?api-version=1", now=house.clock.now()
        )
    await house.launch(endpoint=NAMED)

    await house.worker.settle()

    (call,) = house.endpoint.calls
    assert call.path == "/hook?api-version=1"
    claims = verify(
        call.headers["authorization"],
        call.received(),
        trust=replace(
            trust,
            issuers=["https://sts.windows.net/11111111-2222-3333-4444-555555555555/"],
            audiences=["https://management.azure.com"],
        ),
        nonces=Nonces(),
        now=house.clock.now(),
        resource_id=SOD_CHECK.resource_id,
    )
    assert claims["appid"] == "an-app"
