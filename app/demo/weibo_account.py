"""One Weibo account as the platform knows it: credentials, windows, posts and comments."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.ports import Clock

WINDOW = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class WeiboAccount:
    uid: int
    app_secret: str
    access_token: str
    screen_name: str = "贵河发布"


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    status_id: int
    author: int
    screen_name: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    id: int
    author: int
    text: str


@dataclass(slots=True)
class Windows:
    """Within 48 hours of a follower's last act, private messages to them are free."""

    clock: Clock
    _closes_at: dict[int, datetime] = field(default_factory=dict)

    def opened(self, user: int) -> None:
        self._closes_at[user] = self.clock() + WINDOW

    def closed(self, user: int) -> None:
        self._closes_at.pop(user, None)

    def ever(self) -> tuple[int, ...]:
        """Everybody who has written or followed, and not left."""
        return tuple(self._closes_at)

    def is_open(self, user: int) -> bool:
        return user in self._closes_at and self._closes_at[user] > self.clock()


@dataclass(slots=True)
class Comments:
    """What stands below posts: citizens' comments and the account's answers."""

    posts: dict[int, int] = field(default_factory=dict)
    """Status id -> its author; the account's own posts are its own."""
    by_id: dict[int, Comment] = field(default_factory=dict)
    own_last_text: str = ""
    """A comment like the last one is refused."""
    mentions: list[Post] = field(default_factory=list)
    """Citizens' posts that name the account."""
    own: list[Post] = field(default_factory=list)
    """What the account has posted by the API."""

    def add(self, comment: Comment) -> None:
        self.by_id[comment.id] = comment
