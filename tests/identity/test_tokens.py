from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest

from ostiary.identity.keysets import FixedKeys, PublishedKey, read_keys
from ostiary.identity.principals import Principal
from ostiary.identity.refusals import InvalidToken, Reason
from ostiary.identity.tokens import TokenValidator
from tests.identity.minting import (
    ALICE,
    APP_ID,
    AUDIENCE,
    SERVICE_PRINCIPAL,
    TENANT,
    V1,
    V2,
    app_claims,
    ec,
    microsoft,
    public,
    raw,
    rsa,
    sign,
    user_claims,
    validator,
)
from tests.support.clocks import MONDAY


async def accepted(token: str, *, by: TokenValidator | None = None) -> Principal:
    return await (by or validator()).validate(token, MONDAY)


async def refused(token: str, *, by: TokenValidator | None = None) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        await (by or validator()).validate(token, MONDAY)
    return caught.value


async def test_a_v2_token_of_an_application_is_accepted() -> None:
    caller = await validator().validate(sign(app_claims()), MONDAY)

    assert caller.kind == "application"
    assert (caller.tenant_id, caller.object_id, caller.app_id) == (
        TENANT,
        SERVICE_PRINCIPAL,
        APP_ID,
    )
    assert caller.roles == {"EntitlementManagement.ReadWrite.All"}
    assert caller.token_id == "token-1"


async def test_a_v1_token_is_accepted() -> None:
    issuer = microsoft(issuer=V1)
    claims = app_claims(iss=V1, ver="1.0", azp=None, azpacr=None, appid=APP_ID, appidacr="1")

    caller = await validator(issuer).validate(sign(claims, x5t="abc"), MONDAY)

    assert caller.app_id == APP_ID
    assert caller.issuer == V1


async def test_a_token_of_a_person_carries_scopes_and_names() -> None:
    caller = await validator().validate(sign(user_claims()), MONDAY)

    assert caller.kind == "delegated"
    assert caller.object_id == ALICE
    assert caller.scopes == {"EntitlementManagement.Read.All", "User.Read"}
    assert (caller.display_name, caller.user_principal_name) == ("Alice", "alice@example.org")


@pytest.mark.parametrize(("alg", "key"), [("RS256", rsa()), ("PS256", rsa()), ("ES256", ec())])
async def test_the_three_algorithms_are_accepted(alg: str, key: Any) -> None:
    await accepted(sign(app_claims(), key, alg=alg))


async def test_one_slash_makes_another_issuer() -> None:
    error = await refused(sign(app_claims(iss=f"{V2}/")))

    assert error.reason is Reason.ISSUER


async def test_an_unknown_issuer_reads_like_a_bad_signature() -> None:
    unknown = await refused(sign(app_claims(iss="https://evil.example")))
    forged = await refused(sign(app_claims(), rsa("key-2"), kid="key-1"))

    assert forged.reason is Reason.SIGNATURE
    assert str(unknown) == str(forged) == "Access token validation failure."


@pytest.mark.parametrize("audience", ["api://other", ["api://other"], None, 7, {}])
async def test_a_token_for_somebody_else_is_refused(audience: Any) -> None:
    error = await refused(sign(app_claims(aud=audience)))

    assert str(error) == "Access token validation failure. Invalid audience."
    assert AUDIENCE not in str(error)


async def test_one_of_several_audiences_suffices() -> None:
    await accepted(sign(app_claims(aud=["account", AUDIENCE])))


@pytest.mark.parametrize(
    "audience", ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
)
async def test_a_token_for_the_real_graph_is_refused(audience: str) -> None:
    assert (await refused(sign(app_claims(aud=audience)))).reason is Reason.AUDIENCE


@pytest.mark.parametrize(
    "times",
    [
        {"exp": MONDAY - timedelta(seconds=60)},
        {"nbf": MONDAY + timedelta(seconds=61)},
        {"iat": MONDAY + timedelta(seconds=61)},
    ],
    ids=["expired", "not yet valid", "issued in the future"],
)
async def test_a_token_counts_only_within_its_time(times: dict[str, Any]) -> None:
    claims: dict[str, Any] = {name: int(moment.timestamp()) for name, moment in times.items()}

    error = await refused(sign(app_claims(**claims)))

    assert str(error) == "Access token has expired or is not yet valid."


@pytest.mark.parametrize(
    "times",
    [{"exp": MONDAY - timedelta(seconds=59)}, {"nbf": MONDAY + timedelta(seconds=60)}],
)
async def test_clocks_may_differ_by_the_skew(times: dict[str, Any]) -> None:
    claims: dict[str, Any] = {name: int(moment.timestamp()) for name, moment in times.items()}

    await accepted(sign(app_claims(**claims)))


@pytest.mark.parametrize("exp", [None, "soon", True, -1, 1e300, 10**400], ids=str)
async def test_an_expiry_that_is_no_instant_is_refused(exp: Any) -> None:
    assert (await refused(sign(app_claims(exp=exp)))).reason is Reason.TIME


async def test_a_token_without_an_algorithm_is_refused() -> None:
    header = json.dumps({"alg": "none", "kid": "key-1"})
    token = raw(header, json.dumps(app_claims()), b"")

    assert (await refused(token)).reason is Reason.ALGORITHM


async def test_the_public_key_is_no_shared_secret() -> None:
    header = {"alg": "HS256", "kid": "key-1"}
    unsigned = raw(json.dumps(header), json.dumps(app_claims()), b"").rstrip(".")
    pem = public(rsa()).as_bytes(encoding="PEM")
    signature = hmac.digest(pem, unsigned.encode(), "sha256")
    token = f"{unsigned}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    assert (await refused(token)).reason is Reason.ALGORITHM


async def test_a_key_serves_only_the_algorithm_it_is_made_for() -> None:
    key = read_keys([public(rsa()).as_dict() | {"alg": "RS256"}])["key-1"].key
    by = validator(keys=FixedKeys(key))

    await accepted(sign(app_claims()), by=by)
    assert (await refused(sign(app_claims(), alg="PS256"), by=by)).reason is Reason.SIGNATURE


async def test_a_key_of_one_issuer_does_not_sign_for_another() -> None:
    other = microsoft(issuer=V1)
    by = TokenValidator(
        [
            (microsoft(), FixedKeys(public(rsa("key-a")))),
            (other, FixedKeys(public(rsa("key-b")))),
        ]
    )

    await accepted(sign(app_claims(), rsa("key-a")), by=by)
    assert (await refused(sign(app_claims(iss=V1), rsa("key-a")), by=by)).reason is Reason.KEY


async def test_a_key_that_is_bound_to_an_issuer_signs_for_no_other() -> None:
    class Bound(FixedKeys):
        async def key(self, kid: str) -> PublishedKey | None:
            return PublishedKey(public(rsa()), "https://login.microsoftonline.com/{tenantid}/v2.0")

    by = TokenValidator([(microsoft(), Bound()), (microsoft(issuer=V1), Bound())])

    await accepted(sign(app_claims()), by=by)
    assert (await refused(sign(app_claims(iss=V1)), by=by)).reason is Reason.TENANT


async def test_a_token_without_a_key_id_is_refused() -> None:
    assert (await refused(sign(app_claims(), kid=None))).reason is Reason.KEY


async def test_a_key_that_the_header_brings_along_is_ignored() -> None:
    foreign = rsa("key-3")
    header: dict[str, Any] = {
        "jku": "https://evil.example/keys",
        "jwk": public(foreign).as_dict(),
        "x5u": "https://evil.example/cert",
    }

    await accepted(sign(app_claims(), **header))
    assert (await refused(sign(app_claims(), foreign, **header))).reason is Reason.KEY


async def test_a_demanded_extension_is_refused() -> None:
    header = json.dumps({"alg": "RS256", "kid": "key-1", "crit": ["exp"], "exp": 1})

    assert (await refused(raw(header, json.dumps(app_claims())))).reason is Reason.CRITICAL_HEADER


async def test_graphs_own_token_is_refused_with_the_reason() -> None:
    error = await refused(sign(app_claims(), nonce="abc"))

    assert error.reason is Reason.GRAPH_NONCE
    assert "api://" in str(error)


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "n", "aud": APP_ID}, {"typ": "ID"}],
    ids=["a nonce and the client as audience", "typ ID"],
)
async def test_an_id_token_is_refused(claims: dict[str, Any]) -> None:
    by = validator(microsoft(audiences=frozenset({AUDIENCE, APP_ID})))

    error = await refused(sign(user_claims(**claims)), by=by)

    assert str(error) == "Access token validation failure. An ID token is not an access token."


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", None])
async def test_an_access_token_may_say_so(typ: str | None) -> None:
    await accepted(sign(app_claims(), typ=typ))


async def test_another_kind_of_jwt_is_refused() -> None:
    assert (await refused(sign(app_claims(), typ="logout+jwt"))).reason is Reason.TYPE


async def test_a_token_that_is_bound_to_a_key_is_not_a_bearer_token() -> None:
    error = await refused(sign(app_claims(cnf={"jkt": "thumb"})))

    assert error.reason is Reason.SENDER_CONSTRAINT


async def test_a_token_of_another_tenant_is_refused() -> None:
    error = await refused(sign(app_claims(tid="99999999-2222-4333-8444-555555555555")))

    assert error.reason is Reason.TENANT


@pytest.mark.parametrize(
    "token",
    ["x", "a.b", "a.b.c.d", "a.b=.c", "a b.c.d", "é.b.c", raw("[]", "{}"), raw("{", "{}")],
)
async def test_what_is_no_token_is_refused_as_such(token: str) -> None:
    error = await refused(token)

    assert str(error) == "CompactToken parsing failed with error code: 80049217"


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ('{"alg":"RS256","alg":"none"}', "{}"),
        ('{"alg":"RS256"}', '{"iss":"a","iss":"b"}'),
        ('{"alg":"RS256"}', '{"exp":NaN}'),
        ('{"alg":"RS256"}', "[" * 5000),
    ],
    ids=["twice in the header", "twice in the payload", "not a number", "too deep"],
)
async def test_json_is_read_strictly(header: str, payload: str) -> None:
    assert (await refused(raw(header, payload))).reason is Reason.MALFORMED


async def test_a_token_of_20_kb_is_refused_unread() -> None:
    token = sign(app_claims(padding="x" * 20_000))

    assert (await refused(token)).reason is Reason.TOO_LONG


async def test_a_token_is_verified_once_and_remembered_until_it_expires() -> None:
    class Counting(FixedKeys):
        asked = 0

        async def key(self, kid: str) -> PublishedKey | None:
            self.asked += 1
            return await super().key(kid)

    keys = Counting(public(rsa()))
    by = validator(keys=keys)
    token = sign(app_claims())
    for minute in (0, 1, 59):
        await by.validate(token, MONDAY + timedelta(minutes=minute))
    assert keys.asked == 1

    with pytest.raises(InvalidToken):
        await by.validate(token, MONDAY + timedelta(minutes=61))
    assert keys.asked == 2


async def test_the_memory_is_bounded() -> None:
    by = TokenValidator([(microsoft(), FixedKeys(public(rsa())))], cache_size=2)
    for number in range(5):
        await by.validate(sign(app_claims(uti=str(number))), MONDAY)

    assert len(by._cache) == 2


async def test_a_refused_token_is_not_remembered() -> None:
    by = validator()
    await refused(sign(app_claims(aud="api://other")), by=by)

    assert not by._cache


def test_the_skew_is_limited() -> None:
    with pytest.raises(ValueError, match="skew"):
        TokenValidator([], skew=timedelta(minutes=6))
