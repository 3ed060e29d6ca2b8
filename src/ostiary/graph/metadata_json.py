"""The schema as CSDL JSON (OData 4.01), translated from the XML so that both say the same."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

Json = dict[str, Any]

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def translate(xml: str, *, container: str) -> Json:
    """Give the CSDL JSON of a CSDL XML document that this server made."""
    root = ET.fromstring(xml)  # noqa: S314  # our own document
    document: Json = {"$Version": "4.01", "$EntityContainer": f"microsoft.graph.{container}"}
    for schema in root.iter(f"{EDM}Schema"):
        document[schema.attrib["Namespace"]] = _schema(schema)
    return document


def _schema(schema: ET.Element) -> Json:
    members: Json = {}
    if "Alias" in schema.attrib:
        members["$Alias"] = schema.attrib["Alias"]
    for element in schema:
        kind = element.tag.removeprefix(EDM)
        name = element.attrib["Name"]
        if kind in ("Action", "Function"):
            members.setdefault(name, []).append(_operation(kind, element))
        else:
            members[name] = _MAKERS[kind](element)
    return members


def _structured(kind: str, element: ET.Element) -> Json:
    made: Json = {"$Kind": kind}
    if "BaseType" in element.attrib:
        made["$BaseType"] = element.attrib["BaseType"]
    if element.get("Abstract") == "true":
        made["$Abstract"] = True
    for child in element:
        match child.tag.removeprefix(EDM):
            case "Key":
                made["$Key"] = [ref.attrib["Name"] for ref in child]
            case "Property":
                made[child.attrib["Name"]] = _property(child)
            case "NavigationProperty":
                made[child.attrib["Name"]] = _navigation(child)
    return made


def _property(element: ET.Element) -> Json:
    made = _typed(element.attrib["Type"])
    if element.get("Nullable") != "false" and "$Collection" not in made:
        made["$Nullable"] = True
    return made


def _navigation(element: ET.Element) -> Json:
    made: Json = {"$Kind": "NavigationProperty", **_typed(element.attrib["Type"])}
    if element.get("ContainsTarget") == "true":
        made["$ContainsTarget"] = True
    return made


def _typed(text: str) -> Json:
    """Spell a type; a text is what a type is when nothing is said."""
    made: Json = {}
    inner = text
    if text.startswith("Collection("):
        made["$Collection"] = True
        inner = text[len("Collection(") : -1]
    if inner != "Edm.String":
        made["$Type"] = inner
    return made


def _enum(element: ET.Element) -> Json:
    members = {m.attrib["Name"]: int(m.attrib["Value"]) for m in element}
    flags = {"$IsFlags": True} if element.get("IsFlags") == "true" else {}
    return {"$Kind": "EnumType", **flags, **members}


def _operation(kind: str, element: ET.Element) -> Json:
    made: Json = {"$Kind": kind}
    if element.get("IsBound") == "true":
        made["$IsBound"] = True
    parameters = [
        {"$Name": p.attrib["Name"], **_typed(p.attrib["Type"])}
        for p in element.iterfind(f"{EDM}Parameter")
    ]
    if parameters:
        made["$Parameter"] = parameters
    returned = element.find(f"{EDM}ReturnType")
    if returned is not None:
        made["$ReturnType"] = _typed(returned.attrib["Type"])
    return made


def _container(element: ET.Element) -> Json:
    made: Json = {"$Kind": "EntityContainer"}
    for child in element:
        if child.tag == f"{EDM}EntitySet":
            made[child.attrib["Name"]] = {"$Collection": True, "$Type": child.attrib["EntityType"]}
        else:
            made[child.attrib["Name"]] = {"$Type": child.attrib["Type"]}
    return made


_MAKERS = {
    "EntityType": lambda element: _structured("EntityType", element),
    "ComplexType": lambda element: _structured("ComplexType", element),
    "EnumType": _enum,
    "EntityContainer": _container,
}
