"""Who is at a page: the session behind the cookie, and what its user may."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import compare_digest

from fastapi import Request

from app.core.errors import Forbidden, GuardError
from app.core.identity import Permission, Session, User
from app.service.signing_in import SigningIn

COOKIE = "shenyan-session"
SECURE_COOKIE = "__Host-shenyan-session"
"""Over HTTPS; browsers then refuse it from any other host, and over plain HTTP."""
SAFE_METHODS = frozenset({"GET", "HEAD"})


class NotSignedIn(GuardError):
    """Nobody is signed in, or no longer."""


class MustChangePassword(GuardError):
    """Signed in with a password that somebody else has seen."""


@dataclass(frozen=True, slots=True)
class Visitor:
    user: User
    session: Session

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def csrf(self) -> str:
        return self.session.csrf

    def may(self, permission: Permission) -> bool:
        return self.user.may(permission)

    def require_channel(self, channel: str) -> None:
        if self.user.channels is not None and channel not in self.user.channels:
            raise Forbidden("这个频道不归您看")


VisitorWith = Callable[[Permission | None], Callable[[Request], Awaitable[Visitor]]]
"""Given a permission (None: whoever is signed in), the dependency that yields a visitor who has it."""


def visitors(signing_in: SigningIn) -> VisitorWith:
    def with_permission(permission: Permission | None) -> Callable[[Request], Awaitable[Visitor]]:
        async def visitor(request: Request) -> Visitor:
            found = await signing_in.visitor(session_id_of(request))
            if found is None:
                raise NotSignedIn
            here = Visitor(found[1], found[0])
            if request.method not in SAFE_METHODS:
                await _require_own_form(request, here)
            if here.user.must_change and permission is not None:
                raise MustChangePassword
            if permission is not None and not here.may(permission):
                raise Forbidden("您的角色不能这样做")
            return here

        visitor.permission = permission  # type: ignore[attr-defined]  # read by the table of all routes
        return visitor

    return with_permission


def session_id_of(request: Request) -> str:
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""


async def _require_own_form(request: Request, visitor: Visitor) -> None:
    """Raises Forbidden for a request that another site made this browser send."""
    form = await request.form()
    sent = form.get("csrf")
    if not isinstance(sent, str) or not compare_digest(sent.encode(), visitor.csrf.encode()):
        raise Forbidden("页面已失效，请返回重新打开后再提交")
