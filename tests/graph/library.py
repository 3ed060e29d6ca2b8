"""A small library as the tests' own API: enough relations to exercise every kind of path."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy import delete as sql_delete

from ostiary.graph.app import GraphApp
from ostiary.graph.deltas import Change, Delta, LinkChange
from ostiary.graph.engine import Engine
from ostiary.graph.errors import Forbidden, NotFound
from ostiary.graph.reading import Reader
from ostiary.graph.resources import (
    Call,
    Endpoint,
    EntitySet,
    Link,
    Matching,
    Operation,
    Pairs,
    References,
    Singleton,
    Source,
    StandIn,
    Start,
)
from ostiary.storage.database import Database
from ostiary.storage.tables import Instant, Json
from tests.graph.books import (
    Author,
    Book,
    BookState,
    HardCover,
    LendParameters,
    LentTo,
    Loan,
    Review,
)

metadata = MetaData()

authors = Table(
    "authors",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("born", Integer),
)
books = Table(
    "books",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("title", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("author_id", String(36)),
    Column("pages", Integer),
    Column("printed_at", Instant),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("binding", Json),
    Column("tags", Json),
    Column("loans", Json),
)
reviews = Table(
    "reviews",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book_id", String(36), nullable=False),
    Column("stars", Integer, nullable=False),
)
shelved = Table(
    "shelved",
    metadata,
    Column("book_id", String(36), primary_key=True),
    Column("author_id", String(36), primary_key=True),
)


async def anyone(call: Call) -> None:
    """Everybody may do everything in this library."""


async def no_stranger(call: Call) -> None:
    """Everybody who is known may write in books."""
    if call.caller.object_id == "stranger":
        raise Forbidden()


def own_key(call: Call) -> str:
    """Authors are callers too; nobody else has an entity of their own."""
    if call.caller.object_id == "reader":
        raise NotFound("A reader is no author.")
    return call.caller.object_id


def visible(call: Call) -> Any:
    """Hidden books exist for the librarian alone."""
    return None if call.caller.object_id == "librarian" else books.c.hidden.is_(False)


def _book(row: Any) -> Book:
    return Book(
        id=row["id"],
        title=row["title"],
        state=BookState(row["state"]),
        pages=row["pages"],
        printed_at=row["printed_at"],
        binding=HardCover(colour=row["binding"]["colour"]) if row["binding"] else None,
        loans=[Loan(reader_name=one["readerName"], days=one["days"]) for one in row["loans"] or ()],
    )


class Shelves:
    """Works out which books stand on whose shelves."""

    def onward(self, start: Start) -> Pairs:
        """Begin with authors."""
        return self._pairs(start(shelved.c.author_id))

    def back(self, start: Start) -> Pairs:
        """Begin with books."""
        return self._pairs(start(shelved.c.book_id))

    def _pairs(self, test: ColumnElement[bool]) -> Pairs:
        pairs = select(shelved).where(test).subquery()
        return pairs.c.author_id, pairs.c.book_id


AUTHORS: Source = Source(
    type=Author,
    table=authors,
    key=authors.c.id,
    columns={"id": authors.c.id, "name": authors.c.name, "born": authors.c.born},
    load=lambda row: Author(id=row["id"], name=row["name"], born=row["born"]),
    links={
        "books": Link(
            target=lambda: BOOKS, local=authors.c.id, remote=books.c.author_id, many=True
        ),
        "shelf": Link(
            target=lambda: BOOKS,
            local=authors.c.id,
            remote=books.c.id,
            many=True,
            through=Shelves(),
        ),
    },
    alternate_keys={"name": authors.c.name},
)
REVIEWS: Source = Source(
    type=Review,
    table=reviews,
    key=reviews.c.id,
    columns={"id": reviews.c.id, "stars": reviews.c.stars},
    load=lambda row: Review(id=row["id"], stars=row["stars"]),
)
BOOKS: Source = Source(
    type=Book,
    table=books,
    key=books.c.id,
    columns={
        "id": books.c.id,
        "title": books.c.title,
        "state": books.c.state,
        "pages": books.c.pages,
        "printed_at": books.c.printed_at,
    },
    load=_book,
    lists={"tags": books.c.tags, "loans": books.c.loans},
    visible=visible,
    links={
        "author": Link(
            target=lambda: AUTHORS, local=books.c.author_id, remote=authors.c.id, many=False
        ),
        "reviews": Link(
            target=lambda: REVIEWS, local=books.c.id, remote=reviews.c.book_id, many=True
        ),
        "shelved_by": Link(
            target=lambda: AUTHORS,
            local=books.c.id,
            remote=authors.c.id,
            many=True,
            via=(shelved.c.book_id, shelved.c.author_id),
        ),
    },
    search=(books.c.title,),
)


class Library:
    """The handlers."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def create(self, call: Call) -> Book:
        """POST /library/books"""
        book = call.create(Book)
        book.id = f"book-{book.title}"
        async with self.database.transaction() as conn:
            await conn.execute(
                insert(books).values(id=book.id, title=book.title, state=book.state, hidden=False)
            )
        return book

    async def update(self, call: Call) -> Book:
        """PATCH /library/books/{id}"""
        async with self.database.transaction() as conn:
            query = select(books).where(books.c.id == call.key("books")).with_for_update()
            row = (await conn.execute(query)).mappings().first()
            if row is None:
                raise NotFound()
            book = call.merge(_book(row))
            await conn.execute(update(books).where(books.c.id == book.id).values(title=book.title))
        return book

    async def delete(self, call: Call) -> None:
        """DELETE /library/books/{id}"""
        async with self.database.transaction() as conn:
            await conn.execute(sql_delete(books).where(books.c.id == call.key("books")))

    async def lend(self, call: Call) -> None:
        """POST /library/books/{id}/lend"""
        self.lent = (call.key("books"), call.parameters(LendParameters))

    async def renew(self, call: Call) -> None:
        """POST /library/books/{id}/renew"""
        self.renewed = call.key("books")

    async def mine(self, call: Call) -> Matching:
        """GET /library/books/filterByCurrentUser(on='…')"""
        wanted = call.parameters(LentTo).on
        return Matching(where=books.c.state == wanted)

    async def delta(self, call: Call) -> Delta:
        """GET /library/books/delta"""
        asked = call.delta(Book)
        if asked.deltatoken == "old":
            raise asked.resync()
        self.asked = asked
        shelvers = [
            LinkChange(type="microsoft.graph.author", id="a1"),
            LinkChange(type="microsoft.graph.author", id="a2", removed=True),
        ]
        emma = Book(id="b1", title="Emma", pages=474)
        return Delta(
            changes=[
                Change(id="b1", entity=emma, links={"shelvedBy": shelvers}),
                Change(id="b7", entity=None),
            ],
            select=asked.select,
            skiptoken=None if asked.skiptoken else "more",
            deltatoken="next" if asked.skiptoken else None,
        )

    async def shelve(self, call: Call) -> None:
        """POST /library/books/{id}/shelvedBy/$ref"""
        _, author = call.reference()
        async with self.database.transaction() as conn:
            await conn.execute(insert(shelved).values(book_id=call.key("books"), author_id=author))

    async def unshelve(self, call: Call) -> None:
        """DELETE /library/books/{id}/shelvedBy/{author}/$ref"""
        async with self.database.transaction() as conn:
            await conn.execute(
                sql_delete(shelved).where(shelved.c.author_id == call.key("shelvedBy"))
            )

    def tree(self) -> list[EntitySet | Singleton]:
        """Declare the API."""
        writers = EntitySet(name="writers", source=AUTHORS, read=anyone)
        return [
            Singleton(
                name="myself",
                type=Author,
                stands_for=StandIn(set=writers, key=own_key, read=anyone),
            ),
            Singleton(
                name="library",
                container="microsoft.graph.libraryContainer",
                children=(
                    EntitySet(name="authors", source=AUTHORS, read=anyone),
                    EntitySet(
                        name="books",
                        beta="libraryBooks",
                        source=BOOKS,
                        read=anyone,
                        unserved=("translations", "burn"),
                        create=Endpoint(anyone, self.create),
                        update=Endpoint(no_stranger, self.update),
                        delete=Endpoint(anyone, self.delete),
                        children=(
                            EntitySet(
                                name="reviews",
                                source=REVIEWS,
                                read=anyone,
                                within=reviews.c.book_id,
                            ),
                            EntitySet(
                                name="shelvedBy",
                                source=AUTHORS,
                                read=anyone,
                                link="shelved_by",
                                references=References(
                                    add=Endpoint(anyone, self.shelve),
                                    remove=Endpoint(anyone, self.unshelve),
                                ),
                            ),
                        ),
                        operations=(
                            Operation(
                                name="delta",
                                kind="function",
                                bound="collection",
                                needs=anyone,
                                handle=self.delta,
                                returns=Book,
                                many=True,
                            ),
                            Operation(
                                name="lend",
                                kind="action",
                                needs=anyone,
                                handle=self.lend,
                                parameters=LendParameters,
                            ),
                            Operation(name="renew", kind="action", needs=anyone, handle=self.renew),
                            Operation(
                                name="filterByCurrentUser",
                                kind="function",
                                bound="collection",
                                needs=anyone,
                                handle=self.mine,
                                parameters=LentTo,
                                returns=Book,
                                many=True,
                            ),
                        ),
                    ),
                ),
            ),
        ]


class Borrower:
    """A caller known by a header alone."""

    def __init__(self, object_id: str) -> None:
        self.object_id = object_id
        self.app_id = None


class ByHeader:
    """Believes whatever the header says; for tests only."""

    async def authenticate(self, headers: Any) -> Borrower:
        """Give the caller that ``x-caller`` names."""
        return Borrower(headers.get("x-caller", "reader"))


def application(database: Database, clock: Any) -> tuple[GraphApp, Library]:
    """Make the application over a database."""
    library = Library(database)
    reader = Reader(strays={"microsoft.graph.book": frozenset({"colophon"})})
    engine = Engine(
        roots=library.tree(),
        database=database,
        clock=clock,
        authenticator=ByHeader(),
        reader=reader,
    )
    app = GraphApp(engine=engine)
    return app, library
