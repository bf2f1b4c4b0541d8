"""The OCPP central system: one per Home Assistant, shared by its sites."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Final
from urllib.parse import unquote

from aiohttp import WSCloseCode, hdrs, web
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ...const import DOMAIN, OCPP_PATH
from .config import Restrictions, StationConfig, Timings, is_identity
from .link import StationLink
from .pace import TokenBucket
from .schemas import Schemas
from .station import OcppCharger, Station
from .transactions import TransactionStore
from .versions import DIALECTS, choose

_LOGGER = logging.getLogger(__name__)

_ALL_INTERFACES: Final = None

type UnknownListener = Callable[[UnknownStation], None]


class PortInUseError(OSError):
    """The port for the stations cannot be opened."""


class StationClaimedError(ValueError):
    """A station belongs to another charger already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownStation:
    """A station that connected and belongs to no site.

    Attributes:
        identity: Its name in the address that it connects to.
        vendor: Who made it, by its own word.
        model: Its model, by its own word.
        serial: Its serial number.
        connectors: How many connectors it has, at least one.
    """

    identity: str
    vendor: str | None
    model: str | None
    serial: str | None
    connectors: int


class CentralSystem:
    """Serves every station of this Home Assistant, on its own ports and on the HTTP server.

    Stations that no site has claimed are in quarantine: they are told to wait, they are never
    controlled, and their number is limited.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        schemas: dict[str, Schemas],
        transactions: TransactionStore,
        timings: Timings,
        restrictions: Restrictions,
    ) -> None:
        self._hass = hass
        self._schemas = schemas
        self._transactions = transactions
        self._timings = timings
        self._restrictions = restrictions
        self._stations: dict[str, Station] = {}
        self._chargers: dict[str, OcppCharger] = {}
        self._unknown_listeners: list[UnknownListener] = []
        self._announced: dict[str, UnknownStation] = {}
        self._ports: dict[int, int] = {}
        self._lock = asyncio.Lock()
        application = web.Application()
        application.router.add_get("/{path:.*}", self.async_handle)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=timings.close_s,
        )
        self.refused = 0

    @property
    def port(self) -> int:
        """The port that was opened first; 0 when none is."""
        return next(iter(self._ports.values()), 0)

    async def async_listen(self, port: int) -> int:
        """Open a port on all interfaces, if it is not open yet; return it.

        Args:
            port: The port; 0 lets the system choose one.

        Raises:
            PortInUseError: It cannot be opened.
        """
        async with self._lock:
            if port in self._ports:
                return self._ports[port]
            if self._runner.server is None:
                await self._runner.setup()
            before = set(self._runner.addresses)
            site = web.TCPSite(self._runner, _ALL_INTERFACES, port)
            try:
                await site.start()
            except OSError as error:
                await site.stop()
                raise PortInUseError(
                    error.errno,
                    f"Port {port} for OCPP stations cannot be opened ({error.strerror}). Another "
                    "program or integration may use it: stop that, or set another OCPP port in "
                    "the site's settings and in the stations. Until then stations can connect "
                    f"through Home Assistant's own address at {OCPP_PATH}/<station>",
                ) from error
            opened = [address for address in self._runner.addresses if address not in before]
            # With port 0 each protocol family gets a port of its own; the IPv4 one is told.
            self._ports[port] = port or min(opened, key=len)[1]
            return self._ports[port]

    def claim(self, config: StationConfig) -> OcppCharger:
        """Take a station into a site.

        Raises:
            StationClaimedError: It is claimed already; close that charger first.
        """
        holder = self._chargers.get(config.identity)
        if holder is not None and not holder.closed:
            raise StationClaimedError(
                f"OCPP station {config.identity} belongs to another charger already: remove it "
                "there first, or give this station another identity"
            )
        self._announced.pop(config.identity, None)
        charger = OcppCharger(self._station(config.identity), config)
        self._chargers[config.identity] = charger
        return charger

    def on_unknown(self, listener: UnknownListener) -> Callable[[], None]:
        """Have a listener called for each unknown station, also for those that are here now."""
        self._unknown_listeners.append(listener)
        for unknown in list(self._announced.values()):
            listener(unknown)

        def unsubscribe() -> None:
            if listener in self._unknown_listeners:
                self._unknown_listeners.remove(listener)

        return unsubscribe

    async def async_handle(self, request: web.Request) -> web.StreamResponse:
        """Serve a connection of a station."""
        identity = _identity(request)
        if identity is None:
            return self._refuse(
                400,
                "The last part of the address has to be the station's identity: 1 to 48 letters, "
                "digits and *-_=:+|@.",
            )
        if hdrs.UPGRADE not in request.headers:
            return web.Response(
                status=426,
                text="This is the address of an OCPP central system. Enter it, with ws:// instead "
                "of http://, as the central system of a charging station.",
                headers={hdrs.UPGRADE: "websocket"},
            )
        if not self._admits(identity):
            return self._refuse(
                503,
                "Too many stations are waiting to be added, or this one connects too often. Add "
                "the waiting ones in Home Assistant, and check that no two stations have the "
                "same identity.",
            )
        # The version is chosen here: aiohttp would take the station's order of preference, and
        # let it through without any.
        offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")
        protocol = choose(offered)
        socket = web.WebSocketResponse(
            protocols=() if protocol is None else (protocol,),
            heartbeat=None if protocol is None else self._timings.ping_s,
            max_msg_size=self._restrictions.frame_bytes,
            compress=False,
        )
        await socket.prepare(request)
        if protocol is None:
            self.refused += 1
            _LOGGER.warning(
                "Station %s offers %s, but this central system speaks %s: set that as the version "
                "of OCPP in the station",
                identity,
                [part.strip()[:20] for part in offered[:5]],
                ", ".join(DIALECTS),
            )
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"No common OCPP version")
            return socket
        await self._serve(identity, protocol, request, socket)
        return socket

    async def async_close(self) -> None:
        """Close every connection and every port."""
        sessions = [
            station.session for station in self._stations.values() if station.session is not None
        ]
        await asyncio.gather(
            *(session.close(WSCloseCode.GOING_AWAY, "Home Assistant stops") for session in sessions)
        )
        await self._runner.cleanup()
        self._ports.clear()
        await self._transactions.async_save()

    async def _serve(
        self,
        identity: str,
        protocol: str,
        request: web.Request,
        socket: web.WebSocketResponse,
    ) -> None:
        transport = request.transport
        if transport is None:
            return
        station = self._station(identity)
        link = StationLink(
            identity,
            socket,
            transport,
            self._schemas[protocol],
            station.counters,
            self._timings,
            self._restrictions,
        )
        session = DIALECTS[protocol].session(station, link, self._timings, self._announce)
        replaced = station.connected(session)
        if replaced is not None:
            # The newer one counts: an old one is often half open, unknown to both sides.
            _LOGGER.debug("Station %s connected again", identity)
            self._hass.async_create_background_task(
                replaced.close(WSCloseCode.POLICY_VIOLATION, "A newer connection took over"),
                f"ocpp close {identity}",
            )
        try:
            await session.serve()
        finally:
            station.disconnected(session)

    def _station(self, identity: str) -> Station:
        station = self._stations.get(identity)
        if station is None:
            admission = TokenBucket(
                self._restrictions.connections,
                self._restrictions.connections_per_s,
                self._hass.loop.time(),
            )
            station = Station(identity, self._transactions, self._timings, admission)
            self._stations[identity] = station
        return station

    def _admits(self, identity: str) -> bool:
        """Whether a station may connect now."""
        if identity not in self._stations:
            self._forget_unknown()
            unknown = sum(1 for station in self._stations.values() if station.config is None)
            if unknown >= self._restrictions.unknown_stations:
                return False
        return self._station(identity).admission.admits(self._hass.loop.time())

    def _forget_unknown(self) -> None:
        """Free the places of unknown stations that have long been gone."""
        latest = dt_util.utcnow() - timedelta(seconds=self._restrictions.unknown_kept_s)
        for identity, station in list(self._stations.items()):
            if station.config is None and station.session is None and station.left_at < latest:
                del self._stations[identity]
                self._announced.pop(identity, None)

    def _announce(self, station: Station) -> None:
        """Tell of a station in quarantine, once."""
        if station.config is not None or station.identity in self._announced:
            return
        who = station.model.identity
        unknown = UnknownStation(
            identity=station.identity,
            vendor=who.manufacturer,
            model=who.model,
            serial=who.serial,
            connectors=max(1, station.model.seen_connectors),
        )
        self._announced[station.identity] = unknown
        _LOGGER.info("Unknown OCPP station %s waits to be added", station.identity)
        for listener in list(self._unknown_listeners):
            listener(unknown)

    def _refuse(self, status: int, text: str) -> web.Response:
        self.refused += 1
        return web.Response(status=status, text=text)


class OcppView(HomeAssistantView):
    """The central system on Home Assistant's own HTTP server.

    A view cannot be taken back, so that it finds the central system of the day by itself.
    """

    url = f"{OCPP_PATH}/{{path:.*}}"
    name = f"api:{DOMAIN}:ocpp"
    # Stations cannot sign in to Home Assistant; whoever is unknown is held in quarantine.
    requires_auth = False

    async def get(self, request: web.Request, path: str) -> web.StreamResponse:  # noqa: ARG002
        """Serve a connection of a station."""
        hass = request.app[KEY_HASS]
        central = hass.data.get(DATA_CENTRAL_SYSTEM)
        if central is None:
            return web.Response(status=503, text="EV Charger Pool is not set up")
        return await central.async_handle(request)


DATA_CENTRAL_SYSTEM: HassKey[CentralSystem] = HassKey(f"{DOMAIN}_ocpp")
_DATA_VIEW: HassKey[bool] = HassKey(f"{DOMAIN}_ocpp_view")
_DATA_STARTING: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_ocpp_starting")


async def async_get_central_system(
    hass: HomeAssistant,
    port: int,
    *,
    timings: Timings | None = None,
    restrictions: Restrictions | None = None,
) -> CentralSystem:
    """Return the central system of this Home Assistant, with a port open.

    The first call starts it; it stays until Home Assistant stops, whatever sites come and go.

    Args:
        hass: Home Assistant.
        port: The port for stations; several sites may each have their own.
        timings: Other waiting times, for the first call.
        restrictions: Other restrictions, for the first call.

    Raises:
        PortInUseError: The port cannot be opened. The central system itself runs, and stations
            can reach it through Home Assistant's HTTP server.
    """
    async with hass.data.setdefault(_DATA_STARTING, asyncio.Lock()):
        central = hass.data.get(DATA_CENTRAL_SYSTEM)
        if central is None:
            central = await _async_start(hass, timings or Timings(), restrictions or Restrictions())
            hass.data[DATA_CENTRAL_SYSTEM] = central
    await central.async_listen(port)
    return central


async def _async_start(
    hass: HomeAssistant, timings: Timings, restrictions: Restrictions
) -> CentralSystem:
    schemas = await hass.async_add_executor_job(
        lambda: {protocol: dialect.load_schemas() for protocol, dialect in DIALECTS.items()}
    )
    transactions = TransactionStore(hass)
    await transactions.async_load()
    central = CentralSystem(hass, schemas, transactions, timings, restrictions)

    async def stop(_event: Event) -> None:
        hass.data.pop(DATA_CENTRAL_SYSTEM, None)
        await central.async_close()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)
    if "http" in hass.config.components and not hass.data.get(_DATA_VIEW, False):
        hass.http.register_view(OcppView())
        hass.data[_DATA_VIEW] = True
    return central


def _identity(request: web.Request) -> str | None:
    """Return the identity of a station: the last part of the address, percent-decoded."""
    identity = unquote(request.rel_url.raw_path.rstrip("/").rsplit("/", 1)[-1])
    return identity if is_identity(identity) else None
