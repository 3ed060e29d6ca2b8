"""JSON schemas of the wire types: one for what is sent to the server, one for what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from ostiary.graph.edm import Property, TypeRef, concrete_types, shown
from ostiary.graph.types import Complex, EdmEnum, Version

Json = dict[str, Any]

ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string", "minLength": 1},
                "target": {"type": "string"},
                "innerError": {"type": "object"},
            },
        }
    },
}

_PRIMITIVES: dict[str, Json] = {
    "Edm.String": {"type": "string"},
    "Edm.Guid": {"type": "string"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Int16": {"type": "integer", "minimum": -(2**15), "maximum": 2**15 - 1},
    "Edm.Int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Edm.Int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "Edm.Double": {"type": "number"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.TimeOfDay": {"type": "string"},
    "Edm.Duration": {"type": "string", "pattern": r"^-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"},
    "Edm.Binary": {"type": "string", "contentEncoding": "base64url"},
}


@dataclass
class Schemas:
    """Collects the schemas that a document refers to."""

    version: Version
    definitions: dict[str, Json] = field(default_factory=dict)

    def reply(self, cls: type[Complex]) -> Json:
        """Give a reference to the schema of what the server answers."""
        return self._reference(cls, reading=True, partial=False)

    def body(self, cls: type[Complex], *, partial: bool = False) -> Json:
        """Give a reference to the schema of what the server takes; ``partial`` is for PATCH."""
        return self._reference(cls, reading=False, partial=partial)

    def of(self, type_: TypeRef, *, reading: bool) -> Json:
        """Give the schema of a property's type."""
        single = self._single(type_, reading=reading)
        schema: Json = {"type": "array", "items": single} if type_.collection else single
        if not type_.nullable or type_.collection:
            return schema
        if isinstance(schema.get("type"), str) and "enum" not in schema:
            return {**schema, "type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}

    def _single(self, type_: TypeRef, *, reading: bool) -> Json:
        if type_.kind == "any":
            return {}
        if type_.kind == "enum":
            return self._enum(cast(type[EdmEnum], type_.python))
        if type_.kind == "primitive":
            return _PRIMITIVES[type_.name]
        return self._reference(cast(type[Complex], type_.python), reading=reading, partial=False)

    def _enum(self, enum: type[EdmEnum]) -> Json:
        """Describe one member, or (of flags) several in one text."""
        names = self._members(enum)
        if getattr(enum, "IS_FLAGS", False):
            one = f"({'|'.join(names)})"
            return {"type": "string", "pattern": f"^{one}(,{one})*$"}
        return {"type": "string", "enum": names}

    def _members(self, enum: type[EdmEnum]) -> list[str]:
        names = [str(member.value) for member in enum]
        if self.version is Version.BETA:
            names += [name[:1].upper() + name[1:] for name in names]
        return names

    def _reference(self, cls: type[Complex], *, reading: bool, partial: bool) -> Json:
        suffix = "" if reading else ".patch" if partial else ".body"
        name = shown(cls, self.version).name_in(self.version) + suffix
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self._definition(cls, reading=reading, partial=partial)
        return {"$ref": f"#/components/schemas/{name}"}

    def _definition(self, cls: type[Complex], *, reading: bool, partial: bool) -> Json:
        """Describe one type; a base also names the types that may stand in its place."""
        own = self._object(cls, reading=reading, partial=partial)
        children = [c for c in concrete_types(cls).values() if c is not cls]
        if not children or reading:
            return own
        choices = [self._typed(c, partial=partial) for c in concrete_types(cls).values()]
        return {"anyOf": [choice for choice in choices if choice is not None]}

    def _typed(self, cls: type[Complex], *, partial: bool) -> Json | None:
        described = shown(cls, self.version)
        if described.abstract:
            return None
        schema = self._object(cls, reading=False, partial=partial)
        tag = {"type": "string", "const": f"#{described.name_in(self.version)}"}
        return {
            **schema,
            "properties": {"@odata.type": tag, **schema["properties"]},
            "required": ["@odata.type", *schema.get("required", [])],
        }

    def _object(self, cls: type[Complex], *, reading: bool, partial: bool) -> Json:
        properties: Json = {}
        required: list[str] = []
        for prop in shown(cls, self.version).properties.values():
            name = prop.name_in(self.version)
            if name is None or (reading and prop.write_only) or (not reading and prop.read_only):
                continue
            properties[name] = self._property(prop, reading=reading)
            if prop.required and not reading and not partial:
                required.append(name)
        schema: Json = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        if not reading:
            schema["additionalProperties"] = False
        return schema

    def _property(self, prop: Property, *, reading: bool) -> Json:
        if prop.nav is not None and not reading:
            reference = {"type": "object", "properties": {"id": {"type": "string"}}}
            return {"type": "array", "items": reference} if prop.type.collection else reference
        schema = self.of(prop.type, reading=reading)
        if prop.nav is not None and not prop.type.collection:
            return {"anyOf": [schema, {"type": "null"}]}
        return schema
