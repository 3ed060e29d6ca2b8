"""One connection of a client, bounded in what it may send beside bodies, and in time.

Whoever connects need not be anybody: what is kept for them, and how long they are waited for, must
not depend on their good will. uvicorn bounds neither with its fast parser, so it is done here.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of request line and headers; a token may have 16 KiB."""
PATIENCE: Final = 60.0
"""Seconds within which a request has to arrive, and between two reads of a long reply."""

_FRAMING: Final = 8
"""A byte that is sent in a chunk of its own comes with so many others."""
_TOO_LARGE: Final = b"The request line and headers are larger than 64 KiB."


class Connection(HttpToolsProtocol):
    """What uvicorn makes for each client."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._chunk = 0
        self._head = 0
        """Bytes of the headers that are complete."""
        self._beside = 0
        """Bytes of the request that have arrived beside its body, complete or not."""
        self._is_whole = False
        self._arrival: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Wait for the first request, and not for ever."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_expecting()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, and see whether the rest is still to be waited for."""
        self._chunk = len(data)
        self._beside += self._chunk
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_whole and not self.cycle.response_complete:
            self._stop_expecting()
        elif self._beside > LARGEST_HEAD:
            self._refuse()
        else:
            self._expect()

    def on_message_begin(self) -> None:
        """Count anew."""
        self._head, self._beside, self._is_whole = 0, self._chunk, False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count what the request line brings."""
        self._head += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count what a header brings, or a trailer.

        :raises ValueError: it is too much; the parser stops.
        """
        self._head += len(name) + len(value)
        if self._head > LARGEST_HEAD:
            raise ValueError(_TOO_LARGE)
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which others bound, with its framing."""
        self._beside = max(0, self._beside - _FRAMING * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._is_whole = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that cannot be read."""
        if self._head > LARGEST_HEAD:
            self._refuse()
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Wait for the client to read, and not for ever."""
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(PATIENCE, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._stop_watching()
        super().resume_writing()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol is answered in this one.

        uvicorn would advise to install something, as often as a stranger likes.
        """

    def _expect(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(PATIENCE, self.transport.abort)

    def _stop_expecting(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _stop_watching(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _refuse(self) -> None:
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
            b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_TOO_LARGE), _TOO_LARGE)
        )
        self.transport.close()
