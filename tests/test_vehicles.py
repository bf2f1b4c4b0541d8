"""What the entities of vehicles tell, which one is plugged in where, and what is remembered."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.plan_wishes import VehicleChoice
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.taper import UNBOUND
from custom_components.ev_charger_pool.vehicle_config import VehicleConfig
from custom_components.ev_charger_pool.vehicle_memory import VehicleMemory
from custom_components.ev_charger_pool.vehicles import Draw, Vehicles
from custom_components.ev_charger_pool.wishes import WishStore

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
KEY = "ev_charger_pool.01SITE.vehicles"
BLUE = VehicleConfig(
    id="blue",
    name="Blue",
    capacity_wh=50_000.0,
    soc_entity="sensor.blue_soc",
    limit_entity="number.blue_limit",
    range_entity="sensor.blue_range",
    plugged_entity="binary_sensor.blue_plug",
    efficiency=1.0,
    tags=frozenset({"04A2"}),
)
RED = VehicleConfig(
    id="red", name="Red", capacity_entity="sensor.red_size", home="garage:1", phases=1
)


class Rig:
    """The vehicles of a site, with sessions that a test makes."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.wishes = WishStore(hass, "01SITE")
        self.memory = VehicleMemory(hass, "01SITE")
        self.news = 0
        self.vehicles = Vehicles(hass, self.wishes, self.memory, self._on_news)

    def _on_news(self) -> None:
        self.news += 1

    def configure(self, *configs: VehicleConfig) -> None:
        self.vehicles.async_configure({config.id: config for config in configs})

    def follow(
        self, *sessions: Session, minutes: float = 0.0, draws: dict[str, Draw] | None = None
    ) -> None:
        self.vehicles.async_follow(sessions, draws or {}, NOW + timedelta(minutes=minutes))

    def soc(self, vehicle: str = "blue") -> float:
        level = self.vehicles.level(vehicle, NOW)
        assert level is not None
        return level.soc


@pytest.fixture
async def rig(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Rig:
    freezer.move_to(NOW)
    made = Rig(hass)
    await made.memory.async_load()
    made.configure(BLUE, RED)
    return made


def session(number: int = 1, **changes: Any) -> Session:
    return Session(
        **{"id": f"s{number}", "member": f"garage:{number}", "started_at": NOW, **changes}
    )


async def tell(hass: HomeAssistant, entity: str, state: str, unit: str | None = None) -> None:
    attributes = {} if unit is None else {"unit_of_measurement": unit}
    hass.states.async_set(entity, state, attributes)
    await hass.async_block_till_done()


class TestFacts:
    async def test_entities_tell_what_is_not_typed(self, hass: HomeAssistant, rig: Rig) -> None:
        await tell(hass, "number.blue_limit", "80")
        await tell(hass, "sensor.red_size", "44", "kWh")
        blue, red = rig.vehicles.facts("blue"), rig.vehicles.facts("red")
        assert (blue.capacity_wh, blue.limit_soc) == (50_000.0, 80.0)
        assert (red.capacity_wh, red.limit_soc, red.phases) == (44_000.0, 100.0, 1)

    @pytest.mark.parametrize("state", ["unknown", "unavailable", "much", "inf", "-5"])
    async def test_what_cannot_be_read_is_not_known(
        self, hass: HomeAssistant, rig: Rig, state: str
    ) -> None:
        for entity in ("number.blue_limit", "sensor.blue_soc", "sensor.blue_range"):
            await tell(hass, entity, state, "km")
        await tell(hass, "sensor.red_size", state, "kWh")
        rig.follow()
        assert rig.vehicles.facts("blue").limit_soc == 100.0
        assert rig.vehicles.facts("red").capacity_wh is None
        view = rig.vehicles.views(NOW)["blue"]
        assert view.level is None
        assert view.range_km is None

    async def test_a_capacity_in_a_wrong_unit_is_told_once(
        self, hass: HomeAssistant, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        await tell(hass, "sensor.red_size", "44", "km")
        for _ in range(3):
            assert rig.vehicles.facts("red").capacity_wh is None
        assert caplog.text.count("Entity sensor.red_size tells nothing of its vehicle") == 1

    async def test_a_range_grows_with_what_was_charged(self, hass: HomeAssistant, rig: Rig) -> None:
        await tell(hass, "sensor.blue_range", "100", "mi")
        await tell(hass, "sensor.blue_soc", "50")
        rig.follow(session(token="04A2"))
        rig.follow(session(token="04A2", energy_wh=5_000.0))
        view = rig.vehicles.views(NOW)["blue"]
        assert view.at == "garage:1"
        assert view.level is not None
        assert view.level.soc == pytest.approx(60.0)
        assert view.range_km == pytest.approx(160.9 * 60 / 50, abs=0.1)


class TestStateOfCharge:
    async def test_it_is_heard_at_once(self, hass: HomeAssistant, rig: Rig) -> None:
        await tell(hass, "sensor.blue_soc", "61.5")
        assert rig.soc() == 61.5
        assert rig.news == 1

    async def test_a_fraction_of_hundred_or_more_is_told(
        self, hass: HomeAssistant, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        await tell(hass, "sensor.blue_soc", "5300")
        assert rig.vehicles.level("blue", NOW) is None
        assert "5300 is no state of charge in percent" in caplog.text

    async def test_a_jump_is_a_problem_until_it_is_over(
        self, hass: HomeAssistant, rig: Rig
    ) -> None:
        await tell(hass, "sensor.blue_soc", "50")
        rig.follow(session(token="04A2"))
        await tell(hass, "sensor.blue_soc", "51")
        await tell(hass, "sensor.blue_soc", "90")
        (problem,) = rig.vehicles.problems()
        assert problem.kind is ProblemKind.SOC_IMPLAUSIBLE
        assert problem.subject == "blue"
        assert problem.since == NOW
        assert rig.soc() == 51.0
        await tell(hass, "sensor.blue_soc", "51")
        assert rig.vehicles.problems() == []

    async def test_it_outlives_a_restart(
        self, hass: HomeAssistant, rig: Rig, hass_storage: dict[str, Any]
    ) -> None:
        await tell(hass, "sensor.blue_soc", "50")
        rig.follow(session(token="04A2", energy_wh=1_000.0))
        await rig.vehicles.async_stop()
        await tell(hass, "sensor.blue_soc", "unavailable")
        again = Rig(hass)
        await again.memory.async_load()
        again.configure(BLUE)
        again.follow(session(token="04A2", energy_wh=6_000.0))
        assert again.soc() == pytest.approx(62.0)

    @pytest.mark.parametrize(
        "kept",
        [
            None,
            [],
            {"vehicles": []},
            {"vehicles": {"blue": None}},
            {"vehicles": {"blue": {}}},
            {"vehicles": {"blue": {"anchor": {"soc": "?"}, "taper": {}}}},
            {"vehicles": {"blue": {"anchor": None, "taper": {"band": []}}}},
            {"vehicles": {"blue": {"anchor": None, "taper": []}}},
        ],
    )
    async def test_a_damaged_memory_is_as_good_as_none(
        self, hass: HomeAssistant, hass_storage: dict[str, Any], kept: object
    ) -> None:
        hass_storage[KEY] = {"version": 1, "key": KEY, "data": kept}
        rig = Rig(hass)
        await rig.memory.async_load()
        rig.configure(BLUE)
        assert rig.vehicles.level("blue", NOW) is None


class TestTaper:
    async def test_it_is_learned_and_kept(
        self, hass: HomeAssistant, rig: Rig, hass_storage: dict[str, Any]
    ) -> None:
        for number in (1, 2):
            rig.follow()
            await tell(hass, "sensor.blue_soc", "92")
            for allowed_w, soc in ((11_000.0, "92.1"), (4_000.0, "96")):
                await tell(hass, "sensor.blue_soc", soc)
                for _ in range(4):
                    rig.follow(
                        session(number, token="04A2"),
                        draws={f"garage:{number}": Draw(power_w=4_000.0, allowed_w=allowed_w)},
                    )
            await tell(hass, "sensor.blue_soc", "20")
        rig.follow()
        curve = rig.vehicles.curve("blue", 11_000.0)
        assert curve.power_at(50.0) == 11_000.0
        assert curve.power_at(92.0) < 11_000.0
        await rig.vehicles.async_stop()
        kept = hass_storage[KEY]["data"]["vehicles"]["blue"]["taper"]
        assert kept["18"] == [4_000.0, 4_000.0]
        assert kept["19"] == [None, None]
        again = VehicleMemory(hass, "01SITE")
        await again.async_load()
        assert again.of("blue").taper.kept[19] == (UNBOUND, UNBOUND)
        assert Vehicles(hass, rig.wishes, again, lambda: None).names == {}

    async def test_a_vehicle_that_is_removed_is_forgotten(
        self, hass: HomeAssistant, rig: Rig, hass_storage: dict[str, Any]
    ) -> None:
        await tell(hass, "sensor.blue_soc", "50")
        rig.follow(session(token="04A2"))
        assert rig.vehicles.at("garage:1") == "blue"
        rig.configure(RED)
        assert rig.vehicles.at("garage:1") == "red"
        await rig.vehicles.async_stop()
        assert set(hass_storage[KEY]["data"]["vehicles"]) == {"red"}
        await rig.memory.async_remove()
        assert KEY not in hass_storage


class TestRecognition:
    async def test_an_expected_vehicle_is_shown_before_it_comes(self, rig: Rig) -> None:
        assert rig.vehicles.plugged("garage:1").name == "Red"
        assert rig.vehicles.plugged("garage:2").name == "guest"
        assert rig.vehicles.plugged("garage:2").names == ("Blue", "Red")
        # It stands elsewhere now.
        rig.wishes.vehicles["garage:2"] = VehicleChoice(vehicle="red", session="s2")
        rig.follow(session(2))
        assert rig.vehicles.plugged("garage:1").name == "guest"

    async def test_a_choice_before_plug_in_counts_for_the_next_session(
        self, hass: HomeAssistant, rig: Rig
    ) -> None:
        await rig.wishes.async_choose_vehicle("garage:1", VehicleChoice(vehicle="blue"))
        assert rig.vehicles.at("garage:1") == "blue"
        rig.follow(session(1))
        await hass.async_block_till_done()
        assert rig.vehicles.at("garage:1") == "blue"
        assert rig.wishes.vehicles["garage:1"].session == "s1"
        # And for that one only.
        rig.follow()
        await hass.async_block_till_done()
        assert rig.wishes.vehicles == {}
        assert rig.vehicles.at("garage:1") == "red"

    async def test_a_choice_is_over_when_another_session_has_begun(
        self, hass: HomeAssistant, rig: Rig
    ) -> None:
        await rig.wishes.async_choose_vehicle("garage:1", VehicleChoice(vehicle=None, session="s0"))
        rig.follow(session(1))
        await hass.async_block_till_done()
        assert rig.wishes.vehicles == {}
        rig.follow(session(1))
        assert rig.vehicles.at("garage:1") == "red"

    async def test_what_a_car_told_at_plug_in_stays_for_the_session(
        self, hass: HomeAssistant, rig: Rig
    ) -> None:
        await tell(hass, "binary_sensor.blue_plug", "on")
        rig.follow(session(2), minutes=1)
        assert rig.vehicles.at("garage:2") == "blue"
        assert rig.wishes.vehicles == {}
        rig.follow(session(2), minutes=20)
        await hass.async_block_till_done()
        assert rig.wishes.vehicles["garage:2"] == VehicleChoice(vehicle="blue", session="s2")
        await tell(hass, "binary_sensor.blue_plug", "unavailable")
        rig.follow(session(2), minutes=30)
        assert rig.vehicles.at("garage:2") == "blue"

    async def test_a_choice_of_a_vehicle_that_was_sold_is_none(self, rig: Rig) -> None:
        rig.wishes.vehicles["garage:2"] = VehicleChoice(vehicle="green")
        assert rig.vehicles.at("garage:2") is None

    async def test_nothing_happens_when_the_vehicles_stay(self, rig: Rig) -> None:
        rig.follow(session(1))
        rig.configure(BLUE, RED)
        assert rig.vehicles.at("garage:1") == "red"


async def test_every_vehicle_is_shown(rig: Rig) -> None:
    assert set(rig.vehicles.views(NOW)) == {"blue", "red"}
    assert rig.vehicles.names == {"blue": "Blue", "red": "Red"}
