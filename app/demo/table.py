"""The demonstration's table: what was asked, what the bot wanted to say, and what became of it."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from app.core.model import Disposition, Platform
from app.demo.rows import Arrival, Row

ORIGIN = "标明2018年的三句，当年确由池州市贵池区、自贡市政务账号的自动回复发出；其余均为虚构。"

_VERDICTS = {
    Disposition.RELEASE.value: ("放行", "green"),
    Disposition.HOLD.value: ("暂留", "yellow"),
    Disposition.BLOCK.value: ("暂留（严重）", "red"),
}
_PLATFORMS = {Platform.WECHAT.value: "微信", Platform.WEIBO.value: "微博"}
_VIA = {"passive": "被动回复", "api": "接口补发", "comment": "评论", "notice": "平台提示"}


def table_of(rows: Sequence[Row]) -> Table:
    """All texts are shown as they are: [微笑] is a word here, not markup."""
    table = Table(title="慎言演示：每条回复的去向", caption=ORIGIN, show_lines=True, expand=True)
    for heading, ratio in (("演示", 2), ("市民的留言", 3), ("机器人想说", 4), ("判断", 4), ("市民收到", 5)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for row in rows:
        table.add_row(
            _scene(row), Text(row.asked), Text(row.wanted or "（无可用回复）"), _verdict(row), _heard(row)
        )
    return table


def _scene(row: Row) -> Text:
    mark = ("✓ ", "green") if row.as_expected else ("✗ ", "red")
    return Text.assemble(mark, row.shows, "\n", (f"{_PLATFORMS[row.platform]}·{row.expected}", "dim"))


def _verdict(row: Row) -> Text:
    text = Text()
    if row.disposition:
        text.append(*_VERDICTS[row.disposition])
    else:
        text.append("未判断", "dim")
    for quote in row.quotes:
        text.append(f"\n“{quote}”", "bold")
    for reason in row.reasons:
        text.append(f"\n{reason}", "dim")
    return text


def _heard(row: Row) -> Text:
    text = Text("\n").join(_arrival(one) for one in row.received)
    if row.tries > 1:
        text.append(f"\n平台共推送 {row.tries} 次，机器人被问 {row.bot_asked} 次", "dim")
    return text


def _arrival(one: Arrival) -> Text:
    return Text.assemble((f"{one.after_s:.1f} 秒 {_VIA[one.via]}：", "dim"), one.text)
