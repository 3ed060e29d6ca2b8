from __future__ import annotations

import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509

from ostiary.identity.tls import TLSFiles, authority_path, ensure

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def serial(path: Path) -> int:
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number


def handshake(files: TLSFiles, name: str) -> None:
    """Shake hands as a client that trusts the authority and asks for ``name``."""
    ours, theirs = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(files.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # as newer versions of Python are

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:  # the client has hung up
            theirs.close()

    thread = Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join()


def test_a_client_that_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    files = ensure(tmp_path, ["governance.example.org", "10.1.2.3"], now=datetime.now(UTC))

    for name in ("localhost", "127.0.0.1", "::1", "governance.example.org", "10.1.2.3"):
        handshake(files, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "other.example.org")


def test_the_pieces_are_kept_and_the_keys_are_ours_alone(tmp_path: Path) -> None:
    first = ensure(tmp_path, [], now=NOW)
    before = serial(first.authority), serial(first.certificate)

    again = ensure(tmp_path, [], now=NOW + timedelta(days=1))

    assert (serial(again.authority), serial(again.certificate)) == before
    assert again.authority == authority_path(tmp_path)
    for name in ("ca-key.pem", "server-key.pem"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600
    assert not list((tmp_path / "tls").glob(".*"))


@pytest.mark.parametrize(
    ("hosts", "later"),
    [(["new.example.org"], timedelta()), ([], timedelta(days=368))],
    ids=["another name", "near its end"],
)
def test_the_servers_certificate_is_renewed_by_the_same_authority(
    tmp_path: Path, hosts: list[str], later: timedelta
) -> None:
    first = ensure(tmp_path, [], now=NOW)
    before = serial(first.authority), serial(first.certificate)

    renewed = ensure(tmp_path, hosts, now=NOW + later)

    assert serial(renewed.authority) == before[0]
    assert serial(renewed.certificate) != before[1]


def test_fewer_names_need_no_new_certificate(tmp_path: Path) -> None:
    before = serial(ensure(tmp_path, ["a.example.org"], now=NOW).certificate)

    assert serial(ensure(tmp_path, [], now=NOW).certificate) == before


def test_an_authority_near_its_end_is_made_anew(tmp_path: Path) -> None:
    before = serial(ensure(tmp_path, [], now=NOW).authority)

    after = ensure(tmp_path, [], now=NOW + timedelta(days=3400))

    assert serial(after.authority) != before
    x509.load_pem_x509_certificate(after.certificate.read_bytes()).verify_directly_issued_by(
        x509.load_pem_x509_certificate(after.authority.read_bytes())
    )


@pytest.mark.parametrize("name", ["ca-key.pem", "server-key.pem"])
def test_a_key_that_does_not_belong_is_replaced(tmp_path: Path, name: str) -> None:
    ensure(tmp_path / "other", [], now=NOW)
    ensure(tmp_path, [], now=NOW)
    foreign = (tmp_path / "other" / "tls" / name).read_bytes()
    (tmp_path / "tls" / name).write_bytes(foreign)

    handshake(ensure(tmp_path, [], now=datetime.now(UTC)), "localhost")
