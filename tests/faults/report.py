"""What a run found: a table for people, JSON for machines, one conversation's story for who must debug."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.judge import PROMISES, Breach
from tests.faults.run import Finished

TOLD = 5
"""So many breaches are named."""


def as_json(finished: Finished) -> dict[str, object]:
    ledger, judgement = finished.ledger, finished.judgement
    return {
        "seed": finished.plan.seed,
        "store": finished.plan.store,
        "guards": finished.plan.guards,
        "conversations": len(ledger.conversations),
        "kills": ledger.kills.total(),
        **{promise: judgement.count(promise) for promise in PROMISES},
        "late_not_judged": dict(ledger.not_judged),
        "took_s": round(finished.took_s, 1),
        "kills_by_step": dict(sorted(ledger.kills.items())),
        "faults": dict(sorted(ledger.faults.items())),
        "fates": dict(sorted(judgement.fates.items())),
        "webhook_answers": dict(sorted(ledger.answers.items())),
        "decisions": len(ledger.attempts),
    }


def write_json(finished: Finished, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(as_json(finished), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def show(finished: Finished, console: Console) -> None:
    ledger, judgement = finished.ledger, finished.judgement
    _table(console, "故障 · Faults", {**ledger.kills, **ledger.faults})
    _table(console, "留言的下落 · What became of the messages", judgement.fates)
    _table(console, "webhook 的应答 · Answers of the webhook", ledger.answers)
    if ledger.not_judged:
        _table(console, "未计入的迟答 · Late, but not the guard's fault", ledger.not_judged)
    promises = Table(title="承诺 · Promises", title_justify="left")
    promises.add_column("")
    promises.add_column("broken", justify="right")
    for promise in PROMISES:
        broken = judgement.count(promise)
        promises.add_row(promise, f"[bold {'red' if broken else 'green'}]{broken}[/]")
    console.print(promises)
    console.print(
        f"seed {finished.plan.seed}: {len(ledger.conversations)} conversations, "
        f"{ledger.kills.total()} kills, {finished.plan.guards} × {finished.plan.store}, "
        f"{finished.took_s:.0f} s"
    )
    tell(finished, console)


def _table(console: Console, title: str, counts: Mapping[str, int]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in sorted(counts.items()):
        table.add_row(name, str(count))
    console.print(table)


def tell(finished: Finished, console: Console) -> None:
    """The first breaches, and the whole story of the first conversation of each broken promise."""
    breaches = finished.judgement.breaches
    for breach in breaches[:TOLD]:
        console.print(f"[red]{breach.promise}[/] {breach.marker}: {breach.why}", highlight=False)
    firsts = {breach.promise: breach for breach in reversed(breaches) if breach.marker}
    for first in firsts.values():
        for told in story(finished, first):
            console.print(told, highlight=False, markup=False, soft_wrap=True)


def write_stories(finished: Finished, file: Path) -> None:
    """Every breach with its whole story; no file where there is none."""
    file.unlink(missing_ok=True)
    told = [
        "\n".join(story(finished, one)) if one.marker else f"--- {one.promise}: {one.why}"
        for one in finished.judgement.breaches
    ]
    if told:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n\n".join(told) + "\n", encoding="utf-8")


def story(finished: Finished, breach: Breach) -> list[str]:
    """The ledger's events of a conversation, then what is on record of it."""
    told = [f"--- {breach.promise}: {breach.why}", *finished.ledger.stories(breach.marker)]
    conversation = finished.ledger.conversations[breach.marker]
    exchange = finished.records.exchanges.get(f"MsgId:{conversation.line.message_id}")
    if exchange is None:
        return [*told, "on record: nothing"]
    told.append(
        f"exchange {exchange.id}: {exchange.state} fence {exchange.fence} why {exchange.why!r} "
        f"finished {exchange.finished_at} answer {exchange.answer.text if exchange.answer else None!r}"
    )
    if hold := finished.records.holds.get(exchange.id):
        told.append(f"hold {hold.id}: {hold.state} v{hold.version} by {hold.decided_by!r}")
    told += (
        f"delivery {one.id}: {one.state} attempts {one.attempts} fence {one.fence} why {one.why!r} "
        f"created {one.created_at} finished {one.finished_at}"
        for one in finished.records.deliveries.get(exchange.id, ())
    )
    told += (
        f"audit {entry.seq}: {entry.at} {entry.actor} {entry.action} {entry.subject}"
        for entry in finished.records.audit
        if hold and entry.subject == f"hold:{hold.id}"
    )
    return told
