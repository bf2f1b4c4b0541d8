"""Simulated links: one order at a time, late, at times not at all."""

from dataclasses import replace
from random import Random

from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import Order, Urgency
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.devices import Firmware, Station
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.links import (
    CONTROL_TIMEOUT_S,
    SimulatedLink,
)
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from tests.simulator.builders import FIRMWARE, connector
from tests.simulator.test_devices import order


class Wire:
    """A link to two connectors of a station, with a record of what happens."""

    def __init__(self, delay_s: float = 0.5, fault: DeviceFaultKind | None = None) -> None:
        faults = () if fault is None else (DeviceFault(kind=fault, from_s=0.0, until_s=100.0),)
        self.devices: dict[str, Firmware] = {}
        for number in (1, 2):
            plan = connector(number, firmware=replace(FIRMWARE, faults=faults))
            self.devices[f"c{number}"] = Station(
                SimulatedConnector(phases=plan.settings.phases, max_current_a=32.0),
                plan.settings,
                plan.firmware,
                STARTED_AT,
            )
        self.link = SimulatedLink(self.devices, delay_s, Random(1))
        self.log: list[tuple[float, str]] = []
        self.now_s = 0.0

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.link.advance(self.now_s, self._sent, self._answered)
            for device in self.devices.values():
                device.advance(self.now_s)

    def _sent(self, told: Order) -> None:
        self.log.append((self.now_s, f"sent {told.member} {told.grant.current_a:g}"))

    def _answered(self, told: Order, result: ActionResult) -> None:
        self.log.append((self.now_s, f"{result} {told.member} {told.grant.current_a:g}"))


def to(member: str, current_a: float, urgency: Urgency = Urgency.RAISE) -> Order:
    told = order(current_a)
    return replace(told, grant=replace(told.grant, member=member), urgency=urgency)


def test_an_order_reaches_its_device_and_is_answered() -> None:
    wire = Wire()
    wire.link.put(to("c1", 10.0))
    wire.run(3)
    assert wire.log == [(1.0, "sent c1 10"), (2.0, "accepted c1 10")]
    assert wire.devices["c1"].obedient_a == 10.0
    assert wire.link.pending == []


def test_reductions_overtake_and_the_newest_replaces_what_waits() -> None:
    wire = Wire(delay_s=2.0)
    wire.link.put(to("c1", 10.0))
    wire.run(1)
    wire.link.put(to("c1", 12.0))
    wire.link.put(to("c1", 14.0))
    wire.link.put(to("c2", 0.0, Urgency.REDUCTION))
    assert [item.grant.current_a for item in wire.link.pending] == [10.0, 0.0, 14.0]
    wire.run(10)
    assert [text for _, text in wire.log if text.startswith("sent")] == [
        "sent c1 10",
        "sent c2 0",
        "sent c1 14",
    ]


def test_a_stalled_device_costs_its_timeout() -> None:
    wire = Wire(fault=DeviceFaultKind.STALLED)
    wire.link.put(to("c1", 10.0))
    wire.run(10)
    assert wire.log == [
        (1.0, "sent c1 10"),
        (1.0 + CONTROL_TIMEOUT_S, "timed_out c1 10"),
    ]
    assert wire.devices["c1"].obedient_a == 0.0


def test_one_that_is_offline_is_told_at_once() -> None:
    wire = Wire(fault=DeviceFaultKind.OFFLINE)
    wire.link.put(to("c1", 10.0))
    wire.run(3)
    assert wire.log == [(1.0, "sent c1 10"), (2.0, "offline c1 10")]


def test_one_that_breaks_while_an_order_is_under_way_lets_it_time_out() -> None:
    wire = Wire(delay_s=4.0)
    spec = replace(
        FIRMWARE,
        faults=(DeviceFault(kind=DeviceFaultKind.STALLED, from_s=1.2, until_s=60.0),),
    )
    wire.devices["c1"].spec = spec
    wire.link.put(to("c1", 10.0))
    wire.run(12)
    assert [text for _, text in wire.log] == ["sent c1 10", "timed_out c1 10"]


def test_a_killed_process_loses_what_waits_but_not_what_is_written() -> None:
    wire = Wire(delay_s=2.0)
    wire.link.put(to("c1", 10.0))
    wire.run(1)
    wire.link.put(to("c2", 12.0))
    wire.link.drop()
    wire.run(10)
    assert [text for _, text in wire.log] == ["sent c1 10", "accepted c1 10"]
    assert wire.devices["c1"].obedient_a == 10.0
