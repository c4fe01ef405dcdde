"""Every outgoing HTTP client is built here, so that none follows a redirect or an environment variable.

A redirect would carry a citizen's words, or a token, to an address nobody configured; HTTPS_PROXY in the
environment would do the same.
"""

import logging
import ssl

import aiohttp
import httpx

from app import __version__

USER_AGENT = f"shenyan/{__version__}"

CONNECT_WITHIN_S = 5.0


def trusted() -> ssl.SSLContext:
    """Whose certificates count; loading them takes tens of milliseconds, so many clients share them."""
    return httpx.create_ssl_context(trust_env=False)


def platform_http(
    timeout_s: float = 10.0, connections: int = 64, trust: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    """For one channel's platform, or for others' systems. Close it.

    `timeout_s`: how long to wait for each piece of an answer; `connections`: how many at once.
    """
    # httpx logs each address at INFO, and WeChat wants the access token in the address.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_s, connect=CONNECT_WITHIN_S, pool=CONNECT_WITHIN_S),
        # A kept connection that the platform closes just as we write leaves the fate of a message unknown; a
        # handshake more for each costs nobody anything.
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=0),
        verify=True if trust is None else trust,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": USER_AGENT},
    )


def bot_http(connections: int = 500) -> aiohttp.ClientSession:
    """For one channel's bot, on the path of every message. Call inside a running loop; close it.

    Its users set the time-out of each request and pass `allow_redirects=False`, which aiohttp cannot be told
    once for all. Answers come as they were sent, not unpacked: a few KiB of gzip can hold gigabytes. We ask
    for `identity`; what comes packed all the same is no reply.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections,
            # Shorter than the 5 s after which common servers hang up: a reused connection is a living one.
            keepalive_timeout=4.0,
        ),
        timeout=aiohttp.ClientTimeout(total=90.0, sock_connect=CONNECT_WITHIN_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )
