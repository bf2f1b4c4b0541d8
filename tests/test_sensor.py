"""What the sensors show of a snapshot, and when."""

from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.circuits import (
    AverageLimit,
    AverageStatus,
    WindowLength,
)
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.states import ConnectorState
from custom_components.ev_charger_pool.snapshot import MemberView
from tests.pool_double import (
    GARAGE,
    NOW,
    SITE,
    TWIN,
    TWIN_1,
    TWIN_2,
    PoolDouble,
    async_set_up_double,
    circuit_view,
    connector_view,
    reading,
    snapshot as take_snapshot,
)


@pytest.fixture
async def pool(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory
) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.SENSOR)


def with_power(view: MemberView, power_w: float) -> MemberView:
    assert view.connector is not None
    return replace(view, connector=replace(view.connector, power_w=reading(power_w)))


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def test_every_sensor(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    await async_set_up_double(hass, monkeypatch, Platform.SENSOR)
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


async def test_diagnostic_sensors_are_off_by_default(
    hass: HomeAssistant, pool: PoolDouble, entity_registry: er.EntityRegistry
) -> None:
    entries = er.async_entries_for_config_entry(entity_registry, SITE)
    off = {entry.unique_id for entry in entries if entry.disabled_by}
    assert f"{TWIN_1}_voltage_l1" in off
    assert f"{TWIN_1}_committed_current" in off
    assert f"{GARAGE}_other_load_l1" in off
    assert f"{TWIN_1}_current_l1" not in off


async def test_a_phase_that_is_not_there_has_no_sensor(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, entity_registry: er.EntityRegistry
) -> None:
    data = take_snapshot()
    one_phase = PerPhase(25.0, 0.0, 0.0)
    circuits = {
        key: replace(view, circuit=replace(view.circuit, limit_a=one_phase))
        for key, view in data.circuits.items()
    }
    view = data.members[TWIN_1]
    members = {TWIN_1: replace(view, settings=replace(view.settings, phases=(Phase.L1,)))}
    await async_set_up_double(
        hass,
        monkeypatch,
        Platform.SENSOR,
        data=replace(data, circuits=circuits, members=members),
    )
    keys = [entry.unique_id for entry in er.async_entries_for_config_entry(entity_registry, SITE)]
    assert f"{TWIN_1}_current_l1" in keys
    assert [key for key in keys if key.endswith(("l2", "l3"))] == []


async def test_how_long_a_session_waited_is_told_every_five_minutes(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    entity = "sensor.twin_connector_1_session_waiting_time"
    assert float(state(hass, entity)) == 0.0
    for minute in range(1, 5):
        freezer.tick(timedelta(seconds=60))
        pool.show_member(connector_view(waited=timedelta(minutes=minute)))
        assert float(state(hass, entity)) == 0.0
    freezer.tick(timedelta(seconds=60))
    pool.show_member(connector_view(waited=timedelta(minutes=5)))
    assert float(state(hass, entity)) == 5.0
    pool.show_member(connector_view(session=None))
    assert state(hass, entity) == STATE_UNKNOWN


async def test_limited_by_tells_the_circuit_and_the_phase(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    limited = hass.states.get("sensor.twin_connector_1_limited_by")
    assert limited is not None
    assert limited.state == "circuit"
    assert limited.attributes["circuit"] == "Garage"
    assert limited.attributes["circuit_id"] == GARAGE
    assert limited.attributes["phase"] == "l2"


@pytest.mark.parametrize(
    ("reason", "attributes"),
    [
        (
            Reason(kind=ReasonKind.CIRCUIT, subject="01GONE"),
            {"circuit": "01GONE", "circuit_id": "01GONE", "phase": None},
        ),
        (
            Reason(kind=ReasonKind.GENERATION, subject=GARAGE, phase=Phase.L3),
            {"circuit": "Garage", "circuit_id": GARAGE, "phase": "l3"},
        ),
        (
            Reason(kind=ReasonKind.TARIFF, subject=GARAGE),
            {"circuit": "Garage", "circuit_id": GARAGE, "phase": None},
        ),
        (
            Reason(kind=ReasonKind.IMBALANCE, subject=GARAGE),
            {"circuit": "Garage", "circuit_id": GARAGE, "phase": None},
        ),
        (Reason(kind=ReasonKind.CONTRACT, subject="times:grid"), {"limit": "times:grid"}),
        (
            Reason(kind=ReasonKind.MINIMUM, subject=GARAGE, phase=Phase.L1),
            {"circuit": "Garage", "circuit_id": GARAGE, "phase": "l1"},
        ),
        (
            Reason(kind=ReasonKind.TURN, subject=GARAGE, phase=Phase.L1),
            {"circuit": "Garage", "circuit_id": GARAGE, "phase": "l1"},
        ),
        (Reason(kind=ReasonKind.DEMAND_RESPONSE, subject="event-7"), {"event": "event-7"}),
        (Reason(kind=ReasonKind.STALE, subject="grid"), {"reading": "grid"}),
        (Reason(kind=ReasonKind.USER, subject="user:x"), {"limit": "user:x"}),
        (Reason(kind=ReasonKind.ASLEEP), {}),
    ],
)
async def test_limited_by_tells_what_the_reason_points_at(
    hass: HomeAssistant, pool: PoolDouble, reason: Reason, attributes: dict[str, object]
) -> None:
    view = pool.data.members[TWIN_1]
    assert view.status is not None
    pool.show_member(replace(view, status=replace(view.status, limited_by=reason)))
    await hass.async_block_till_done()
    limited = hass.states.get("sensor.twin_connector_1_limited_by")
    assert limited is not None
    assert limited.state == reason.kind
    assert {
        key: value
        for key, value in limited.attributes.items()
        if key in {"circuit", "circuit_id", "phase", "event", "reading", "limit"}
    } == attributes


@pytest.mark.parametrize("kind", list(ReasonKind))
async def test_every_reason_is_an_option(
    hass: HomeAssistant, pool: PoolDouble, kind: ReasonKind
) -> None:
    view = pool.data.members[TWIN_1]
    assert view.status is not None
    pool.show_member(replace(view, status=replace(view.status, limited_by=Reason(kind=kind))))
    assert state(hass, "sensor.twin_connector_1_limited_by") == kind


async def test_an_offline_charger_keeps_its_state_and_hides_what_it_measured(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    view = pool.data.members[TWIN_1]
    assert view.connector is not None
    pool.show_member(
        replace(view, state=ConnectorState.MISSING, connector=replace(view.connector, online=False))
    )
    assert state(hass, "sensor.twin_connector_1_state") == "missing"
    assert state(hass, "sensor.twin_connector_1_power") == STATE_UNAVAILABLE
    assert state(hass, "sensor.twin_connector_1_current_l1") == STATE_UNAVAILABLE
    assert state(hass, "sensor.twin_connector_1_granted_current") == "10.0"


async def test_a_phase_that_is_not_measured_is_unknown_by_itself(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    assert state(hass, "sensor.twin_connector_1_current_l2") == "9.9"
    assert state(hass, "sensor.twin_connector_1_current_l3") == STATE_UNKNOWN


async def test_session_energy_counts_from_the_plug(hass: HomeAssistant, pool: PoolDouble) -> None:
    energy = hass.states.get("sensor.twin_connector_1_session_energy")
    assert energy is not None
    assert energy.state == "4.25"
    assert energy.attributes["state_class"] == "total"
    assert energy.attributes["last_reset"] == "2026-11-20T12:00:00+00:00"
    view = pool.data.members[TWIN_1]
    pool.show_member(replace(view, session=None))
    assert state(hass, "sensor.twin_connector_1_session_energy") == STATE_UNKNOWN


async def test_total_energy_suits_the_energy_dashboard(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    energy = hass.states.get("sensor.twin_connector_1_energy")
    assert energy is not None
    assert energy.state == "1234.567"
    assert energy.attributes["state_class"] == "total_increasing"
    assert energy.attributes["device_class"] == "energy"
    assert energy.attributes["unit_of_measurement"] == "kWh"


async def test_a_number_is_written_once_a_second_at_most(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    view = pool.data.members[TWIN_1]
    freezer.tick(timedelta(seconds=2))
    pool.show_member(with_power(view, 7_000.0))
    assert state(hass, "sensor.twin_connector_1_power") == "7000.0"
    for power_w in (7_200.0, 7_400.0, 7_600.0):
        pool.show_member(with_power(view, power_w))
    assert state(hass, "sensor.twin_connector_1_power") == "7000.0"
    freezer.tick(timedelta(seconds=1.1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "sensor.twin_connector_1_power") == "7600.0"


async def test_noise_is_written_later_and_what_stays_is_right(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    view = pool.data.members[TWIN_1]
    pool.show_member(with_power(view, 6_801.0))
    freezer.tick(timedelta(seconds=5))
    async_fire_time_changed(hass)
    assert state(hass, "sensor.twin_connector_1_power") == "6800.0"
    freezer.tick(timedelta(seconds=31))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "sensor.twin_connector_1_power") == "6801.0"


async def test_noise_that_goes_away_is_never_written(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    view = pool.data.members[TWIN_1]
    before = hass.states.get("sensor.twin_connector_1_power")
    pool.show_member(with_power(view, 6_801.0))
    pool.show_member(with_power(view, 6_800.0))
    freezer.tick(timedelta(seconds=60))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.twin_connector_1_power") is before


async def test_a_change_that_matters_does_not_wait_for_noise(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    view = pool.data.members[TWIN_1]
    pool.show_member(with_power(view, 6_801.0))
    pool.show_member(with_power(view, 9_000.0))
    freezer.tick(timedelta(seconds=1.1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "sensor.twin_connector_1_power") == "9000.0"


async def test_the_noise_of_binary_fractions_is_not_shown(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    freezer.tick(timedelta(seconds=2))
    pool.show_member(with_power(pool.data.members[TWIN_1], 7_000.1 + 0.2))
    assert state(hass, "sensor.twin_connector_1_power") == "7000.3"


async def test_a_state_is_written_at_once(hass: HomeAssistant, pool: PoolDouble) -> None:
    view = pool.data.members[TWIN_1]
    for wanted in (ConnectorState.ERROR, ConnectorState.EV_PLUGGED, ConnectorState.ERROR):
        pool.show_member(replace(view, state=wanted))
        assert state(hass, "sensor.twin_connector_1_state") == wanted


async def test_a_member_that_appears_gets_its_sensors(
    hass: HomeAssistant, pool: PoolDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = dict(pool.data.members)
    late = members.pop(TWIN_2)
    assert hass.states.get("sensor.twin_connector_2_state") is not None
    # Another site, that begins without it.
    await hass.config_entries.async_remove(SITE)
    assert hass.states.get("sensor.twin_connector_2_state") is None
    pool = await async_set_up_double(
        hass, monkeypatch, Platform.SENSOR, data=replace(take_snapshot(), members=members)
    )
    assert hass.states.get("sensor.twin_connector_2_state") is None
    pool.show_member(late)
    await hass.async_block_till_done()
    assert state(hass, "sensor.twin_connector_2_state") == "ev_plugged"


async def test_a_circuit_that_appears_gets_its_sensors(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = take_snapshot()
    circuits = {key: view for key, view in data.circuits.items() if key != GARAGE}
    pool = await async_set_up_double(
        hass, monkeypatch, Platform.SENSOR, data=replace(data, circuits=circuits)
    )
    assert hass.states.get("sensor.garage_available_power") is None
    pool.show_circuit(circuit_view(GARAGE))
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_available_power") == "5060.0"


async def test_a_circuit_with_an_average_limit_shows_how_its_window_stands(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = circuit_view()
    assert view.status is not None
    limit = AverageLimit(power_w=2_500.0, window=WindowLength.QUARTER_HOUR)
    window = AverageStatus(ends_at=NOW, used_wh=312.5, projected_w=2_410.0, allowance_w=2_630.0)
    known = replace(
        view,
        circuit=replace(view.circuit, average=limit),
        status=replace(view.status, average=window),
    )
    data = take_snapshot()
    pool = await async_set_up_double(
        hass,
        monkeypatch,
        Platform.SENSOR,
        data=replace(data, circuits={**data.circuits, known.circuit.id: known}),
    )
    projected = hass.states.get("sensor.home_projected_average_power")
    assert projected is not None
    assert projected.state == "2410.0"
    assert projected.attributes["limit_w"] == 2_500.0
    assert projected.attributes["window_ends_at"] == NOW
    assert projected.attributes["used_kwh"] == 0.312
    assert state(hass, "sensor.home_allowance_by_the_average_limit") == "2630.0"
    assert hass.states.get("sensor.garage_projected_average_power") is None
    pool.show_circuit(replace(known, status=replace(view.status, average=None)))
    await hass.async_block_till_done()
    assert state(hass, "sensor.home_projected_average_power") == STATE_UNAVAILABLE


async def test_the_sensors_leave_with_their_subentry(
    hass: HomeAssistant, pool: PoolDouble, entity_registry: er.EntityRegistry
) -> None:
    entry = hass.config_entries.async_get_entry(SITE)
    assert entry is not None
    hass.config_entries.async_remove_subentry(entry, TWIN)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.twin_connector_1_state") is None
    left = er.async_entries_for_config_entry(entity_registry, SITE)
    assert [item for item in left if item.unique_id.startswith(TWIN)] == []
    assert hass.states.get("sensor.bench_limited_by") is not None


async def test_a_member_that_is_gone_from_the_snapshot_is_unavailable(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    members = {key: view for key, view in pool.data.members.items() if key != TWIN_1}
    pool.show(replace(pool.data, members=members))
    assert state(hass, "sensor.twin_connector_1_state") == STATE_UNAVAILABLE
    assert state(hass, "sensor.twin_connector_1_session_energy") == STATE_UNAVAILABLE


async def test_before_the_first_decision_nothing_is_granted(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    pool.show_member(connector_view(status=None))
    pool.show_circuit(circuit_view(GARAGE, status=None))
    assert state(hass, "sensor.twin_connector_1_limited_by") == STATE_UNAVAILABLE
    assert state(hass, "sensor.twin_connector_1_granted_current") == STATE_UNAVAILABLE
    assert state(hass, "sensor.garage_available_power") == STATE_UNAVAILABLE
    assert state(hass, "sensor.twin_connector_1_state") == "ev_locked"
