"""The transactions of a simulated OCPP station, of which the central system misses nothing."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

from ocpp.v16.enums import Action, AuthorizationStatus, Reason

from ..chargers.ocpp.framing import Payload
from .ocpp_bay import Bay, Transaction, wire_time
from .ocpp_client import OcppClient
from .ocpp_profiles import Profile
from .ocpp_smart_charging import SmartCharging


class Transactions:
    """Begins and ends transactions, and keeps what is to be told of them until it was told."""

    def __init__(
        self,
        bays: Iterable[Bay],
        charging: SmartCharging,
        client: OcppClient,
        clock: Callable[[], datetime],
        on_end: Callable[[], None],
    ) -> None:
        """Begin without any.

        Args:
            bays: The connectors.
            charging: Has to know when a transaction begins and ends.
            client: The way to the central system.
            clock: What the station's clock shows.
            on_end: Called when one has ended.
        """
        self._bays = tuple(bays)
        self._charging = charging
        self._client = client
        self._clock = clock
        self._on_end = on_end
        self._untold: deque[tuple[Action, Payload, Transaction]] = deque()

    def begin(self, bay: Bay, token: str, profile: Profile | None = None) -> None:
        """Begin a transaction.

        Args:
            bay: Where.
            token: Who wants it.
            profile: The profile that came with a start from afar.
        """
        transaction = Transaction(self._clock(), token)
        bay.transaction = transaction
        bay.ended = False
        bay.measured_at = None
        self._untold.append(
            (
                Action.start_transaction,
                {
                    "connectorId": bay.number,
                    "idTag": token,
                    "meterStart": int(bay.connector.energy_wh),
                    "timestamp": wire_time(self._clock()),
                },
                transaction,
            )
        )
        self._charging.begin(bay, profile)

    def end(self, bay: Bay, reason: Reason) -> None:
        """End the transaction of a connector, if there is one."""
        transaction, bay.transaction = bay.transaction, None
        if transaction is None:
            return
        bay.ended = True
        self._untold.append(
            (
                Action.stop_transaction,
                {
                    "idTag": transaction.token,
                    "meterStop": int(bay.connector.energy_wh),
                    "reason": str(reason),
                    "timestamp": wire_time(self._clock()),
                },
                transaction,
            )
        )
        self._charging.end(bay)
        self._on_end()

    async def authorize(self, bay: Bay, token: str) -> None:
        """Ask whether somebody may charge, and begin if so.

        Raises:
            ConnectionError: The connection is gone.
            TimeoutError: There was no answer.
        """
        answer = await self._client.call(Action.authorize, {"idTag": token})
        if _is_accepted(answer) and bay.connector.car_connected:
            self.begin(bay, token)

    async def tell(self) -> None:
        """Tell what began and ended, in that order; what is not answered is told again later.

        Raises:
            ConnectionError: The connection is gone.
            TimeoutError: There was no answer.
        """
        while self._untold:
            action, payload, transaction = self._untold[0]
            await self._tell(action, payload, transaction)
            self._untold.popleft()

    async def _tell(self, action: Action, payload: Payload, transaction: Transaction) -> None:
        if action is Action.stop_transaction:
            payload = {**payload, "transactionId": transaction.id or 0}
        answer = await self._client.call(action, payload)
        if action is not Action.start_transaction:
            return
        number = answer.get("transactionId")
        transaction.id = number if isinstance(number, int) else None
        if not _is_accepted(answer):
            for bay in self._bays:
                if bay.transaction is transaction:
                    self.end(bay, Reason.de_authorized)


def _is_accepted(answer: Payload) -> bool:
    info = answer.get("idTagInfo")
    return isinstance(info, dict) and info.get("status") == AuthorizationStatus.accepted
