"""From JSON to wire types: strict in what is taken, tolerant in how it is spelled.

Both vocabularies are read under both roots, names and enum members in any case, ``@odata.type``
with or without ``#``. Where a type has a form of its own under beta, an object is read in the form
that it has; where its names fit both, what it stands in decides, and at last the root. Everything
else that does not fit raises ``InvalidModel`` with the path of the property and what would be
right. Control information that clients echo is ignored.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any, Final, TypeVar, cast

import msgspec
import structlog
from msgspec import UNSET

from ostiary.graph.choosing import chosen_type, form_version
from ostiary.graph.edm import (
    Property,
    StructuredType,
    TypeRef,
    describe,
    shown,
    spellings,
)
from ostiary.graph.errors import BadRequest, InvalidModel
from ostiary.graph.forms import Form, Misfit, form_of
from ostiary.graph.types import Complex, EdmEnum, Entity, Version
from ostiary.graph.values import READERS, read_members

ComplexT = TypeVar("ComplexT", bound=Complex)
log = structlog.get_logger(__name__)

_KEY_IN_PARENTHESES = re.compile(r"\('?([^')]*)'?\)$")


def parse_json(body: bytes) -> Any:
    """Decode a request body.

    :raises BadRequest: it is empty or not JSON.
    :raises InvalidModel: an object has a member twice; another reader may see the first of them.
    """
    if not body.strip():
        raise BadRequest("Empty Payload. JSON content expected.")
    try:
        value = msgspec.json.decode(body)
        _TWICE.decode(body.decode())
        return value
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadRequest(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format."
        ) from None


def _refuse_twins(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise InvalidModel(f"The property '{name}' is given twice.", target=name)
        seen.add(name)


_TWICE: Final = json.JSONDecoder(object_pairs_hook=_refuse_twins)
"""Sees every member of an object, of which the faster decoder keeps the last of a name."""


def reference_key(url: str) -> str:
    """Give the last key of an entity's URL: ``…/users/{id}`` or ``users('{id}')``."""
    match = _KEY_IN_PARENTHESES.search(url.rstrip("/"))
    return match.group(1) if match else url.rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Reader:
    """Reads bodies. ``strays`` lists, by lower-case type name, extra names to accept and log."""

    strays: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: Version = Version.V1

    def under(self, version: Version) -> Reader:
        """Give a reader of what is sent to this root."""
        return self if version is self.version else replace(self, version=version)

    def create(self, cls: type[ComplexT], body: Any) -> ComplexT:
        """Read a whole new value; what is read-only is left to the server.

        :raises InvalidModel: something does not fit ``cls``.
        """
        return cast(ComplexT, self._structured(cls, self._unwrapped(cls, body), "", lenient=False))

    def replace(self, existing: ComplexT, body: Any) -> ComplexT:
        """Read a whole value in place of ``existing``; what the root has no words for stays.

        :raises InvalidModel: as ``create``.
        """
        whole = self._unwrapped(type(existing), body)
        read = self._structured(type(existing), whole, "", lenient=False, old=existing)
        return cast(ComplexT, read)

    def merge(self, existing: ComplexT, body: Any) -> ComplexT:
        """Give ``existing`` with what the body names; complex values are merged level by level.

        :raises InvalidModel: something does not fit, or a read-only property would change.
        """
        return self._merged(existing, self._unwrapped(type(existing), body), "")

    def _unwrapped(self, cls: type[Complex], body: Any) -> Mapping[str, Any]:
        """Accept the documented form ``{"value": {…}}`` of a whole body."""
        known = spellings(cls)
        whole = _as_object(body, "")
        wrapped = whole.get("value")
        if isinstance(wrapped, dict) and not any(n.lower() in known for n in whole):
            return wrapped
        return whole

    def _structured(
        self,
        declared: type[Complex],
        body: Mapping[str, Any],
        path: str,
        *,
        lenient: bool,
        old: Any = None,
    ) -> Complex:
        """Read an object; ``old`` is the value in whose place it will stand, if any."""
        cls = chosen_type(declared, body, path, self.version)
        former = old if type(old) is cls else None
        form = form_of(cls)
        if form is None:
            return self._built(cls, body, path, lenient=lenient, old=former)
        inside = self.under(form_version(cls, body, self.version))
        if inside.version is Version.V1:
            return inside._built(cls, body, path, lenient=lenient, old=former)
        before = None if former is None else form.to_beta(former)
        read = inside._built(form.type, body, path, lenient=lenient, old=before)
        return _from_beta(form, read, former, path)

    def _built(
        self,
        cls: type[Complex],
        body: Mapping[str, Any],
        path: str,
        *,
        lenient: bool,
        old: Complex | None,
    ) -> Complex:
        described = describe(cls)
        values: dict[str, Any] = {}
        if lenient and isinstance(body.get("@odata.id"), str):
            values["id"] = reference_key(body["@odata.id"])
        for prop, raw, spelled in self._present(described, body, path):
            if prop.read_only and not lenient:
                continue
            if raw is None and not prop.required and not prop.type.nullable:
                continue
            before = None if old is None else getattr(old, prop.python)
            self._put(values, prop, self._value(prop, raw, _join(path, spelled), before), path)
        for prop in described.properties.values():
            if prop.required and prop.python not in values:
                if not lenient:
                    raise self._missing(prop, described, path)
                values[prop.python] = UNSET
        return cls(**values)

    def _put(self, values: dict[str, Any], prop: Property, value: Any, path: str) -> None:
        if prop.python in values and values[prop.python] != value:
            names = " and ".join(f"'{s}'" for s in prop.spellings())
            here = _join(path, prop.name_in(self.version) or prop.name)
            raise InvalidModel(
                f"The property '{here}' is given twice with different values; "
                f"{names} are the same property: send one of them.",
                target=here,
            )
        values[prop.python] = value

    def _merged(self, existing: ComplexT, body: Mapping[str, Any], path: str) -> ComplexT:
        cls = chosen_type(type(existing), body, path, self.version)
        if cls is not type(existing):
            name = shown(type(existing), self.version).name_in(self.version)
            raise InvalidModel(
                f"'@odata.type' cannot be changed from '#{name}'.",
                target=_join(path, "@odata.type"),
            )
        form = form_of(cls)
        if form is None:
            return self._changed(existing, body, path)
        inside = self.under(form_version(cls, body, self.version))
        if inside.version is Version.V1:
            return inside._changed(existing, body, path)
        changed = inside._changed(form.to_beta(existing), body, path)
        return cast(ComplexT, _from_beta(form, changed, existing, path))

    def _changed(self, existing: ComplexT, body: Mapping[str, Any], path: str) -> ComplexT:
        changes: dict[str, Any] = {}
        for prop, raw, spelled in self._present(describe(type(existing)), body, path):
            here = _join(path, spelled)
            old = getattr(existing, prop.python)
            if prop.read_only:
                self._check_unchanged(prop, raw, old, here)
            elif raw is None and not prop.type.nullable:
                raise InvalidModel(
                    f"null is not a valid value for the property '{here}'; "
                    f"'{here}' is not a nullable property.",
                    target=here,
                )
            else:
                self._put(changes, prop, self._merged_value(prop, raw, old, here), path)
        return msgspec.structs.replace(existing, **changes)

    def _merged_value(self, prop: Property, raw: Any, old: Any, path: str) -> Any:
        same_shape = (
            isinstance(old, Complex)
            and prop.nav is None
            and isinstance(raw, dict)
            and not prop.type.collection
        )
        if same_shape and chosen_type(
            prop.type.python, raw, path, self.version, fallback=type(old)
        ) is type(old):
            return self._merged(old, raw, path)
        return self._value(prop, raw, path, old)

    def _check_unchanged(self, prop: Property, raw: Any, old: Any, path: str) -> None:
        try:
            unchanged = old is UNSET or raw is None or _is_same(self._value(prop, raw, path), old)
        except InvalidModel:
            unchanged = False
        if not unchanged:
            raise InvalidModel(f"The property '{path}' is read-only.", target=path)

    def _present(
        self, described: StructuredType, body: Mapping[str, Any], path: str
    ) -> Iterator[tuple[Property, Any, str]]:
        """Match the members of a body with properties; binds become objects with an id."""
        seen: set[str] = set()
        for name, raw in body.items():
            plain, bound = _without_bind(name)
            if not bound and (plain.startswith("@") or "@" in plain):
                continue
            lowered = plain.lower()
            if lowered in seen:
                raise InvalidModel(
                    f"The property '{_join(path, plain)}' is given twice.",
                    target=_join(path, plain),
                )
            seen.add(lowered)
            prop = described.by_spelling.get(lowered)
            if prop is None:
                self._refuse_unknown(described, plain, path)
            else:
                yield prop, _bound_object(raw, path, plain) if bound else raw, plain

    def _refuse_unknown(self, described: StructuredType, name: str, path: str) -> None:
        if name.lower() in self.strays.get(described.name.lower(), frozenset()):
            log.info("graph.stray_property", type=described.name, property=name)
            return
        near = difflib.get_close_matches(name.lower(), described.by_spelling, n=1)
        meant = described.by_spelling[near[0]] if near else None
        hint = f" Did you mean '{meant.name_in(self.version) or meant.name}'?" if meant else ""
        raise InvalidModel(
            f"The property '{_join(path, name)}' does not exist on type "
            f"'{described.name_in(self.version)}'. Make sure to only use property names that are "
            f"defined by the type.{hint}",
            target=_join(path, name),
        )

    def _value(self, prop: Property, raw: Any, path: str, old: Any = None) -> Any:
        if raw is None or (raw == "" and _is_empty_choice(prop)):
            if prop.type.nullable or prop.nav is not None:
                return None if not prop.type.collection else []
            raise InvalidModel(
                f"null is not a valid value for the property '{path}'; "
                f"'{path}' is not a nullable property.",
                target=path,
            )
        lenient = prop.nav is not None
        if not prop.type.collection:
            return self._single(prop.type, raw, path, old, lenient=lenient)
        if not isinstance(raw, list):
            raise InvalidModel(f"The property '{path}' must be an array.", target=path)
        olds = old if isinstance(old, list) else []
        return [
            self._single(prop.type, item, f"{path}/{i}", before, lenient=lenient)
            for i, (item, before) in enumerate(zip(raw, chain(olds, repeat(None)), strict=False))
        ]

    def _single(self, type_: TypeRef, raw: Any, path: str, old: Any, *, lenient: bool) -> Any:
        if type_.kind == "any":
            return raw
        if type_.kind in ("complex", "entity"):
            body = _as_object(raw, path)
            lenient = lenient and issubclass(type_.python, Entity)
            return self._structured(type_.python, body, path, lenient=lenient, old=old)
        try:
            if type_.kind == "enum":
                return _read_enum_value(cast(type[EdmEnum], type_.python), raw)
            return READERS[type_.name](raw)
        except ValueError as error:
            raise InvalidModel(f"The property '{path}' {error}.", target=path) from None

    def _missing(self, prop: Property, described: StructuredType, path: str) -> InvalidModel:
        here = _join(path, prop.name_in(self.version) or prop.name)
        return InvalidModel(
            f"The property '{here}' is required on type '{described.name_in(self.version)}'.",
            target=here,
        )


def _from_beta(form: Form[Any, Any], read: Complex, old: Complex | None, path: str) -> Complex:
    try:
        return cast(Complex, form.from_beta(read, old))
    except Misfit as error:
        here = _join(path, error.name)
        raise error.kind(f"The property '{here}' {error}.", target=here) from None


def _is_empty_choice(prop: Property) -> bool:
    """Whether an empty text says that none of the members is meant.

    Clients whose texts have no null, such as Terraform's, send it for what is not set.
    """
    return prop.type.kind == "enum" and prop.type.nullable and not prop.type.collection


def _is_same(read: Any, old: Any) -> bool:
    """Whether a value is the old one; an entity that another leads to is known by its id."""
    if isinstance(read, Entity) and isinstance(old, Entity):
        return read.id == old.id
    return bool(read == old)


def _read_enum_value(enum: type[EdmEnum], raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be a string")
    return read_members(enum, raw)


def _without_bind(name: str) -> tuple[str, bool]:
    plain = name.replace("@@", "@")
    if plain.lower().endswith("@odata.bind"):
        return plain[: -len("@odata.bind")], True
    return plain, False


def _bound_object(raw: Any, path: str, name: str) -> Any:
    if isinstance(raw, list):
        return [_bound_object(item, path, name) for item in raw]
    if not isinstance(raw, str):
        here = _join(path, f"{name}@odata.bind")
        raise InvalidModel(f"'{here}' must be the URL of an entity.", target=here)
    return {"id": reference_key(raw)}


def _as_object(raw: Any, path: str) -> Mapping[str, Any]:
    if isinstance(raw, dict):
        return raw
    if path:
        raise InvalidModel(f"The property '{path}' must be an object.", target=path)
    raise InvalidModel("The request body must be a JSON object.")


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
