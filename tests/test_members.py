"""What is configured and what devices tell, in the words of the pool."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
import pytest

from custom_components.ev_charger_pool.chargers.contract import (
    ConnectorCapabilities,
    ConnectorReport,
)
from custom_components.ev_charger_pool.device_config import ChargerConfig, SupplyConfig
from custom_components.ev_charger_pool.members import (
    connector_report,
    connector_settings,
    connector_shown_state,
    supply_demand,
    supply_report,
    supply_settings,
    supply_shown_state,
    watts_per_amp,
)
from custom_components.ev_charger_pool.pool.members import Lease, MemberKind, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
    ConnectorState,
)
from custom_components.ev_charger_pool.power_supplies.contract import (
    SupplyCapabilities,
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from custom_components.ev_charger_pool.wishes import MemberWish
from tests.common import FakeSupply, charger, connector, supply

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEASE = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))


def charger_config(**changes: Any) -> ChargerConfig:
    data = charger("garage", **changes)["data"]
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_id="garage",
        subentry_type="charger",
        title="Garage",
        unique_id=None,
    )
    return ChargerConfig.from_subentry(subentry, PHASES, fail_safe_a=6.0)


def supply_config(**changes: object) -> SupplyConfig:
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(supply("bench", **changes)["data"])),
        subentry_id="bench",
        subentry_type="power_supply",
        title="Bench",
        unique_id=None,
    )
    return SupplyConfig.from_subentry(subentry, PHASES)


class TestConnectorSettings:
    def test_the_device_and_the_cable_both_bound_it(self) -> None:
        able = ConnectorCapabilities(connector=1, max_current_a=32.0, step_a=0.1, lease=LEASE)
        settings = connector_settings(
            charger_config(circuit="garage-circuit", may_freeze=True),
            1,
            able,
            MemberWish(priority=Priority.HIGH, weight=2.0),
        )
        assert settings.member == "garage:1"
        assert settings.kind is MemberKind.CONNECTOR
        assert settings.circuit == "garage-circuit"
        assert settings.max_current_a == 16.0
        assert settings.step_a == 0.1
        assert settings.lease is LEASE
        assert settings.may_freeze
        assert settings.priority is Priority.HIGH
        assert settings.weight == 2.0
        small = replace(able, max_current_a=10.0)
        assert connector_settings(charger_config(), 1, small, MemberWish()).max_current_a == 10.0

    def test_before_anything_is_known_it_has_no_watchdog(self) -> None:
        settings = connector_settings(charger_config(), 1, None, MemberWish())
        assert settings.lease is None
        assert settings.max_current_a == 16.0

    @pytest.mark.parametrize(
        ("rotation", "phases", "wired"),
        [
            (("l2", "l3", "l1"), 3, (Phase.L2, Phase.L3, Phase.L1)),
            (("l2", "l3", "l1"), 1, (Phase.L2,)),
            (("l3",), 3, (Phase.L3,)),
        ],
    )
    def test_the_rotation_tells_its_phases(
        self, rotation: tuple[str, ...], phases: int, wired: tuple[Phase, ...]
    ) -> None:
        config = charger_config(connectors={"1": connector(*rotation)})
        able = ConnectorCapabilities(connector=1, phases=phases)
        assert connector_settings(config, 1, able, MemberWish()).phases == wired

    @pytest.mark.parametrize(
        ("chosen", "expected"), [(6.0, 6.0), (10.0, 10.0), (0.0, 0.0), (3.0, 0.0), (20.0, 16.0)]
    )
    def test_sr14_a_fail_safe_is_a_pause_or_enough_to_charge(
        self, chosen: float, expected: float
    ) -> None:
        config = charger_config(connectors={"1": connector(fail_safe_current_a=chosen)})
        able = ConnectorCapabilities(connector=1)
        assert connector_settings(config, 1, able, MemberWish()).fail_safe_a == expected

    def test_a_connector_without_a_choice_has_the_sites(self) -> None:
        plain = connector()
        del plain["fail_safe_current_a"]
        config = charger_config(connectors={"1": plain})
        able = ConnectorCapabilities(connector=1)
        assert connector_settings(config, 1, able, MemberWish()).fail_safe_a == 6.0

    def test_a_device_that_cannot_be_told_its_fail_safe_keeps_its_own(self) -> None:
        able = ConnectorCapabilities(connector=1, settable_fail_safe=False, fail_safe_a=8.0)
        assert connector_settings(charger_config(), 1, able, MemberWish()).fail_safe_a == 8.0


def report(**changes: object) -> ConnectorReport:
    base = ConnectorReport(
        connector=1,
        arrived_at=NOW,
        online=True,
        component_state=ComponentState.READY,
        cable_state=CableState.EV_PLUGGED,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def amps(*values: float | None) -> Reading[PerPhase[float | None]]:
    return Reading(value=PerPhase(*values), arrived_at=NOW)


class TestConnectorState:
    @pytest.mark.parametrize("values", [(2.0, 3.0, None), (4.0, None, None), (0.0, 0.0, 0.0)])
    def test_m2_one_phase_is_enough_to_be_there(self, values: tuple[float | None, ...]) -> None:
        told = report(current_a=amps(*values))
        assert connector_shown_state(told) is ConnectorState.EV_PLUGGED

    def test_m3_all_phases_gone_is_missing_whatever_is_plugged(self) -> None:
        told = report(current_a=amps(None, None, None))
        assert connector_shown_state(told) is ConnectorState.MISSING
        back = report(current_a=amps(None, 1.0, None))
        assert connector_shown_state(back) is ConnectorState.EV_PLUGGED

    def test_m4_nothing_was_heard_yet(self) -> None:
        assert connector_shown_state(None) is ConnectorState.MISSING

    def test_a_station_that_measures_nothing_without_a_session_is_not_missing(self) -> None:
        assert connector_shown_state(report()) is ConnectorState.EV_PLUGGED

    def test_out_of_reach_is_missing(self) -> None:
        told = report(online=False, current_a=amps(0.0, 0.0, 0.0))
        assert connector_shown_state(told) is ConnectorState.MISSING

    def test_the_report_carries_it_all(self) -> None:
        power = Reading(value=3680.0, arrived_at=NOW)
        told = report(
            current_a=amps(16.0, None, None),
            power_w=power,
            charging=ChargingStatus.CHARGING,
            limit_a=16.0,
            booted_at=NOW,
        )
        made = connector_report("garage:1", told, "s1", told.charging)
        assert made.member == "garage:1"
        assert made.current is told.current_a
        assert made.power_w is power
        assert made.limit_a == 16.0
        assert made.booted_at == NOW
        assert made.session == "s1"
        assert made.charging is ChargingStatus.CHARGING


CAPABILITIES = SupplyCapabilities(
    bidirectional=False,
    max_export_voltage_v=60.0,
    min_export_voltage_v=0.0,
    max_export_current_a=12.0,
    min_export_current_a=0.0,
    max_export_power_w=500.0,
    current_regulation_tolerance_a=0.1,
    peak_current_ripple_a=0.1,
)


class TestSupply:
    def test_sr13_watts_per_amp_count_losses_at_the_lowest_voltage(self) -> None:
        assert watts_per_amp(3) == pytest.approx(0.85 * 0.95 * 207.0 * 3)
        assert watts_per_amp(1) == pytest.approx(167.1525)

    def test_settings(self) -> None:
        settings = supply_settings(supply_config(), None, MemberWish())
        assert settings.member == "bench"
        assert settings.kind is MemberKind.POWER_SUPPLY
        assert settings.phases == (Phase.L1,)
        assert settings.lease is None
        assert settings.watts_per_amp == watts_per_amp(1)
        assert settings.max_current_a * watts_per_amp(1) == pytest.approx(800.0)
        assert not settings.measures_current

    def test_the_device_bounds_its_power(self) -> None:
        driver = FakeSupply(capabilities=CAPABILITIES, settle=timedelta(seconds=3))
        settings = supply_settings(supply_config(), driver, MemberWish())
        assert settings.max_current_a * watts_per_amp(1) == pytest.approx(500.0)
        assert settings.lease is driver.lease
        assert settings.settle == timedelta(seconds=3)
        unknown = supply_settings(supply_config(), FakeSupply(), MemberWish())
        assert unknown.max_current_a * watts_per_amp(1) == pytest.approx(800.0)

    def supply_report(self, **changes: object) -> SupplyReport:
        base = SupplyReport(
            arrived_at=NOW,
            online=True,
            mode=SupplyMode.EXPORT,
            wishes=SupplyWishes(mode=SupplyMode.EXPORT, voltage_v=48.0, current_a=10.0),
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("changes", "watts"),
        [
            ({}, 480.0),
            ({"wishes": SupplyWishes(voltage_v=48.0, current_a=10.0)}, 0.0),
            ({"mode": SupplyMode.FAULT}, 0.0),
            ({"mode": SupplyMode.OFF}, 480.0),
            (
                {
                    "wishes": SupplyWishes(
                        mode=SupplyMode.EXPORT, voltage_v=60.0, current_a=12.0, power_w=100.0
                    )
                },
                100.0,
            ),
            (
                {
                    "wishes": SupplyWishes(mode=SupplyMode.EXPORT, voltage_v=60.0, current_a=12.0),
                    "capabilities": CAPABILITIES,
                },
                500.0,
            ),
            (
                {"wishes": SupplyWishes(mode=SupplyMode.EXPORT, voltage_v=60.0, current_a=60.0)},
                800.0,
            ),
        ],
    )
    def test_what_it_could_use(self, changes: dict[str, object], watts: float) -> None:
        settings = supply_settings(supply_config(), None, MemberWish())
        assert supply_demand(settings, self.supply_report(**changes)) == pytest.approx(watts)

    @pytest.mark.parametrize(
        ("granted_w", "mode", "watts"),
        [
            (None, SupplyMode.EXPORT, 480.0),
            (300.0, SupplyMode.EXPORT, 300.0),
            (900.0, SupplyMode.EXPORT, 480.0),
            (300.0, SupplyMode.OFF, 0.0),
            (300.0, SupplyMode.IMPORT, 0.0),
        ],
    )
    def test_sr13_what_its_set_points_may_cost(
        self, granted_w: float | None, mode: SupplyMode, watts: float
    ) -> None:
        settings = supply_settings(supply_config(), None, MemberWish())
        made = supply_report(settings, self.supply_report(mode=mode), granted_w)
        assert made.set_current_a == pytest.approx(watts / watts_per_amp(1))
        assert made.current is None

    @pytest.mark.parametrize(
        ("told", "state"),
        [
            ({"online": False}, ConnectorState.MISSING),
            ({"mode": SupplyMode.FAULT}, ConnectorState.ERROR),
            ({}, ConnectorState.EV_PLUGGED),
            ({"mode": SupplyMode.OFF}, ConnectorState.EV_PLUGGED),
            (
                {
                    "mode": SupplyMode.OFF,
                    "wishes": SupplyWishes(voltage_v=48.0, current_a=10.0),
                },
                ConnectorState.IDLE,
            ),
        ],
    )
    def test_its_state_in_the_words_of_connectors(
        self, told: dict[str, object], state: ConnectorState
    ) -> None:
        assert supply_shown_state(self.supply_report(**told)) is state
        assert supply_shown_state(None) is ConnectorState.MISSING
