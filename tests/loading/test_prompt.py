"""The judge's instructions: the ones that came with this version, or an editor's own."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.loading.prompt import MAX_PROMPT_BYTES, load_prompt


def test_the_shipped_one_asks_for_what_the_adapter_reads() -> None:
    prompt = load_prompt(None)
    words = ('{"opinion": "fine"', '{"opinion": "doubtful"', "市民留言", "待发回复", "规则提示", "[号码]")
    assert [word for word in words if word not in prompt] == []


def test_an_editors_own_is_read_without_what_editors_add(tmp_path: Path) -> None:
    file = tmp_path / "prompt.md"
    file.write_bytes("\ufeff你是审核员。\r\n".encode())
    assert load_prompt(file) == "你是审核员。"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "cannot be read: No such file", id="missing"),
        pytest.param(b" \n", "is empty", id="empty"),
        pytest.param("审核员".encode("gb18030"), "is not UTF-8, at byte 0", id="another encoding"),
        pytest.param(b"x" * (MAX_PROMPT_BYTES + 1), f"is larger than {MAX_PROMPT_BYTES} bytes", id="huge"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "prompt.md"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_prompt(file)
    assert str(caught.value).startswith(f"second_opinion.prompt_file: {file} {told}")
