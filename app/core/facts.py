"""The facts an account may tell: what a reply says beside them is flagged as made up.

A channel's list names what it may give out. Whatever a reply mentions that is neither on the list nor in what
the citizen wrote is a finding.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.evidence import Evidence
from app.core.mentions import addresses, documents, hours, links, phones
from app.core.mentions.mention import Known, KnownNames, Mention, Reader
from app.core.mentions.numerals import as_digits
from app.core.model import Category, Finding, Severity, Span
from app.core.text import LOOKALIKES


class FactKind(StrEnum):
    PHONE = "phone"
    LINK = "link"
    ADDRESS = "address"
    DOCUMENT = "document"
    TITLE = "title"
    """Only compared where the list has titles: laws are quoted by thousands."""
    HOURS = "hours"


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    kind: FactKind
    value: str
    """Folded."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What it comes to, whichever way it is written; none: the value is no such thing."""
        return _READERS[self.kind].listed(as_digits(self.value))


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mention that nobody knows is flagged as."""

    rule: str
    severity: Severity
    why: str


_SOURCE = "国办发〔2020〕53号，知识库权威准确、实时更新"

# One cheap search tells of most replies that nothing in them can be compared.
_WORTH_A_LOOK = re.compile(
    r"[0-9.@《]|[零〇一二两三四五六七八九十幺](?:[点时号]|[零〇一二两三四五六七八九幺]{2})"
    r"|//|地址|全天|[a-z][。点][a-z0-9]"
)

_READERS: Mapping[FactKind, Reader] = {
    FactKind.PHONE: Reader(phones.find, phones.listed, phones.said, phones.KnownPhones.of),
    FactKind.LINK: Reader(links.find, links.listed, links.said, links.KnownLinks.of),
    FactKind.ADDRESS: Reader(addresses.find, addresses.listed, addresses.said, addresses.KnownAddresses.of),
    FactKind.DOCUMENT: Reader(documents.find, documents.listed, documents.said, KnownNames.of),
    FactKind.TITLE: Reader(
        documents.find_titles, documents.listed_titles, documents.said_titles, documents.KnownTitles.of
    ),
    FactKind.HOURS: Reader(hours.find, hours.listed, hours.listed, hours.KnownHours.of),
}

_MOBILE = Claim(
    "fabrication.phone", Severity.HIGH, "手机号码不在账号的事实清单里，可能是编造的，也可能是个人电话"
)
_IMITATION = Claim("fabrication.link", Severity.HIGH, "网址貌似政府网站，其实不是，也不在账号的事实清单里")
_CLAIMS: Mapping[FactKind, Claim] = {
    FactKind.PHONE: Claim("fabrication.phone", Severity.MEDIUM, "电话号码不在账号的事实清单里，可能是编造的"),
    FactKind.LINK: Claim("fabrication.link", Severity.HIGH, "网址或邮箱不在账号的事实清单里，可能是编造的"),
    FactKind.ADDRESS: Claim("fabrication.address", Severity.MEDIUM, "地址不在账号的事实清单里，可能是编造的"),
    FactKind.DOCUMENT: Claim(
        "fabrication.document", Severity.MEDIUM, "文号不在账号的事实清单里，可能是编造的"
    ),
    FactKind.TITLE: Claim("fabrication.document", Severity.LOW, "文件名称不在账号的事实清单里，请核对"),
    FactKind.HOURS: Claim("fabrication.hours", Severity.MEDIUM, "办公时间与账号的事实清单不符，可能是编造的"),
}


@dataclass(frozen=True, slots=True)
class FactList:
    """What one channel may tell."""

    kinds: Mapping[FactKind, int] = field(compare=False)
    """How many facts of each kind the channel's own list has."""
    known: Mapping[FactKind, Known] = field(compare=False)
    fingerprint: str
    """Names the list in a verdict's version."""

    @classmethod
    def of(cls, own: Iterable[Fact], always: Iterable[Fact] = ()) -> "FactList":
        """`always`: what every account may tell (110, 12345)."""
        listed = frozenset(own)
        every = sorted(listed.union(always))
        return cls(
            {kind: sum(fact.kind is kind for fact in listed) for kind in FactKind},
            {
                kind: reader.known(key for fact in every if fact.kind is kind for key in fact.keys)
                for kind, reader in _READERS.items()
            },
            hashlib.sha256(repr([(fact.kind.value, fact.value) for fact in every]).encode()).hexdigest(),
        )

    def unknown(self, evidence: Evidence) -> Iterator[Finding]:
        """One finding for each claim, with a span for every mention; linear in the text."""
        if _WORTH_A_LOOK.search(evidence.text) is None or not any(self.kinds.values()):
            return
        spans: dict[Claim, list[Span]] = {}
        said: dict[FactKind, Known] = {}
        for kind, mention in _mentions(evidence.text):
            span = evidence.span(mention.start, mention.end)
            quote = evidence.folded.raw[span.start : span.end]
            if not self._is_known(kind, mention, quote, evidence, said):
                spans.setdefault(_claim(kind, mention), []).append(span)
        yield from (_finding(claim, found, evidence.folded.raw) for claim, found in spans.items())

    def _is_known(
        self, kind: FactKind, mention: Mention, quote: str, evidence: Evidence, said: dict[FactKind, Known]
    ) -> bool:
        """On the list, or in what the citizen wrote: that is read into `said` when it is first asked for."""
        if kind is FactKind.TITLE and not self.kinds[kind]:
            return True
        if kind is FactKind.LINK and not LOOKALIKES.keys().isdisjoint(quote):
            return False  # another host, with letters that fold to those of a listed one
        if self.known[kind].covers(mention.key):
            return True
        if kind not in said:
            reader = _READERS[kind]
            said[kind] = reader.known(
                reader.said(as_digits(evidence.message.text) if evidence.message else "")
            )
        return said[kind].covers(mention.key)


def _mentions(text: str) -> Iterator[tuple[FactKind, Mention]]:
    found = tuple(links.find(text))
    yield from ((FactKind.LINK, mention) for mention in found)
    plain = as_digits(links.without(text, found) if found else text)
    for kind, reader in _READERS.items():
        if kind is not FactKind.LINK:
            yield from ((kind, mention) for mention in reader.find(plain))


def _claim(kind: FactKind, mention: Mention) -> Claim:
    if kind is FactKind.PHONE and phones.is_mobile(mention.key):
        return _MOBILE
    if kind is FactKind.LINK and links.imitates_government(mention.key):
        return _IMITATION
    return _CLAIMS[kind]


def _finding(claim: Claim, spans: list[Span], raw: str) -> Finding:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return Finding(
        rule=claim.rule,
        category=Category.FABRICATION,
        severity=claim.severity,
        why=claim.why,
        spans=tuple(spans),
        quote=raw[start:end],
        subclass=claim.rule.rpartition(".")[2],
        source=_SOURCE,
    )
