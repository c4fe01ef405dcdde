"""Links, domains and mail addresses, and what imitates those of the government."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from app.core.mentions.mention import HAN, Mention

_TOP_LEVEL = (
    "com|cn|net|org|gov|edu|info|biz|top|xyz|vip|cc|me|io|co|tv|hk|tw|mo|site|online|club|shop|store|link|ltd|"
    "work|wang|mobi|app|ink|pro|fun|icu|live|life|group|tech|world|today|news|asia|us|uk|ru|jp|kr|eu|la|im|ly|gl|gd"
)
"""Bare domains are known by their endings: 3.5, v2.0 and a.b are none."""

_REST = r"[a-z0-9\-._~:/?#@$&*+=%]"
_HAN_HOST = rf"[{HAN}]{{1,20}}(?:\.(?:[a-z]{{2,12}}|中国|政务|公益|网络|公司|集团|网址|在线)){{1,4}}"
_LINK = re.compile(
    r"(?<![a-z0-9])(?:"
    r"(?<![.+_-])(?P<mail>[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})"
    rf"|[a-z][a-z0-9+-]{{1,15}}:/{{2,3}}(?:{_REST}+|{_HAN_HOST})"
    rf"|www\.{_REST}+"
    rf"|(?<![@._-])(?:[a-z0-9-]{{1,63}}\.){{1,8}}(?:{_TOP_LEVEL})(?![a-z0-9-])(?:[:/?#]{_REST}*)?"
    rf"|(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}[:/]{_REST}+"
    r")"
)
_WORTH_A_LOOK = re.compile(r"[a-z0-9][.@。点]|//")
_OTHER_DOTS = re.compile(r"(?<=[a-z0-9])。(?=[a-z0-9])|(?<=[a-z])点(?=[a-z])")
"""Browsers take 。 for the dot of an address; people write 点."""
_PUNCTUATION = ".:?#@&=*_-~/"
_MENU = "weixin://bizmsgmenu"
"""A choice to tap in a chat: it sends words and leads nowhere."""
_LEADS_SOMEWHERE = re.compile(r"[.@]|:/")
_SCHEME = re.compile(r"\A[a-z][a-z0-9+-]{1,15}:/{2,3}")
_USUAL_PORT = re.compile(r":(?:80|443)\Z")
_IMITATION = re.compile(r"(?:^|[.-])(?:[a-z0-9]{0,63}g[o0]v|q[o0]v|gow)(?:[.-]|cn|$)")
_MAX_SEGMENTS = 20
"""Deeper pages are looked up as they are."""


def find(text: str) -> Iterator[Mention]:
    """Keys are `host/path?query`, without scheme, www and closing slash; a mail address as it is."""
    if _WORTH_A_LOOK.search(text) is None:
        return
    for match in _LINK.finditer(_OTHER_DOTS.sub(".", text)):
        written = match[0].rstrip(_PUNCTUATION)
        if _LEADS_SOMEWHERE.search(written) and not written.startswith(_MENU):
            key = written if match["mail"] else _key(written)
            yield Mention(key, match.start(), match.start() + len(written))


def listed(text: str) -> tuple[str, ...]:
    """One link, whole; `*.` before a host stands for every host below it."""
    written = text.strip()
    plain = written.removeprefix("*.")
    found = tuple(find(plain))
    if len(found) != 1 or found[0].end - found[0].start < len(plain.rstrip("/")):
        return ()
    return (f"*.{found[0].key}" if plain != written else found[0].key,)


def said(text: str) -> Iterator[str]:
    return (mention.key for mention in find(text))


def without(text: str, mentions: Iterable[Mention]) -> str:
    """The text, just as long, with line ends for its links: the digits in a link are no numbers."""
    pieces, position = [], 0
    for mention in mentions:
        pieces += [text[position : mention.start], "\n" * (mention.end - mention.start)]
        position = mention.end
    return "".join((*pieces, text[position:]))


def imitates_government(key: str) -> bool:
    """gov somewhere in a host that does not end in .gov.cn: gov.cn.xx, x-gov.cn, g0v.cn, gov.com."""
    host = _host(key).partition(":")[0]
    return not f".{host}".endswith(".gov.cn") and _IMITATION.search(host) is not None


def _key(written: str) -> str:
    address = _SCHEME.sub("", written).partition("#")[0]
    host = _host(address)
    path = address[len(host) :].rstrip("/")
    return f"{_USUAL_PORT.sub('', host.rpartition('@')[2].removeprefix('www.')).rstrip('.')}{path}"


def _host(address: str) -> str:
    return re.split(r"[/?]", address, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class KnownLinks:
    links: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KnownLinks":
        return cls(frozenset(keys))

    def covers(self, key: str) -> bool:
        """A listed link or a page below it; with `*.host` listed, that host and every host below it."""
        if key in self.links:
            return True
        if "/.." in key:  # leaves what it seems to lie below
            return False
        ends = islice(re.finditer(r"[/?]", key), _MAX_SEGMENTS)
        labels = _host(key).split(".")[-_MAX_SEGMENTS:]
        return any(key[: end.start()] in self.links for end in ends) or any(
            f"*.{'.'.join(labels[start:])}" in self.links for start in range(len(labels))
        )
