"""A deployment for each test, and the commands as they are called."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ostiary.directory.seed import small_organisation
from ostiary.server import composition
from ostiary.settings import Settings
from tests.cli.commands import Commands


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server that has run once and holds the small organisation; do not touch."""
    data_dir = tmp_path_factory.mktemp("organisation")

    async def fill() -> None:
        settings = Settings(data_dir=data_dir)
        async with (
            composition.opened(settings, base_urls=["http://127.0.0.1:8080"]) as made,
            made.database.transaction() as conn,
        ):
            await small_organisation(conn, made.clock.now())

    asyncio.run(fill())
    return data_dir


@pytest.fixture
def data_dir(organisation: Path, tmp_path: Path) -> Path:
    """Data of the test's own, with the small organisation."""
    return Path(shutil.copytree(organisation, tmp_path / "data"))


@pytest.fixture
def ostiary(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The commands, on the test's own data."""
    return Commands(data_dir, capsys)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Commands configure logging for their process: undo it."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)
