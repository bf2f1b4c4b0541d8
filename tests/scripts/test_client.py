"""The development Home Assistant is logged in to at its first start and at later ones."""

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from scripts.development.client import PASSWORD, Client, SetUpError


class FakeHome:
    """The part of Home Assistant that knows its users."""

    def __init__(self, *, onboarding: list[dict[str, object]] | None, password: str) -> None:
        self.onboarding = onboarding
        self.password = password
        self.created: list[str] = []
        app = web.Application()
        if onboarding is not None:
            app.router.add_get("/api/onboarding", self._steps)
        app.router.add_post("/api/onboarding/users", self._create)
        app.router.add_post("/auth/login_flow", self._flow)
        app.router.add_post("/auth/login_flow/1", self._log_in)
        app.router.add_post("/auth/token", self._token)
        self.server = TestServer(app)

    async def _steps(self, _: web.Request) -> web.Response:
        return web.json_response(self.onboarding)

    async def _create(self, request: web.Request) -> web.Response:
        self.created.append((await request.json())["username"])
        return web.json_response({"auth_code": "first"})

    async def _flow(self, _: web.Request) -> web.Response:
        return web.json_response({"flow_id": "1"})

    async def _log_in(self, request: web.Request) -> web.Response:
        if (await request.json())["password"] != self.password:
            return web.json_response({"type": "form", "errors": {"base": "invalid_auth"}})
        return web.json_response({"type": "create_entry", "result": "later"})

    async def _token(self, request: web.Request) -> web.Response:
        fields = await request.post()
        return web.json_response({"access_token": f"token of {fields['code']!s}"})


async def log_in(home: FakeHome) -> str:
    """Return the token that logging in gives."""
    async with home.server, Client(str(home.server.make_url("")).rstrip("/")) as client:
        await client.log_in()
        return client.token


@pytest.mark.usefixtures("socket_enabled")
async def test_the_first_start_creates_the_user() -> None:
    home = FakeHome(onboarding=[{"step": "user", "done": False}], password=PASSWORD)
    assert await log_in(home) == "token of first"
    assert home.created == ["dev"]


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("onboarding", [None, [{"step": "user", "done": True}]])
async def test_a_later_start_logs_in_as_that_user(
    onboarding: list[dict[str, object]] | None,
) -> None:
    home = FakeHome(onboarding=onboarding, password=PASSWORD)
    assert await log_in(home) == "token of later"
    assert home.created == []


@pytest.mark.usefixtures("socket_enabled")
async def test_another_password_is_told_with_what_to_do() -> None:
    home = FakeHome(onboarding=None, password="changed")
    with pytest.raises(SetUpError, match="--fresh"):
        await log_in(home)
