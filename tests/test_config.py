"""What is configured, read into values."""

from typing import Any

from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.config import MeterConfig, PoolConfig
from custom_components.ev_charger_pool.pool.energy_settings import (
    BatterySettings,
    SolarSettings,
    SurplusRule,
)
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.site import site_circuits, site_settings
from tests.common import charger, connector, site_entry, subentry, supply


def circuit(name: str, parent: str = "grid", **data: object) -> object:
    return subentry(name, "circuit", **{"parent": parent, "fuse_a": 16.0, "meter": {}, **data})


def config(*subentries: object, **data: object) -> PoolConfig:
    return PoolConfig.from_entry(site_entry(*subentries, **data))  # type: ignore[arg-type]


def test_the_least_that_a_flow_writes_is_enough() -> None:
    made = config(meter={})
    assert made.site.name == "Home"
    assert made.site.phases == PHASES
    assert made.site.fuse_a == PerPhase(25.0, 25.0, 25.0)
    assert made.site.sharing is Sharing.MIN_FIRST
    assert made.site.meter == MeterConfig()
    assert made.site.meter.entities == ()
    assert made.meters == {}
    assert made.site.simulator is None


def test_a_one_phase_site_has_nothing_on_the_others() -> None:
    made = config(charger("garage"), supply("bench", rotation=["l3"]), phases=1)
    assert made.site.fuse_a == PerPhase(25.0, 0.0, 0.0)
    assert made.chargers["garage"].connectors[1].rotation == (Phase.L1,)
    assert made.supplies["bench"].rotation == (Phase.L1,)


def test_what_feeds_a_site_feeds_all_its_phases_unless_told() -> None:
    made = config(solar=["sensor.sun"], battery=["sensor.battery"])
    assert (made.site.solar_phases, made.site.battery_phases) == (PHASES, PHASES)
    made = config(solar_phases=["l2"], battery_phases=[])
    assert made.site.solar_phases == (Phase.L2,)
    assert made.site.battery_phases == (), "nobody knows"


def test_the_controller_is_told_what_is_done_with_sun_and_battery() -> None:
    made = config(energy={"surplus_rule": "per_phase", "priority_soc": 40.0, "start_soc": 100.0})
    site = site_settings(made, site_circuits(made), ())
    assert site.solar == SolarSettings(rule=SurplusRule.PER_PHASE)
    assert site.battery == BatterySettings(priority_soc=40.0, start_soc=100.0)
    plain = config()
    assert site_settings(plain, site_circuits(plain), ()).battery == BatterySettings()


def test_one_phase_is_fed_whatever_was_kept_of_three() -> None:
    made = config(phases=1, solar_phases=["l2"], battery_phases=[])
    assert (made.site.solar_phases, made.site.battery_phases) == ((Phase.L1,), (Phase.L1,))


def test_a_fuse_may_differ_by_phase() -> None:
    made = config(circuit("garage", fuse_a={"l1": 16.0, "l3": 10.0}))
    assert made.circuits["garage"].fuse_a == PerPhase(16.0, 0.0, 10.0)


def test_a_member_of_a_removed_circuit_hangs_on_the_grid() -> None:
    made = config(
        charger("garage", circuit="gone"), supply("bench", circuit="cellar"), circuit("cellar")
    )
    assert made.chargers["garage"].circuit == "grid"
    assert made.supplies["bench"].circuit == "cellar"


def test_a_circuit_that_leads_nowhere_or_in_a_ring_hangs_on_the_grid() -> None:
    made = config(
        circuit("orphan", "gone"),
        circuit("one", "two"),
        circuit("two", "one"),
        circuit("leaf", "fine"),
        circuit("fine"),
    )
    parents = {name: made.circuits[name].parent for name in made.circuits}
    assert parents == {
        "orphan": "grid",
        "one": "grid",
        "two": "grid",
        "leaf": "fine",
        "fine": "grid",
    }


def test_the_driver_does_not_see_what_only_decisions_need() -> None:
    before = config(charger("garage"), supply("bench"))
    moved = config(
        charger(
            "garage",
            circuit="cellar",
            may_freeze=True,
            connectors={"1": connector("l2", "l3", "l1")},
        ),
        supply("bench", circuit="cellar", rotation=["l2"], max_power_w=100.0, may_freeze=True),
        circuit("cellar"),
    )
    assert before != moved
    for key in ("garage",):
        assert before.chargers[key].as_driver_sees_it() == moved.chargers[key].as_driver_sees_it()
    assert (
        before.supplies["bench"].as_driver_sees_it() == moved.supplies["bench"].as_driver_sees_it()
    )


def test_the_driver_sees_the_rest() -> None:
    plain = config(charger("garage")).chargers["garage"].as_driver_sees_it()
    every: tuple[dict[str, Any], ...] = (
        {"station": "OTHER"},
        {"authorization": "tokens"},
        {"tokens": []},
        {"connectors": {"1": connector(max_current_a=10.0)}},
        {"connectors": {"1": connector(fail_safe_current_a=6.0)}},
        {"connectors": {"1": connector("l1")}},
        {"connectors": {"1": connector(), "2": connector()}},
    )
    for changes in every:
        changed = config(charger("garage", **changes)).chargers["garage"]
        assert changed.as_driver_sees_it() != plain, changes


SIMULATOR = {"seed": 2, "speed": 1.0, "heidelberg_port": 1, "keba_port": 2, "supply_port": 3}


def test_only_some_changes_need_a_new_start() -> None:
    before = config()
    assert not config(fuse_a=20.0, solar=["sensor.sun"]).needs_reload_after(before)
    assert config(ocpp_port=9001).needs_reload_after(before)
    assert config(battery=["sensor.accu"]).needs_reload_after(before), "an entity comes with it"
    assert config(simulator=SIMULATOR).needs_reload_after(before)
    averaged = config(limits={"average_w": 2_500.0})
    assert averaged.needs_reload_after(before), "there are more sensors to show"
    assert before.needs_reload_after(averaged)
    assert not config(limits={"average_w": 5_000.0}).needs_reload_after(averaged)
    assert not config(limits={"limit_w": 5_000.0}).needs_reload_after(before)
    assert not config(circuit("garage", limits={"average_w": 2.0})).needs_reload_after(before)


def test_the_controller_gets_the_tree_and_its_members() -> None:
    made = config(
        circuit("garage", limit_w=7000.0, meter={"power": "sensor.garage"}),
        circuit("box", "garage"),
    )
    circuits = site_circuits(made)
    assert [(each.id, each.parent, each.metered, each.limit_w) for each in circuits] == [
        ("grid", None, True, None),
        ("garage", "grid", True, 7000.0),
        ("box", "garage", False, None),
    ]
    site = site_settings(made, circuits, ())
    assert site.circuits == circuits
    assert site.nominal_voltage_v == 230.0


def test_sr1_nothing_is_reserved_where_only_the_pool_hangs() -> None:
    made = config(
        circuit("garage", dedicated=True),
        circuit("box", "garage", dedicated=True),
        circuit("barn"),
        circuit("metered", dedicated=True, meter={"power": "sensor.metered"}),
    )
    others = {each.id: each.other_load_max_a for each in site_circuits(made)}
    assert others == {
        "grid": None,
        "garage": NO_CURRENT,
        "box": NO_CURRENT,
        "barn": None,
        "metered": None,
    }


def test_sr1_what_else_hangs_on_a_circuit_hangs_on_those_above_as_well() -> None:
    made = config(
        circuit("garage", dedicated=True),
        circuit("box", "garage", dedicated=True),
        circuit("workshop", "box"),
        circuit("yard", "garage", dedicated=True),
    )
    others = {each.id: each.other_load_max_a for each in site_circuits(made)}
    assert [key for key, other_a in others.items() if other_a == NO_CURRENT] == ["yard"]


def test_a_meter_that_was_turned_or_exchanged_is_another_one() -> None:
    def name(**meter: object) -> str | None:
        return site_circuits(config(meter=meter))[0].meter

    names = [name(), name(power="sensor.a"), name(power="sensor.a", invert=True), name(power="s.b")]
    assert names[0] is None
    assert len(set(names)) == len(names)
    garage = circuit("garage", meter={"power": "sensor.a"})
    assert site_circuits(config(garage, meter={}))[1].meter == names[1]
