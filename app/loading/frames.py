"""rules/frames.yaml: conditions that several rules share, each under a name."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from app.core.conditions import Condition
from app.loading.problems import Problem
from app.loading.schema import Frames, FramesFile
from app.loading.yaml import line_of, read_yaml, validation_problems

FRAMES = "frames.yaml"


def load_frames(file: Path, lexicon_ids: frozenset[str]) -> tuple[Frames, Sequence[Problem]]:
    """None is needed. Each is built once, so that a text answers it once for all rules."""
    if not file.exists():
        return {}, ()
    document, unread = read_yaml(file)
    if unread:
        return {}, unread
    try:
        read = FramesFile.model_validate(document).root
    except ValidationError as error:
        return {}, validation_problems(file, document, error)
    problems: list[Problem] = []
    frames: dict[str, Condition] = {}
    for name, frame in read.items():
        line = line_of(document, [name, "when"])
        problems += [
            Problem(file, line, f"there is no lexicon {one!r}")
            for one in sorted(frame.when.lexicons() - lexicon_ids)
        ]
        if frame.when.frames():
            problems.append(Problem(file, line, "a frame names lexicons and patterns, no other frame"))
        else:
            frames[name] = frame.when.build({})
    return frames, problems
