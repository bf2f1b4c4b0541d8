"""A station by its identity: what outlives its connections and the claims on it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.util import dt as dt_util

from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease, PhaseSwitching
from ...pool.quantities import PHASES
from ..contract import (
    ConnectorCapabilities,
    ConnectorListener,
    ConnectorReport,
    DeviceIdentity,
)
from .config import ConnectorConfig, StationConfig, Timings
from .counters import Counters
from .model import AppliedGrant, Availability, ConnectorModel, StationModel
from .pace import TokenBucket
from .session import StationSession
from .transactions import TransactionStore

_LOGGER = logging.getLogger(__name__)

SWITCHING: Final = PhaseSwitching(pause=timedelta(seconds=5), settle=timedelta(seconds=30))
"""OCPP 1.6 tells no times: contactors move within seconds, cars want the pilot to rest a while."""

SETTLE: Final = timedelta(seconds=12)
"""Station 5 s, car 5 s, meter 2 s (SAFETY, `S`)."""


class Station:
    """A station, connected or not, claimed or not.

    Attributes:
        identity: Its name in the address that it connects to.
        model: What is known of it.
        counters: What it did.
        transactions: The store of transactions.
        admission: How often it may connect.
        left_at: When its last connection ended.
        vouched_until: Until when a fresh decision stands behind the newest grants (SR-4).
    """

    def __init__(
        self,
        identity: str,
        transactions: TransactionStore,
        timings: Timings,
        admission: TokenBucket,
    ) -> None:
        self.identity = identity
        self.model = StationModel()
        self.counters = Counters()
        self.transactions = transactions
        self.admission = admission
        self.left_at = dt_util.utcnow()
        self.vouched_until: datetime | None = None
        self._timings = timings
        self._config: StationConfig | None = None
        self._former: tuple[StationConfig, datetime] | None = None
        self._session: StationSession | None = None
        self._leases: dict[int, Lease | None] = {}
        self._listeners: list[ConnectorListener] = []
        self._reports: dict[int, ConnectorReport] = {}

    @property
    def config(self) -> StationConfig | None:
        """How the site that claims it has configured it; None in quarantine."""
        return self._config

    @property
    def session(self) -> StationSession | None:
        """Its live connection."""
        return self._session

    @property
    def online(self) -> bool:
        """Whether it can be reached and may be told something."""
        return self._session is not None and self._session.ready

    @property
    def is_vouched(self) -> bool:
        """Whether a fresh decision stands behind the newest grants (SR-4)."""
        return self.vouched_until is not None and dt_util.utcnow() < self.vouched_until

    def lease(self, connector: int) -> Lease | None:
        """Return the lease that it can keep (SR-8).

        Out of reach it keeps what it was told with: the lease that it could keep last.
        """
        if self._session is not None and self._session.ready:
            self._leases[connector] = self._session.lease(connector)
        return self._leases.get(connector)

    def authorizing_config(self) -> StationConfig | None:
        """Return by which configuration its drivers are authorised.

        For a short while that is the one of the claim that was released: a reload of a site is
        no reason to refuse the cars of its stations.
        """
        if self._config is not None:
            return self._config
        if self._former is None:
            return None
        config, released_at = self._former
        grace = timedelta(seconds=self._timings.reload_grace_s)
        return config if dt_util.utcnow() - released_at < grace else None

    def claim(self, config: StationConfig) -> None:
        """Let a site control the station."""
        self._config = config
        self.model.configure(config.connectors)
        for number in self._reports.keys() - config.connectors.keys():
            del self._reports[number]
        running = self.transactions.running(self.identity)
        for number, connector in self.model.connectors.items():
            if connector.transaction is None and number in running:
                connector.begin(running[number])
        if self._session is not None:
            self._session.claimed()

    def release(self) -> None:
        """End the claim; an open connection stays, in quarantine."""
        if self._config is None:
            return
        self._former = (self._config, dt_util.utcnow())
        self._config = None
        self.vouched_until = None
        self._listeners.clear()
        for connector in self.model.connectors.values():
            connector.applied = None
        if self._session is not None:
            self._session.released()

    def connected(self, session: StationSession) -> StationSession | None:
        """Take a new connection; return the one that it replaces."""
        replaced, self._session = self._session, session
        self.counters.connections += 1
        if replaced is not None:
            self.counters.replaced += 1
        return replaced

    def disconnected(self, session: StationSession) -> None:
        """Take that a connection has ended, if it is still the newest one."""
        if self._session is session:
            self._session = None
            self.left_at = dt_util.utcnow()
            self.publish_all()

    def subscribe(self, listener: ConnectorListener) -> Callable[[], None]:
        """Have a listener called with each report; it gets the newest ones right away."""
        self._listeners.append(listener)
        for report in list(self._reports.values()):
            self._tell(listener, report)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish_all(self) -> None:
        """Report every connector: something about the whole station has changed."""
        for connector in self.model.connectors.values():
            self.publish(connector)

    def publish(self, connector: ConnectorModel) -> None:
        """Report a connector."""
        # Whatever changes a lease is published: so the last one is known when the link is lost.
        self.lease(connector.number)
        report = connector.report(
            dt_util.utcnow(), online=self.online, booted_at=self.model.booted_at
        )
        if report is None:
            return
        self._reports[connector.number] = report
        for listener in list(self._listeners):
            self._tell(listener, report)

    def diagnostics(self) -> Mapping[str, object]:
        """Return what helps to find a fault, without tokens."""
        session = self._session
        skew = self.model.clock.skew
        return {
            "station": self.identity,
            "online": self.online,
            "protocol": None if session is None else session.protocol,
            "booted_at": self.model.booted_at,
            "clock_ahead_s": None if skew is None else skew.total_seconds(),
            "lapse_shown": self.model.verdicts.lapse_shown,
            "counters": self.counters.as_dict(),
            "attributes": dict(self.model.attributes),
            "connectors": {
                number: {
                    "status": connector.charging,
                    "transaction": connector.transaction is not None,
                    "limit_a": connector.limit_a,
                    "default_a": connector.default_a,
                    "lease": self.lease(number) is not None,
                }
                for number, connector in self.model.connectors.items()
            },
        }

    def _tell(self, listener: ConnectorListener, report: ConnectorReport) -> None:
        try:
            listener(report)
        except Exception:
            # One listener that fails must not cost the others their report (I8).
            _LOGGER.exception("A listener of station %s failed", self.identity)


class OcppCharger:
    """A claimed station as the pool sees it; see `chargers.contract.Charger`.

    It is also `CanDisable` and `HasDiagnostics`.
    """

    def __init__(self, station: Station, config: StationConfig) -> None:
        """Claim a station."""
        self._station = station
        self._config = config
        self._closed = False
        station.claim(config)

    @property
    def identity(self) -> DeviceIdentity:
        """Who the station says it is."""
        return self._station.model.identity

    @property
    def closed(self) -> bool:
        """Whether the claim was given back."""
        return self._closed

    @property
    def station(self) -> str:
        """The identity under which the station connects."""
        return self._station.identity

    @property
    def online(self) -> bool:
        """Whether the station can be reached now."""
        return not self._closed and self._station.online

    @property
    def connectors(self) -> Mapping[int, ConnectorCapabilities]:
        """What the connectors can do, by number; their lease comes and goes (SR-8)."""
        return {
            number: ConnectorCapabilities(
                connector=number,
                phases=connector.phases,
                max_current_a=connector.max_current_a,
                lease=self._station.lease(number),
                settle=SETTLE,
                switching=self._switching(connector),
            )
            for number, connector in self._config.connectors.items()
        }

    def _switching(self, connector: ConnectorConfig) -> PhaseSwitching | None:
        announced = self._station.model.verdicts.facts.switches_phases
        able = connector.switches_phases or announced
        return SWITCHING if able and connector.phases == len(PHASES) else None

    def subscribe(self, listener: ConnectorListener) -> Callable[[], None]:
        """Have a listener called with each new report; call the answer to end it."""
        return self._station.subscribe(listener)

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grants until then (SR-4)."""
        if not self._closed:
            self._station.vouched_until = until

    async def async_apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the station, or renew it."""
        if (found := self._station.model.connectors.get(connector)) is None or self._closed:
            return ActionResult.FAILED
        found.applied = AppliedGrant(grant=grant, at=dt_util.utcnow())
        if (session := self._ready_session()) is None:
            return ActionResult.OFFLINE
        return await session.apply(connector, grant)

    async def async_start(self, connector: int) -> ActionResult:
        """Start a session with the car that is plugged in, or wake it (SR-14)."""
        if (session := self._ready_session()) is None:
            return ActionResult.OFFLINE
        return await session.start(connector)

    async def async_stop(self, connector: int) -> ActionResult:
        """End the session for good."""
        if (session := self._ready_session()) is None:
            return ActionResult.OFFLINE
        return await session.stop(connector)

    async def async_disable(self, connector: int) -> ActionResult:
        """Make the connector inoperative until it is enabled again."""
        if (session := self._ready_session()) is None:
            return ActionResult.OFFLINE
        return await session.change_availability(connector, Availability.INOPERATIVE)

    async def async_enable(self, connector: int) -> ActionResult:
        """Make it operative again."""
        if (session := self._ready_session()) is None:
            return ActionResult.OFFLINE
        return await session.change_availability(connector, Availability.OPERATIVE)

    async def async_close(self) -> None:
        """Give the station back: its connection stays, in quarantine, and its leases lapse."""
        if not self._closed:
            self._closed = True
            self._station.release()

    def diagnostics(self) -> Mapping[str, object]:
        """Return plain data without secrets: counters, verdicts, facts of the station."""
        return self._station.diagnostics()

    def _ready_session(self) -> StationSession | None:
        return self._station.session if self.online else None
