"""Carries out the Dockerfile without Docker: `python -m scripts.dockerfile_steps [FILE]`, as root on Linux.

Each stage is an overlay over this machine's own files, kept in memory and gone at the end: nothing outside is
changed. COPY takes what git has, RUN runs as written, and the last stage is then started as a container would
be: its user, its variables, its files read-only but for the compose file's own folders, no network, its
health check. The Python that runs this stands in for the base image's; the first line says which it is.
"""

import ctypes
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from dockerfile_parse import DockerfileParser
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
CLONE_NEWNET = 0x40000000
HANDED_ON = ("PIP_", "UV_", "NPM_", "SSL_", "HTTP_", "HTTPS_", "NO_PROXY")
CONFIG = """
[bots.chat]
kind = "chat"
url = "http://127.0.0.1:9/"
model = "m"
[channels.hall]
platform = "wechat"
bot = "chat"
app_id = "wx0000000000000000"
token = "TokenOfTheHall"
mode = "plaintext"
"""


class StepError(Exception):
    """A step of the Dockerfile does not do what it says."""


@dataclass(slots=True)
class Stage:
    name: str
    root: Path
    """The overlay."""
    env: dict[str, str]
    workdir: PurePosixPath = field(default_factory=lambda: PurePosixPath("/"))
    user: str = "0"
    commands: dict[str, str] = field(default_factory=dict)
    """HEALTHCHECK, ENTRYPOINT, CMD and VOLUME as written."""

    def host(self, path: str) -> Path:
        """Where a path of the image lies in the overlay."""
        return self.root / (self.workdir / path).relative_to("/")

    def run(self, command: Sequence[str]) -> "subprocess.Popen[str]":
        """Starts a command inside, as the stage's user."""
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.workdir), *command]
        return subprocess.Popen(  # noqa: S603 - the Dockerfile is ours
            ["/usr/sbin/chroot", f"--userspec={self.user}:{self.user}", str(self.root), *inside],
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def do(self, *command: str) -> str:
        """Runs a command to its end. Raises StepError with what it printed."""
        process = self.run(command)
        printed, _ = process.communicate()
        if process.returncode:
            raise StepError(f"{shlex.join(command)}: {process.returncode}\n{printed}")
        return printed


@dataclass(slots=True)
class Enactment:
    folder: Path
    """Holds the overlays, in memory."""
    stages: dict[str, Stage] = field(default_factory=dict)

    def whole(self, dockerfile: Path) -> Stage:
        """The last stage, after every step."""
        stage = None
        parser = DockerfileParser(path=str(dockerfile), env_replace=False)
        for step in parser.structure:
            kind, value = step["instruction"], " ".join(step["value"].split())
            if kind == "COMMENT":
                continue
            print(f"{kind} {value}", flush=True)
            if kind == "FROM":
                stage = self._begin(value)
            elif stage is None:
                raise StepError(f"{kind} before FROM")
            else:
                self._take(stage, kind, value)
        if stage is None:
            raise StepError("no stage")
        return stage

    def _begin(self, value: str) -> Stage:
        words = value.split()
        name = words[2] if len(words) == 3 else str(len(self.stages))
        below = self.folder / name
        upper, work, root = (below / part for part in ("upper", "work", "root"))
        for part in (upper, work, root):
            part.mkdir(parents=True)
        _do(
            "mount",
            "-t",
            "overlay",
            "-o",
            f"lowerdir=/,upperdir={upper},workdir={work}",
            "overlay",
            str(root),
        )
        _do("mount", "--bind", "/dev", str(root / "dev"))
        _do("mount", "-t", "proc", "proc", str(root / "proc"))
        # The interpreter that stands in for the image's may lie in a folder that is root's alone.
        for folder in Path(sys.base_prefix).parents:
            inside = root / folder.relative_to("/")
            inside.chmod(inside.stat().st_mode | 0o011)
        path = f"{sys.base_prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env = {key: text for key, text in os.environ.items() if key.upper().startswith(HANDED_ON)}
        self.stages[name] = stage = Stage(
            name, root, env | {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8"}
        )
        return stage

    def _take(self, stage: Stage, kind: str, value: str) -> None:
        if kind == "RUN":
            stage.do("sh", "-c", value)
        elif kind == "ENV":
            for word in shlex.split(value):
                key, _, text = word.partition("=")
                stage.env[key] = text.replace("$PATH", stage.env["PATH"])
        elif kind == "WORKDIR":
            stage.workdir /= value
            stage.host(".").mkdir(parents=True, exist_ok=True)
        elif kind == "COPY":
            self._copy(stage, value.split())
        elif kind == "USER":
            stage.user = value
        elif kind in {"VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"}:
            stage.commands[kind] = value
        elif kind != "EXPOSE":
            raise StepError(f"{kind}: not known here")

    def _copy(self, stage: Stage, words: Sequence[str]) -> None:
        options = [word for word in words if word.startswith("--")]
        *sources, target = words[len(options) :]
        into = stage.host(target)
        for source in sources:
            if options:
                other = self.stages[options[0].removeprefix("--from=")]
                shutil.copytree(other.host(source), into, symlinks=True, dirs_exist_ok=True)
                continue
            files = list(_tracked(source))
            if not files:
                raise StepError(f"COPY {source}: git has no such file")
            for file in files:
                below = PurePosixPath(file).relative_to(source)
                goal = into / (below if below.parts else PurePosixPath(source).name)
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, goal)


def _tracked(source: str) -> Iterator[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", source]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    yield from (file for file in listed.split("\0") if file and (ROOT / file).exists())


def start(stage: Stage) -> None:
    """The container: closed as the compose file closes it, healthy, gone when told. Raises StepError."""
    compose = YAML(typ="safe").load((ROOT / "docker-compose.single.yml").read_text("utf-8"))
    service = compose["services"]["shenyan"]
    if service["user"].split(":")[0] != stage.user:
        raise StepError(f"the compose file's user is {service['user']}, the image's {stage.user}")
    config = stage.root / "etc/shenyan/shenyan.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG, "utf-8")
    _do("mount", "-o", "remount,ro", str(stage.root))
    for written in [one.split(":")[0] for one in service["tmpfs"]] + json.loads(stage.commands["VOLUME"]):
        _do(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"uid={stage.user},gid={stage.user}",
            "tmpfs",
            str(stage.host(written)),
        )
    _no_network()
    print(stage.do("shenyan", "--version"), end="")
    print(stage.do("shenyan", "check", "你好", "就你这水平还好意思投诉？"), end="")
    command = [*json.loads(stage.commands["ENTRYPOINT"]), *json.loads(stage.commands["CMD"])]
    process = stage.run(command)
    try:
        _until_healthy(stage, process)
        print("healthy")
        process.send_signal(signal.SIGTERM)
        process.wait(float(service["stop_grace_period"].removesuffix("s")))
    finally:
        process.kill()
        printed, _ = process.communicate()
    if process.returncode:
        raise StepError(f"{shlex.join(command)} ended with {process.returncode}\n{printed}")
    print("stopped")


def _until_healthy(stage: Stage, process: "subprocess.Popen[str]") -> None:
    _, _, probe = stage.commands["HEALTHCHECK"].partition(" CMD ")
    deadline = time.monotonic() + 60
    while True:
        try:
            stage.do(*json.loads(probe))
            return
        except StepError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise StepError(f"not healthy: {error}\n{process.communicate()[0]}") from error
            time.sleep(0.5)


def _no_network() -> None:
    """From here on there is nothing but the machine's own loopback, in a network of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise StepError(f"no network of its own: {os.strerror(ctypes.get_errno())}")
    _do("ip", "link", "set", "lo", "up")


def _do(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise StepError(f"{shlex.join(command)}: {run.stderr}")


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    if os.geteuid():
        sys.exit("overlays are root's to make: run this as root")
    if "SHENYAN_ENACTED" not in environ:  # once more, where mounts are nobody else's
        again = [
            *["unshare", "--mount", "--propagation", "private"],
            sys.executable,
            "-m",
            __spec__.name,
            *arguments,
        ]
        os.execvpe(again[0], again, {**environ, "SHENYAN_ENACTED": "1"})  # noqa: S606
    print(f"Python {platform.python_version()} stands in for the base image's", flush=True)
    folder = Path(mkdtemp(prefix="shenyan-image-"))
    try:
        _do("mount", "-t", "tmpfs", "-o", "size=3g", "tmpfs", str(folder))
        start(Enactment(folder).whole(Path(arguments[0] if arguments else ROOT / "Dockerfile")))
    except StepError as error:
        sys.exit(str(error))
    finally:
        # The mounts go with the namespace; the folder itself is empty underneath.
        subprocess.run(["umount", "--recursive", "--lazy", str(folder)], check=False)  # noqa: S603, S607
        folder.rmdir()


if __name__ == "__main__":
    main(sys.argv[1:])
