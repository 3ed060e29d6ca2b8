"""Bodies that clients send compressed."""

from __future__ import annotations

import zlib
from typing import Final

from ostiary.graph.errors import BadRequest, TooLarge, UnsupportedMediaType

_GZIP: Final = 31
"""What zlib calls a gzip stream with the largest window."""


def unpacked(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Give a body as it was before its ``Content-Encoding``, of at most ``limit`` bytes.

    :raises UnsupportedMediaType: it is encoded in another way than gzip.
    :raises BadRequest: it is no gzip stream, or not a whole one.
    :raises TooLarge: it becomes larger than that.
    """
    match (encoding or "identity").strip().lower():
        case "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, limit)
        case _:
            raise UnsupportedMediaType(
                "A body may be sent as it is or with gzip.", target="Content-Encoding"
            )


def _inflated(body: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        found = stream.decompress(body, limit + 1)
    except zlib.error:
        found = b""
    if len(found) > limit:
        raise TooLarge(f"The request body is larger than {limit} bytes.")
    if not stream.eof:
        raise BadRequest("The body is not what gzip makes.", target="Content-Encoding")
    return found
