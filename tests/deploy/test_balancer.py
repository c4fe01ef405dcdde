"""The balancer's own configuration, run by the real HAProxy in front of replicas that tell who they are."""

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.programs import DEPLOY, program

CONFIG = (DEPLOY / "haproxy" / "haproxy.cfg").read_text("utf-8")


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A probe hangs up when it knows enough: no word about it."""


@dataclass
class Replica:
    """Answers with its name and what it heard; not ready when told so."""

    name: str
    ready: bool = True
    heard: list[tuple[str, str]] = field(default_factory=list)
    """(path with query, X-Forwarded-For)"""

    def __post_init__(self) -> None:
        replica = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                probe = self.path == "/readyz"
                if not probe:
                    replica.heard.append((self.path, self.headers.get("X-Forwarded-For", "")))
                body = replica.name.encode()
                self.send_response(503 if probe and not replica.ready else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass(frozen=True)
class Balancer:
    ports: dict[str, int]
    replicas: list[Replica]
    log: Path
    tls: ssl.SSLContext

    def get(self, frontend: str, path: str, **headers: str) -> httpx.Response:
        scheme = "http" if frontend == "measured" else "https"
        with httpx.Client(verify=self.tls, trust_env=False, timeout=5) as http:
            return http.get(f"{scheme}://127.0.0.1:{self.ports[frontend]}{path}", headers=headers)

    def until_active(self, count: int) -> None:
        """Waits until so many replicas are thought ready."""
        wanted = f'haproxy_backend_active_servers{{proxy="guard"}} {count}'
        deadline = time.monotonic() + 20
        while wanted not in self.get("measured", "/metrics").text:
            assert time.monotonic() < deadline, wanted
            time.sleep(0.1)


def certificate(file: Path) -> ssl.SSLContext:
    """A key and its own certificate for 127.0.0.1, as one PEM, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    pem = made.public_bytes(encoding)
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + pem)
    context = ssl.create_default_context(cadata=pem.decode())
    context.check_hostname = False
    return context


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def on_this_machine(replicas: list[Replica], ports: dict[str, int], pem: Path) -> str:
    """The shipped file with other ports, and replicas by address where it asks Docker for them."""
    text = CONFIG.replace("/run/secrets/tls.pem", str(pem))
    for number, frontend in ((8443, "door"), (8444, "desk"), (8404, "measured")):
        text = re.sub(rf"^    bind :{number}", f"    bind 127.0.0.1:{ports[frontend]}", text, flags=re.M)
    servers = "\n".join(f"    server {one.name} 127.0.0.1:{one.port}" for one in replicas)
    return re.sub(r"^    server-template .*$", servers, text, flags=re.M)


@contextmanager
def balancing(folder: Path) -> Iterator[Balancer]:
    haproxy = program("haproxy", "haproxy")
    replicas = [Replica("first"), Replica("second")]
    ports = {frontend: free_port() for frontend in ("door", "desk", "measured")}
    context = certificate(folder / "tls.pem")
    config = folder / "haproxy.cfg"
    config.write_text(on_this_machine(replicas, ports, folder / "tls.pem"), "utf-8")
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([haproxy, "-db", "-f", str(config)], stdout=out, stderr=out)
    running = Balancer(ports, replicas, log, context)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                running.get("measured", "/healthz")
                break
            except httpx.HTTPError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        running.until_active(2)
        yield running
    finally:
        process.kill()
        process.wait()
        for replica in replicas:
            replica.stop()


@pytest.fixture(scope="module")
def balancer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balancer]:
    with balancing(tmp_path_factory.mktemp("balancer")) as running:
        yield running


def test_the_shipped_file_is_valid_as_it_is(tmp_path: Path) -> None:
    certificate(tmp_path / "tls.pem")
    config = tmp_path / "haproxy.cfg"
    config.write_text(CONFIG.replace("/run/secrets/tls.pem", str(tmp_path / "tls.pem")), "utf-8")
    run = subprocess.run(
        [program("haproxy", "haproxy"), "-c", "-f", str(config)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("frontend", "path", "status"),
    [
        ("door", "/hooks/hall", 200),
        ("door", "/egress/wechat/hall/cgi-bin/token", 200),
        ("door", "/console/", 404),
        ("door", "/v1/holds", 404),
        ("door", "/metrics", 404),
        ("door", "/readyz", 404),
        ("door", "/hooksy", 404),
        ("desk", "/console/", 200),
        ("desk", "/v1/holds", 200),
        ("desk", "/", 302),
        ("desk", "/hooks/hall", 404),
        ("desk", "/metrics", 404),
    ],
)
def test_each_door_leads_where_it_should(balancer: Balancer, frontend: str, path: str, status: int) -> None:
    assert balancer.get(frontend, path).status_code == status


def test_who_is_not_ready_is_given_nothing_and_who_is_gone_costs_nobody_an_answer(tmp_path: Path) -> None:
    with balancing(tmp_path) as balancer:
        watch_replicas_come_and_go(balancer)


def watch_replicas_come_and_go(balancer: Balancer) -> None:
    first, second = balancer.replicas
    assert {balancer.get("door", "/hooks/hall").text for _ in range(6)} == {"first", "second"}
    first.ready = False
    balancer.until_active(1)
    assert {balancer.get("door", "/hooks/hall").text for _ in range(6)} == {"second"}
    first.ready = True
    balancer.until_active(2)
    second.stop()
    assert {balancer.get("door", "/hooks/hall").text for _ in range(6)} == {"first"}


def test_while_nobody_is_ready_pushes_reach_who_lives_and_nothing_else_does(tmp_path: Path) -> None:
    with balancing(tmp_path) as balancer:
        for replica in balancer.replicas:
            replica.ready = False
        balancer.until_active(0)
        assert {balancer.get("door", "/hooks/hall").text for _ in range(6)} == {"first", "second"}
        assert balancer.get("door", "/egress/wechat/hall/cgi-bin/token").status_code == 503
        assert balancer.get("desk", "/console/").status_code == 503


def test_a_caller_cannot_say_who_they_are(balancer: Balancer) -> None:
    balancer.get("door", "/hooks/forged", **{"X-Forwarded-For": "10.0.0.1"})
    heard = [who for one in balancer.replicas for path, who in one.heard if path == "/hooks/forged"]
    assert heard == ["127.0.0.1"]


def test_the_log_tells_paths_and_no_queries(balancer: Balancer) -> None:
    balancer.get("door", "/hooks/logged?openid=o-citizen&signature=abc")
    deadline = time.monotonic() + 5
    while "/hooks/logged" not in (log := balancer.log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "o-citizen" not in log
    assert "signature" not in log
