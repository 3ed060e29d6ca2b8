"""How far a reader of changes has come: positions, and the tokens that stand for them.

A round begins with a mark, a place in the journal. The first round lists everything there is and
ends at its mark, so what changes meanwhile is told in the next; a later round goes through the
journal from one mark to the next. What a page tells of an object is always what holds when it is
read, so hearing of the same thing twice does no harm.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from ostiary.directory.model import DirectoryObject
from ostiary.directory.objects import Kind
from ostiary.graph.deltas import Change, DeltaQuery, LinkChange
from ostiary.graph.edm import describe
from ostiary.graph.errors import BadRequest

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


MEMBERS: Final = "members"
"""The navigation of groups whose changes are told, in Python and on the wire."""


class LinkDetail(StrEnum):
    """What the journal tells of a link."""

    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object to tell of, and a link of it where one is to be told of.

    ``there`` says whether the link is there now. ``sequence`` is 0 for what is not from the
    journal.
    """

    object_id: str
    target_id: str | None
    target_kind: Kind | None
    there: bool = True
    sequence: int = 0


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a reader stands, and what the first call asked for.

    With ``after`` it is in the first round, behind that object and member, and ``since`` is the
    round's mark. With ``until`` it is in a later one, on its way from ``since`` to that mark. With
    neither it is between two rounds.
    """

    version: Literal[1]
    kind: Kind
    since: _Number
    until: _Number | None = None
    after: tuple[_Text, _Text] | None = None
    select: tuple[str, ...] | None = None
    ids: tuple[_Text, ...] | None = None

    @property
    def with_members(self) -> bool:
        """Whether the reader wants to hear of members of groups."""
        chosen = self.select is None or MEMBERS in self.select
        return self.kind is Kind.GROUP and chosen

    def moved(self, entry: Entry) -> Position:
        """Stand behind an entry."""
        if self.after is None:
            return msgspec.structs.replace(self, since=entry.sequence)
        return msgspec.structs.replace(self, after=(entry.object_id, entry.target_id or ""))

    def ended(self) -> Position:
        """Stand at the end of the round."""
        mark = self.since if self.until is None else self.until
        return msgspec.structs.replace(self, since=mark, until=None, after=None)


BEGINNING: Final = ("", "")
"""Before every object and member."""


def begun(kind: Kind, asked: DeltaQuery, *, mark: int) -> Position:
    """Give the position at the start of the first round."""
    return Position(1, kind, mark, after=BEGINNING, select=asked.select, ids=asked.ids)


def write(position: Position) -> str:
    """Make the token of a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read(token: str, kind: Kind, asked: DeltaQuery) -> Position:
    """Read the token of a call.

    :raises BadRequest: it is no such token, or was made for objects of another kind.
    """
    name = "$skiptoken" if asked.skiptoken else "$deltatoken"
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position = msgspec.json.decode(raw, type=Position)
        known = describe(asked.type).properties.keys()
        between_rounds = position.until is None and position.after is None
        if position.kind is not kind or not known >= set(position.select or ()):
            raise ValueError("made for other objects")
        if between_rounds == bool(asked.skiptoken):
            raise ValueError("the token of the other link")
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise BadRequest(f"The value of '{name}' is not valid.", target=name) from None
    return position


def changes(
    position: Position,
    entries: Sequence[Entry],
    found: Mapping[str, DirectoryObject | None],
) -> list[Change]:
    """Tell of each object once: as it is now with its links, or that it is gone.

    Who is no member is told of in later rounds only.
    """
    first_round = position.after is not None
    links: dict[str, dict[str, LinkChange]] = {}
    for entry in entries:
        of_object = links.setdefault(entry.object_id, {})
        if entry.target_id is not None and (entry.there or not first_round):
            of_object[entry.target_id] = _link(entry.target_id, entry)
    return [_change(i, found, list(of_object.values())) for i, of_object in links.items()]


def _change(
    object_id: str, found: Mapping[str, DirectoryObject | None], links: list[LinkChange]
) -> Change:
    entity = found.get(object_id)
    if entity is not None:
        return Change(id=object_id, entity=entity, links={MEMBERS: links} if links else {})
    return Change(id=object_id, entity=None, gone="changed" if object_id in found else "deleted")


def _link(target_id: str, entry: Entry) -> LinkChange:
    name = "directoryObject" if entry.target_kind is None else entry.target_kind.value
    return LinkChange(type=f"microsoft.graph.{name}", id=target_id, removed=not entry.there)
