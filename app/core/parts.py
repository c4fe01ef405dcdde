"""What a condition is made of, by the names a rule's file has for it, and how it is told to an editor."""

from collections.abc import Iterator, Sequence

from app.core import conditions as c
from app.core.conditions import Condition

_LONGEST_PATTERN = 60
_POSITIONS = {"first": "在开头", "last": "在末尾", "only": "是唯一的一句"}


def inside(condition: Condition) -> Sequence[tuple[str, Condition]]:
    """The conditions right inside it, each with its key in the file: `all[0]`, `near.of`, `message`."""
    match condition:
        case c.All(parts):
            return _numbered("all", parts)
        case c.Any(parts):
            return _numbered("any", parts)
        case c.InOrder(parts):
            return _numbered("sequence.items", parts)
        case c.Near(of, to):
            return (("near.of", of), ("near.to", to))
        case c.Count(of):
            return (("count.of", of),)
        case c.Beside(of, _, side):
            return ((f"{side}.of", of),)
        case c.Not(part):
            return (("not", part),)
        case c.OfMessage(part):
            return (("message", part),)
        case c.OfReply(part):
            return (("reply", part),)
    return ()


def everything(condition: Condition) -> Iterator[Condition]:
    """It, and every condition inside it."""
    yield condition
    for _, part in inside(condition):
        yield from everything(part)


def lexicons_of(condition: Condition | None) -> frozenset[str]:
    """Every list it, or one inside it, names."""
    if condition is None:
        return frozenset()
    return frozenset(
        lexicon for one in everything(condition) if isinstance(one, c.InLexicon) for lexicon in one.lexicons
    )


def told(condition: Condition) -> str:
    """In the words of an editor."""
    match condition:
        case c.InLexicon(lexicons):
            return f"词表 {'、'.join(lexicons)}"
        case c.Pattern(pattern):
            return f"句式 {_short(pattern.pattern)}"
        case c.All():
            return "全部成立"
        case c.Any():
            return "任一成立"
        case c.Not(part):
            return f"没有（{told(part)}）"
        case c.Near(of, to, within):
            return f"（{told(of)}）与（{told(to)}）相距不超过 {within} 字"
        case c.InOrder(parts, within):
            return f"依次出现（{'；'.join(map(told, parts))}），相隔不超过 {within} 字"
        case c.Count(of, at_least, at_most):
            return f"（{told(of)}）出现{_range(at_least, at_most, '处')}"
        case c.Beside(of, within, side):
            return f"证据之{'前' if side == 'before' else '后'} {within} 字以内有（{told(of)}）"
        case c.Quoted():
            return "在引号或书名号里"
        case c.Length(at_least, at_most):
            return f"长{_range(at_least, at_most, '字')}"
        case c.Position(where):
            return _POSITIONS[where]
        case c.Leans(scale, at_least):
            return f"用语靠近 {scale} 至少 {at_least}"
        case c.OfMessage(part):
            return f"市民留言（{told(part)}）"
        case c.OfReply(part):
            return f"整条回复（{told(part)}）"
        case c.Echo(at_least):
            return f"与市民留言相同的至少 {at_least} 字"
    return type(condition).__name__


def _numbered(key: str, parts: Sequence[Condition]) -> Sequence[tuple[str, Condition]]:
    return tuple((f"{key}[{number}]", part) for number, part in enumerate(parts))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_PATTERN else f"{text[:_LONGEST_PATTERN]}…"


def _range(at_least: int, at_most: int | None, unit: str) -> str:
    return f"至少 {at_least} {unit}" if at_most is None else f" {at_least} 到 {at_most} {unit}"
