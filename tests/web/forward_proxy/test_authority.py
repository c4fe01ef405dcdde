"""The private CA speaks for the platforms' hosts and for nothing else, to a verifier that is not ours."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from app.core.errors import ConfigError
from app.core.forward_proxy import HOSTS
from app.web.forward_proxy.authority import Authority, Pair, issue, load_authority, make_authority

NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, make_authority(NOW, YEAR))
    return tmp_path


def write(folder: Path, pair: Pair) -> None:
    (folder / "ca.pem").write_bytes(pair.certificate)
    (folder / "ca.key").write_bytes(pair.key)


def loaded(folder: Path, now: datetime = NOW) -> Authority:
    return load_authority(folder / "ca.pem", folder / "ca.key", now)


def why_refused(folder: Path, now: datetime = NOW) -> str:
    with pytest.raises(ConfigError) as told:
        loaded(folder, now)
    return str(told.value)


def shake_hands(folder: Path, host: str, pair: Pair, named: str = "") -> str:
    """OpenSSL as client and server: what the client says of the certificate, empty for nothing."""
    (folder / "leaf.pem").write_bytes(pair.certificate)
    (folder / "leaf.key").write_bytes(pair.key)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "leaf.pem", folder / "leaf.key", "password")
    client_side = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, to_server, server_hostname=named or host)
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return ""


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_believes_it_for_each_host(folder: Path, host: str) -> None:
    assert shake_hands(folder, host, issue(loaded(folder), host, NOW, b"password")) == ""


def test_one_hosts_certificate_is_no_others(folder: Path) -> None:
    pair = issue(loaded(folder), "api.weibo.com", NOW, b"password")
    assert "mismatch" in shake_hands(folder, "api.weibo.com", pair, named="api.weixin.qq.com")


@pytest.mark.parametrize("host", ["www.gov.cn", "qq.com", "weixin.qq.com", "evil-api.weixin.qq.com"])
def test_a_leaked_key_impersonates_nothing_else(folder: Path, host: str) -> None:
    pair = issue(loaded(folder), host, NOW, b"password")
    assert "permitted subtree violation" in shake_hands(folder, host, pair)


def test_a_leaked_key_impersonates_no_address(folder: Path) -> None:
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate, key = made_with(loaded(folder), address, name="127.0.0.1")
    pair = Pair(pem(certificate), sealed(key, b"password"))
    assert "excluded subtree violation" in shake_hands(folder, "127.0.0.1", pair)


def test_a_leaked_key_makes_no_further_authority(folder: Path) -> None:
    authority = loaded(folder)
    under = made_with(authority, *AUTHORITY)
    pair = issue(Authority(under[0], under[1], pem(under[0])), "api.weibo.com", NOW, b"password")
    assert "path length constraint exceeded" in shake_hands(folder, "api.weibo.com", pair)


AUTHORITY = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    ),
)


def made_with(
    authority: Authority, *more: x509.ExtensionType, name: str = "under"
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(authority.key, hashes.SHA256()), key


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def sealed(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    how: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def test_a_certificate_is_short_lived_and_ends_with_its_authority(folder: Path) -> None:
    (leaf, *_) = x509.load_pem_x509_certificates(
        issue(loaded(folder), "api.weibo.com", NOW, b"p").certificate
    )
    assert leaf.not_valid_after_utc - NOW == timedelta(days=7)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("api.weibo.com")]
    late = NOW + YEAR - timedelta(hours=5)
    (leaf, *_) = x509.load_pem_x509_certificates(
        issue(loaded(folder), "api.weibo.com", late, b"p").certificate
    )
    assert leaf.not_valid_after_utc == NOW + YEAR


# --- files that will not do -------------------------------------------------------------------


def test_files_that_are_missing_or_nonsense_are_named_with_the_remedy(folder: Path) -> None:
    for name, setting in (("ca.pem", "ca_certificate"), ("ca.key", "ca_key")):
        write(folder, make_authority(NOW, YEAR))
        (folder / name).write_text("nonsense")
        assert f"forward_proxy.{setting}: " in why_refused(folder)
        assert "shenyan proxy ca" in why_refused(folder)
        (folder / name).unlink()
        assert "cannot be read" in why_refused(folder)


def test_an_authority_counts_from_its_first_day_to_its_last(folder: Path) -> None:
    assert "counts from" in why_refused(folder, NOW - timedelta(days=2))
    assert "expired" in why_refused(folder, NOW + YEAR)
    assert loaded(folder, NOW + YEAR - timedelta(seconds=1)).ends_at == NOW + YEAR


def test_the_key_of_another_authority_is_told(folder: Path) -> None:
    (folder / "ca.key").write_bytes(make_authority(NOW, YEAR).key)
    assert "is not the key of" in why_refused(folder)


def test_a_key_of_a_kind_clients_do_not_know_is_told(folder: Path) -> None:
    (folder / "ca.key").write_bytes(sealed(ed25519.Ed25519PrivateKey.generate()))
    assert "neither an EC nor an RSA key" in why_refused(folder)


def test_what_is_no_authority_at_all_is_told(folder: Path) -> None:
    certificate, key = made_with(loaded(folder), name="a server")
    write(folder, Pair(pem(certificate), sealed(key)))
    assert "no CA that clients would believe" in why_refused(folder)


def test_a_secret_key_is_not_shown(folder: Path) -> None:
    authority = loaded(folder)
    assert "PrivateKey" not in repr(authority)
    assert "PRIVATE KEY" not in repr(replace(make_authority(NOW, YEAR), certificate=b""))
