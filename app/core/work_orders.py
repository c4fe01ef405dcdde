"""What a department is told of a hold that was transferred to it."""

import hashlib
import json

from app.core.elements.model import Elements
from app.core.elements.work_order import work_order
from app.core.masking import mask_numbers
from app.core.records import Hold

VERSION = 1


def compose(hold: Hold, elements: Elements | None = None) -> str:
    """JSON; the elements of the request become its title and its lines.

    Numbers that name a person are covered; `original_hash` proves which message it was.
    """
    original = hold.message.text
    original_hash = hashlib.sha256(original.encode(errors="replace")).hexdigest()
    told = (
        work_order(original, elements, hold.message.received_at, original_hash).as_json() if elements else {}
    )
    return json.dumps(
        {
            "version": VERSION,
            "id": hold.id,
            "channel": hold.channel,
            "department": hold.transferred_to,
            "received_at": hold.message.received_at.isoformat(),
            "transferred_at": hold.decided_at.isoformat() if hold.decided_at else "",
            "transferred_by": hold.decided_by,
            "reason": mask_numbers(hold.reason),
            "message": mask_numbers(original),
            "original_hash": original_hash,
            "request": told,
        },
        ensure_ascii=False,
    )
