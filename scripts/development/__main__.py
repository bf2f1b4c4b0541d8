"""Start the development Home Assistant, set it up, and keep it running."""

import argparse
import asyncio
from contextlib import suppress
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
import webbrowser

from .client import PASSWORD, USERNAME, Client, SetUpError
from .configuration import HOST, ROOT, write_configuration
from .site import add_simulated_site, make_dashboard

START_SECONDS = 300
STOP_SECONDS = 30


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/develop")
    parser.add_argument("--browserless", action="store_true")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--directory", type=Path, default=ROOT / ".develop")
    return parser.parse_args()


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else a port that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return int(probe.getsockname()[1])
    raise SetUpError("this machine has no free port")


async def set_up(process: asyncio.subprocess.Process, url: str, *, empty: bool) -> dict[str, str]:
    """Bring a started Home Assistant to where there is something to see; return where that is."""
    async with Client(url) as client:
        await client.wait_until_served(process)
        await client.log_in()
        await client.wait_until_running()
        path = ""
        if not empty:
            await add_simulated_site(client)
            path = await make_dashboard(client)
        return {"url": f"{url}/{path}", "token": client.token}


async def run(chosen: argparse.Namespace) -> int:
    """Start, set up, and wait until the user or Home Assistant ends it."""
    directory: Path = chosen.directory.resolve()
    if chosen.fresh:
        shutil.rmtree(directory, ignore_errors=True)
    port = free_port(chosen.port)
    if chosen.port and port != chosen.port:
        print(f"Port {chosen.port} is taken, using {port}", file=sys.stderr)
    write_configuration(directory, port)

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "homeassistant", "--config", str(directory)),
        stdout=sys.stderr,
        start_new_session=True,  # Ctrl+C reaches it once, through this process
    )
    ended = asyncio.ensure_future(process.wait())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, process)
    try:
        async with asyncio.timeout(START_SECONDS):
            place = await set_up(process, f"http://{HOST}:{port}", empty=chosen.empty)
    except TimeoutError:
        raise SetUpError(
            f"Home Assistant was not ready after {START_SECONDS} s: see {directory}/home-assistant.log"
        ) from None
    else:
        if chosen.browserless:
            print(json.dumps(place), flush=True)
        else:
            print(f"\n  Home Assistant is ready: {place['url']}", flush=True)
            print(f"  From this machine you are logged in; else: {USERNAME} / {PASSWORD}")
            print("  Ctrl+C stops it.\n", flush=True)
            if sys.platform == "darwin" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
                webbrowser.open(place["url"])
        return await ended
    finally:
        await _end(process)


def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask Home Assistant to end properly."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End Home Assistant if it still runs; one that hangs is killed."""
    if process.returncode is not None:
        return
    _stop(process)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(run(arguments())))
    except SetUpError as err:
        sys.exit(f"develop: {err}")
