"""How a WeChat push is sealed and its answer opened, in the three message modes."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.demo.answers import Abnormal
from app.demo.wechat_account import WeChatAccount
from app.demo.wechat_xml import NotXml, read, write
from app.platforms.signatures import signature_of
from app.platforms.wechat.crypto import RANDOM_BYTES, Cipher
from app.ports import Clock, SignedRequest

XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WeChatWire:
    """The crypto of one account, as two functions, so that another implementation can take its place."""

    seal: Callable[[bytes], SignedRequest]
    """The XML of a push -> query and body, with a fresh timestamp and nonce."""
    open: Callable[[bytes], bytes]
    """The body of an answer -> its XML. Raises Abnormal."""


def wire_of(account: WeChatAccount, clock: Clock) -> WeChatWire:
    """As `account.mode` wants it."""
    if account.mode == "plaintext":
        return WeChatWire(
            lambda plain: SignedRequest(signed_query(account.token, clock), plain, XML), lambda body: body
        )
    cipher = Cipher.of(account.aes_key, account.app_id)

    def seal(plain: bytes) -> SignedRequest:
        encrypted = cipher.seal(plain, secrets.token_bytes(RANDOM_BYTES))
        query = encrypted_query(account.token, encrypted, clock)
        if account.mode == "safe":
            body = write({"ToUserName": account.account, "Encrypt": encrypted})
        else:
            body = plain.removesuffix(b"</xml>") + f"<Encrypt>{encrypted}</Encrypt></xml>".encode()
        return SignedRequest(query, body, XML)

    def open_answer(body: bytes) -> bytes:
        if account.mode == "compatible" and b"<Encrypt>" not in body:
            return body
        return open_encrypted(account.token, cipher, body)

    return WeChatWire(seal, open_answer)


def signed_query(token: str, clock: Clock) -> dict[str, str]:
    """What stands in the address of every push, and of the URL check."""
    timestamp, nonce = str(int(clock().timestamp())), str(secrets.randbelow(10**10))
    return {"signature": signature_of(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}


def encrypted_query(token: str, encrypted: str, clock: Clock) -> dict[str, str]:
    query = signed_query(token, clock)
    signed = signature_of(token, query["timestamp"], query["nonce"], encrypted)
    return {**query, "encrypt_type": "aes", "msg_signature": signed}


def seal_answer(token: str, cipher: Cipher, plain: bytes, clock: Clock) -> bytes:
    """A passive answer, encrypted, as a webhook gives it."""
    encrypted = cipher.seal(plain, secrets.token_bytes(RANDOM_BYTES))
    query = encrypted_query(token, encrypted, clock)
    return write(
        {
            "Encrypt": encrypted,
            "MsgSignature": query["msg_signature"],
            "TimeStamp": int(query["timestamp"]),
            "Nonce": query["nonce"],
        }
    )


def open_encrypted(token: str, cipher: Cipher, body: bytes, query: Mapping[str, str] | None = None) -> bytes:
    """The XML inside an encrypted answer, or inside a push whose signature stands in `query`.

    Raises Abnormal.
    """
    try:
        fields = {name: str(value) for name, value in read(body).items()}
    except NotXml as error:
        raise Abnormal(str(error)) from error
    signed = (
        fields
        if query is None
        else {
            "MsgSignature": query.get("msg_signature", ""),
            "TimeStamp": query.get("timestamp", ""),
            "Nonce": query.get("nonce", ""),
        }
    )
    encrypted = fields.get("Encrypt", "")
    values = (signed.get("TimeStamp", ""), signed.get("Nonce", ""), encrypted)
    if not all(values) or signed.get("MsgSignature") != signature_of(token, *values):
        raise Abnormal("the answer is not encrypted, or MsgSignature is wrong")
    plain = cipher.open(encrypted)
    if plain is None:
        raise Abnormal("it does not decrypt")
    return plain


def is_silence(body: bytes) -> bool:
    """The two ways to say nothing: an empty body and the word success."""
    return body in (b"", b"success")
