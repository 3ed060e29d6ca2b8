"""The outbound call, against a real endpoint on loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.extensions.caller import LARGEST_REPLY, Caller
from ostiary.extensions.calls import Outgoing
from ostiary.extensions.credentials import Credential
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.receiver import Nonces, Trust, check_token, verify
from ostiary.extensions.signing import Signer
from ostiary.storage.ids import new_id
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.house import Pauses, make_caller
from tests.support.clocks import FixedClock

BODY = b'{"Stage":"assignmentRequestCreated"}'
REQUEST = Credential(profile="request", app_id="an-app")


def make_outgoing(url: str, **changes: Any) -> Outgoing:
    usual: dict[str, Any] = {
        "callout_id": new_id(),
        "extension_id": "extension-1",
        "url": url,
        "body": BODY,
        "credential": REQUEST,
        "timeout": timedelta(seconds=2),
        "retries": 0,
    }
    return Outgoing(**{**usual, **changes})


async def test_what_arrives_is_what_was_signed(
    caller: Caller, endpoint: ScriptedEndpoint, clock: FixedClock, trust: Trust
) -> None:
    url = f"{endpoint.url}/a%20b?code=abc&v=1"

    result = await caller.call(make_outgoing(url))

    call = endpoint.calls[0]
    assert result.label is None
    assert call.url == url
    assert call.body == BODY
    origin = endpoint.url.removesuffix("/hook")
    claims = verify(
        call.headers["authorization"],
        call.received(),
        trust=replace(trust, audiences=[origin]),
        nonces=Nonces(),
        now=clock.now(),
    )
    assert claims["azp"] == "an-app"


async def test_the_headers_are_those_that_receivers_know(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    outgoing = make_outgoing(endpoint.url)

    await caller.call(outgoing)

    headers = endpoint.calls[0].headers
    assert endpoint.calls[0].method == "POST"
    assert headers["content-type"] == "application/json; charset=utf-8"
    for name in ("client-request-id", "x-ms-client-request-id", "x-ms-correlation-request-id"):
        assert headers[name] == outgoing.callout_id
    assert headers["user-agent"] == "Ostiary"
    assert not {"cookie", "expect", "content-encoding"} & set(headers)


async def test_a_signed_url_goes_without_a_token(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    credential = Credential(profile="url", app_id="an-app")

    result = await caller.call(make_outgoing(f"{endpoint.url}?sig=secret", credential=credential))

    (attempt,) = result.attempts
    assert "authorization" not in endpoint.calls[0].headers
    assert (attempt.label, attempt.nonce, attempt.fingerprint) == (None, None, None)


async def test_a_bearer_token_goes_alone(
    caller: Caller, endpoint: ScriptedEndpoint, clock: FixedClock, trust: Trust
) -> None:
    credential = Credential(profile="bearer", audience="api://receiver", app_id="an-app")

    result = await caller.call(make_outgoing(endpoint.url, credential=credential))

    scheme, token = endpoint.calls[0].headers["authorization"].split(" ")
    known = replace(trust, audiences=["api://receiver"])
    assert scheme == "Bearer"
    assert "cnf" not in check_token(token, known, now=clock.now())
    assert result.attempts[0].nonce is None


async def test_the_run_id_of_a_logic_app_is_kept(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    endpoint.replies(202, {"x-ms-workflow-run-id": "08585600902100964604743022906CU13"})

    result = await caller.call(make_outgoing(endpoint.url))

    assert result.correlation == "08585600902100964604743022906CU13"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(status: int, caller: Caller, endpoint: ScriptedEndpoint) -> None:
    endpoint.replies(status)

    assert (await caller.call(make_outgoing(endpoint.url))).label is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_go_better_is_tried_once_more(
    status: int, caller: Caller, endpoint: ScriptedEndpoint, pauses: Pauses
) -> None:
    endpoint.replies(status).then(202)

    result = await caller.call(make_outgoing(endpoint.url, retries=1))

    first, second = endpoint.calls
    assert result.label is None
    assert [attempt.status for attempt in result.attempts] == [status, 202]
    assert first.body == second.body
    assert first.headers["client-request-id"] == second.headers["client-request-id"]
    assert first.headers["authorization"] != second.headers["authorization"]
    assert result.attempts[0].nonce != result.attempts[1].nonce
    assert pauses == [1.0]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 409, 410])
async def test_what_will_not_go_better_is_not_repeated(
    status: int, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    endpoint.replies(status, {"location": endpoint.url + "/elsewhere"}).then(202)

    result = await caller.call(make_outgoing(endpoint.url, retries=1))

    assert len(endpoint.calls) == 1
    assert result.label == f"http_{status // 100}xx"


async def test_attempts_are_bounded(caller: Caller, endpoint: ScriptedEndpoint) -> None:
    endpoint.always(503)

    result = await caller.call(make_outgoing(endpoint.url, retries=1))

    assert len(endpoint.calls) == 2
    assert result.label == "http_5xx"
    assert result.reason == (
        f"The endpoint {endpoint.url} could not be called: it answered with a server error "
        "(http_5xx, status 503, 2 attempts)."
    )


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "3600"}, 10.0),
        ({"retry-after": "soon"}, 1.0),
        (
            {
                "retry-after": "Mon, 05 Jan 2026 09:00:04 GMT",
                "date": "Mon, 05 Jan 2026 09:00:00 GMT",
            },
            4.0,
        ),
        (
            {
                "retry-after": "Mon, 05 Jan 2026 08:00:00 GMT",
                "date": "Mon, 05 Jan 2026 09:00:00 GMT",
            },
            0.0,
        ),
    ],
)
async def test_the_endpoint_may_ask_for_a_pause_of_up_to_ten_seconds(
    headers: dict[str, str],
    pause: float,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    pauses: Pauses,
) -> None:
    endpoint.replies(503, headers)

    await caller.call(make_outgoing(endpoint.url, retries=1))

    assert pauses == [pause]


async def test_silence_ends_with_the_time_limit_of_the_attempt(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    endpoint.holds_its_replies()
    outgoing = make_outgoing(endpoint.url, timeout=timedelta(milliseconds=200), retries=1)

    result = await caller.call(outgoing)

    assert [attempt.label for attempt in result.attempts] == ["timeout", "timeout"]
    assert all(attempt.milliseconds >= 190 for attempt in result.attempts)


async def test_a_broken_connection_is_a_connection_failure(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    endpoint.replies(None)

    result = await caller.call(make_outgoing(endpoint.url, retries=1))

    assert [attempt.label for attempt in result.attempts] == ["connect_failure", None]


async def test_a_port_that_nobody_listens_on_is_a_connection_failure(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    await endpoint.goes_away()

    result = await caller.call(make_outgoing(endpoint.url))

    assert result.label == "connect_failure"
    assert "no connection" in result.reason


async def test_a_large_reply_is_not_read_to_its_end(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    endpoint.replies(200, body=b"x" * (LARGEST_REPLY * 20)).then(500, body=b"secret answer")

    assert (await caller.call(make_outgoing(endpoint.url))).label is None
    failed = await caller.call(make_outgoing(endpoint.url))

    assert "secret" not in failed.reason
    assert "secret" not in repr(failed)


async def test_a_forbidden_target_is_not_called(
    signer: Signer, clock: FixedClock, pauses: Pauses, endpoint: ScriptedEndpoint
) -> None:
    caller = make_caller(signer, clock, pauses, egress=EgressPolicy())

    result = await caller.call(make_outgoing(f"{endpoint.url}?sig=secret", retries=1))

    await caller.close()
    assert endpoint.calls == []
    assert result.label == "blocked_url"
    assert "must begin with https://" in result.reason
    assert "secret" not in result.reason


async def test_a_name_that_leads_inside_is_not_called(
    signer: Signer, clock: FixedClock, pauses: Pauses
) -> None:
    """A name may lead elsewhere at the time of the call than when it was saved."""

    async def lookup(host: str) -> list[str]:
        assert host == "hooks.contoso.test"
        return ["8.8.8.8", "169.254.169.254"]

    caller = make_caller(signer, clock, pauses, lookup=lookup)

    result = await caller.call(make_outgoing("https://hooks.contoso.test/", retries=1))

    await caller.close()
    assert result.label == "blocked_address"
    assert len(result.attempts) == 1


async def test_a_name_that_is_not_known_is_a_dns_failure(
    signer: Signer, clock: FixedClock, pauses: Pauses
) -> None:
    async def lookup(host: str) -> list[str]:
        raise OSError("unknown")

    caller = make_caller(signer, clock, pauses, lookup=lookup)

    result = await caller.call(make_outgoing("https://hooks.contoso.test/"))

    await caller.close()
    assert result.label == "dns_failure"


async def test_the_connection_goes_to_the_address_that_was_checked(
    signer: Signer, clock: FixedClock, pauses: Pauses, endpoint: ScriptedEndpoint
) -> None:
    async def lookup(host: str) -> list[str]:
        return ["127.0.0.1"]

    url = endpoint.url.replace("127.0.0.1", "hooks.localhost")
    caller = make_caller(signer, clock, pauses, lookup=lookup)

    result = await caller.call(make_outgoing(url))

    await caller.close()
    assert result.label is None
    assert endpoint.calls[0].headers["host"].startswith("hooks.localhost:")


async def test_an_endpoint_without_tls_is_a_tls_failure(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    result = await caller.call(make_outgoing(endpoint.url.replace("http:", "https:"), retries=1))

    assert result.label == "tls_failure"
    assert len(result.attempts) == 1


async def test_what_is_kept_of_an_attempt_holds_no_token(
    caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    result = await caller.call(make_outgoing(f"{endpoint.url}?sig=secret"))

    header = endpoint.calls[0].headers["authorization"]
    assert header not in repr(result)
    assert "secret" not in repr(result)
    assert len(result.attempts[0].fingerprint or "") == 64


async def test_proxy_settings_of_the_environment_are_ignored(
    caller: Caller, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert (await caller.call(make_outgoing(endpoint.url))).label is None
