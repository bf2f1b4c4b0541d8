"""Stations that switch phases, and cars that dislike it."""

from datetime import UTC, datetime

import pytest

from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import (
    Grant,
    MemberSettings,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus
from custom_components.ev_charger_pool.simulator.cars import Car, SwitchMood
from custom_components.ev_charger_pool.simulator.devices import Station
from custom_components.ev_charger_pool.simulator.firmware import FirmwareSpec, SwitchConduct
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector

STARTED = datetime(2026, 6, 1, tzinfo=UTC)


class Post:
    """A station with a car, told grants by hand."""

    def __init__(self, spec: FirmwareSpec, car: Car) -> None:
        self.connector = SimulatedConnector(phases=PHASES, max_current_a=16.0)
        settings = MemberSettings(member="a", circuit="grid", max_current_a=16.0, lease=None)
        self.station = Station(self.connector, settings, spec, STARTED)
        self.connector.plug_in(car)
        self.now_s = 0.0

    def tell(self, current_a: float, phases: int | None) -> ActionResult | None:
        grant = Grant(
            member="a",
            current_a=current_a,
            decided_at=STARTED,
            reason=Reason(kind=ReasonKind.CHARGER),
            phases=phases,
        )
        order = Order(number=1, kind=OrderKind.SET, grant=grant, urgency=Urgency.RAISE)
        return self.station.receive(order, self.now_s)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.connector.advance(self.now_s, 1.0, (230.0, 230.0, 230.0))
            self.station.advance(self.now_s)

    def charging(self) -> ChargingStatus:
        self.run(10)
        return self.station.heard(self.now_s)[-1].charging


def test_a_station_that_is_told_one_phase_charges_on_its_first() -> None:
    post = Post(FirmwareSpec(), Car())
    post.tell(0.0, 1)
    post.run(20)
    post.tell(10.0, 1)
    post.run(30)
    assert post.connector.current_a.l1 > 9.0
    assert post.connector.current_a.l2 == post.connector.current_a.l3 == 0.0
    assert post.connector.switched_under_load == 0


def test_a_switch_takes_its_time() -> None:
    post = Post(FirmwareSpec(switch_s=30.0), Car())
    post.tell(10.0, 1)
    post.run(25)
    assert post.connector.amps == 0.0
    post.run(30)
    assert post.connector.amps > 9.0


def test_a_contactor_that_moves_under_load_is_told_of() -> None:
    post = Post(FirmwareSpec(), Car())
    post.tell(10.0, None)
    post.run(30)
    post.tell(10.0, 1)
    post.run(10)
    assert post.connector.switched_under_load == 1


def test_a_station_that_refuses_says_so_and_one_that_ignores_does_not() -> None:
    refuses = Post(FirmwareSpec(switching=SwitchConduct.REFUSES), Car())
    assert refuses.tell(0.0, 1) is ActionResult.REJECTED
    assert refuses.tell(0.0, 3) is ActionResult.ACCEPTED
    ignores = Post(FirmwareSpec(switching=SwitchConduct.IGNORES), Car())
    assert ignores.tell(0.0, 1) is ActionResult.ACCEPTED
    ignores.run(10)
    assert ignores.connector.switched_on == 3


@pytest.mark.parametrize(
    ("mood", "status"),
    [
        (SwitchMood.NEVER_RESUMES, ChargingStatus.SUSPENDED_BY_EV),
        (SwitchMood.FAULTS, ChargingStatus.FAULT),
    ],
)
def test_a_car_that_dislikes_it_is_well_again_on_all_phases(
    mood: SwitchMood, status: ChargingStatus
) -> None:
    post = Post(FirmwareSpec(), Car(mood=mood))
    post.tell(10.0, None)
    post.run(30)
    post.tell(0.0, 1)
    post.run(20)
    post.tell(10.0, 1)
    post.run(60)
    assert post.connector.amps == 0.0
    assert post.charging() is status
    post.tell(0.0, 3)
    post.run(20)
    post.tell(10.0, 3)
    post.run(60)
    assert post.connector.amps > 9.0


def test_more_phases_than_there_are_cannot_be_switched_on() -> None:
    connector = SimulatedConnector(phases=PHASES[:1], max_current_a=16.0)
    with pytest.raises(ValueError, match="cannot be switched on"):
        connector.switch_phases(3)
