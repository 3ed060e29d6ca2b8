"""A type with another structure under beta: one model inside, two forms on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType, field, structs
from sqlalchemy import Column, MetaData, String, Table

from ostiary.graph import metadata, openapi
from ostiary.graph.errors import BadRequest, InvalidModel, NotSupported
from ostiary.graph.forms import Form, Misfit, carried, declare
from ostiary.graph.options import parse
from ostiary.graph.reading import Reader
from ostiary.graph.resources import Call, EntitySet, Source
from ostiary.graph.spelling import beta_path, respell
from ostiary.graph.types import Beta, Complex, Entity, Nav, Version, WriteOnly
from ostiary.graph.writing import Writer

DAY = timedelta(days=1)


class Stop(Complex, kw_only=True):
    """Where a parcel halts: beta tells the wait in hours."""

    place: str
    wait: timedelta | None = None


class BetaStop(Complex, kw_only=True):
    """The same in beta."""

    EDM_NAME: ClassVar[str] = "halt"

    place: str
    hours: int | None = None


class Sender(Entity, kw_only=True):
    """Who sent it."""

    ABSTRACT: ClassVar[bool] = False

    name: str | None = None


class Parcel(Entity, kw_only=True):
    """Something on its way."""

    ABSTRACT: ClassVar[bool] = False

    label: str
    patience: timedelta | None = None
    insured: bool | None = None
    stops: list[Stop] = field(default_factory=list)
    note: Annotated[str | None, Beta("remark")] = None
    sender: Annotated[Sender | UnsetType | None, Nav()] = UNSET


class Handling(Complex, kw_only=True):
    """How it is handled, in beta."""

    days: int | None = None


class BetaParcel(Entity, kw_only=True):
    """The same in beta, which knows nothing of insurance."""

    ABSTRACT: ClassVar[bool] = False
    EDM_NAME: ClassVar[str] = "parcel"

    label: str
    handling: Handling | None = None
    halts: list[Stop] = field(default_factory=list)
    note: Annotated[str | None, Beta("remark")] = None
    patience: Annotated[timedelta | UnsetType | None, WriteOnly] = UNSET
    sender: Annotated[Sender | UnsetType | None, Nav()] = UNSET


def stop_to_beta(stop: Stop) -> BetaStop:
    hours = None if stop.wait is None else stop.wait // timedelta(hours=1)
    return carried(stop, BetaStop, hours=hours)


def stop_of(stop: BetaStop, old: Stop | None) -> Stop:
    if old is not None and stop_to_beta(old).hours == stop.hours:
        return carried(stop, Stop, wait=old.wait)
    wait = None if stop.hours is None else timedelta(hours=stop.hours)
    return carried(stop, Stop, wait=wait)


def parcel_to_beta(parcel: Parcel) -> BetaParcel:
    days = None if parcel.patience is None else parcel.patience // DAY
    return carried(
        parcel, BetaParcel, handling=Handling(days=days), halts=parcel.stops, patience=UNSET
    )


def parcel_of(parcel: BetaParcel, old: Parcel | None) -> Parcel:
    days = parcel.handling.days if parcel.handling else None
    if days is not None and days < 0:
        raise Misfit("handling/days", "must not be negative")
    if days == 13:
        raise Misfit("handling/days", "is a number that nobody carries", kind=NotSupported)
    patience = None if days is None else days * DAY
    if parcel.patience is not UNSET:
        patience = parcel.patience
    return carried(
        parcel,
        Parcel,
        stops=parcel.halts,
        patience=patience,
        insured=old.insured if old else None,
    )


declare(
    Stop,
    Form(type=BetaStop, to_beta=stop_to_beta, from_beta=stop_of, names={"wait": "hours"}),
)
declare(
    Parcel,
    Form(
        type=BetaParcel,
        to_beta=parcel_to_beta,
        from_beta=parcel_of,
        names={"patience": "handling/days", "stops": "halts"},
    ),
)

V1, BETA = Reader(), Reader(version=Version.BETA)
PARCEL = Parcel(
    id="p",
    label="glass",
    patience=2 * DAY,
    insured=True,
    stops=[Stop(place="Here", wait=timedelta(minutes=90))],
)
IN_V1 = {
    "id": "p",
    "label": "glass",
    "patience": "P2D",
    "insured": True,
    "stops": [{"place": "Here", "wait": "PT1H30M"}],
    "note": None,
}
IN_BETA = {
    "id": "p",
    "label": "glass",
    "handling": {"days": 2},
    "halts": [{"place": "Here", "hours": 1}],
    "remark": None,
}


def refusal(reader: Reader, body: Any) -> InvalidModel:
    with pytest.raises(InvalidModel) as caught:
        reader.create(Parcel, body)
    return caught.value


def test_each_root_writes_its_own_form() -> None:
    assert Writer(Version.V1).entity(PARCEL) == IN_V1
    assert Writer(Version.BETA).entity(PARCEL) == IN_BETA
    full = Writer(Version.BETA, metadata="full").entity(PARCEL)
    assert full["@odata.type"] == "#microsoft.graph.parcel"
    assert full["halts"][0]["@odata.type"] == "#microsoft.graph.halt"


@pytest.mark.parametrize("reader", [V1, BETA])
def test_each_root_reads_both_forms(reader: Reader) -> None:
    read = [reader.create(Parcel, body) for body in (IN_V1, IN_BETA)]

    assert read[0] == structs.replace(PARCEL, id="")
    assert (read[1].patience, read[1].stops) == (2 * DAY, [Stop(place="Here", wait=DAY / 24)])


def test_a_form_may_stand_inside_the_other_one() -> None:
    body = {"label": "x", "patience": "P1D", "stops": [{"place": "Here", "hours": 3}]}

    assert V1.create(Parcel, body).stops == [Stop(place="Here", wait=timedelta(hours=3))]


@pytest.mark.parametrize("name", ["#microsoft.graph.halt", "microsoft.graph.stop"])
def test_a_type_answers_to_the_names_of_both_roots(name: str) -> None:
    body = {"label": "x", "stops": [{"@odata.type": name, "place": "Here"}]}

    assert V1.create(Parcel, body).stops == [Stop(place="Here")]


def test_what_beta_has_no_words_for_outlives_changes_and_replacements() -> None:
    changed = BETA.merge(PARCEL, {"handling": {"days": 5}, "halts": IN_BETA["halts"]})
    replaced = BETA.replace(PARCEL, {"label": "glass", "halts": IN_BETA["halts"]})

    assert changed == structs.replace(PARCEL, patience=5 * DAY)
    assert replaced == structs.replace(PARCEL, id="", patience=None)
    assert V1.replace(PARCEL, {"label": "x"}).insured is None


def test_a_property_of_v1_may_be_sent_where_the_form_accepts_it() -> None:
    body = {"label": "x", "halts": [], "patience": "P1D"}

    assert BETA.create(Parcel, body).patience == DAY


def test_forms_do_not_mix_where_neither_has_all_the_names() -> None:
    error = refusal(BETA, {"label": "x", "halts": [], "insured": True})

    assert error.target == "insured"
    assert "'microsoft.graph.parcel'" in str(error)


def test_a_misfit_is_named_with_its_path_and_may_be_of_any_kind() -> None:
    error = refusal(BETA, {"label": "x", "handling": {"days": -1}})
    assert str(error) == "The property 'handling/days' must not be negative."
    assert error.target == "handling/days"

    with pytest.raises(NotSupported):
        BETA.create(Parcel, {"label": "x", "handling": {"days": 13}})


def test_a_missing_property_is_called_as_the_root_calls_its_type() -> None:
    error = refusal(BETA, {"label": "x", "halts": [{}]})

    assert str(error) == (
        "The property 'halts/0/place' is required on type 'microsoft.graph.halt'."
    )


@pytest.mark.parametrize(
    ("path", "called"),
    [
        ("patience", "handling/days"),
        ("stops/0/wait", "halts/0/hours"),
        ("stops/0/place", "halts/0/place"),
        ("note", "remark"),
        ("sender/name", "sender/name"),
        ("insured", None),
        ("nothing", None),
    ],
)
def test_paths_of_v1_are_told_in_the_words_of_beta(path: str, called: str | None) -> None:
    assert beta_path(Parcel, path) == called


def test_an_error_is_told_in_the_words_of_beta() -> None:
    error = InvalidModel("'stops/1/wait' needs 'patience', not 'love'.", target="stops/1/wait")

    respell(error, Parcel)

    assert str(error) == "'halts/1/hours' needs 'handling/days', not 'love'."
    assert error.target == "halts/1/hours"


@pytest.mark.parametrize(
    ("root", "select", "names"),
    [
        (Version.BETA, "handling", {"handling": {"days": 2}}),
        (Version.BETA, "handling/days", {"handling": {"days": 2}}),
        (Version.BETA, "patience", {"handling": {"days": 2}}),
        (Version.BETA, "halts/hours", {"halts": [{"hours": 1}]}),
        (Version.BETA, "stops", {"halts": IN_BETA["halts"]}),
        (Version.V1, "handling", {"patience": "P2D"}),
        (Version.V1, "stops/place,patience", {"patience": "P2D", "stops": [{"place": "Here"}]}),
        (Version.V1, "stops/place,stops", {"stops": IN_V1["stops"]}),
    ],
)
def test_a_selection_knows_the_names_of_both_forms(
    root: Version, select: str, names: dict[str, Any]
) -> None:
    shape = parse([("$select", select)], Parcel, root)

    assert Writer(root).entity(PARCEL, shape=shape) == {"id": "p", **names}


def test_a_selection_of_what_no_form_has_is_refused() -> None:
    with pytest.raises(BadRequest, match="'handling/weeks' on type"):
        parse([("$select", "handling/weeks")], Parcel, Version.BETA)


async def _anyone(_: Call) -> None:
    """Let everybody in."""


def _roots() -> list[EntitySet]:
    table = Table("parcels", MetaData(), Column("id", String, primary_key=True))
    source = Source(type=Parcel, table=table, key=table.c.id, columns={}, load=lambda _: PARCEL)
    return [EntitySet(name="parcels", source=source, read=_anyone)]


def test_the_schema_of_a_root_has_its_forms_only() -> None:
    v1, beta = (metadata.document(_roots(), root, container="Service") for root in Version)

    assert '<ComplexType Name="stop">' in v1
    assert "halt" not in v1
    assert '<Property Name="stops" Type="Collection(graph.stop)" Nullable="false" />' in v1
    assert "stop" not in beta
    assert '<Property Name="halts" Type="Collection(graph.halt)" Nullable="false" />' in beta
    assert beta.count('EntityType Name="parcel"') == 1
    assert '"patience"' not in beta


def test_the_openapi_document_of_beta_has_its_forms_only() -> None:
    document = openapi.document(_roots(), Version.BETA, server="http://localhost", title="T")
    schemas = document["components"]["schemas"]

    assert schemas["microsoft.graph.parcel"]["properties"].keys() == IN_BETA.keys() | {"sender"}
    assert "microsoft.graph.halt" in schemas
    assert "microsoft.graph.stop" not in schemas


parcels = st.builds(
    Parcel,
    label=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
    patience=st.none() | st.integers(0, 12).map(lambda days: days * DAY),
    insured=st.none() | st.booleans(),
    stops=st.lists(
        st.builds(
            Stop,
            place=st.just("Here"),
            wait=st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
        ),
        max_size=3,
    ),
)


@given(parcels)
def test_what_beta_reads_and_sends_back_changes_nothing(parcel: Parcel) -> None:
    written = Writer(Version.BETA).entity(parcel)

    assert BETA.merge(parcel, written) == parcel
    assert BETA.replace(parcel, written) == parcel
