"""Packs all that a machine without a network needs: `python -m scripts.bundle`, or `make bundle`.

The wheels are those of the lock file, for the Python and the system that this runs on.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from app import __version__

ROOT = Path(__file__).parents[1]
NAME = f"shenyan-{__version__}-bundle"
ASSETS = ROOT / "app" / "web" / "console" / "static" / "vendor" / "htmx.min.js"
BESIDE = (
    *("deploy", "docs", "samples", "docker-compose.yml", "docker-compose.single.yml"),
    *("CHANGELOG.md", "LICENSE", "README.md"),
)


class BundleError(Exception):
    """A step failed; the reason stands on standard error."""


def main() -> None:
    try:
        made = bundle(ROOT / "build")
    except BundleError as error:
        sys.exit(f"no bundle: {error}")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    made.with_name(f"{made.name}.sha256").write_text(f"{digest}  {made.name}\n", "utf-8")
    print(f"{made}\n{digest}")


def bundle(build: Path) -> Path:
    """The archive, made in `build`. Raises BundleError."""
    if not ASSETS.exists():
        raise BundleError("the console's assets are missing: run `make setup`")
    build.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=build) as name:
        folder = Path(name) / NAME
        _wheels(folder / "wheels", Path(name) / "requirements.txt")
        for beside in BESIDE:
            source = ROOT / beside
            if source.is_dir():
                shutil.copytree(source, folder / beside)
            else:
                shutil.copy(source, folder / beside)
        shutil.move(folder / "deploy" / "install.sh", folder / "install.sh")
        (folder / "VERSION").write_text(__version__ + "\n", "utf-8")
        (folder / "TARGET").write_text(target() + "\n", "utf-8")
        (folder / "SHA256SUMS").write_text(_sums(folder), "utf-8")
        archive = build / f"{NAME}.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(folder, NAME, filter=_nobody)
    return archive


def target() -> str:
    """What the wheels fit, e.g. `python 3.13 linux-x86_64`; install.sh compares."""
    return f"python {sys.version_info.major}.{sys.version_info.minor} {sysconfig.get_platform()}"


def _wheels(folder: Path, requirements: Path) -> None:
    uv = [str(Path(sysconfig.get_path("scripts")) / "uv")]
    _run([*uv, "export", "--frozen", "--no-dev", "--no-emit-project", "--quiet", "-o", str(requirements)])
    # pip also builds what has no wheel of its own (jieba).
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
          "--require-hashes", "-r", str(requirements), "-w", str(folder)])  # fmt: skip
    _run([*uv, "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT)])
    (folder / ".gitignore").unlink(missing_ok=True)


def _run(command: list[str]) -> None:
    # What is written into wheels must not depend on who packs them.
    environ = os.environ | {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    if subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode:  # noqa: S603
        raise BundleError(f"{Path(command[0]).name} {command[1]} failed")


def _sums(folder: Path) -> str:
    """In the form of sha256sum."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n"
        for file in files
    )


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


if __name__ == "__main__":
    main()
