"""What a plan has to ask for is what lets a car with a taper be ready in time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.charge_levels import ChargeLevel
from custom_components.ev_charger_pool.pool.needs import Battery, Need, ask, need_of
from custom_components.ev_charger_pool.pool.plans import PlanWish, TargetKind
from custom_components.ev_charger_pool.pool.taper import BAND_SOC, BANDS, TaperCurve
from custom_components.ev_charger_pool.pool.vehicles import Vehicle

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
CAR = Vehicle(id="car", capacity_wh=50_000.0, efficiency=1.0, limit_soc=90.0)
FLAT = TaperCurve(power_w=[10_000.0] * BANDS)
# From 80 % on it takes a quarter.
TAPER = TaperCurve(power_w=[10_000.0] * 16 + [2_500.0] * 4)


def battery(soc: float, vehicle: Vehicle = CAR) -> Battery:
    return Battery(vehicle=vehicle, level=ChargeLevel(soc=soc, told_at=NOW, is_estimated=False))


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


class TestNeed:
    def test_energy_counts_from_plug_in(self) -> None:
        wish = PlanWish(energy_wh=10_000.0)
        assert need_of(wish, 4_000.0, None) == Need(energy_wh=6_000.0, counts_soc=False)
        assert need_of(wish, 12_000.0, None).is_met

    def test_no_more_than_fits_in(self) -> None:
        need = need_of(PlanWish(energy_wh=30_000.0), 0.0, battery(80.0))
        assert need.energy_wh == pytest.approx(5_000.0)
        assert not need.counts_soc

    def test_a_state_of_charge_counts_where_it_is_known(self) -> None:
        wish = PlanWish(kind=TargetKind.SOC, soc=80.0, energy_wh=7_000.0)
        known = need_of(wish, 0.0, battery(50.0))
        assert known.energy_wh == pytest.approx(15_000.0)
        assert known.counts_soc
        # A guest's is not.
        assert need_of(wish, 1_000.0, None) == Need(energy_wh=6_000.0, counts_soc=False)
        unknown = battery(50.0, Vehicle(id="car"))
        assert need_of(wish, 1_000.0, unknown) == Need(energy_wh=6_000.0, counts_soc=False)

    def test_a_wish_above_the_cars_own_limit_is_met_at_it(self) -> None:
        wish = PlanWish(kind=TargetKind.SOC, soc=100.0)
        assert need_of(wish, 0.0, battery(90.0)).is_met


class TestAsk:
    def test_a_guest_is_asked_for_as_it_is(self) -> None:
        asked = ask(Need(energy_wh=5_000.0, counts_soc=False), 10_000.0, NOW, later(3))
        assert (asked.energy_wh, asked.ready_at) == (5_000.0, later(3))
        unknown = battery(50.0, Vehicle(id="car"))
        need = Need(energy_wh=5_000.0, counts_soc=False)
        assert ask(need, 10_000.0, NOW, later(3), unknown, TAPER) == asked

    def test_a_flat_car_has_all_the_time(self) -> None:
        need = Need(energy_wh=10_000.0, counts_soc=True)
        asked = ask(need, 10_000.0, NOW, later(3), battery(50.0), FLAT)
        assert asked.ready_at == later(3)

    def test_what_the_taper_costs_is_left_in_hand(self) -> None:
        # From 70 to 90 %: 5 kWh in half an hour, 5 kWh in two hours; full power takes one hour.
        need = Need(energy_wh=10_000.0, counts_soc=True)
        asked = ask(need, 10_000.0, NOW, later(8), battery(70.0), TAPER)
        assert asked.energy_wh == 10_000.0
        assert asked.ready_at == later(6.5)

    def test_what_the_taper_does_not_allow_is_not_asked_for(self) -> None:
        need = Need(energy_wh=10_000.0, counts_soc=True)
        asked = ask(need, 10_000.0, NOW, later(1.5), battery(70.0), TAPER)
        assert asked.energy_wh == pytest.approx(7_500.0)
        assert asked.ready_at == later(0.75)

    @given(
        powers=st.lists(st.floats(500, 10_000), min_size=BANDS, max_size=BANDS),
        soc=st.floats(0, 90),
        target=st.floats(0, 90),
        hours=st.floats(0.01, 48),
    )
    def test_who_charges_at_the_last_moment_that_is_asked_for_is_ready_in_time(
        self, powers: list[float], soc: float, target: float, hours: float
    ) -> None:
        """The latest start that the planner may choose leaves the time that the taper needs."""
        curve = TaperCurve(power_w=sorted(powers, reverse=True))
        wish = PlanWish(kind=TargetKind.SOC, soc=target)
        need = need_of(wish, 0.0, battery(soc))
        asked = ask(need, 10_000.0, NOW, later(hours), battery(soc), curve)
        latest = asked.ready_at - timedelta(hours=asked.energy_wh / 10_000.0)
        end = CAR.soc_after(asked.energy_wh, from_soc=soc)
        takes = curve.hours(CAR, soc, end)
        assert takes is not None
        assert NOW - timedelta(seconds=1) <= latest
        assert latest + timedelta(hours=takes) <= later(hours) + timedelta(seconds=1)
        assert asked.energy_wh <= need.energy_wh + 1e-6

    @given(
        powers=st.lists(st.floats(500, 10_000), min_size=BANDS, max_size=BANDS),
        soc=st.floats(0, 100),
        hours=st.floats(0, 48),
    )
    def test_what_fits_in_a_time_takes_that_time(
        self, powers: list[float], soc: float, hours: float
    ) -> None:
        curve = TaperCurve(power_w=sorted(powers, reverse=True))
        energy_wh = curve.energy_wh(CAR, soc, hours)
        assert energy_wh is not None
        end = CAR.soc_after(energy_wh, from_soc=soc)
        takes = curve.hours(CAR, soc, end)
        assert takes is not None
        # The car stops at its own limit, whatever time is left.
        assert takes <= hours + 1e-6
        assert takes == pytest.approx(hours, abs=1e-3) or end == pytest.approx(
            max(soc, CAR.limit_soc), abs=1e-6
        )
        assert BAND_SOC * BANDS == 100.0
