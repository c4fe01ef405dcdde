"""Names on the disk that outlive a power failure: a file is only there once its folder was synced, and the
folder's own folder."""

import os
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """With all that is missing above it; durable when this returns. Raises OSError."""
    whole = folder.absolute()
    missing = [one for one in (whole, *whole.parents) if not one.exists()]
    whole.mkdir(mode=mode, parents=True, exist_ok=True)
    for one in reversed(missing):
        sync(one.parent)


def sync(path: Path) -> None:
    """A file's content, or a folder's names, onto the disk. Raises OSError."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
