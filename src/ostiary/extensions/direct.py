"""Answers that come as the body of the reply to a callout (``customTaskExtensionResponseData``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_VERDICTS = ("completed", "failed")


class Unreadable(ValueError):
    """The body says nothing that can be understood; the message goes on after "its reply"."""


class _Data(msgspec.Struct, rename="camel"):
    operation_status: str
    status_reasons: list[str] = []
    target_subject: dict[str, Any] | None = None


class _Reply(msgspec.Struct):
    data: _Data
    source: str | None = None
    type: str | None = None


def read_reply(body: bytes) -> Mapping[str, Any]:
    """Give an answer in the form in which callouts keep them, with no caller: it was no call.

    :raises Unreadable: there is no ``data/operationStatus``, or something is of the wrong type.
    """
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreadable("has no 'data/operationStatus' that could be read") from None
    verdict = reply.data.operation_status.strip().lower()
    if verdict not in _VERDICTS:
        raise Unreadable("has an 'operationStatus' that is neither 'completed' nor 'failed'")
    subject = reply.data.target_subject
    return {
        "verdict": verdict,
        "detail": "; ".join(reply.data.status_reasons) or None,
        "source": reply.source,
        "type": reply.type,
        "data": {} if subject is None else {"targetSubject": subject},
        "caller": None,
    }
