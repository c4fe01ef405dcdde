"""Every route of the console against every role. A new route without a declared permission fails here."""

from collections.abc import Iterable, Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.core.identity import PERMISSIONS, Permission, Role
from tests.console.desk import Desk

OPEN = {("GET", "/console/sign-in"), ("POST", "/console/sign-in"), ("GET", "/console/language")}
"""Where nobody needs to be signed in."""
BY_ANYBODY = {
    ("GET", "/console"),
    ("GET", "/console/"),
    ("POST", "/console/sign-out"),
    ("GET", "/console/password"),
    ("POST", "/console/password"),
    ("GET", "/console/account"),
    ("POST", "/console/account/totp"),
    ("POST", "/console/account/sessions/{id_hash}/end"),
}
VALUES = {
    "{delivery_id}": "none",
    "{exchange_id}": "none",
    "{channel}": "hall",
    "{phrase_id}": "received",
    "{handover_id}": "none",
    "{alert_id}": "none",
    "{name}": "nobody",
}
STEPS = {"groups": "reject", "phrases": "reject", "holds": "note", "channels": "stop", "users": "disable"}


def routes(here: Desk) -> Iterator[tuple[str, str, object]]:
    """Method, path, and the permission its dependency asks for; "undeclared" where there is none."""
    for route in _all(here.app.routes):
        asked = [
            getattr(dependency.call, "permission", "undeclared")
            for dependency in route.dependant.dependencies
            if hasattr(dependency.call, "permission")
        ]
        for method in sorted(route.methods or ()):
            yield method, route.path, asked[0] if asked else "undeclared"


def _all(found: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Also those of the routers that were included."""
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _all(route.original_router.routes)


async def test_every_route_says_who_may(here: Desk) -> None:
    assert len(list(routes(here))) > len(OPEN) + len(BY_ANYBODY)
    silent = {(method, path) for method, path, asked in routes(here) if asked == "undeclared"}
    assert silent == OPEN
    anybody = {(method, path) for method, path, asked in routes(here) if asked is None}
    assert anybody == BY_ANYBODY


@pytest.mark.parametrize("role", Role)
async def test_no_role_opens_what_it_may_not(here: Desk, role: Role) -> None:
    held = await here.held()
    person = await here.somebody("li", role)
    await person.open("/console/password")  # any page with the session's secret
    for method, path, asked in routes(here):
        if not isinstance(asked, Permission) or path == "/console/events":
            continue
        step = STEPS.get(path.split("/")[2], "retry")
        url = path.replace("{hold_id}", held.id).replace("{step}", step).replace("{act}", step)
        for name, value in VALUES.items():
            url = url.replace(name, value)
        answer = await (
            person.open(url) if method == "GET" else person.submit(url, version="1", role="auditor")
        )
        allowed = asked in PERMISSIONS[role]
        assert (answer.status_code != 403) is allowed, (method, path, role, answer.status_code)
        await person.open("/console/password")


@pytest.mark.parametrize("step", ["approve", "edit", "reject", "substitute", "transfer"])
async def test_a_vendor_operator_never_decides(here: Desk, step: str) -> None:
    held = await here.held()
    person = await here.somebody("vendor", Role.VENDOR_OPERATOR)
    await person.open(f"/console/holds/{held.id}")
    answer = await person.submit(f"/console/holds/{held.id}/{step}", text="您好。", reason="试", to="城管")
    assert answer.status_code == 403
    assert (await here.hold(held.id)).version == 1


async def test_the_administrator_reads_no_message(here: Desk) -> None:
    held = await here.held()
    admin = await here.somebody("root", Role.ADMINISTRATOR)
    for url in ("/console/queue", f"/console/holds/{held.id}", "/console/deliveries", "/console/unanswered"):
        page = await admin.open(url)
        assert page.status_code == 403
        assert "呵呵" not in page.text


async def test_nobody_sees_another_channels_holds(here: Desk) -> None:
    held = await here.held()
    stranger = await here.somebody("li", Role.DUTY_REVIEWER, channels=("other",))
    assert held.reply.text not in (await stranger.open("/console/queue")).text
    assert (await stranger.open(f"/console/holds/{held.id}")).status_code == 403
    assert (await stranger.open("/console/queue?channel=hall")).status_code == 403
