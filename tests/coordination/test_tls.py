"""rediss://: the server is known by its certificate, or it is none of ours."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.coordination.replicas import pair, replica, shared, together
from tests.coordination.valkey import Valkey, plain, running, settings_for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with running(plain(tmp_path / "valkey")) as started:
        yield started


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "valkey")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "valkey.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def behind_tls(server: Valkey, certificate: Path) -> AsyncIterator[str]:
    """The address of a door with TLS before a server that has none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    door = await asyncio.start_server(join, "127.0.0.1", 0, ssl=context)
    async with door:
        yield f"rediss://127.0.0.1:{door.sockets[0].getsockname()[1]}"


async def test_a_server_with_the_right_certificate_is_trusted(server: Valkey, certificate: Path) -> None:
    async with behind_tls(server, certificate) as url:
        async with pair(settings_for(url, ca_file=certificate, timeout_s=2.0)) as (one, two):
            await together(one, two)
            await shared(one, two)
            assert (one.coordinator.trouble, two.coordinator.trouble) == ("", "")
        await asyncio.sleep(0.1)  # the door closes behind them


async def test_a_server_with_a_certificate_nobody_vouches_for_counts_as_away(
    server: Valkey, certificate: Path
) -> None:
    async with behind_tls(server, certificate) as url:
        async with replica(settings_for(url)) as one:
            assert one.coordinator.trouble != ""
            await one.coordinator.put("k", "v", timedelta(seconds=60))
            assert await one.coordinator.get("k") == "v"
        assert server.tell("DBSIZE") == ":0", "nothing was told to a stranger"
