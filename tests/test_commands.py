"""What a user asks is checked, kept, and followed at once."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ev_charger_pool import commands
from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.errors import ErrorKey, raise_unless_accepted
from custom_components.ev_charger_pool.pool.actions import ActionKind, ActionResult, ActionStatus
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.members import Mode, PhaseChoice, Priority
from custom_components.ev_charger_pool.power_supplies.contract import (
    OffOutcome,
    SupplyCapabilities,
    SupplyMode,
)
from tests.common import (
    FakeCharger,
    FakeSupply,
    Workshop,
    advance,
    charger,
    coordinator_of,
    measure,
    settle,
    site_entry,
    supply,
)

pytestmark = pytest.mark.usefixtures("without_entities")

CAPABILITIES = SupplyCapabilities(
    bidirectional=False,
    max_export_voltage_v=60.0,
    min_export_voltage_v=0.0,
    max_export_current_a=12.0,
    min_export_current_a=0.0,
    max_export_power_w=700.0,
    current_regulation_tolerance_a=0.1,
    peak_current_ripple_a=0.1,
)


@pytest.fixture
async def entry(hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory) -> Any:
    freezer.move_to("2026-11-20 12:00:00+00:00")
    measure(hass, 1.0, 1.0, 1.0)
    made = site_entry(charger("garage", 2), supply("bench"))
    made.add_to_hass(hass)
    assert await hass.config_entries.async_setup(made.entry_id)
    return made


@pytest.fixture
def site(entry: MockConfigEntry) -> SiteCoordinator:
    return coordinator_of(entry)


@pytest.fixture
def garage(entry: MockConfigEntry, workshop: Workshop) -> FakeCharger:
    return workshop.charger("garage")


@pytest.fixture
def bench(entry: MockConfigEntry, workshop: Workshop) -> FakeSupply:
    return workshop.supply("bench")


@pytest.fixture
async def charging(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, site: SiteCoordinator, garage: FakeCharger
) -> Any:
    """A car charges with 16 A; the answer lets time pass."""

    def each() -> None:
        taken = garage.taken_a(1)
        measure(hass, *(1.0 + taken,) * 3)
        garage.tell_again()

    async def pass_time(seconds: int) -> None:
        await advance(hass, freezer, seconds, each)

    garage.plug()
    await pass_time(40)
    assert garage.granted[-1] == 16.0
    return pass_time


def granted(site: SiteCoordinator, member: str = "garage:1") -> float:
    status = site.data.members[member].status
    assert status is not None
    return status.granted_a


class TestWishes:
    async def test_i6_a_users_ceiling_is_followed_at_once(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_user_limit("garage:1", 10.0)
        assert garage.granted[-1] == 10.0
        view = site.data.members["garage:1"]
        assert view.user_limit is not None
        assert view.user_limit.value == 10.0

    async def test_i6_a_lowered_fuse_is_followed_at_once(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_circuit_limit("grid", 8.0)
        assert 6.0 <= garage.granted[-1] <= 7.0, "the house takes 1 A of it"
        view = site.data.circuits["grid"]
        assert view.user_limit_a == 8.0
        await site.commands.async_set_circuit_limit("grid", None)
        view = site.data.circuits["grid"]
        assert view.user_limit_a is None
        await charging(400)
        assert garage.granted[-1] == 16.0

    async def test_off_is_off(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_mode("garage:1", Mode.OFF)
        assert garage.granted[-1] == 0.0
        assert site.data.members["garage:1"].wishes.mode is Mode.OFF

    async def test_the_mode_of_the_site_rules_where_none_was_chosen(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_mode("garage:2", Mode.FAST)
        await site.commands.async_set_default_mode(Mode.OFF)
        assert garage.granted[-1] == 0.0, "at once"
        modes = [site.data.members[f"garage:{number}"].wishes.mode for number in (1, 2)]
        assert modes == [Mode.OFF, Mode.FAST]
        assert site.data.default_mode is Mode.OFF

    async def test_a_boost_charges_fast_until_the_mode_is_chosen(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_mode("garage:1", Mode.PLAN)
        assert garage.granted[-1] == 0.0, "there is no plan"
        await site.commands.async_boost("garage:1", timedelta(hours=1))
        await charging(40)
        assert garage.granted[-1] == 16.0
        await site.commands.async_set_mode("garage:1", Mode.PLAN)
        assert garage.granted[-1] == 0.0
        assert site.data.members["garage:1"].wishes.boost_until is None

    async def test_a_boost_ends_by_itself(
        self, hass: HomeAssistant, site: SiteCoordinator, charging: Any
    ) -> None:
        await site.commands.async_boost("garage:1", timedelta(seconds=20))
        assert site.data.members["garage:1"].wishes.boost_until is not None
        await charging(25)
        assert site.data.members["garage:1"].wishes.boost_until is None

    async def test_a_boost_leaves_with_the_car(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_boost("garage:1")
        await charging(2)
        assert site.data.members["garage:1"].wishes.boost_until is not None
        garage.unplug()
        await charging(2)
        assert site.data.members["garage:1"].wishes.boost_until is None

    async def test_what_is_off_is_not_boosted(self, site: SiteCoordinator) -> None:
        await site.commands.async_set_mode("garage:1", Mode.OFF)
        with pytest.raises(ServiceValidationError) as error:
            await site.commands.async_boost("garage:1")
        assert error.value.translation_key == ErrorKey.BOOST_WHILE_OFF
        await site.commands.async_end_boost("garage:1")

    async def test_the_choice_of_phases_is_shown_and_kept(self, site: SiteCoordinator) -> None:
        await site.commands.async_choose_phases("garage:1", PhaseChoice.ONE)
        assert site.data.members["garage:1"].wishes.phases is PhaseChoice.ONE
        assert site.wishes.of("garage:1").phases is PhaseChoice.ONE

    async def test_priority_and_minimum_are_shown(self, site: SiteCoordinator) -> None:
        await site.commands.async_set_priority("garage:2", Priority.HIGH)
        await site.commands.async_set_minimum_current("garage:2", 10.0)
        view = site.data.members["garage:2"]
        assert view.settings.priority is Priority.HIGH
        assert view.wishes.minimum_current_a == 10.0

    async def test_a_member_of_twice_the_weight_gets_twice_the_share(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        site: SiteCoordinator,
        garage: FakeCharger,
    ) -> None:
        def each() -> None:
            taken = garage.taken_a(1) + garage.taken_a(2)
            measure(hass, *(1.0 + taken,) * 3)
            garage.tell_again()

        garage.plug(1)
        garage.plug(2)
        await advance(hass, freezer, 400, each)
        assert granted(site, "garage:1") == pytest.approx(granted(site, "garage:2"), abs=1.0)
        await site.commands.async_set_weight("garage:1", 2.0)
        assert site.data.members["garage:1"].settings.weight == 2.0
        await advance(hass, freezer, 400, each)
        assert granted(site, "garage:1") == pytest.approx(2 * granted(site, "garage:2"), abs=2.0), (
            "23 A and more, in whole amps"
        )

    @pytest.mark.parametrize(
        ("name", "arguments", "key"),
        [
            ("async_set_user_limit", ("nobody:1", 10.0), ErrorKey.MEMBER_UNKNOWN),
            ("async_set_user_limit", ("garage:1", -1.0), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_user_limit", ("garage:1", 40.0), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_user_limit", ("garage:1", float("nan")), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_minimum_current", ("garage:1", 3.0), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_minimum_current", ("bench", 6.0), ErrorKey.NOT_A_CONNECTOR),
            ("async_set_mode", ("bench", Mode.OFF), ErrorKey.NOT_A_CONNECTOR),
            ("async_choose_phases", ("bench", PhaseChoice.ONE), ErrorKey.NOT_A_CONNECTOR),
            ("async_set_priority", ("nobody", Priority.LOW), ErrorKey.MEMBER_UNKNOWN),
            ("async_set_weight", ("nobody", 2.0), ErrorKey.MEMBER_UNKNOWN),
            ("async_set_weight", ("garage:1", 0.0), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_weight", ("garage:1", 10.5), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_weight", ("garage:1", float("nan")), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_circuit_limit", ("attic", 6.0), ErrorKey.CIRCUIT_UNKNOWN),
            ("async_set_circuit_limit", ("grid", 26.0), ErrorKey.VALUE_OUT_OF_RANGE),
            ("async_set_supply_wishes", ("garage:1",), ErrorKey.NOT_A_POWER_SUPPLY),
            ("async_set_limit", ("garage:2", LimitUnit.CURRENT, 8.0), ErrorKey.NO_SESSION),
            ("async_clear_limit", ("garage:2",), ErrorKey.NO_SESSION),
            ("async_set_limit", ("bench", LimitUnit.POWER, 8.0), ErrorKey.NOT_A_CONNECTOR),
            ("async_start", ("nobody:1",), ErrorKey.MEMBER_UNKNOWN),
            ("async_stop", ("nobody:1",), ErrorKey.MEMBER_UNKNOWN),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, site: SiteCoordinator, name: str, arguments: tuple[object, ...], key: ErrorKey
    ) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await getattr(site.commands, name)(*arguments)
        assert error.value.translation_key == key
        assert error.value.translation_domain == "ev_charger_pool"
        assert site.wishes.members == {}


class TestSupply:
    async def test_its_set_points_reach_it_and_are_kept(
        self, hass: HomeAssistant, site: SiteCoordinator, bench: FakeSupply
    ) -> None:
        assert bench.wishes.voltage_v == 48.0
        await site.commands.async_set_supply_wishes("bench", voltage_v=24.0, mode=SupplyMode.EXPORT)
        await site.commands.async_set_supply_wishes("bench", current_a=5.0, power_w=100.0)
        wishes = bench.wishes
        assert (wishes.mode, wishes.voltage_v, wishes.current_a, wishes.power_w) == (
            SupplyMode.EXPORT,
            24.0,
            5.0,
            100.0,
        )

    async def test_they_are_there_after_a_restart(
        self, hass: HomeAssistant, entry: MockConfigEntry, workshop: Workshop
    ) -> None:
        await coordinator_of(entry).commands.async_set_supply_wishes("bench", current_a=5.0)
        await hass.config_entries.async_reload(entry.entry_id)
        assert workshop.supply("bench").wishes.current_a == 5.0

    async def test_what_it_refuses_is_told(self, site: SiteCoordinator, bench: FakeSupply) -> None:
        bench.results["wishes"] = ActionResult.REJECTED
        with pytest.raises(HomeAssistantError) as error:
            await site.commands.async_set_supply_wishes("bench", current_a=5.0)
        assert error.value.translation_key == ErrorKey.COMMAND_REJECTED

    async def test_out_of_reach_it_follows_later(
        self, site: SiteCoordinator, bench: FakeSupply
    ) -> None:
        bench.results["wishes"] = ActionResult.OFFLINE
        await site.commands.async_set_supply_wishes("bench", current_a=5.0)
        assert site.wishes.of("bench").supply_current_a == 5.0

    @pytest.mark.parametrize(
        "wish", [{"voltage_v": 61.0}, {"current_a": 13.0}, {"power_w": 900.0}, {"voltage_v": -1.0}]
    )
    async def test_what_it_cannot_is_refused(
        self, site: SiteCoordinator, bench: FakeSupply, wish: dict[str, Any]
    ) -> None:
        bench.capabilities = CAPABILITIES
        bench.tell()
        await asyncio.sleep(0)
        with pytest.raises(ServiceValidationError) as error:
            await site.commands.async_set_supply_wishes("bench", **wish)
        assert error.value.translation_key == ErrorKey.VALUE_OUT_OF_RANGE
        assert site.wishes.members == {}

    async def test_start_and_stop_are_its_modes(
        self, site: SiteCoordinator, bench: FakeSupply
    ) -> None:
        assert await site.commands.async_start("bench") is ActionResult.ACCEPTED
        wishes = bench.wishes
        assert wishes.mode is SupplyMode.EXPORT
        assert await site.commands.async_stop("bench") is ActionResult.ACCEPTED
        wishes = bench.wishes
        assert wishes.mode is SupplyMode.OFF
        assert bench.calls[-1].what == "off"
        bench.off_outcome = OffOutcome.COMMUNICATION_LOST
        assert await site.commands.async_stop("bench") is ActionResult.OFFLINE

    async def test_it_is_granted_watts(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        site: SiteCoordinator,
        bench: FakeSupply,
    ) -> None:
        await site.commands.async_set_supply_wishes("bench", mode=SupplyMode.EXPORT)

        def each() -> None:
            measure(hass, 1.0, 1.0, 1.0)
            grant = next((c.grant for c in reversed(bench.calls) if c.grant), None)
            exports = grant is not None and grant.current_a > 0
            bench.tell(SupplyMode.EXPORT if exports else SupplyMode.OFF)

        await advance(hass, freezer, 60, each)
        grants = [call.grant for call in bench.calls if call.grant is not None]
        assert grants[-1].power_w is not None
        assert 400.0 < grants[-1].power_w <= 480.0 + 17.0
        await site.commands.async_stop("bench")
        await advance(hass, freezer, 2, each)
        assert granted(site, "bench") == 0.0


class TestLimits:
    async def test_a_limit_is_completed_once_the_device_took_it(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        action = await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
        assert (action.kind, action.status) == (ActionKind.SET, ActionStatus.COMPLETED)
        assert garage.granted[-1] == 8.0
        view = site.data.members["garage:1"]
        assert view.last_action == action
        assert view.session_limit is not None
        assert view.session is not None
        assert view.session_limit.session == view.session.id

    async def test_watts_are_turned_into_amps(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        action = await site.commands.async_set_limit("garage:1", LimitUnit.POWER, 5000.0)
        assert action.status is ActionStatus.COMPLETED
        assert garage.granted[-1] <= 5000.0 / 230 / 3

    async def test_a_limit_above_what_is_granted_is_completed_at_once(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        calls = len(garage.calls)
        action = await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 32.0)
        assert action.status is ActionStatus.COMPLETED
        assert len(garage.calls) == calls

    async def test_a_cleared_limit_binds_no_more(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_limit("garage:1", LimitUnit.POWER, 5000.0)
        action = await site.commands.async_clear_limit("garage:1")
        assert (action.kind, action.status, action.value) == (
            ActionKind.CLEAR,
            ActionStatus.COMPLETED,
            None,
        )
        assert action.unit is LimitUnit.POWER
        assert site.data.members["garage:1"].session_limit is None
        await charging(120)
        assert garage.granted[-1] == 16.0
        again = await site.commands.async_clear_limit("garage:1")
        assert again.status is ActionStatus.COMPLETED

    async def test_it_ends_with_its_session(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
        garage.unplug()
        await charging(1)
        assert site.data.members["garage:1"].session_limit is None
        garage.plug()
        await charging(400)
        assert garage.granted[-1] == 16.0

    @pytest.mark.parametrize("result", [ActionResult.REJECTED, ActionResult.TIMED_OUT])
    async def test_what_the_device_does_not_take_has_failed(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any, result: ActionResult
    ) -> None:
        garage.result = result
        action = await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
        assert (action.status, action.error) == (ActionStatus.FAILED, result)
        view = site.data.members["garage:1"]
        assert (view.session_limit, view.last_action) == (None, action)
        garage.result = ActionResult.ACCEPTED
        await charging(400)
        assert garage.granted[-1] == 16.0, "what has failed binds nobody"

    async def test_what_failed_leaves_the_limit_before_it_in_force(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 10.0)
        garage.result = ActionResult.REJECTED
        action = await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
        assert action.status is ActionStatus.FAILED
        limit = site.data.members["garage:1"].session_limit
        assert limit is not None
        assert limit.value == 10.0
        garage.tell(online=False)
        action = await site.commands.async_clear_limit("garage:1")
        assert action.status is ActionStatus.FAILED
        assert site.data.members["garage:1"].session_limit == limit
        garage.result = ActionResult.ACCEPTED
        garage.tell(online=True)
        await charging(400)
        assert garage.granted[-1] == 10.0

    async def test_nobody_waits_for_it_any_more_so_it_has_failed(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        garage.is_stalled = True
        limiting = hass.async_create_task(
            site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0), eager_start=True
        )
        limiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await limiting
        view = site.data.members["garage:1"]
        assert view.last_action is not None
        assert (view.last_action.status, view.last_action.error) == (
            ActionStatus.FAILED,
            "interrupted",
        )
        assert view.session_limit is None
        garage.is_stalled = False
        await settle(hass)

    async def test_out_of_reach_it_has_failed(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        garage.tell(online=False)
        action = await site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
        assert (action.status, action.error) == (ActionStatus.FAILED, "offline")

    async def test_sr7_no_answer_is_a_failure(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        site: SiteCoordinator,
        garage: FakeCharger,
        charging: Any,
    ) -> None:
        garage.is_stalled = True
        limiting = hass.async_create_task(
            site.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0), eager_start=True
        )
        assert not limiting.done()
        for _ in range(int(commands.ACTION_TIMEOUT / timedelta(seconds=1)) + 1):
            freezer.tick(1)
            async_fire_time_changed(hass)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        action = await limiting
        assert (action.status, action.error) == (ActionStatus.FAILED, "timed_out")
        garage.is_stalled = False
        await settle(hass)


class TestSessions:
    async def test_start_and_stop_reach_the_charger(
        self, site: SiteCoordinator, garage: FakeCharger, charging: Any
    ) -> None:
        assert await site.commands.async_stop("garage:1") is ActionResult.ACCEPTED
        assert await site.commands.async_start("garage:1") is ActionResult.ACCEPTED
        assert [call.what for call in garage.calls[-2:]] == ["stop", "start"]
        garage.results["start"] = ActionResult.REJECTED
        assert await site.commands.async_start("garage:1") is ActionResult.REJECTED

    async def test_stop_without_a_session(self, site: SiteCoordinator, garage: FakeCharger) -> None:
        assert await site.commands.async_stop("garage:2") is ActionResult.ACCEPTED


@pytest.mark.parametrize(
    ("result", "key"),
    [
        (ActionResult.REJECTED, ErrorKey.COMMAND_REJECTED),
        (ActionResult.NOT_SUPPORTED, ErrorKey.COMMAND_NOT_SUPPORTED),
        (ActionResult.TIMED_OUT, ErrorKey.COMMAND_TIMED_OUT),
        (ActionResult.OFFLINE, ErrorKey.DEVICE_OFFLINE),
        (ActionResult.FAILED, ErrorKey.COMMAND_FAILED),
    ],
)
def test_every_answer_but_yes_is_an_error(result: ActionResult, key: ErrorKey) -> None:
    with pytest.raises(HomeAssistantError) as error:
        raise_unless_accepted(result, "Garage")
    assert error.value.translation_key == key
    assert error.value.translation_placeholders == {"member": "Garage"}
    raise_unless_accepted(ActionResult.ACCEPTED, "Garage")
