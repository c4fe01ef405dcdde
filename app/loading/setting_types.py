"""What `Settings` expects where: which keys a table has, whether a value is a secret or a list."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from app.settings.whole import Settings


def types_at(path: Sequence[str | int]) -> tuple[Any, ...]:
    """Every type that could stand at `path`; none: the path leads nowhere."""
    types: tuple[Any, ...] = (Settings,)
    for step in path:
        types = tuple(below for one in types for below in _below(one, step))
    return types


def keys_at(path: Sequence[str | int], tag: str = "") -> tuple[str, ...]:
    """The keys a table at `path` may have; none where its keys are free.

    `tag` narrows a table of several shapes ("wechat" or "weibo", "chat" or "json").
    """
    models = [one for one in types_at(path) if _is_model(one)]
    fitting = [model for model in models if tag in _tags(model)] or models
    return tuple(dict.fromkeys(name for model in fitting for name in model.model_fields))


def is_secret(path: Sequence[str | int]) -> bool:
    return SecretStr in types_at(path)


def is_list(path: Sequence[str | int]) -> bool:
    return any(get_origin(one) is tuple for one in types_at(path))


def is_free_table(path: Sequence[str | int]) -> bool:
    """A table whose keys are somebody's own names: channels, headers."""
    return any(get_origin(one) is dict for one in types_at(path))


def _below(one: Any, step: str | int) -> Iterator[Any]:
    if _is_model(one):
        if step in one.model_fields:
            yield from _alternatives(one.model_fields[step].annotation)
    elif get_origin(one) is dict:
        yield from _alternatives(get_args(one)[1])
    elif get_origin(one) is tuple and isinstance(step, int):
        yield from _alternatives(get_args(one)[0])


def _alternatives(annotation: Any) -> Iterator[Any]:
    """`A | None` and the like, taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    annotations = (field.annotation for field in model.model_fields.values() if field.is_required())
    return tuple(tag for one in annotations if get_origin(one) is Literal for tag in get_args(one))
