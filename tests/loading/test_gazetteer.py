"""The tables of names and topics: the shipped ones load, broken ones are named by file and line."""

from pathlib import Path

import pytest

from app.core.elements.gazetteer import Name
from app.core.errors import ConfigError
from app.loading.gazetteer import load_gazetteer
from app.loading.ruleset import shipped_dirs

NAMES = "kind\tname\tnote\ndepartment\t水务部门\t\nroad\t路\t\n"
TOPICS = "topic\tdepartment\twords\n供水\t水务部门\t停水 水压\n"


def write(folder: Path, names: str = NAMES, topics: str = TOPICS) -> Path:
    (folder / "gazetteer.tsv").write_text(names, "utf-8")
    (folder / "topics.tsv").write_text(topics, "utf-8")
    return folder


def test_the_shipped_tables_load() -> None:
    gazetteer = load_gazetteer(shipped_dirs()[1])
    assert {topic.department for topic in gazetteer.topics} <= gazetteer.names[Name.DEPARTMENT]
    assert all(gazetteer.names[kind] for kind in Name)


def test_words_of_a_text(tmp_path: Path) -> None:
    gazetteer = load_gazetteer(write(tmp_path))
    assert [(head.kind, head.start, head.end) for head in gazetteer.heads("和平路")] == [(Name.ROAD, 2, 3)]
    assert [(topic.name, start) for topic, start, _ in gazetteer.topic_words("又停水")] == [("供水", 1)]


@pytest.mark.parametrize(
    ("names", "topics", "said"),
    [
        pytest.param("name\n", TOPICS, "gazetteer.tsv:1: expected the header", id="another header"),
        pytest.param(
            NAMES + "river\t黄河\t\n", TOPICS, "gazetteer.tsv:4: expected a kind of", id="no such kind"
        ),
        pytest.param(NAMES + "road\t路\t\n", TOPICS, "gazetteer.tsv:4: '路' is there already", id="twice"),
        pytest.param(NAMES + "road\t 巷\t\n", TOPICS, "gazetteer.tsv:4: expected a name", id="spaces"),
        pytest.param(
            NAMES + "road\t街\n", TOPICS, "gazetteer.tsv:4: expected 3 fields", id="a field missing"
        ),
        pytest.param(
            NAMES, TOPICS + "供电\t供电企业\t停电\n", "topics.tsv:3: expected a department", id="nobody"
        ),
        pytest.param(NAMES, TOPICS + "水费\t水务部门\t水压\n", "'水压' is a word of '供水'", id="two owners"),
        pytest.param(NAMES, TOPICS + "\t水务部门\t水费\n", "topics.tsv:3: expected a topic", id="no name"),
        pytest.param(NAMES, TOPICS + "水费\t水务部门\t\n", "topics.tsv:3: expected a topic", id="no words"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, names: str, topics: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_gazetteer(write(tmp_path, names, topics))
    assert said in str(refused.value)


def test_every_problem_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_gazetteer(write(tmp_path, NAMES + "river\t黄河\t\n", TOPICS + "供电\t供电企业\t停电\n"))
    assert len(str(refused.value).splitlines()) == 2


def test_missing_and_unreadable_tables(tmp_path: Path) -> None:
    (tmp_path / "gazetteer.tsv").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as refused:
        load_gazetteer(tmp_path)
    assert "gazetteer.tsv: expected UTF-8" in str(refused.value)
    assert "topics.tsv: expected this table, found no file" in str(refused.value)
