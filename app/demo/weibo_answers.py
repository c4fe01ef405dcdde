"""What Weibo makes of a webhook's answer, and of the `data` of a private message."""

import json
from urllib.parse import unquote_plus

from app.demo.answers import Abnormal, PassiveAnswer

MAX_TEXT_LETTERS = 300
MAX_ARTICLES = 8


def read_answer(body: bytes, user: int, account: int) -> PassiveAnswer:
    """Read the passive answer; its `data` is JSON, URL-encoded once. Raises Abnormal."""
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise Abnormal("not JSON") from error
    if not isinstance(answer, dict) or answer.get("result") is not True:
        raise Abnormal("result is not true")
    if str(answer.get("sender_id")) != str(account) or str(answer.get("receiver_id")) != str(user):
        raise Abnormal("the answer is for somebody else")
    kind, data = str(answer.get("type", "")), answer.get("data")
    if not isinstance(data, str):
        raise Abnormal("data is no string")
    try:
        content = json.loads(unquote_plus(data, errors="strict"))
    except ValueError as error:
        raise Abnormal("data is not URL-encoded JSON") from error
    return PassiveAnswer(kind, read_content(kind, content))


def read_content(kind: str, content: object) -> str:
    """What can be read in the decoded `data` of a message. Raises Abnormal."""
    if not isinstance(content, dict):
        raise Abnormal("data is no object")
    match kind:
        case "text":
            text = content.get("text")
            if not isinstance(text, str) or not 0 < len(text) < MAX_TEXT_LETTERS:
                raise Abnormal("text: 1 to 299 letters are needed")
            return text
        case "articles":
            return "\n".join(_articles(content.get("articles")))
        case "position":
            if not content.get("longitude") or not content.get("latitude"):
                raise Abnormal("position: longitude and latitude are needed")
            return ""
        case _:
            raise Abnormal("unknown type")


def _articles(articles: object) -> list[str]:
    if not isinstance(articles, list) or not 0 < len(articles) <= MAX_ARTICLES:
        raise Abnormal("articles: 1 to 8 are needed")
    if not all(isinstance(one, dict) and one.get("display_name") for one in articles):
        raise Abnormal("an article lacks its display_name")
    return [
        str(one[name]) for one in articles for name in ("display_name", "summary", "url") if one.get(name)
    ]
