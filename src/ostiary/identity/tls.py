"""TLS: whom our calls trust, and a local authority for https on a laptop.

Every credential class insists on https. The authority is made once and kept; the server's
certificate is made anew when it is near its end or when the names change. Clients trust the
authority's certificate (``REQUESTS_CA_BUNDLE``, ``SSL_CERT_FILE``, ``NODE_EXTRA_CA_CERTS``).
Certificates live in real time, whatever the clock of the server says, because the clients do.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OWN_NAMES = ("localhost", "127.0.0.1", "::1")
AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
"""The longest that browsers accept."""
RENEW_BEFORE = timedelta(days=30)
BACKDATED = timedelta(hours=1)
"""For clients whose clock is a little slow."""


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """Where the pieces are."""

    authority: Path
    """The certificate that clients have to trust."""
    certificate: Path
    """The server's certificate, followed by the authority's."""
    key: Path


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@cache
def trusting(ca_files: tuple[Path, ...]) -> ssl.SSLContext:
    """Trust the system's authorities, whose reading takes a while, and those in the files.

    :raises OSError: a file cannot be read, or holds none.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in ca_files:
        context.load_verify_locations(path)
    return context


def authority_path(directory: Path) -> Path:
    """Give the path of the authority's certificate below the data directory."""
    return directory / "tls" / "ca.pem"


def ensure(directory: Path, hosts: Sequence[str], *, now: datetime) -> TLSFiles:
    """Make or renew what is missing or near its end, and give the paths.

    The certificate is for localhost, 127.0.0.1, ::1 and ``hosts`` (names or addresses). ``now`` is
    real time.
    """
    folder = directory / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    files = TLSFiles(authority_path(directory), folder / "server.pem", folder / "server-key.pem")
    names = sorted({name.strip("[]").lower() for name in (*OWN_NAMES, *hosts) if name})
    authority = _authority(files.authority, folder / "ca-key.pem", now)
    if not _is_good(files, authority, names, now):
        _make_server(files, authority, names, now)
    return files


def _authority(certificate_path: Path, key_path: Path, now: datetime) -> _Authority:
    kept = _kept_authority(certificate_path, key_path)
    if kept and _lasts(kept.certificate, now, SERVER_LIFE):
        return kept
    made = _make_authority(now)
    _write(key_path, _key_pem(made.key), mode=0o600)
    _write(certificate_path, _certificate_pem(made.certificate), mode=0o644)
    return made


def _kept_authority(certificate_path: Path, key_path: Path) -> _Authority | None:
    if not (certificate_path.exists() and key_path.exists()):
        return None
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return _Authority(certificate, key) if certificate.public_key() == key.public_key() else None


def _make_authority(now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ostiary local authority")])
    builder = _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
    usage = _usage(signs_certificates=True)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return _Authority(builder.sign(key, hashes.SHA256()), key)


def _make_server(
    files: TLSFiles, authority: _Authority, names: Iterable[str], now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ostiary")])
    issuer = authority.certificate.subject
    certificate = (
        _builder(subject, issuer, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    chain = _certificate_pem(certificate) + _certificate_pem(authority.certificate)
    _write(files.key, _key_pem(key), mode=0o600)
    _write(files.certificate, chain, mode=0o644)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_good(files: TLSFiles, authority: _Authority, names: list[str], now: datetime) -> bool:
    """Say whether the server's certificate is ours, lasts, and covers every name."""
    if not (files.certificate.exists() and files.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
    covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return (
        certificate.public_key() == key.public_key()
        and _lasts(certificate, now, RENEW_BEFORE)
        and set(covered) >= set(map(_general_name, names))
    )


def _lasts(certificate: x509.Certificate, now: datetime, at_least: timedelta) -> bool:
    return certificate.not_valid_after_utc - now >= at_least


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Replace a file in one step, with its final mode from the start."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
    Path(name).replace(path)
