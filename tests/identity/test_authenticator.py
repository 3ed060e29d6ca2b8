from __future__ import annotations

import pytest
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from ostiary.graph.errors import BadRequest, status_of
from ostiary.identity.authenticator import LONGEST_TOLD, Authenticator, Challenge
from ostiary.identity.refusals import InvalidToken
from tests.identity.minting import SERVICE_PRINCIPAL, app_claims, sign, validator
from tests.support.clocks import FixedClock

AUTHORIZE = "https://localhost:8443/common/oauth2/v2.0/authorize"


@pytest.fixture
def authenticator(clock: FixedClock) -> Authenticator:
    challenge = Challenge(authorization_uri=AUTHORIZE)
    return Authenticator(validator(), now=clock.now, challenge=challenge)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_in_any_case(authenticator: Authenticator, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {sign(app_claims())}"}

    caller = await authenticator.authenticate(headers)

    assert caller.object_id == SERVICE_PRINCIPAL


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer  ", "Basic YTpi", "PoP x.y.z"])
async def test_a_request_without_a_bearer_token_is_told_where_to_get_one(
    authenticator: Authenticator, value: str | None
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await authenticator.authenticate({} if value is None else {"authorization": value})

    assert status_of(caught.value) == 401
    assert caught.value.code == "InvalidAuthenticationToken"
    assert str(caught.value) == "Access token is empty."
    assert caught.value.context["www_authenticate"] == (
        f'Bearer realm="", authorization_uri="{AUTHORIZE}", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )


async def test_a_bad_token_is_answered_with_the_reason_of_rfc_6750(
    authenticator: Authenticator,
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await authenticator.authenticate({"authorization": "Bearer nonsense"})

    assert caught.value.context["www_authenticate"].endswith(
        'error="invalid_token", error_description="CompactToken parsing failed with error code: '
        '80049217"'
    )


async def test_the_log_tells_what_a_refused_token_says_of_itself_and_not_the_token(
    authenticator: Authenticator,
) -> None:
    token = sign(app_claims(aud="api://else" + "x" * 300))

    with capture_logs() as logs, pytest.raises(InvalidToken):
        await authenticator.authenticate({"authorization": f"Bearer {token}"})

    (line,) = logs
    assert line["event"] == "token_refused"
    assert line["audience"].startswith("api://else")
    assert len(line["audience"]) == LONGEST_TOLD
    assert {"issuer", "key_id", "algorithm", "expires"} <= line.keys()
    assert token not in str(line)


async def test_a_token_is_valid_by_the_servers_clock(
    authenticator: Authenticator, clock: FixedClock
) -> None:
    headers = {"authorization": f"Bearer {sign(app_claims())}"}
    await authenticator.authenticate(headers)

    clock.advance(minutes=62)

    with pytest.raises(InvalidToken, match="expired"):
        await authenticator.authenticate(headers)


async def test_two_authorization_headers_are_a_bad_request(authenticator: Authenticator) -> None:
    value = f"Bearer {sign(app_claims())}"
    headers = Headers(raw=[(b"authorization", value.encode())] * 2)

    with pytest.raises(BadRequest, match="one Authorization header"):
        await authenticator.authenticate(headers)


async def test_two_headers_that_were_joined_on_the_way_are_a_bad_request(
    authenticator: Authenticator,
) -> None:
    token = sign(app_claims())

    with pytest.raises(BadRequest):
        await authenticator.authenticate({"authorization": f"Bearer {token}, Bearer {token}"})


async def test_a_header_of_20_kb_is_refused(authenticator: Authenticator) -> None:
    with pytest.raises(InvalidToken, match="80049217"):
        await authenticator.authenticate({"authorization": f"Bearer {'x' * 20_000}"})
