"""Talk to the development Home Assistant as its first user."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

NAME = "Developer"
USERNAME = "dev"
PASSWORD = "dev"  # noqa: S105 - served on loopback only, and printed

type Json = Mapping[str, Any]

POLL_SECONDS = 0.25
POLLS = 1_000


class SetUpError(Exception):
    """Home Assistant did not do what the set-up needs."""


class Client:
    """The HTTP and WebSocket interfaces of one Home Assistant, logged in."""

    def __init__(self, url: str) -> None:
        """Prepare to talk to the Home Assistant at `url`."""
        self.url = url
        self.token = ""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._last_id = 0

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        if self._socket is not None:
            await self._socket.close()
        await self._session.close()

    async def request(self, method: str, path: str, body: Json | None = None) -> Any:
        """Return the answer to one request.

        Raises:
            SetUpError: If the answer is an error.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            if response.status >= HTTPStatus.BAD_REQUEST:
                text = await response.text()
                raise SetUpError(f"{method} {path}: {response.status} {text[:500]}")
            return await response.json()

    async def command(self, kind: str, **fields: Any) -> Any:
        """Return the result of one WebSocket command.

        Raises:
            SetUpError: If Home Assistant refuses it.
        """
        if self._socket is None:
            self._socket = await self._session.ws_connect(
                f"{self.url}/api/websocket", max_msg_size=0
            )
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self.token})
            if (await self._socket.receive_json())["type"] != "auth_ok":
                raise SetUpError("Home Assistant refused the token that it gave")
        self._last_id += 1
        await self._socket.send_json({"id": self._last_id, "type": kind, **fields})
        answer = await self._socket.receive_json()
        if not answer.get("success"):
            raise SetUpError(f"{kind}: {answer.get('error')}")
        return answer["result"]

    async def wait_until_served(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the server answers.

        Raises:
            SetUpError: If `process` ends before.
        """
        while True:
            if process.returncode is not None:
                raise SetUpError(f"Home Assistant ended with status {process.returncode}")
            try:
                await self._has_user()
            except aiohttp.ClientError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                return

    async def log_in(self) -> None:
        """Log in as the first user, who is created if there is none."""
        client_id = f"{self.url}/"
        if await self._has_user():
            code = await self._code_from_password(client_id)
        else:
            created = await self.request(
                "POST",
                "/api/onboarding/users",
                {
                    "name": NAME,
                    "username": USERNAME,
                    "password": PASSWORD,
                    "client_id": client_id,
                    "language": "en",
                },
            )
            code = created["auth_code"]
        async with self._session.post(
            f"{self.url}/auth/token",
            data={"grant_type": "authorization_code", "code": code, "client_id": client_id},
        ) as response:
            self.token = (await response.json())["access_token"]

    async def _has_user(self) -> bool:
        """Tell whether an earlier run created the first user."""
        async with self._session.get(f"{self.url}/api/onboarding") as response:
            if response.status == HTTPStatus.NOT_FOUND:
                return True  # Home Assistant asks no more once every step is done.
            response.raise_for_status()
            return any(step["done"] for step in await response.json() if step["step"] == "user")

    async def _code_from_password(self, client_id: str) -> str:
        """Return the authorization code of the user that an earlier run created."""
        flow = await self.request(
            "POST",
            "/auth/login_flow",
            {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": client_id},
        )
        result = await self.request(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": client_id, "username": USERNAME, "password": PASSWORD},
        )
        if result.get("type") != "create_entry":
            raise SetUpError(
                f"The user {USERNAME} of an earlier run has another password now;"
                " scripts/develop --fresh starts anew"
            )
        return str(result["result"])

    async def wait_until_running(self) -> None:
        """Wait until everything that starts with Home Assistant has started."""
        for _ in range(POLLS):
            if (await self.command("get_config"))["state"] == "RUNNING":
                return
            await asyncio.sleep(POLL_SECONDS)
        raise SetUpError("Home Assistant did not finish its start")
