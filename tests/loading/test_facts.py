"""A list of facts is read whole, or every problem of it is told by file and line."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.core.evidence import Evidence
from app.core.facts import FactKind, FactList
from app.loading import facts as facts_module
from app.loading.facts import KIND_NAMES, load_facts
from tests.core.judging import evidence, folder

ROOT = Path(__file__).parents[2]
TOML = """\
phones = [
    "028-12345678", # 大厅
    "96100",
]
links = ["www.example.gov.cn"]
hours = ["周一至周五 9:00-12:00，13:30-17:00"]
"""
CSV = """\
类别,内容,说明
电话,028-12345678,大厅
phone,96100,
网址,www.example.gov.cn,
时间,"周一至周五 9:00-12:00,13:30-17:00",
"""


def load(folder_: Path, name: str, content: str | bytes) -> FactList | None:
    file = folder_ / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_facts(file, folder())


def told(folder_: Path, name: str, content: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder_, name, content)
    return [line.replace(str(folder_ / name), "") for line in str(caught.value).splitlines()]


def rules(facts: FactList | None, reply: str) -> list[str]:
    read: Evidence = evidence(reply)
    return [finding.rule for finding in facts.unknown(read)] if facts else []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("facts.toml", TOML, id="TOML"),
        pytest.param("facts.csv", CSV, id="CSV"),
        pytest.param("facts.CSV", "\ufeff" + CSV.replace("\n", "\r\n\r\n"), id="as a spreadsheet saves it"),
        pytest.param("facts.csv", CSV.replace("类别,内容", "Kind, Value"), id="English columns"),
    ],
)
def test_a_list(tmp_path: Path, name: str, content: str) -> None:
    facts = load(tmp_path, name, content)
    assert facts is not None
    assert [facts.kinds[kind] for kind in (FactKind.PHONE, FactKind.LINK, FactKind.HOURS)] == [2, 1, 1]
    assert rules(facts, "请拨打028-12345678、96100或12345，工作日13:30-17:00，详见example.gov.cn") == []
    assert rules(facts, "请拨打028-12345679") == ["fabrication.phone"]


def test_the_form_of_a_list_does_not_matter_for_its_name(tmp_path: Path) -> None:
    both = load(tmp_path, "a.toml", TOML), load(tmp_path, "b.csv", CSV)
    assert both[0] is not None
    assert both[1] is not None
    assert both[0].fingerprint == both[1].fingerprint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("facts.toml", "", id="an empty file"),
        pytest.param("facts.toml", "phones = []\n", id="an empty list"),
        pytest.param("facts.csv", "kind,value\n", id="a header alone"),
    ],
)
def test_nothing_is_on_the_list(tmp_path: Path, name: str, content: str) -> None:
    assert load(tmp_path, name, content) is None


@pytest.mark.parametrize(
    ("name", "content", "problems"),
    [
        pytest.param(
            "a.toml",
            'phones = [\n  "110 ",\n  "无",\n  12345,\n]\n'
            'phone = ["110"]\nlinks = "a.cn"\nhours = ["按时"]\n',
            [
                ":3: expected a telephone number, like 028-12345678, found '无'",
                ":4: phones: expected a text in quotes, found 12345",
                ":6: expected one of phones, links, addresses, documents, titles, hours, found 'phone'; "
                "did you mean phones?",
                ':7: links: expected a list, like ["..."]',
                ":8: expected hours, like 周一至周五 9:00-12:00, found '按时'",
            ],
            id="every problem at once",
        ),
        pytest.param(
            "a.toml",
            'phones = ["028-12345678",\n "（０２８）12345678"]\n',
            [":2: '（０２８）12345678' is on the list already, line 1"],
            id="the same in other words",
        ),
        pytest.param("a.toml", 'phones = ["110"\n', [":2: not TOML: Unclosed array"], id="no TOML"),
        pytest.param(
            "a.csv",
            "kind,value\nfone,110\nlink,a.cn,b.cn\n\nphone,\naddress,楼上\ndocument,三号文\nlink,官网\n",
            [
                ":2: expected one of 电话, 网址, 地址, 文号, 文件, 时间, phone, link, address, document, "
                "title, hours, found 'fone'; did you mean phone?",
                ':3: expected 2 columns, found 3; a value with commas stands in "quotes"',
                ":5: expected a telephone number, like 028-12345678, found ''",
                ":6: expected an address, like 示例市和平路12号, found '楼上'",
                ":7: expected a document number, like 市政办〔2024〕3号, found '三号文'",
                ":8: expected one link or host, like www.example.gov.cn or *.example.gov.cn, found '官网'",
            ],
            id="every problem of a table",
        ),
        pytest.param(
            "a.csv",
            "电话;028-12345678\n",
            [":1: expected the columns kind,value or 类别,内容, found '电话;028-12345678'"],
            id="no header",
        ),
        pytest.param(
            "a.csv", "", [":1: expected the columns kind,value or 类别,内容, found ''"], id="an empty table"
        ),
        pytest.param(
            "a.csv", 'kind,value\nphone,"110\n', [": not CSV: unexpected end of data"], id="an open quote"
        ),
        pytest.param(
            "a.csv",
            "类别,内容\n电话,110\n".encode("gb18030"),
            [": expected UTF-8, found another byte at 0; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"],
            id="another encoding",
        ),
        pytest.param(
            "a.txt", "", [": expected a list of facts that ends in .toml or .csv"], id="another form"
        ),
    ],
)
def test_problems(tmp_path: Path, name: str, content: str | bytes, problems: list[str]) -> None:
    assert told(tmp_path, name, content) == problems


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: the list of facts cannot be read: No such file"):
        load_facts(tmp_path / "none.toml", folder())


def test_a_list_too_large_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "MAX_BYTES", 10)
    assert told(tmp_path, "a.toml", TOML) == [": expected at most 10 bytes, found more"]


@pytest.mark.parametrize("name", ["hall.toml", "weibo.csv"])
def test_the_samples_are_lists(name: str) -> None:
    facts = load_facts(ROOT / "samples" / "facts" / name, folder())
    assert facts is not None
    assert (
        rules(facts, "请拨打0000-1234567，或到和平路12号，工作日上午九点至十二点，依据示政办〔2024〕3号")
        == []
    )


def test_the_hotlines_are_in_order_and_say_what_they_are() -> None:
    header, *rows = (ROOT / "lexicons" / "hotlines.csv").read_text("utf-8").splitlines()
    assert header == "kind,value,note"
    split = [row.split(",") for row in rows]
    assert {"110", "119", "120", "122", "12345", "12315", "12333"} <= {number for _, number, _ in split}
    assert all(kind == "phone" and note for kind, _, note in split)


def test_every_kind_has_a_name_for_people() -> None:
    assert set(KIND_NAMES) == set(FactKind)
