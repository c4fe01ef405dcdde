"""Figures as tables for spreadsheets: CSV with a BOM, XLSX. What is text stays text."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from app.core.statistics import Figures, Period, cell, quantile
from app.service.audit_export import harmless
from app.web.console import words
from app.web.console.language import translate as _

Cell = str | int | float
Table = tuple[str, Sequence[str], list[Sequence[Cell]]]
"""Title, headings, rows."""


def tables(period: Period, figures: Figures) -> Iterator[Table]:
    """Every table of the page, in its order."""
    yield _("概况"), (_("项目"), _("数")), [*overview(period, figures)]
    yield (
        _("走势"),
        (_("起始"), _("收到"), _("机器放行"), _("拦下")),
        [(one.starts.date().isoformat(), one.received, one.released, one.held) for one in figures.buckets],
    )
    yield (
        _("类别"),
        (_("类别"), _("条")),
        [(_(words.CATEGORIES.get(name, name)), count) for name, count in figures.categories.items()],
    )
    yield (
        _("规则"),
        (_("规则"), _("拦下"), _("原样放行")),
        [(one.rule, one.held, one.approved) for one in figures.rules],
    )
    yield (
        _("吐槽集中点"),
        (_("主题"), _("频道"), _("条")),
        [(topic or _("不明"), channel, cell(count)) for (topic, channel), count in figures.topics.items()],
    )
    yield (
        _("机器人"),
        (_("机器人"), _("问到"), _("拦下"), _("改后放行"), _("拦截"), _("出错"), _("平均秒数")),
        [
            (
                one.bot,
                one.received,
                one.held,
                one.edited,
                one.rejected,
                one.failed,
                round(one.mean_seconds, 2) if one.mean_seconds is not None else "",
            )
            for one in figures.bots
        ],
    )


def overview(period: Period, figures: Figures) -> Iterator[tuple[str, Cell]]:
    yield _("从"), period.first.isoformat()
    yield _("到"), period.last.isoformat()
    yield _("服务人次（不同的市民）"), figures.citizens
    yield _("收到的留言"), figures.received
    yield _("机器放行"), figures.released
    yield _("拦下"), figures.held
    for state, count in figures.holds.items():
        yield f"· {_(words.HOLD_STATES[state])}", count
    yield _("没有答复"), figures.exchanges.get("unanswered", 0)
    yield _("没有送达"), sum(figures.deliveries.get(state, 0) for state in ("failed", "expired", "uncertain"))
    for name, share in ((_("处理用时中位数（分钟）"), 0.5), (_("处理用时九成以内（分钟）"), 0.9)):
        minutes = quantile(figures.minutes_to_decide, share)
        yield name, round(minutes, 1) if minutes is not None else "—"


def as_csv(found: Iterable[Table]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for title, headings, rows in found:
        writer.writerows([[title], headings])
        writer.writerows([[harmless(one) if isinstance(one, str) else one for one in row] for row in rows])
        writer.writerow([])
    return "\ufeff" + text.getvalue()


def as_xlsx(found: Iterable[Table]) -> bytes:
    """A sheet for each table."""
    import xlsxwriter  # 12 MB that only who exports shall pay for

    content = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, {"in_memory": True, **plain}) as book:
        bold = book.add_format({"bold": True})
        for title, headings, rows in found:
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, headings, bold)
            for number, row in enumerate(rows, 1):
                for column, one in enumerate(row):
                    (sheet.write_string if isinstance(one, str) else sheet.write_number)(number, column, one)
            sheet.autofit()
    return content.getvalue()
