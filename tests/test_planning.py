"""Plans are asked for when something changed, followed, shown, and end with their departure."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.errors import ErrorKey
from custom_components.ev_charger_pool.plan_commands import PlanOrder
from custom_components.ev_charger_pool.plan_horizon import Outlook
from custom_components.ev_charger_pool.pool.departures import WEEK, Once, Repeating
from custom_components.ev_charger_pool.pool.members import Mode
from custom_components.ev_charger_pool.pool.plans import Plan, PlanState, TargetKind
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule
from custom_components.ev_charger_pool.pool.series import (
    Co2GramsPerKwhSeries,
    Point,
    PricePerKwhSeries,
)
from tests.common import (
    FakeCharger,
    Workshop,
    advance,
    charger,
    coordinator_of,
    measure,
    settle,
    site_entry,
    subentry,
    supply,
)

pytestmark = pytest.mark.usefixtures("without_entities")

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
SEVEN = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
CHEAP = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
CAR_W = 16.0 * 3 * 230.0
HOUSE_W = 3 * 230.0


def series(values: list[float]) -> tuple[Point, ...]:
    hours = [NOW + timedelta(hours=number) for number in range(len(values))]
    return tuple(
        Point(start=hour, end=hour + timedelta(hours=1), value=value)
        for hour, value in zip(hours, values, strict=True)
    )


PRICES = PricePerKwhSeries(
    currency="EUR",
    points=series([0.40 if hour not in {7, 8} else 0.10 for hour in range(30)]),
)
CO2 = Co2GramsPerKwhSeries(points=series([400.0] * 30))


@pytest.fixture
def outlook(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outlook], None]:
    """Tell what is forecast; answers a function that tells something else."""
    told = [Outlook(prices=PRICES, co2=CO2)]
    monkeypatch.setattr(
        "custom_components.ev_charger_pool.coordinator.Outlooks.outlook", lambda _: told[0]
    )

    def tell(other: Outlook) -> None:
        told[0] = other

    return tell


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Schedule, ...]]:
    """Return every set of schedules that the controller is told."""
    heard: list[tuple[Schedule, ...]] = []
    controller = "custom_components.ev_charger_pool.balancing.controller.SiteController"
    monkeypatch.setattr(f"{controller}.set_schedules", lambda _, news: heard.append(news))
    return heard


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    workshop: Workshop,
    freezer: FrozenDateTimeFactory,
    outlook: object,
    told: object,
) -> MockConfigEntry:
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("UTC")
    measure(hass, 1.0, 1.0, 1.0)
    made = site_entry(
        charger("garage", 2),
        supply("bench"),
        subentry(
            "blue",
            "vehicle",
            capacity_kwh=50.0,
            soc_entity="sensor.blue_soc",
            efficiency_percent=100.0,
            home="garage:1",
        ),
    )
    made.add_to_hass(hass)
    assert await hass.config_entries.async_setup(made.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    return made


@pytest.fixture
def site(entry: MockConfigEntry) -> SiteCoordinator:
    return coordinator_of(entry)


@pytest.fixture
def garage(entry: MockConfigEntry, workshop: Workshop) -> FakeCharger:
    return workshop.charger("garage")


def plan_of(site: SiteCoordinator, member: str = "garage:1") -> Plan:
    plan = site.data.members[member].plan
    assert plan is not None
    return plan


async def plug(hass: HomeAssistant, garage: FakeCharger, connector: int = 1) -> None:
    garage.plug(connector)
    await settle(hass)


class TestPromises:
    async def test_the_cheapest_hours_are_taken(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        told: list[tuple[Schedule, ...]],
    ) -> None:
        await plug(hass, garage)
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert plan.state is PlanState.ON_TRACK
        assert plan.needed_wh == 20_000.0
        assert plan.planned_wh == pytest.approx(20_000.0, abs=1.0)
        assert plan.next_start == CHEAP
        assert plan.cost == pytest.approx(2.0, abs=0.01)
        assert plan.co2_g == pytest.approx(8_000.0, abs=10.0)
        assert site.data.members["garage:1"].wishes.mode is Mode.PLAN
        assert plan_of(site) == plan
        (schedule,) = told[-1]
        assert schedule.member == "garage:1"
        assert schedule.power_at(NOW) == 0.0
        assert schedule.power_at(CHEAP + timedelta(minutes=1)) > 0.0

    async def test_what_cannot_be_met_says_by_how_much_and_when_it_could(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage)
        at = NOW + timedelta(hours=2)
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=at), energy_wh=30_000.0)
        )
        assert plan.state is PlanState.CANNOT_BE_MET
        assert plan.missing_wh == pytest.approx(30_000.0 - 2 * CAR_W, rel=0.01)
        assert plan.next_start == NOW
        assert plan.earliest_ready_at is not None
        ready = NOW + timedelta(hours=30_000.0 / CAR_W)
        assert ready <= plan.earliest_ready_at <= ready + timedelta(minutes=16)

    async def test_two_plans_share_a_fuse(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage, 1)
        await plug(hass, garage, 2)
        order = PlanOrder(departure=Once(at=NOW + timedelta(hours=2)), energy_wh=20_000.0)
        first = await site.plans.async_set_plan("garage:1", order)
        assert first.state is PlanState.ON_TRACK
        await site.plans.async_set_plan("garage:2", order)
        # 24 A per phase are left to both, which is 33 kWh in two hours.
        short_wh = sum(plan_of(site, member).missing_wh for member in ("garage:1", "garage:2"))
        assert short_wh == pytest.approx(40_000.0 - 2 * 24.0 * 3 * 230.0, rel=0.02)

    @pytest.mark.parametrize(
        ("limits", "left_w"),
        [
            ({"contract_times": ["daily 08:00-24:00 5000"]}, 5_000.0 - HOUSE_W),
            ({"contract_entity": "sensor.contract"}, 5_500.0 - HOUSE_W),
            ({"average_w": 6_000.0, "average_window": "hour"}, 0.98 * 6_000.0 - HOUSE_W),
        ],
    )
    async def test_what_may_not_flow_is_not_promised(
        self,
        hass: HomeAssistant,
        workshop: Workshop,
        freezer: FrozenDateTimeFactory,
        outlook: object,
        limits: dict[str, Any],
        left_w: float,
    ) -> None:
        freezer.move_to(NOW)
        await hass.config.async_set_time_zone("UTC")
        hass.states.async_set("sensor.contract", "5.5", {"unit_of_measurement": "kW"})
        measure(hass, 1.0, 1.0, 1.0)
        made = site_entry(charger("garage"), limits=limits)
        made.add_to_hass(hass)
        assert await hass.config_entries.async_setup(made.entry_id)
        await hass.async_block_till_done(wait_background_tasks=False)
        await plug(hass, workshop.charger("garage"))
        plan = await coordinator_of(made).plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=NOW + timedelta(hours=3)), energy_wh=20_000.0)
        )
        assert plan.state is PlanState.CANNOT_BE_MET
        assert plan.missing_wh == pytest.approx(20_000.0 - 3 * left_w, abs=5.0)
        ready_at = NOW + timedelta(hours=20_000.0 / left_w)
        assert plan.earliest_ready_at is not None
        assert ready_at <= plan.earliest_ready_at <= ready_at + timedelta(minutes=16)

    async def test_a_state_of_charge_counts(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage)
        hass.states.async_set("sensor.blue_soc", "40")
        await settle(hass)
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), soc=80.0)
        )
        assert plan.counts_soc
        assert plan.vehicle == "blue"
        assert plan.needed_wh == pytest.approx(20_000.0)

    async def test_without_a_car_it_is_told_what_would_be(
        self, site: SiteCoordinator, told: list[tuple[Schedule, ...]]
    ) -> None:
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert plan.state is PlanState.ON_TRACK
        assert plan.cost == pytest.approx(2.0, abs=0.01)
        assert plan_of(site).state is PlanState.WAITING
        assert told[-1:] in ([], [()])

    async def test_without_prices_it_is_ready_all_the_same(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        outlook: Callable[[Outlook], None],
    ) -> None:
        outlook(Outlook())
        await plug(hass, garage)
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert plan.state is PlanState.ON_TRACK
        assert plan.cost is None
        assert plan.co2_g is None
        assert plan.unpriced_wh == pytest.approx(20_000.0, abs=1.0)
        assert plan.next_start == NOW, "nothing is won by waiting"

    async def test_while_prices_are_not_known_it_waits_for_them_as_long_as_is_safe(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        outlook: Callable[[Outlook], None],
    ) -> None:
        outlook(Outlook(has_rates=True))
        await plug(hass, garage)
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert plan.state is PlanState.ON_TRACK
        assert plan.next_start is not None
        assert plan.next_start > SEVEN - timedelta(hours=3)

    async def test_a_large_plan_is_made_off_the_event_loop(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        run: list[object] = []
        real = hass.async_add_executor_job

        def note(target: Any, *args: Any) -> Any:
            run.append(target)
            return real(target, *args)

        monkeypatch.setattr(hass, "async_add_executor_job", note)
        await plug(hass, garage)
        small = PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        await site.plans.async_set_plan("garage:1", small)
        assert run == []
        await plug(hass, garage, 2)
        at = NOW + timedelta(days=5)
        plan = await site.plans.async_set_plan(
            "garage:2", PlanOrder(departure=Once(at=at), energy_wh=20_000.0)
        )
        assert run
        assert plan.state is PlanState.ON_TRACK


class TestLife:
    async def test_a_plan_follows_what_was_charged(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        garage.plug(energy_wh=reading(1_000.0))
        await settle(hass)
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        garage.tell(energy_wh=reading(6_000.0))
        await advance(hass, freezer, 61)
        assert plan_of(site).needed_wh == 15_000.0
        garage.tell(energy_wh=reading(21_000.0))
        await advance(hass, freezer, 61)
        plan = plan_of(site)
        assert plan.state is PlanState.DONE
        assert plan.next_start is None

    async def test_a_car_that_is_plugged_in_is_planned_for_at_once(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        await plug(hass, garage)
        await hass.async_block_till_done(wait_background_tasks=False)
        assert plan_of(site).state is PlanState.ON_TRACK

    async def test_a_plan_in_another_mode_does_nothing(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        told: list[tuple[Schedule, ...]],
    ) -> None:
        await plug(hass, garage)
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        await site.commands.async_set_mode("garage:1", Mode.FAST)
        await site.planning.async_plan_now()
        assert plan_of(site).state is PlanState.NOT_IN_PLAN_MODE
        assert told[-1] == ()

    async def test_plan_mode_without_a_plan_charges_at_once(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        told: list[tuple[Schedule, ...]],
    ) -> None:
        await plug(hass, garage)
        await site.commands.async_set_mode("garage:1", Mode.PLAN)
        await site.planning.async_plan_now()
        assert plan_of(site).state is PlanState.NO_PLAN
        assert told[-1][0].power_at(NOW + timedelta(minutes=5)) == pytest.approx(CAR_W)

    async def test_after_its_time_the_rest_is_charged_at_once(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        told: list[tuple[Schedule, ...]],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        await plug(hass, garage)
        await site.plans.async_set_plan(
            "garage:1",
            PlanOrder(departure=Once(at=NOW + timedelta(minutes=1)), energy_wh=20_000.0),
        )
        await advance(hass, freezer, 125)
        plan = plan_of(site)
        assert plan.state is PlanState.LATE
        assert plan.missing_wh == pytest.approx(20_000.0)
        assert told[-1][0].power_at(NOW + timedelta(hours=1)) == pytest.approx(CAR_W)
        # Once the car has left, the plan is over, and the connector does what it did before.
        garage.unplug()
        await advance(hass, freezer, 61)
        assert plan_of(site).wish.departure is None
        assert site.data.members["garage:1"].wishes.mode is Mode.FAST

    async def test_a_plan_that_repeats_goes_on(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        await plug(hass, garage)
        await site.plans.async_set_plan(
            "garage:1",
            PlanOrder(
                departure=Repeating(at=time(18, 1), weekdays=frozenset(WEEK)), energy_wh=20_000.0
            ),
        )
        assert plan_of(site).ready_at == NOW + timedelta(minutes=1)
        await advance(hass, freezer, 125)
        assert plan_of(site).ready_at == NOW + timedelta(days=1, minutes=1)
        assert plan_of(site).state is PlanState.ON_TRACK

    async def test_a_cleared_plan_leaves_what_was_before(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage)
        await site.commands.async_set_mode("garage:1", Mode.SOLAR)
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        # A change of the plan does not forget it.
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=10_000.0)
        )
        plan = await site.plans.async_clear_plan("garage:1")
        assert plan.state is PlanState.NOT_IN_PLAN_MODE
        assert plan.wish.departure is None
        assert site.data.members["garage:1"].wishes.mode is Mode.SOLAR

    async def test_a_plan_outlives_a_restart(
        self, hass: HomeAssistant, entry: MockConfigEntry, workshop: Workshop
    ) -> None:
        site = coordinator_of(entry)
        await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert await hass.config_entries.async_reload(entry.entry_id)
        again = coordinator_of(entry)
        await plug(hass, workshop.charger("garage"))
        await again.planning.async_plan_now()
        assert plan_of(again).state is PlanState.ON_TRACK

    async def test_the_planner_that_refuses_has_cars_charge_at_once(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        told: list[tuple[Schedule, ...]],
        outlook: Callable[[Outlook], None],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await plug(hass, garage)
        outlook(Outlook(prices=PRICES, feed_in_per_kwh=float("nan")))
        order = PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        plan = await site.plans.async_set_plan("garage:1", order)
        assert plan.state is PlanState.NO_PLAN
        assert told[-1][0].power_at(NOW) == pytest.approx(CAR_W)
        assert "until this is put right" in caplog.text
        assert site.planning.failing_since == NOW
        outlook(Outlook(prices=PRICES))
        await site.planning.async_plan_now()
        assert plan_of(site).state is PlanState.ON_TRACK
        assert site.planning.failing_since is None


def reading(value: float) -> Any:
    """Return a reading that has just arrived."""
    return Reading(value=value, arrived_at=dt_util.utcnow())


class TestCommands:
    async def test_numbers_and_times_change_one_thing(self, site: SiteCoordinator) -> None:
        plans = site.plans
        await plans.async_set_energy("garage:1", 12_000.0)
        await plans.async_set_ready_at("garage:1", SEVEN)
        wish = plan_of(site).wish
        assert (wish.kind, wish.energy_wh, wish.departure) == (
            TargetKind.ENERGY,
            12_000.0,
            Once(at=SEVEN),
        )
        await plans.async_set_soc("garage:1", 90.0)
        await plans.async_repeat("garage:1")
        wish = plan_of(site).wish
        assert (wish.kind, wish.soc, wish.energy_wh) == (TargetKind.SOC, 90.0, 12_000.0)
        assert wish.departure == Repeating(at=time(7, 0), weekdays=frozenset(WEEK))
        await plans.async_set_kind("garage:1", TargetKind.ENERGY)
        await plans.async_repeat_no_more("garage:1")
        wish = plan_of(site).wish
        assert wish.kind is TargetKind.ENERGY
        assert wish.departure == Once(at=SEVEN)

    @pytest.mark.parametrize(
        ("order", "key"),
        [
            (
                PlanOrder(departure=Once(at=NOW - timedelta(hours=1)), energy_wh=1_000.0),
                ErrorKey.PLAN_IN_THE_PAST,
            ),
            (
                PlanOrder(departure=Repeating(at=time(7), weekdays=frozenset()), energy_wh=1_000.0),
                ErrorKey.PLAN_NO_WEEKDAY,
            ),
        ],
    )
    async def test_what_cannot_be_meant_is_refused(
        self, site: SiteCoordinator, order: PlanOrder, key: ErrorKey
    ) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_set_plan("garage:1", order)
        assert error.value.translation_key == key
        assert plan_of(site).wish.departure is None

    async def test_nothing_repeats_without_a_departure(self, site: SiteCoordinator) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_repeat("garage:1")
        assert error.value.translation_key == ErrorKey.PLAN_NO_DEPARTURE
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_set_ready_at("garage:1", NOW)
        assert error.value.translation_key == ErrorKey.PLAN_IN_THE_PAST

    async def test_a_power_supply_has_no_plan(self, site: SiteCoordinator) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_set_energy("bench", 1_000.0)
        assert error.value.translation_key == ErrorKey.NOT_A_CONNECTOR
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_choose_vehicle("bench", "Blue")
        assert error.value.translation_key == ErrorKey.NOT_A_CONNECTOR

    async def test_a_guests_state_of_charge_cannot_be_planned(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        order = PlanOrder(departure=Once(at=SEVEN), soc=80.0)
        await plug(hass, garage, 2)
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_set_plan("garage:2", order)
        assert error.value.translation_key == ErrorKey.PLAN_SOC_OF_GUEST
        # The car is known, but has not told what it holds.
        await plug(hass, garage, 1)
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_set_plan("garage:1", order)
        assert error.value.translation_key == ErrorKey.PLAN_SOC_UNKNOWN

    async def test_a_wish_for_a_state_of_charge_that_nobody_knows_counts_energy(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage, 2)
        await site.commands.async_set_mode("garage:2", Mode.PLAN)
        await site.plans.async_set_ready_at("garage:2", SEVEN)
        await site.plans.async_set_energy("garage:2", 9_000.0)
        await site.plans.async_set_soc("garage:2", 80.0)
        plan = plan_of(site, "garage:2")
        assert not plan.counts_soc
        assert plan.needed_wh == 9_000.0
        assert plan.state is PlanState.ON_TRACK


class TestVehicles:
    async def test_the_one_that_is_chosen_counts_for_the_session(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await plug(hass, garage, 2)
        await site.planning.async_plan_now()
        assert plan_of(site, "garage:2").vehicle is None
        await site.plans.async_choose_vehicle("garage:2", "Blue")
        assert plan_of(site, "garage:2").vehicle == "blue"
        # It is at one place only.
        await plug(hass, garage, 1)
        await site.plans.async_choose_vehicle("garage:1", "Blue")
        assert plan_of(site, "garage:1").vehicle == "blue"
        assert plan_of(site, "garage:2").vehicle is None
        await site.plans.async_choose_vehicle("garage:1", "guest")
        assert plan_of(site, "garage:1").vehicle is None

    async def test_a_choice_before_plug_in_is_for_the_next_session(
        self, hass: HomeAssistant, site: SiteCoordinator, garage: FakeCharger
    ) -> None:
        await site.plans.async_choose_vehicle("garage:2", "Blue")
        shown = site.data.members["garage:2"].vehicle
        assert shown is not None
        assert shown.name == "Blue"
        await plug(hass, garage, 2)
        await site.planning.async_plan_now()
        assert plan_of(site, "garage:2").vehicle == "blue"

    async def test_an_unknown_vehicle_is_refused(self, site: SiteCoordinator) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await site.plans.async_choose_vehicle("garage:1", "Green")
        assert error.value.translation_key == ErrorKey.VEHICLE_UNKNOWN


class TestCosts:
    async def test_a_session_counts_what_its_energy_costs(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        freezer: FrozenDateTimeFactory,
        outlook: Callable[[Outlook], None],
    ) -> None:
        garage.plug(energy_wh=reading(1_000.0))
        garage.tell(energy_wh=reading(3_000.0))
        freezer.move_to(CHEAP + timedelta(minutes=5))
        garage.tell(energy_wh=reading(13_000.0))
        await settle(hass)
        session = site.data.members["garage:1"].session
        assert session is not None
        assert session.cost == pytest.approx(2 * 0.40 + 10 * 0.10)
        assert session.co2_g == pytest.approx(12 * 400.0)
        # What has no price is not counted.
        outlook(Outlook())
        garage.tell(energy_wh=reading(14_000.0))
        garage.unplug()
        await settle(hass)
        kept = await site.journal.async_sessions(NOW)
        assert [(one.id, one.energy_wh, one.cost) for one in kept] == [
            (session.id, 13_000.0, session.cost)
        ]


class TestFollowed:
    """With the real controller: what is planned is what the car gets."""

    @pytest.fixture
    def told(self) -> None:
        """Leave the controller as it is."""

    async def test_a_car_waits_for_its_slot_and_then_gets_it(
        self,
        hass: HomeAssistant,
        site: SiteCoordinator,
        garage: FakeCharger,
        freezer: FrozenDateTimeFactory,
        outlook: Callable[[Outlook], None],
    ) -> None:
        def each() -> None:
            taken = garage.taken_a(1)
            measure(hass, *(1.0 + taken,) * 3)
            garage.tell_again()

        garage.plug()
        await advance(hass, freezer, 40, each)
        assert garage.granted[-1] == 16.0
        plan = await site.plans.async_set_plan(
            "garage:1", PlanOrder(departure=Once(at=SEVEN), energy_wh=20_000.0)
        )
        assert plan.next_start == CHEAP
        await advance(hass, freezer, 5, each)
        status = site.data.members["garage:1"].status
        assert status is not None
        assert status.granted_a == 0.0
        assert status.limited_by.kind is ReasonKind.PLAN
        # Now is as good as later, and there is not much time left.
        outlook(Outlook())
        await site.plans.async_set_ready_at("garage:1", NOW + timedelta(minutes=90))
        # A pause lasts five minutes at least (SR-14).
        await advance(hass, freezer, 320, each)
        assert plan_of(site).state is PlanState.CANNOT_BE_MET
        assert garage.granted[-1] == 16.0
