"""From JSON to wire types: strict in what is taken, tolerant in how it is spelled.

Both vocabularies are read under both roots, names and enum members in any case, ``@odata.type``
with or without ``#``. Everything else that does not fit raises ``InvalidModel`` with the path of
the property and what would be right. Control information that clients echo is ignored.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec
import structlog
from msgspec import UNSET

from ostiary.graph.edm import Property, StructuredType, TypeRef, concrete_types, describe
from ostiary.graph.errors import BadRequest, InvalidModel
from ostiary.graph.types import Complex, EdmEnum, Entity
from ostiary.graph.values import READERS, read_enum

ComplexT = TypeVar("ComplexT", bound=Complex)
log = structlog.get_logger(__name__)

_KEY_IN_PARENTHESES = re.compile(r"\('?([^')]*)'?\)$")


def parse_json(body: bytes) -> Any:
    """Decode a request body.

    :raises BadRequest: it is empty or not JSON.
    """
    if not body.strip():
        raise BadRequest("Empty Payload. JSON content expected.")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadRequest(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format."
        ) from None


def reference_key(url: str) -> str:
    """Give the last key of an entity's URL: ``…/users/{id}`` or ``users('{id}')``."""
    match = _KEY_IN_PARENTHESES.search(url.rstrip("/"))
    return match.group(1) if match else url.rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Reader:
    """Reads bodies. ``strays`` lists, by lower-case type name, extra names to accept and log."""

    strays: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def create(self, cls: type[ComplexT], body: Any) -> ComplexT:
        """Read a whole new value; what is read-only is left to the server.

        :raises InvalidModel: something does not fit ``cls``.
        """
        return cast(ComplexT, self._structured(cls, self._unwrapped(cls, body), "", lenient=False))

    def merge(self, existing: ComplexT, body: Any) -> ComplexT:
        """Give ``existing`` with what the body names; complex values are merged level by level.

        :raises InvalidModel: something does not fit, or a read-only property would change.
        """
        return self._merged(existing, self._unwrapped(type(existing), body), "")

    def _unwrapped(self, cls: type[Complex], body: Any) -> Mapping[str, Any]:
        """Accept the documented form ``{"value": {…}}`` of a whole body."""
        known = describe(cls).by_spelling
        whole = _as_object(body, "")
        wrapped = whole.get("value")
        if isinstance(wrapped, dict) and not any(n.lower() in known for n in whole):
            return wrapped
        return whole

    def _structured(
        self, declared: type[Complex], body: Mapping[str, Any], path: str, *, lenient: bool
    ) -> Complex:
        cls = _chosen_type(declared, body, path)
        described = describe(cls)
        values: dict[str, Any] = {}
        if lenient and isinstance(body.get("@odata.id"), str):
            values["id"] = reference_key(body["@odata.id"])
        for prop, raw, spelled in self._present(described, body, path):
            if prop.read_only and not lenient:
                continue
            if raw is None and not prop.required and not prop.type.nullable:
                continue
            self._put(values, prop, self._value(prop, raw, _join(path, spelled)), path)
        for prop in described.properties.values():
            if prop.required and prop.python not in values:
                if not lenient:
                    raise _missing(prop, described, path)
                values[prop.python] = UNSET
        return cls(**values)

    def _put(self, values: dict[str, Any], prop: Property, value: Any, path: str) -> None:
        if prop.python in values and values[prop.python] != value:
            names = " and ".join(f"'{s}'" for s in prop.spellings())
            raise InvalidModel(
                f"The property '{_join(path, prop.name)}' is given twice with different values; "
                f"{names} are the same property: send one of them.",
                target=_join(path, prop.name),
            )
        values[prop.python] = value

    def _merged(self, existing: ComplexT, body: Mapping[str, Any], path: str) -> ComplexT:
        cls = _chosen_type(type(existing), body, path)
        if cls is not type(existing):
            raise InvalidModel(
                f"'@odata.type' cannot be changed from '#{describe(type(existing)).name}'.",
                target=_join(path, "@odata.type"),
            )
        changes: dict[str, Any] = {}
        for prop, raw, spelled in self._present(describe(cls), body, path):
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
        if same_shape and _chosen_type(prop.type.python, raw, path, fallback=type(old)) is type(
            old
        ):
            return self._merged(old, raw, path)
        return self._value(prop, raw, path)

    def _check_unchanged(self, prop: Property, raw: Any, old: Any, path: str) -> None:
        try:
            unchanged = old is UNSET or raw is None or self._value(prop, raw, path) == old
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
        hint = f" Did you mean '{described.by_spelling[near[0]].name}'?" if near else ""
        raise InvalidModel(
            f"The property '{_join(path, name)}' does not exist on type '{described.name}'. Make "
            f"sure to only use property names that are defined by the type.{hint}",
            target=_join(path, name),
        )

    def _value(self, prop: Property, raw: Any, path: str) -> Any:
        if raw is None:
            if prop.type.nullable or prop.nav is not None:
                return None if not prop.type.collection else []
            raise InvalidModel(
                f"null is not a valid value for the property '{path}'; "
                f"'{path}' is not a nullable property.",
                target=path,
            )
        if not prop.type.collection:
            return self._single(prop.type, raw, path, lenient=prop.nav is not None)
        if not isinstance(raw, list):
            raise InvalidModel(f"The property '{path}' must be an array.", target=path)
        return [
            self._single(prop.type, item, f"{path}/{i}", lenient=prop.nav is not None)
            for i, item in enumerate(raw)
        ]

    def _single(self, type_: TypeRef, raw: Any, path: str, *, lenient: bool) -> Any:
        if type_.kind == "any":
            return raw
        if type_.kind in ("complex", "entity"):
            body = _as_object(raw, path)
            lenient = lenient and issubclass(type_.python, Entity)
            return self._structured(type_.python, body, path, lenient=lenient)
        try:
            if type_.kind == "enum":
                return _read_enum_value(cast(type[EdmEnum], type_.python), raw)
            return READERS[type_.name](raw)
        except ValueError as error:
            raise InvalidModel(f"The property '{path}' {error}.", target=path) from None


def _read_enum_value(enum: type[EdmEnum], raw: Any) -> EdmEnum:
    if not isinstance(raw, str):
        raise ValueError("must be a string")
    return read_enum(enum, raw)


def _chosen_type(
    declared: type[Complex],
    body: Mapping[str, Any],
    path: str,
    *,
    fallback: type[Complex] | None = None,
) -> type[Complex]:
    """Pick the type that ``@odata.type`` names among the declared one and its subtypes."""
    raw = next((v for k, v in body.items() if k.lower().lstrip("@") == "odata.type"), None)
    candidates = concrete_types(declared)
    if raw is None:
        return fallback or _inferred_type(declared, body, path, candidates)
    here = _join(path, "@odata.type")
    chosen = candidates.get(_plain_type_name(raw)) if isinstance(raw, str) else None
    if chosen is None or chosen.__dict__.get("ABSTRACT", False):
        raise InvalidModel(
            f"'{here}' is {msgspec.json.encode(raw).decode()}; it must be one of "
            f"{_listed(candidates)}.",
            target=here,
        )
    return chosen


def _inferred_type(
    declared: type[Complex],
    body: Mapping[str, Any],
    path: str,
    candidates: Mapping[str, type[Complex]],
) -> type[Complex]:
    infer = getattr(declared, "infer_type", None)
    inferred = infer({name.lower() for name in body}) if infer else None
    if inferred is not None:
        return cast(type[Complex], inferred)
    only = _only_fitting({name.lower() for name in body if "@" not in name}, declared, candidates)
    if only is not None:
        return only
    names_an_entity = path and issubclass(declared, Entity)  # its id says which type it is
    if names_an_entity or not declared.__dict__.get("ABSTRACT", False):
        return declared
    here = _join(path, "@odata.type")
    raise InvalidModel(
        f"'{here}' is required here; it must be one of {_listed(candidates)}.", target=here
    )


def _only_fitting(
    names: set[str], declared: type[Complex], candidates: Mapping[str, type[Complex]]
) -> type[Complex] | None:
    """Where the declared type lacks a named property, find the one subtype that has them all."""
    if describe(declared).abstract or names <= describe(declared).by_spelling.keys():
        return None
    fitting = [c for c in candidates.values() if names <= describe(c).by_spelling.keys()]
    return fitting[0] if len(fitting) == 1 else None


def _plain_type_name(raw: str) -> str:
    """Strip ``#``, repeated namespaces and the alias ``graph.`` from a type name."""
    name = raw.lower().lstrip("#").strip()
    while name.startswith("microsoft.graph.microsoft.graph."):
        name = name.removeprefix("microsoft.graph.")
    return f"microsoft.{name}" if name.startswith("graph.") else name


def _listed(candidates: Mapping[str, type[Complex]]) -> str:
    names = [f"'#{describe(c).name}'" for c in candidates.values() if not describe(c).abstract]
    return ", ".join(names)


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


def _missing(prop: Property, described: StructuredType, path: str) -> InvalidModel:
    here = _join(path, prop.name)
    return InvalidModel(
        f"The property '{here}' is required on type '{described.name}'.", target=here
    )


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
