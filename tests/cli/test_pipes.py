"""A command whose output is read in part ends as if nothing had happened."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    row = b'{"table": "audit_records", "id": "1", "said": "' + b"x" * 200 + b'"}\n'
    with gzip.open(tmp_path / "audit-2026-01-05.jsonl.gz", "wb") as file:
        file.write(b"".join(row.replace(b"1", b"%d" % n, 1) for n in range(20_000)))
    read = [sys.executable, "-m", "ostiary.cli", "archive", "read", "--archive-dir", str(tmp_path)]

    with subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait() == 0
