"""One request as handlers see it, and what its headers and URL say about it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, cast

from ostiary.graph import deltas
from ostiary.graph.deltas import DeltaQuery
from ostiary.graph.edm import describe
from ostiary.graph.errors import BadRequest, InvalidModel, NotAcceptable, UnsupportedMediaType
from ostiary.graph.etags import require_unchanged
from ostiary.graph.reading import Reader, parse_json, reference_key
from ostiary.graph.resources import Caller
from ostiary.graph.routing import OperationAt, Place, keys_of
from ostiary.graph.types import Complex, Entity, Version
from ostiary.graph.urls import arguments, plain_key
from ostiary.graph.values import READERS

ComplexT = TypeVar("ComplexT", bound=Complex)

_REFERENCE = re.compile(r"(?P<set>[A-Za-z]+)(?:/(?P<key>[^/()]+)|\('?(?P<quoted>[^')]*)'?\))/?$")


@dataclass(kw_only=True)
class GraphCall:
    """The engine's ``Call``: who asks, where, with what."""

    caller: Caller
    version: Version
    method: str
    path: str
    """The path below the version, as it came."""
    base_url: str
    headers: Mapping[str, str]
    now: datetime
    request_id: str
    query: list[tuple[str, str]] = field(default_factory=list)
    raw_body: bytes = b""
    place: Place | None = None
    reader: Reader = field(default_factory=Reader)
    notes: dict[str, Any] = field(default_factory=dict)
    """What was found out while it was authorised."""
    seen: Entity | None = None
    """What the tag in ``If-Match`` was compared with: a write must find it as it was then."""
    _created: dict[type[Complex], Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def client_request_id(self) -> str:
        """The caller's own id for the request; the server's when it gave none."""
        return self.headers.get("client-request-id") or self.request_id

    @property
    def root(self) -> str:
        """The URL of the version's root, without a slash at the end."""
        return f"{self.base_url}/{self.version}"

    @cached_property
    def preferences(self) -> Mapping[str, str]:
        """The ``Prefer`` header as names in lower case with their values."""
        items = (item.partition("=") for item in self.headers.get("prefer", "").split(","))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in items}

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Every key in the path by the name of its set."""
        return keys_of(self.place)

    @property
    def page(self) -> int | None:
        """The largest page that ``Prefer`` asks for; None: it does not say."""
        wish = self.preferences.get("odata.maxpagesize") or self.preferences.get("maxpagesize")
        return (int(wish[:9]) or None) if wish and wish.isdecimal() else None

    @property
    def _reader(self) -> Reader:
        return self.reader.under(self.version)

    def key(self, name: str) -> str:
        """Give the key that follows the segment declared as ``name``."""
        return self.keys[name]

    def body(self) -> Any:
        """Decode the body.

        :raises UnsupportedMediaType: it is declared as something else than JSON.
        :raises BadRequest: it is empty or not JSON.
        """
        declared = self.headers.get("content-type", "application/json").partition(";")[0].lower()
        is_json = declared.strip() in ("application/json", "text/json", "") or "+json" in declared
        if self.raw_body and not is_json:
            raise UnsupportedMediaType(target="Content-Type")
        return parse_json(self.raw_body)

    def create(self, type_: type[ComplexT]) -> ComplexT:
        """Read the body as a whole new ``type_``, once for permission and work alike."""
        if type_ not in self._created:
            self._created[type_] = self._reader.create(type_, self.body())
        return cast(ComplexT, self._created[type_])

    def merge(self, existing: ComplexT) -> ComplexT:
        """Give ``existing`` with the properties that the body names."""
        self._check_seen(existing)
        return self._reader.merge(existing, self.body())

    def replace(self, existing: ComplexT) -> ComplexT:
        """Read the body as a whole value in place of ``existing``."""
        self._check_seen(existing)
        return self._reader.replace(existing, self.body())

    def _check_seen(self, existing: Complex) -> None:
        if self.seen is not None:
            require_unchanged(self.seen, existing)

    def parameters(self, type_: type[ComplexT]) -> ComplexT:
        """Read an action's body, or a function's arguments, as ``type_``."""
        if isinstance(self.place, OperationAt) and self.place.operation.kind == "function":
            return self._arguments(type_)
        return self._reader.create(type_, self._said())

    def refuse_parameters(self, action: str) -> None:
        """Refuse what a body says to an action that takes nothing, rather than ignore it.

        :raises InvalidModel: it names a parameter, or is no object.
        """
        body = self._said()
        if not isinstance(body, dict):
            raise InvalidModel(f"'{action}' takes no parameters: send an empty body or {{}}.")
        name = next((name for name in body if "@" not in name), None)
        if name is not None:
            raise InvalidModel(
                f"'{action}' takes no parameters, so '{name}' is not one of them: send an empty "
                "body or {}.",
                target=name,
            )

    def _said(self) -> Any:
        """Give the body of an action; one that is left out says nothing."""
        return self.body() if self.raw_body.strip() else {}

    def delta(self, type_: type[Entity]) -> DeltaQuery:
        """Read the options of a delta function over ``type_``."""
        asked = deltas.read(self.query, type_, f"{self.root}/{self.path.strip('/')}")
        return replace(asked, page=self.page)

    def reference(self) -> tuple[str, str]:
        """Read ``{"@odata.id": url}`` and give the last set's name and the key."""
        body = self.body()
        url = body.get("@odata.id", body.get("@odata.Id")) if isinstance(body, dict) else None
        if not isinstance(url, str):
            raise InvalidModel(
                "'@odata.id' is required and must be the URL of an object.", target="@odata.id"
            )
        return self._reference(url)

    def _reference(self, url: str) -> tuple[str, str]:
        match = _REFERENCE.search(url)
        if match is None:
            raise InvalidModel(f"'{url}' is not the URL of an object.", target="@odata.id")
        return match["set"], plain_key(match["key"] or match["quoted"] or reference_key(url))

    def _arguments(self, type_: type[ComplexT]) -> ComplexT:
        assert isinstance(self.place, OperationAt)
        described = describe(type_)
        aliases = {name: value for name, value in self.query if name.startswith("@")}
        names = [prop.name for prop in described.properties.values()]
        given = arguments(self.place.inside or "", names, aliases)
        typed = {}
        for name, text in given.items():
            prop = described.by_spelling[name.lower()]
            typed[name] = _argument(text, prop.type.name, name)
        return self.reader.create(type_, typed)


def _argument(text: str, edm_type: str, name: str) -> Any:
    """Turn an argument's text into JSON's form for the reader."""
    if edm_type in ("Edm.Int32", "Edm.Int64", "Edm.Int16", "Edm.Double"):
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            raise BadRequest(f"The parameter '{name}' must be a number.", target=name) from None
    if edm_type == "Edm.Duration" and text.lower().startswith("duration"):
        return text[len("duration") :].strip("'")
    if edm_type in READERS and edm_type != "Edm.String" and not text:
        raise BadRequest(f"The parameter '{name}' has no value.", target=name)
    return text


def check_accept(accept: str, format_: str | None) -> str:
    """Give the metadata level that the caller asks for: ``none``, ``minimal`` or ``full``.

    :raises NotAcceptable: neither JSON nor anything is accepted.
    """
    wanted = (format_ or accept or "*/*").lower()
    if format_ == "json":
        wanted = "application/json"
    ranges = [part.strip() for part in wanted.split(",")]
    if not any(r.startswith(("application/json", "*/*", "application/*")) for r in ranges):
        raise NotAcceptable()
    match = re.search(r"odata(?:\.metadata)?=(none|minimal|full)", wanted)
    return match.group(1) if match else "minimal"


def check_version(headers: Mapping[str, str]) -> None:
    """Refuse callers that speak, or can only read, a protocol before 4.0.

    :raises BadRequest: a header names such a version.
    """
    for name in ("odata-version", "odata-maxversion"):
        version = headers.get(name)
        if version is not None and not re.fullmatch(r"4\.\d+", version.strip()):
            raise BadRequest(
                f"'{name}: {version.strip()[:20]}' is not supported: the server speaks 4.0."
            )


def new_request_id() -> str:
    """Make the id under which a request is logged and answered."""
    return str(uuid.uuid4())
