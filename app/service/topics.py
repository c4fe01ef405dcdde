"""What processes announce to each other, so that nobody needs to look all the time."""

DELIVERIES = "deliveries"
"""Something is to be sent."""
QUEUE = "queue"
"""The holds that wait have changed."""
WORK_ORDERS = "work-orders"
CALLBACKS = "callbacks"
TAKEOVERS = "takeovers"
RULES = "rules"
SWITCHES = "switches"


def answer_to(exchange_id: str) -> str:
    """Somebody has answered it."""
    return f"answer:{exchange_id}"
