"""A ``$metadata`` document as a set of facts, one line each, so that two can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def facts(document: str) -> set[str]:
    """Give every type, property, member and bound operation that the document declares."""
    root = ET.fromstring(document)
    schemas = list(root.iter(f"{EDM}Schema"))
    aliases = {s.attrib["Alias"]: s.attrib["Namespace"] for s in schemas if "Alias" in s.attrib}
    return {fact for schema in schemas for fact in _of_schema(schema, aliases)}


def _of_schema(schema: ET.Element, aliases: dict[str, str]) -> Iterator[str]:
    for node in schema:
        kind = node.tag.removeprefix(EDM)
        name = f"{schema.attrib['Namespace']}.{node.attrib['Name']}"
        if kind in ("EntityType", "ComplexType"):
            yield f"{kind} {name} : {_full(node.get('BaseType'), aliases)}"
            for child in node:
                part = child.tag.removeprefix(EDM)
                if part in ("Property", "NavigationProperty"):
                    type_name = _full(child.attrib["Type"], aliases)
                    yield f"{part} {name}/{child.attrib['Name']} : {type_name}"
        elif kind == "EnumType":
            yield f"{kind} {name}"
            yield from (f"Member {name}/{child.attrib['Name']}" for child in node)
        elif kind in ("Action", "Function") and node.get("IsBound") == "true":
            first, *rest = node.iterfind(f"{EDM}Parameter")
            given = ",".join(f"{p.attrib['Name']}:{_full(p.attrib['Type'], aliases)}" for p in rest)
            yield f"{kind} {_full(first.attrib['Type'], aliases)}/{name}({given})"


def _full(name: str | None, aliases: dict[str, str]) -> str:
    if name is None:
        return ""
    inner = re.sub(r"^Collection\((.*)\)$", r"\1", name)
    head, _, tail = inner.rpartition(".")
    written = f"{aliases.get(head, head)}.{tail}" if head else inner
    return f"Collection({written})" if name.startswith("Collection(") else written
