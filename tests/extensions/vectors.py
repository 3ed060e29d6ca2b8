"""The published worked example of a Signed HTTP Request.

The private key is printed in a document on purpose; no server may use it.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from joserfc.jwk import KeySet, RSAKey


def claims(token: str) -> dict[str, Any]:
    """Read the payload of a compact token without checking anything."""
    payload = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="), type=dict[str, Any])


BODY = (
    b'{"AccessPackageAssignmentRequestId":"0e60f18c-b2a0-4887-9da8-da2e30a39d99",'
    b'"Stage":"AssignmentRequestCreated"}'
)
URL = "https://hooks.contoso.test:8443/api/handlers/sod-check?code=abc&v=1"
CONTENT_TYPE = "application/json"
TIMESTAMP = 1767326645
NONCE = "3f1d7a0c5e2b4b0f9a6f2f7c1f5f0d11"
THUMBPRINT = "uBkgk-Nor8isbNjVm0JRwJu3pYUPOFgl9Z2BTxXwPBE"
ISSUER = "https://governance.example.test/11111111-2222-3333-4444-555555555555/v2.0"
AUDIENCE = "api://contoso-handler"
APPLICATION = "810dcf14-1858-4bf2-8134-4c369fa3235b"

SIGNING_KEY = RSAKey.import_key(
    {
        "kty": "RSA",
        "e": "AQAB",
        "n": (
            "0n4LiaT7A68rvfu4XgtSYI1G8L-"
            "Vi_NJdVeZUtuEgB2D0hbz4cFsu3ar9K1qHSgU174_CttktJ3O3tO5G-"
            "WnsZ9YmXfPovkOCBLszddy69mWAHvAShd5Gu_bbhOBCg_nAkVciKJWyTIFuZhwXqR8zfaonqblCHy0sf"
            "M64C_mLSGOO5wFQDUyLjZ0jiCg5HzXbocSIX5mRWixD7KqSo5mzIbhmJT9rSLN_ujdNj_Va1fZK48-"
            "FWzr6HxNMZ2es83ouY3nda1aXYA7lCw8EEIdP4dsPR8WLNtbXfWEd1ZJ4DNwyPWT-"
            "2wtwOD7exVo7pahWYtn7EvR3VKC-IHjCdXsSQ"
        ),
        "d": (
            "FhGzlXqn-8antCtadPfEaw2c8LxxikMXgldNIsgTwBf4HHSeHN8aDpyeYlC1RbnQV59hfjqq-BnsmOXD"
            "bHabaq7di_epHDn3G-caD2nlqW8-"
            "gC35ZvtHjgi0bbnbR2oL6yvJDCVTKpSVT5R5QZ8G29Re8QVoEYf7rQWmuF8lR7lid6cTfC2HHZuRFKUr"
            "JNOHhRbN8B8ip4KolCx9ebwLyYwcAPmRz3bEFaMBaTb8gbA5iVbIbJuhQFPZKRIWvBb5UFXRdnkCCJ8L"
            "THd2yIZtqZG6TJmUXwXnUEEVQ-9g1JspYccKHBMJjiF7l-HgfqN8Odb6qtOaufVXyMPwDSPSNQ"
        ),
        "p": (
            "8eF0GyNhrmkcL5RTzNDJb7iKT-XmndDQc19Vqrx1qgjOQEbxYvDnVCxsYs2_8s6c0468ZlCRjHBn0GmL"
            "JuC96oKN8-QwiDQAjacIZfUlJ_Hq4CD6IE9Jop1vR-W7T5x-aYwWwi_3GDbkT0HZFX-"
            "sWOBYKWbTZD9PPFhPteq6sh0"
        ),
        "q": (
            "3seKOG9xRGjuncAlOk87BBA_ilKT2fqyok6NdrGODGzXrCEn9R5mngeveLIMToULmYmy81ySzVmU68Ww"
            "D9DWgnIok_wZQvOwGPIc_--"
            "uvJR38C2yYOjR392dypmSrZc_CWtoK6TydRY6pBHDZ5RIzI4OaAq32K5pl6LqsmLCix0"
        ),
        "dp": (
            "X3u_iMMD2YTWwpWMKys0iazQtM-tpRj8YL7-"
            "o2K4FEJboRYgTg2JVDohIzPTlTcow37yMnWVr1nkMWqoqtVHQ178SI4I9ouIuGJ6tzz5yPX_4TBDbSO_"
            "jrkVZ81xjvDZGjNZ_JhQs7dfk0YMOydmUsNlKhrUUhuH3OuDs-2Qe6U"
        ),
        "dq": (
            "UGLwHS0ZUfYLJCERTdkJEo5KXz8s2pr7mlV99jZba2Ba8mGEaY5uuNdNGeAlUK_xX5WwXOAqmK6abfkH"
            "bq2MucU3ny54bxA_msDCdhemlaV9Ic1bcFySXpU5OsHvi3Pn6x42mIkMc_NxdYJzYAzBuA4KZMB5VlaZ"
            "A35l8bhxOoE"
        ),
        "qi": (
            "fwV90VNuIoGrEsMddja8MY8O_6DfjbSVbS3eSuxegN2HtLoyssn2v92Ca8QlGrk3tGOLS-"
            "6yG13jeawkHqy_gsl9uLsgvqNU192rSN8JasRntJlFJOE_N1bBa27wSsk8rCgKPNoimEy-"
            "0pRLlZBKhnkHtFXogXv3KP3RKqNg170"
        ),
    }
)

ISSUER_KEY = RSAKey.import_key(
    {
        "kty": "RSA",
        "e": "AQAB",
        "kid": "QmBRCkCmpkKHhJFQJdO8KnlGUTQxkOVnmndJQfWwExI",
        "n": (
            "1Cgf6PK4xagzva8yCk7Gd5eXxmuOmiXlpz5l9oFDiQdtApZPfbrlW2vvgFV0NO73gmPqFDVLmS2W7mLh"
            "wHiKnXgTS3MeAImiASyXneDIurowTTaAqmZZoBY6xSLajHNokh1RzLf1Cirnn-"
            "KZye_Zk_454p3ds92kA68zsyl_rHCShcSBWS0guEDf1yLjp0h_nc-REJr5-DUqiPBQztp8QkndhWcE5-"
            "gb14vP579weLuXvidLYYlmWaeJvhzRg3BAHuA_it-"
            "2EuA3C4mg0_Dn2BIKuRDdE8FKilDj0l8iGPlC1pRRR1hmiDrRGGov4xceTGv-3Na5HmDOPOHLpdxRZQ"
        ),
    }
)
ISSUER_KEYS = KeySet([ISSUER_KEY])

PROOF = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InVCa2drLU5vcjhpc2JOalZtMEpSd0p1M3BZVVBPRmdsOVoyQlR4"
    "WHdQQkUiLCJ0eXAiOiJwb3AifQ.eyJhdCI6ImV5SjBlWEFpT2lKS1YxUWlMQ0poYkdjaU9pSlNVekkxT"
    "mlJc0ltdHBaQ0k2SWxGdFFsSkRhME50Y0d0TFNHaEtSbEZLWkU4NFMyNXNSMVZVVVhoclQxWnViVzVrU"
    "2xGbVYzZEZlRWtpZlEuZXlKaGRXUWlPaUpoY0drNkx5OWpiMjUwYjNOdkxXaGhibVJzWlhJaUxDSnBjM"
    "01pT2lKb2RIUndjem92TDJkdmRtVnlibUZ1WTJVdVpYaGhiWEJzWlM1MFpYTjBMekV4TVRFeE1URXhMV"
    "El5TWpJdE16TXpNeTAwTkRRMExUVTFOVFUxTlRVMU5UVTFOUzkyTWk0d0lpd2lhV0YwSWpveE56WTNNe"
    "kkyTmpRd0xDSnVZbVlpT2pFM05qY3pNalkyTkRBc0ltVjRjQ0k2TVRjMk56TXpNREkwTUN3aVlYcHdJa"
    "m9pT0RFd1pHTm1NVFF0TVRnMU9DMDBZbVl5TFRneE16UXROR016TmpsbVlUTXlNelZpSWl3aVlYcHdZV"
    "055SWpvaU1pSXNJbWxrZEhsd0lqb2lZWEJ3SWl3aWIybGtJam9pTldZd1lUSmpOVEl0Tm1RMFppMDBaa"
    "mhsTFRsaU4yTXRNR0UxWWpOaE1XUXlaVEF4SWl3aWMzVmlJam9pTldZd1lUSmpOVEl0Tm1RMFppMDBaa"
    "mhsTFRsaU4yTXRNR0UxWWpOaE1XUXlaVEF4SWl3aWRHbGtJam9pTVRFeE1URXhNVEV0TWpJeU1pMHpNe"
    "k16TFRRME5EUXROVFUxTlRVMU5UVTFOVFUxSWl3aWRtVnlJam9pTWk0d0lpd2lZMjVtSWpwN0ltdHBaQ"
    "0k2SW5WQ2EyZHJMVTV2Y2pocGMySk9hbFp0TUVwU2QwcDFNM0JaVlZCUFJtZHNPVm95UWxSNFdIZFFRa"
    "1VpZlgwLkd0dHJjMVhSZDNIdFlVdU1UaG11NEt3THA1UlQweEZTeml4M2xqcm1KTW9RWm1IV211ejBuQ"
    "kVKQW1ySE9OUTM5NDZMRkFtbE9hT2FtYXlGRkxwSERKQ3NxbWZVY1BRMDFwSlE2UnktZjFTLUo0c2RtT"
    "EFndUpmZFhabHhmN3BydTBYSFpLTVFFZ2RVRnJUSlViNlpkdjIyZ0RBNEtpRlFibVktOG1ZWjdUUjk3b"
    "UlRRXVRZUdxcF9zRGpoUkladDN3Z0EzQVNMcnZ4c0R0cG1wVTQyd3R5QkNWNllMSlkwcVlPZjJsNVUwZ"
    "DhXY0hmeUZZQUdZb1lxdUJrakRjLUxLSldXSDU0eFNDb0dsVFZvSWZWMVhfWkxJekRvZEhiSE5UR3ExU"
    "Hk5SW90R1A0MTNnLXUzVkg1X1ptZUtqSDZSbmxlQXB6T1BqaWtnUEQ0NnJyRmxaUSIsInRzIjoxNzY3M"
    "zI2NjQ1LCJtIjoiUE9TVCIsInUiOiJob29rcy5jb250b3NvLnRlc3Q6ODQ0MyIsInAiOiIvYXBpL2hhb"
    "mRsZXJzL3NvZC1jaGVjayIsInEiOltbImNvZGUiLCJ2Il0sIllzbTBiOWZSZzg1d1BIZmpIZE1mbENvb"
    "ktqZi13cU0zTnNNaVNhWXBfOUEiXSwiaCI6W1siY29udGVudC10eXBlIl0sImlXcGp0VmRQWW9STHdWU"
    "zA2ZUNUWU9yUTVKcC16UG1iTlctZWR3NEFfX2ciXSwiYiI6IlBNbGQtVzNGNGpIYnp2RVRzaGNYNG52T"
    "VBteFJZU25EZUltMk1YMWJXTFUiLCJub25jZSI6IjNmMWQ3YTBjNWUyYjRiMGY5YTZmMmY3YzFmNWYwZ"
    "DExIiwiY25mIjp7Imp3ayI6eyJrdHkiOiJSU0EiLCJuIjoiMG40TGlhVDdBNjhydmZ1NFhndFNZSTFHO"
    "EwtVmlfTkpkVmVaVXR1RWdCMkQwaGJ6NGNGc3UzYXI5SzFxSFNnVTE3NF9DdHRrdEozTzN0TzVHLVduc"
    "1o5WW1YZlBvdmtPQ0JMc3pkZHk2OW1XQUh2QVNoZDVHdV9iYmhPQkNnX25Ba1ZjaUtKV3lUSUZ1Wmh3W"
    "HFSOHpmYW9ucWJsQ0h5MHNmTTY0Q19tTFNHT081d0ZRRFV5TGpaMGppQ2c1SHpYYm9jU0lYNW1SV2l4R"
    "DdLcVNvNW16SWJobUpUOXJTTE5fdWpkTmpfVmExZlpLNDgtRld6cjZIeE5NWjJlczgzb3VZM25kYTFhW"
    "FlBN2xDdzhFRUlkUDRkc1BSOFdMTnRiWGZXRWQxWko0RE53eVBXVC0yd3R3T0Q3ZXhWbzdwYWhXWXRuN"
    "0V2UjNWS0MtSUhqQ2RYc1NRIiwiZSI6IkFRQUIiLCJhbGciOiJSUzI1NiIsImtpZCI6InVCa2drLU5vc"
    "jhpc2JOalZtMEpSd0p1M3BZVVBPRmdsOVoyQlR4WHdQQkUifX19.ofuGUAkU8biQNlfJCEw20zryuQwQ"
    "FoHBkCZUvRUEvZJ8517OG6nRQGnRgyjFx60Qc71hRgQoLCgJcx2CsWcXWTOR1bqKrFQasFCL2gORt3SA"
    "FugoRZEvgNddgMUcv_-ISOGHFsCDm9OIKqX4gvFH_SPJyYoQa1Bs3ltoyXqHDT-awOGQVdF9Y4d4oQw1"
    "FqQW2JREVyeywDspQP2C4kj9ISgpxgQUNtR453yld6VXACokCRzTc1dM2tEpb2hO0Z2fYudFCbV7LkpP"
    "5YtHkwjJMQ_Mljgj9E5RpVj58vwniGhyaNCQO-8Wy_FYmVpqwaiVmQU6lPjbzcco4vha1XDAfg"
)
"""What follows ``Authorization: PoP ``."""

ACCESS_TOKEN: str = claims(PROOF)["at"]
