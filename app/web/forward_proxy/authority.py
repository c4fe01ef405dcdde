"""The private CA that vendors are told to trust, and the short-lived certificates it signs.

It may speak for the hosts of `core.forward_proxy` alone (RFC 5280 name constraints, path length 0): its
key, when it leaks, impersonates nothing else to whoever trusts it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from app.core.errors import ConfigError
from app.core.forward_proxy import HOSTS

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LEAF_LIVES = timedelta(days=7)
CLOCKS_DIFFER = timedelta(hours=1)
"""A vendor's clock may be this much behind."""
REMEDY = "make one with `shenyan proxy ca --out DIR`, and give vendors its certificate"


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM of a certificate, with those that signed it behind it, and of its key."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: Key = field(repr=False)
    pem: bytes
    """The whole file: an intermediate authority's own issuer may follow it."""

    @property
    def ends_at(self) -> datetime:
        return self.certificate.not_valid_after_utc


def make_authority(now: datetime, lives: timedelta) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Shenyan"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Shenyan forward proxy {now:%Y-%m-%d}"),
        ]
    )
    everywhere = [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]
    builder = _builder(name, name, key, key, now, now + lives)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(
        x509.NameConstraints(
            permitted_subtrees=[x509.DNSName(host) for host in HOSTS], excluded_subtrees=everywhere
        ),
        critical=True,
    )
    return Pair(_pem(builder.sign(key, hashes.SHA256())), _sealed(key, serialization.NoEncryption()))


def load_authority(certificate: Path, key: Path, now: datetime) -> Authority:
    """Raises ConfigError: a line that names the setting, what is wrong and what to do."""
    pem = _read("ca_certificate", certificate)
    try:
        found = x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise _broken("ca_certificate", f"{certificate} is no PEM certificate; {REMEDY}") from None
    authority = Authority(found, _load_key(key), pem)
    if authority.key.public_key() != found.public_key():
        raise _broken("ca_key", f"{key} is not the key of {certificate}; name the two files of one CA")
    if now >= authority.ends_at:
        raise _broken("ca_certificate", f"{certificate} expired at {authority.ends_at:%Y-%m-%d}; {REMEDY}")
    if now < found.not_valid_before_utc:
        began = f"{found.not_valid_before_utc:%Y-%m-%d %H:%M}"
        raise _broken("ca_certificate", f"{certificate} counts from {began} UTC on; is the clock right?")
    _require_believable(authority, certificate, HOSTS, now)
    return authority


def issue(authority: Authority, host: str, now: datetime, password: bytes) -> Pair:
    """A certificate of exactly `host`; its key is sealed with `password`."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certify(authority, host, key, now)
    return Pair(
        _pem(certificate) + authority.pem, _sealed(key, serialization.BestAvailableEncryption(password))
    )


def _certify(
    authority: Authority, host: str, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    begins = max(now - CLOCKS_DIFFER, authority.certificate.not_valid_before_utc)
    ends = min(now + LEAF_LIVES, authority.ends_at)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = _builder(name, authority.certificate.subject, key, authority.key, begins, ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def _require_believable(authority: Authority, file: Path, hosts: Collection[str], now: datetime) -> None:
    """What no client would believe is told at start and not by each vendor. Raises ConfigError."""
    verify = PolicyBuilder().store(Store([authority.certificate])).time(now)
    for host in hosts:
        leaf = _certify(authority, host, ec.generate_private_key(ec.SECP256R1()), now)
        try:
            verify.build_server_verifier(x509.DNSName(host)).verify(leaf, [])
        except VerificationError:
            raise _broken(
                "ca_certificate", f"{file} is no CA that clients would believe for {host}; {REMEDY}"
            ) from None


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, issuer_key: Key, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    """What every certificate has."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
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


def _load_key(file: Path) -> Key:
    try:
        key = serialization.load_pem_private_key(_read("ca_key", file), None)
    except (ValueError, TypeError):
        raise _broken("ca_key", f"{file} is no PEM key without a password; {REMEDY}") from None
    if not isinstance(key, Key):
        raise _broken("ca_key", f"{file} is neither an EC nor an RSA key; {REMEDY}")
    return key


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _broken(setting, f"{file} cannot be read: {error.strerror}; {REMEDY}") from error


def _broken(setting: str, what: str) -> ConfigError:
    return ConfigError(f"forward_proxy.{setting}: {what}")


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _sealed(key: Key, how: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
