"""``$metadata`` and the service document, made from the same declarations as everything else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree as ET

from ostiary.graph.edm import (
    Property,
    StructuredType,
    TypeRef,
    concrete_types,
    describe,
    name_of,
    qualified_name,
    result_type,
    shown,
)
from ostiary.graph.resources import EntitySet, Node, Operation, Singleton
from ostiary.graph.types import Complex, EdmEnum, Version

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
ALIASES = {"microsoft.graph": "graph"}


def document(roots: Sequence[Node], version: Version, *, container: str) -> str:
    """Give the schema of everything that is served below a root, as CSDL XML 4.0."""
    schemas: dict[str, ET.Element] = {}
    for name, type_ in sorted(_structured(roots, version).items()):
        _schema(schemas, name).append(_structured_xml(type_, version))
    for node in walk(roots):
        if isinstance(node, Singleton) and node.container is not None:
            _schema(schemas, node.container).append(_holder_xml(node, node.container, version))
    for enum in sorted(_enums(roots, version), key=qualified_name):
        _schema(schemas, qualified_name(enum)).append(_enum_xml(enum))
    for operation, bound in _operations(roots):
        if operation.in_schema:
            schema = _schema(schemas, f"{operation.namespace}.{operation.name}")
            for given in _overloads(operation):
                schema.append(_operation_xml(operation, bound, version, given))
    _schema(schemas, "microsoft.graph.x").append(_container_xml(roots, container, version))
    return _edmx(schemas)


def service_document(roots: Sequence[Node], root_url: str) -> dict[str, object]:
    """Give the list of what stands at the root."""
    value = [
        {
            "name": node.name,
            "kind": "EntitySet" if isinstance(node, EntitySet) else "Singleton",
            "url": node.name,
        }
        for node in roots
    ]
    return {"@odata.context": f"{root_url}/$metadata", "value": value}


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Give every node of the tree."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def _root_types(roots: Sequence[Node]) -> Iterator[type[Complex]]:
    for node in walk(roots):
        if isinstance(node, EntitySet):
            yield node.source.type
        elif node.type is not None:
            yield node.type
        for operation in node.operations:
            if operation.parameters is not None:
                yield from _parameter_types(operation.parameters)
            if isinstance(operation.returns, type) and issubclass(operation.returns, Complex):
                yield operation.returns


def _parameter_types(parameters: type[Complex]) -> Iterator[type[Complex]]:
    """Give the structured types of an operation's parameters; their holder is no type itself."""
    for prop in describe(parameters).properties.values():
        if prop.type.kind in ("complex", "entity"):
            yield prop.type.python
            yield prop.shown.python


def _structured(roots: Sequence[Node], version: Version) -> dict[str, StructuredType]:
    """Find every type that can be met below the roots, as the version shows it, by its name."""
    found: dict[type, StructuredType] = {}
    pending = list(_root_types(roots))
    while pending:
        cls = pending.pop()
        if cls in found:
            continue
        type_ = found[cls] = shown(cls, version)
        parts = (p for p in type_.properties.values() if p.name_in(version) and not p.write_only)
        pending += [p.type.python for p in parts if _is_structured(p.type)]
        pending += [child for child in concrete_types(cls).values() if child is not cls]
        if type_.base is not None:
            pending.append(type_.base.python)
    return _by_name(found.values(), version)


def _by_name(types: Iterable[StructuredType], version: Version) -> dict[str, StructuredType]:
    """Two packages may declare the same published base; the schema has it once."""
    named: dict[str, StructuredType] = {}
    for type_ in types:
        known = named.get(type_.name_in(version))
        if known is None or len(type_.properties) > len(known.properties):
            named[type_.name_in(version)] = type_
    return named


def _is_structured(type_: TypeRef) -> bool:
    return type_.kind in ("complex", "entity")


def _enums(roots: Sequence[Node], version: Version) -> list[type[EdmEnum]]:
    found: dict[str, type[EdmEnum]] = {}
    for type_ in _structured(roots, version).values():
        for prop in type_.properties.values():
            if prop.type.kind == "enum":
                found[prop.type.name] = prop.type.python
    for node in walk(roots):
        for operation in node.operations:
            for prop in _parameters(operation):
                if prop.shown.kind == "enum":
                    found[prop.shown.name] = prop.shown.python
    return list(found.values())


def _structured_xml(type_: StructuredType, version: Version) -> ET.Element:
    name = type_.name_in(version).rsplit(".", 1)[-1]
    element = ET.Element("EntityType" if type_.is_entity else "ComplexType", {"Name": name})
    if type_.base is not None:
        element.set("BaseType", _aliased(type_.base.name_in(version)))
    if type_.abstract:
        element.set("Abstract", "true")
    if type_.name == "microsoft.graph.entity":
        ET.SubElement(ET.SubElement(element, "Key"), "PropertyRef", {"Name": "id"})
    for prop in type_.own:
        _property_xml(element, prop, version)
    return element


def _holder_xml(node: Singleton, name: str, version: Version) -> ET.Element:
    """The type of a singleton that only holds others: each child is contained in it."""
    names = {"Name": name.rsplit(".", 1)[-1], "BaseType": "graph.entity"}
    element = ET.Element("EntityType", names)
    for child in node.children:
        type_name = _node_type(child, version)
        if type_name is not None:
            attributes = {
                "Name": _node_name(child, version),
                "Type": type_name,
                "ContainsTarget": "true",
            }
            ET.SubElement(element, "NavigationProperty", attributes)
    return element


def _node_name(node: Node, version: Version) -> str:
    beta = node.beta if isinstance(node, EntitySet) and version is Version.BETA else None
    return beta or node.name


def _node_type(node: Node, version: Version) -> str | None:
    if isinstance(node, EntitySet):
        return f"Collection({_aliased(_name(node.source.type, version))})"
    name = _name(node.type, version) if node.type is not None else node.container
    return _aliased(name) if name is not None else None


def _name(cls: type[Complex], version: Version) -> str:
    return shown(cls, version).name_in(version)


def _property_xml(parent: ET.Element, prop: Property, version: Version) -> None:
    name = prop.name_in(version)
    if name is None or prop.write_only:
        return
    if prop.nav is not None:
        element = ET.SubElement(
            parent, "NavigationProperty", {"Name": name, "Type": _type_text(prop.shown, version)}
        )
        if prop.nav.contained:
            element.set("ContainsTarget", "true")
        return
    type_text = _type_text(prop.shown, version)
    if version is Version.BETA and prop.beta.pascal:
        type_text = "Edm.String"
    element = ET.SubElement(parent, "Property", {"Name": name, "Type": type_text})
    if not prop.type.nullable:
        element.set("Nullable", "false")


def _enum_xml(enum: type[EdmEnum]) -> ET.Element:
    element = ET.Element("EnumType", {"Name": qualified_name(enum).rsplit(".", 1)[-1]})
    if getattr(enum, "IS_FLAGS", False):
        element.set("IsFlags", "true")
    for member in enum:
        ET.SubElement(element, "Member", {"Name": member.value, "Value": str(member.number)})
    return element


def _operations(roots: Sequence[Node]) -> Iterator[tuple[Operation, TypeRef | None]]:
    seen: set[tuple[str, str, str | None]] = set()
    for node in walk(roots):
        for operation in node.operations:
            bound = _binding(node, operation)
            key = (operation.namespace, operation.name, str(bound))
            if key not in seen:
                seen.add(key)
                yield operation, bound


def _binding(node: Node, operation: Operation) -> TypeRef | None:
    if isinstance(node, Singleton) and node.type is None and node.container is not None:
        return TypeRef("entity", node.container, object)
    cls = node.source.type if isinstance(node, EntitySet) else node.type
    if cls is None:
        return None
    many = operation.bound == "collection" and not isinstance(node, Singleton)
    return result_type(cls, collection=many)


def _parameters(operation: Operation) -> list[Property]:
    return list(describe(operation.parameters).properties.values()) if operation.parameters else []


def _overloads(operation: Operation) -> Iterator[list[Property]]:
    """Give the parameters with which an operation can be called.

    The schema knows no optional arguments of functions: leaving the last ones out is an overload.
    """
    known = _parameters(operation)
    least = sum(prop.required for prop in known) if operation.kind == "function" else len(known)
    for number in range(least, len(known) + 1):
        yield known[:number]


def _operation_xml(
    operation: Operation, bound: TypeRef | None, version: Version, given: Sequence[Property]
) -> ET.Element:
    kind = "Action" if operation.kind == "action" else "Function"
    element = ET.Element(kind, {"Name": operation.name})
    if bound is not None:
        element.set("IsBound", "true")
        ET.SubElement(
            element, "Parameter", {"Name": "bindingParameter", "Type": _type_text(bound, version)}
        )
    for prop in given:
        ET.SubElement(
            element, "Parameter", {"Name": prop.name, "Type": _type_text(prop.shown, version)}
        )
    if operation.returns is not None:
        returned = result_type(operation.returns, collection=operation.many)
        ET.SubElement(element, "ReturnType", {"Type": _type_text(returned, version)})
    return element


def _container_xml(roots: Sequence[Node], container: str, version: Version) -> ET.Element:
    element = ET.Element("EntityContainer", {"Name": container})
    for node in roots:
        if isinstance(node, EntitySet):
            type_name = _aliased(_name(node.source.type, version))
            ET.SubElement(element, "EntitySet", {"Name": node.name, "EntityType": type_name})
        elif (singleton_type := _node_type(node, version)) is not None:
            ET.SubElement(element, "Singleton", {"Name": node.name, "Type": singleton_type})
    return element


def _schema(schemas: dict[str, ET.Element], name: str) -> ET.Element:
    namespace = name.rsplit(".", 1)[0]
    if namespace not in schemas:
        schemas[namespace] = ET.Element("Schema", {"xmlns": EDM, "Namespace": namespace})
        if namespace in ALIASES:
            schemas[namespace].set("Alias", ALIASES[namespace])
    return schemas[namespace]


def _edmx(schemas: dict[str, ET.Element]) -> str:
    root = ET.Element("edmx:Edmx", {"xmlns:edmx": EDMX, "Version": "4.0"})
    services = ET.SubElement(root, "edmx:DataServices")
    by_size = defaultdict(list)
    for namespace, schema in schemas.items():
        by_size[len(namespace)].append(schema)
    for size in sorted(by_size):
        services.extend(by_size[size])
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _type_text(type_: TypeRef, version: Version) -> str:
    name = _aliased(name_of(type_, version))
    return f"Collection({name})" if type_.collection else name


def _aliased(name: str) -> str:
    head, _, tail = name.rpartition(".")
    return f"{ALIASES[head]}.{tail}" if head in ALIASES else name
