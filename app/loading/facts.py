"""A channel's list of facts, TOML or CSV -> FactList, every problem named by file and line."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from app.core.errors import ConfigError
from app.core.facts import Fact, FactKind, FactList
from app.core.text import Folder
from app.loading.positions import key_lines
from app.loading.problems import Problem, refuse
from app.loading.ruleset import shipped_dirs
from app.loading.toml import parse_toml

HOTLINES = "hotlines.csv"
"""In the folder of the shipped lexicons: numbers that every account may give out."""
MAX_BYTES = 5_000_000

_TABLES: Mapping[str, FactKind] = {
    "phones": FactKind.PHONE,
    "links": FactKind.LINK,
    "addresses": FactKind.ADDRESS,
    "documents": FactKind.DOCUMENT,
    "titles": FactKind.TITLE,
    "hours": FactKind.HOURS,
}
KIND_NAMES: Mapping[FactKind, str] = {
    FactKind.PHONE: "电话",
    FactKind.LINK: "网址",
    FactKind.ADDRESS: "地址",
    FactKind.DOCUMENT: "文号",
    FactKind.TITLE: "文件",
    FactKind.HOURS: "时间",
}
_KINDS = {name: kind for kind, name in KIND_NAMES.items()} | {kind.value: kind for kind in FactKind}
_COLUMNS = {"kind": "kind", "value": "value", "类别": "kind", "内容": "value"}
_WANTED: Mapping[FactKind, str] = {
    FactKind.PHONE: "a telephone number, like 028-12345678",
    FactKind.LINK: "one link or host, like www.example.gov.cn or *.example.gov.cn",
    FactKind.ADDRESS: "an address, like 示例市和平路12号",
    FactKind.DOCUMENT: "a document number, like 市政办〔2024〕3号",
    FactKind.TITLE: "a title, like 《示例市居住证管理办法》",
    FactKind.HOURS: "hours, like 周一至周五 9:00-12:00",
}


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    kind: FactKind
    written: str


def load_facts(file: Path, folder: Folder) -> FactList | None:
    """None: nothing is on the list. Raises ConfigError with every problem of the file."""
    entries, problems = _read(file)
    facts, more = _facts(file, entries, folder)
    refuse([*problems, *more])
    if not facts:
        return None
    hotlines = shipped_dirs()[1] / HOTLINES
    always, broken = _facts(hotlines, _read(hotlines)[0], folder)
    refuse(broken)
    return FactList.of(facts, always)


def _facts(file: Path, entries: Sequence[_Entry], folder: Folder) -> tuple[list[Fact], list[Problem]]:
    problems: list[Problem] = []
    lines: dict[tuple[FactKind, tuple[str, ...]], int] = {}
    facts = []
    for entry in entries:
        fact = Fact(entry.kind, folder.fold(entry.written).text)
        first = lines.setdefault((fact.kind, fact.keys), entry.line)
        if not fact.keys:
            problems.append(
                Problem(file, entry.line, f"expected {_WANTED[fact.kind]}, found {entry.written!r}")
            )
        elif first != entry.line:
            problems.append(
                Problem(file, entry.line, f"{entry.written!r} is on the list already, line {first}")
            )
        facts.append(fact)
    return facts, problems


def _read(file: Path) -> tuple[Sequence[_Entry], Sequence[Problem]]:
    """Raises ConfigError where nothing of the file can be read."""
    match file.suffix.lower():
        case ".toml":
            return _from_toml(file, _text(file))
        case ".csv":
            return _from_csv(file, _text(file))
    raise ConfigError(f"{file}: expected a list of facts that ends in .toml or .csv")


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: the list of facts cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{file}: expected at most {MAX_BYTES} bytes, found more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file}: expected UTF-8, found another byte at {error.start}; save it as UTF-8 "
            "(in a spreadsheet: CSV UTF-8)"
        ) from None


# --- TOML -------------------------------------------------------------------------------------


def _from_toml(file: Path, source: str) -> tuple[list[_Entry], list[Problem]]:
    table = parse_toml(file, source)
    lines = key_lines(source)
    entries: list[_Entry] = []
    problems: list[Problem] = []
    for name, values in table.items():
        kind = _TABLES.get(name)
        if kind is None:
            problems.append(Problem(file, lines[(name,)], _unknown(name, _TABLES)))
        elif not isinstance(values, list):
            problems.append(Problem(file, lines[(name,)], f'{name}: expected a list, like ["..."]'))
        else:
            for index, value in enumerate(values):
                line = lines[(name, index)]
                if isinstance(value, str):
                    entries.append(_Entry(line, kind, value))
                else:
                    problems.append(
                        Problem(file, line, f"{name}: expected a text in quotes, found {value!r}")
                    )
    return entries, problems


# --- CSV --------------------------------------------------------------------------------------


def _from_csv(file: Path, source: str) -> tuple[list[_Entry], list[Problem]]:
    """The columns kind and value (类别, 内容); others are for people."""
    rows = _rows(source)
    try:
        _, header = next(rows, (1, []))
        columns = [_COLUMNS.get(cell.strip().lower(), "") for cell in header]
        if columns.count("kind") != 1 or columns.count("value") != 1:
            raise ConfigError(
                f"{file}:1: expected the columns kind,value or 类别,内容, found {','.join(header)!r}"
            )
        read = [_entry(file, line, row, columns) for line, row in rows]
    except csv.Error as error:
        raise ConfigError(f"{file}: not CSV: {error}") from None
    return (
        [one for one in read if isinstance(one, _Entry)],
        [one for one in read if isinstance(one, Problem)],
    )


def _rows(source: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line it begins on."""
    reader = csv.reader(io.StringIO(source, newline=""), strict=True)
    line = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield line, row
        line = reader.line_num + 1


def _entry(file: Path, line: int, row: Sequence[str], columns: Sequence[str]) -> _Entry | Problem:
    if len(row) != len(columns):
        return Problem(
            file,
            line,
            f'expected {len(columns)} columns, found {len(row)}; a value with commas stands in "quotes"',
        )
    name = row[columns.index("kind")].strip().lower()
    if name not in _KINDS:
        return Problem(file, line, _unknown(name, _KINDS))
    return _Entry(line, _KINDS[name], row[columns.index("value")].strip())


def _unknown(name: str, known: Mapping[str, FactKind]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"expected one of {', '.join(known)}, found {name!r}" + (
        f"; did you mean {close[0]}?" if close else ""
    )
