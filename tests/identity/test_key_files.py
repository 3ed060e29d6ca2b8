"""Files that hold keys: made once, private, and refused where anyone may know the key."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import RSAKey

from ostiary.identity.key_files import BadKey, load_or_make
from tests.extensions import vectors


def test_the_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "issuer-key.json"

    first, second = load_or_make(path), load_or_make(path)

    assert first.kid == second.kid == first.thumbprint()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.is_private
    assert [p.name for p in path.parent.iterdir()] == ["issuer-key.json"]
    assert json.loads(path.read_text())["kid"] == first.kid


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "issuer-key.json"
    load_or_make(path)
    os.chmod(path, 0o640)

    with pytest.raises(BadKey, match="chmod 600"):
        load_or_make(path)


def test_the_key_of_the_process_that_was_first_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process keeps its key between our look and our write."""
    path = tmp_path / "issuer-key.json"
    generate = RSAKey.generate_key
    others: list[RSAKey] = []

    def interrupted(*args: Any, **options: Any) -> RSAKey:
        monkeypatch.setattr(RSAKey, "generate_key", generate)
        others.append(load_or_make(path))
        return generate(*args, **options)

    monkeypatch.setattr(RSAKey, "generate_key", interrupted)

    assert load_or_make(path).kid == others[0].kid


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"kty":"RSA"}', b"[]"])
def test_a_file_that_holds_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(BadKey, match="does not hold"):
        load_or_make(path)


@pytest.mark.parametrize("key", [vectors.SIGNING_KEY, vectors.ISSUER_KEY])
def test_a_key_that_anyone_may_know_is_refused(key: RSAKey, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(msgspec.json.encode(key.as_dict()))
    path.chmod(0o600)

    with pytest.raises(BadKey, match="anyone may know"):
        load_or_make(path)
