"""Meters, solar and battery power as entities show them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.meters import Meters
from custom_components.ev_charger_pool.pool.circuits import MeterReport, ResourceKind
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from tests.common import GRID_METER, charger, measure, site_entry, subentry

type MakeMeters = Callable[..., Meters]


@pytest.fixture
def news() -> list[None]:
    return []


@pytest.fixture
def meters(hass: HomeAssistant, news: list[None]) -> MakeMeters:
    def make(*subentries: Any, **data: Any) -> Meters:
        made = Meters(hass, lambda: news.append(None))
        made.async_configure(PoolConfig.from_entry(site_entry(*subentries, **data)))
        return made

    return make


def newest(meters: Meters) -> MeterReport:
    (report,), _ = meters.async_collect()
    return report


async def test_currents_by_phase(hass: HomeAssistant, meters: MakeMeters) -> None:
    measure(hass, 1.5, -2.0, 0.0)
    grid = meters()
    report = newest(grid)
    assert report.circuit == "grid"
    assert report.current_a is not None
    assert report.current_a.value == PerPhase(1.5, -2.0, 0.0)
    assert report.power_w is None
    assert report.total_power_w is None
    assert grid.async_collect() == ([], []), "told once"


@pytest.mark.parametrize(
    ("data", "unit", "expected"),
    [
        (GRID_METER, "mA", ("current_a", PerPhase(0.0015, 0.002, 0.003))),
        (
            {f"power_l{number}": f"sensor.grid_l{number}" for number in (1, 2, 3)},
            "kW",
            ("power_w", PerPhase(1500.0, 2000.0, 3000.0)),
        ),
        ({"power": "sensor.grid_l2"}, "kW", ("total_power_w", 2000.0)),
        ({"power": "sensor.grid_l2", "invert": True}, "W", ("total_power_w", -2.0)),
        ({"current_l2": "sensor.grid_l2"}, "A", ("current_a", PerPhase(None, 2.0, None))),
    ],
)
async def test_units_are_converted_at_the_border(
    hass: HomeAssistant,
    meters: MakeMeters,
    data: dict[str, object],
    unit: str,
    expected: tuple[str, object],
) -> None:
    measure(hass, 1.5, 2.0, 3.0, unit=unit)
    name, value = expected
    reading = getattr(newest(meters(meter=data)), name)
    if isinstance(value, PerPhase) and value.l1 is not None:
        assert tuple(reading.value) == pytest.approx(tuple(value))
    else:
        assert reading.value == value


async def test_sr10_age_counts_from_the_last_report_not_the_last_change(
    hass: HomeAssistant, meters: MakeMeters, news: list[None], freezer: FrozenDateTimeFactory
) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    grid = meters()
    grid.async_collect()
    news.clear()
    freezer.tick(7)
    measure(hass, 1.0, 1.0, 1.0)
    await hass.async_block_till_done()
    assert news, "an unchanged value is news"
    current = newest(grid).current_a
    assert current is not None
    assert current.arrived_at == dt_util.utcnow()


async def test_sr10_a_phase_that_fell_silent_makes_the_whole_old(
    hass: HomeAssistant, meters: MakeMeters, freezer: FrozenDateTimeFactory
) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    grid = meters()
    freezer.tick(20)
    measure(hass, 5.0, 5.0)
    await hass.async_block_till_done()
    current = newest(grid).current_a
    assert current is not None
    assert current.value == PerPhase(5.0, 5.0, 1.0)
    assert current.age(dt_util.utcnow()) == timedelta(seconds=20)


@pytest.mark.parametrize("state", ["unavailable", "unknown", "", "much", "nan", "inf"])
async def test_what_is_no_number_is_no_reading(
    hass: HomeAssistant, meters: MakeMeters, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    grid = meters()
    grid.async_collect()
    for _ in range(2):
        hass.states.async_set(
            "sensor.grid_l2", state, {"unit_of_measurement": "A"}, force_update=True
        )
        await hass.async_block_till_done()
        current = newest(grid).current_a
        assert current is not None
        assert current.value == PerPhase(1.0, None, 1.0)
    is_silence = state in ("unavailable", "unknown")
    assert caplog.text.count("sensor.grid_l2 gives no reading") == (0 if is_silence else 1)
    told = [(problem.kind, problem.subject) for problem in grid.problems()]
    unreadable = (ProblemKind.ENTITY_UNREADABLE, "sensor.grid_l2")
    assert told == ([] if is_silence else [unreadable])
    measure(hass, 1.0, 2.0, 1.0)
    await hass.async_block_till_done()
    current = newest(grid).current_a
    assert current is not None
    assert current.value == PerPhase(1.0, 2.0, 1.0)
    assert ("can be read again" in caplog.text) is not is_silence
    assert grid.problems() == ()


@pytest.mark.parametrize("unit", ["V", None])
async def test_a_unit_that_is_none_of_current_is_no_reading(
    hass: HomeAssistant, meters: MakeMeters, unit: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 3):
        hass.states.async_set(f"sensor.grid_l{number}", "5", {"unit_of_measurement": unit})
    assert meters().async_collect() == ([], [])
    assert "until it is put right" in caplog.text


async def test_a_meter_that_is_gone_is_silent(hass: HomeAssistant, meters: MakeMeters) -> None:
    grid = meters()
    assert grid.async_collect() == ([], []), "not there yet"
    measure(hass, 1.0, 1.0, 1.0)
    await hass.async_block_till_done()
    assert newest(grid).current_a is not None
    for number in (1, 2, 3):
        hass.states.async_remove(f"sensor.grid_l{number}")
    await hass.async_block_till_done()
    assert grid.async_collect() == ([], [])


async def test_solar_and_battery_turn_their_sign(hass: HomeAssistant, meters: MakeMeters) -> None:
    hass.states.async_set("sensor.sun", "4.2", {"unit_of_measurement": "kW"})
    hass.states.async_set("sensor.battery", "1500", {"unit_of_measurement": "W"})
    hass.states.async_set("sensor.dark", "unknown")
    feeds = meters(meter={}, solar=["sensor.sun", "sensor.dark"], battery=["sensor.battery"])
    _, resources = feeds.async_collect()
    told = {report.id: (report.kind, report.power_w.value) for report in resources}
    assert told == {
        "sensor.sun": (ResourceKind.SOLAR, -4200.0),
        "sensor.battery": (ResourceKind.BATTERY, -1500.0),
    }
    inverted = meters(meter={}, battery=["sensor.battery"], battery_invert=True)
    _, (battery,) = inverted.async_collect()
    assert battery.power_w.value == 1500.0


async def test_sources_tell_which_phases_they_feed(
    hass: HomeAssistant, meters: MakeMeters, news: list[None]
) -> None:
    hass.states.async_set("sensor.sun", "4200", {"unit_of_measurement": "W"})
    hass.states.async_set("sensor.battery", "1500", {"unit_of_measurement": "W"})
    feeds = {"meter": {}, "solar": ["sensor.sun"], "battery": ["sensor.battery"]}
    made = meters(**feeds, battery_phases=["l3"])

    def told() -> dict[str, tuple[Phase, ...]]:
        return {report.id: report.phases for report in made.async_collect()[1]}

    assert told() == {"sensor.sun": PHASES, "sensor.battery": (Phase.L3,)}
    news.clear()
    made.async_configure(PoolConfig.from_entry(site_entry(**feeds, solar_phases=[])))
    assert news, "another answer in the form is told at once"
    assert told() == {"sensor.sun": (), "sensor.battery": PHASES}


async def test_each_circuit_has_its_own_meter(hass: HomeAssistant, meters: MakeMeters) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    hass.states.async_set("sensor.garage", "2", {"unit_of_measurement": "kW"})
    garage = subentry(
        "garage", "circuit", parent="grid", fuse_a=16.0, meter={"power": "sensor.garage"}
    )
    plain = subentry("plain", "circuit", parent="grid", fuse_a=16.0, meter={})
    made = meters(garage, plain)
    reports, _ = made.async_collect()
    assert {report.circuit for report in reports} == {"grid", "garage"}
    hass.states.async_set("sensor.garage", "3", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert newest(made).circuit == "garage"


async def test_only_what_is_configured_is_followed(
    hass: HomeAssistant, meters: MakeMeters, news: list[None]
) -> None:
    grid = meters()
    news.clear()
    grid.async_configure(PoolConfig.from_entry(site_entry(charger("garage"))))
    assert news == [], "the same meter is left alone"
    grid.async_configure(PoolConfig.from_entry(site_entry(meter={"power": "sensor.other"})))
    news.clear()
    measure(hass, 1.0, 1.0, 1.0)
    await hass.async_block_till_done()
    assert news == []
    hass.states.async_set("sensor.other", "7", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert newest(grid).total_power_w is not None
    grid.async_stop()
    news.clear()
    hass.states.async_set("sensor.other", "8", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert news == []
    assert grid.async_collect() == ([], [])


ACCU = {
    "meter": {},
    "battery": ["sensor.accu"],
    "energy": {"battery_soc": ["sensor.soc_a", "sensor.soc_b"]},
}


def charge(hass: HomeAssistant, *socs: object, unit: str | None = "%") -> None:
    """Have the batteries tell their states of charge."""
    for name, soc in zip("ab", socs, strict=False):
        hass.states.async_set(
            f"sensor.soc_{name}", str(soc), {"unit_of_measurement": unit}, force_update=True
        )


async def test_the_lowest_state_of_charge_counts_for_the_battery(
    hass: HomeAssistant, meters: MakeMeters, news: list[None], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("sensor.accu", "1500", {"unit_of_measurement": "W"})
    charge(hass, 80, 55.5)
    made = meters(**ACCU, solar=["sensor.roof"])
    hass.states.async_set("sensor.roof", "100", {"unit_of_measurement": "W"})
    told = {report.kind: report.soc_percent for report in made.async_collect()[1]}
    first = told[ResourceKind.BATTERY]
    assert first is not None
    assert first.value == 55.5
    assert told[ResourceKind.SOLAR] is None
    await hass.async_block_till_done()
    made.async_collect()
    news.clear()
    freezer.tick(60)
    charge(hass, 50)
    await hass.async_block_till_done()
    assert news, "a state of charge is news by itself"
    _, (battery,) = made.async_collect()
    assert battery.soc_percent is not None
    assert battery.soc_percent.value == 50.0
    assert battery.soc_percent.arrived_at == first.arrived_at, "as old as the oldest"


@pytest.mark.parametrize("soc", ["unavailable", "unknown", "full", "nan", "-1", "101"])
async def test_what_is_no_state_of_charge_is_unknown(
    hass: HomeAssistant, meters: MakeMeters, soc: str
) -> None:
    hass.states.async_set("sensor.accu", "1500", {"unit_of_measurement": "W"})
    charge(hass, 80, soc)
    _, (battery,) = meters(**ACCU).async_collect()
    assert battery.soc_percent is None
    assert battery.power_w.value == -1500.0, "its power is known all the same"


@pytest.mark.parametrize("unit", ["kWh", None])
async def test_a_state_of_charge_is_in_percent(
    hass: HomeAssistant, meters: MakeMeters, unit: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set("sensor.accu", "1500", {"unit_of_measurement": "W"})
    charge(hass, 80, 50, unit=unit)
    _, (battery,) = meters(**ACCU).async_collect()
    assert battery.soc_percent is None
    assert "until it is put right" in caplog.text


async def test_a_site_without_a_battery_asks_nobody_for_its_charge(
    hass: HomeAssistant, meters: MakeMeters, news: list[None]
) -> None:
    made = meters(**{**ACCU, "battery": []})
    news.clear()
    charge(hass, 80, 50)
    await hass.async_block_till_done()
    assert news == []
    assert made.async_collect() == ([], [])
