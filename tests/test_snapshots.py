"""The picture of the site: sums over members on the site's own phases, and what is new in it."""

from dataclasses import replace
from datetime import UTC, datetime

from custom_components.ev_charger_pool.balancing.contract import Decision, Problem, ProblemKind
from custom_components.ev_charger_pool.chargers.contract import ConnectorReport, DeviceIdentity
from custom_components.ev_charger_pool.pool.circuits import Circuit, CircuitStatus
from custom_components.ev_charger_pool.pool.members import (
    MemberKind,
    MemberSettings,
    MemberStatus,
)
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
)
from custom_components.ev_charger_pool.power_supplies.contract import (
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from custom_components.ev_charger_pool.roster import Member
from custom_components.ev_charger_pool.snapshots import changed_subjects, take_snapshot
from custom_components.ev_charger_pool.wishes import MemberWish

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GRID = Circuit(id="grid", name="Home", limit_a=PerPhase(25.0, 25.0, 25.0))
STATUS = CircuitStatus(
    circuit="grid",
    limit_a=GRID.limit_a,
    other_a=NO_CURRENT,
    committed_a=NO_CURRENT,
    granted_a=NO_CURRENT,
    available_a=PerPhase(5.0, 6.0, 7.0),
    available_w=3000.0,
    fail_safe_sum_a=NO_CURRENT,
)


def member(
    name: str, report: ConnectorReport | None = None, phases: tuple[Phase, ...] = tuple(Phase)
) -> Member:
    return Member(
        settings=MemberSettings(
            member=name, circuit="grid", max_current_a=16.0, lease=None, phases=phases
        ),
        wish=MemberWish(),
        identity=DeviceIdentity(),
        connector=report,
    )


def report(*amps: float | None, watts: float | None = None) -> ConnectorReport:
    return ConnectorReport(
        connector=1,
        arrived_at=NOW,
        online=True,
        component_state=ComponentState.CHARGING,
        cable_state=CableState.EV_LOCKED,
        charging=ChargingStatus.CHARGING,
        current_a=Reading(value=PerPhase(*amps), arrived_at=NOW),
        power_w=None if watts is None else Reading(value=watts, arrived_at=NOW),
    )


def decision(**granted: float) -> Decision:
    statuses = {
        name: MemberStatus(
            member=name,
            granted_a=amps,
            commitment_a=amps,
            limited_by=Reason(kind=ReasonKind.CHARGER),
        )
        for name, amps in granted.items()
    }
    problem = Problem(kind=ProblemKind.OVERLOAD, subject="grid", since=NOW)
    return Decision(
        number=1,
        decided_at=NOW,
        orders=(),
        members=statuses,
        circuits={"grid": STATUS},
        problems=(problem,),
        next_at=NOW,
    )


def test_currents_are_summed_on_the_phases_of_the_site() -> None:
    turned = (Phase.L2, Phase.L3, Phase.L1)
    taken = take_snapshot(
        NOW,
        [
            member("plain", report(1.0, 2.0, 4.0, watts=1600.0)),
            member("turned", report(10.0, None, 30.0, watts=-600.0), turned),
            member("single", report(100.0, None, None), (Phase.L3,)),
            member("silent"),
        ],
        [GRID],
        {},
        None,
        (),
    )
    pool = taken.pool
    assert pool.current_a == PerPhase(31.0, 12.0, 104.0)
    assert (pool.power_w, pool.consumption_w, pool.production_w) == (1000.0, 1000.0, 0.0)
    assert (pool.members, pool.connected, pool.charging, pool.waiting) == (4, 3, 3, 0)
    assert pool.missing == ("silent",)
    assert pool.available_a == NO_CURRENT, "nothing is known to be left before a decision"
    assert taken.circuits["grid"].status is None


def test_a_supply_counts_with_its_watts() -> None:
    bench = member("bench")
    bench.settings = replace(bench.settings, kind=MemberKind.POWER_SUPPLY)
    bench.supply = SupplyReport(
        arrived_at=NOW,
        online=True,
        mode=SupplyMode.EXPORT,
        power_w=Reading(value=480.0, arrived_at=NOW),
        wishes=SupplyWishes(mode=SupplyMode.EXPORT, voltage_v=48.0, current_a=10.0),
    )
    pool = take_snapshot(NOW, [bench], [GRID], {}, None, ()).pool
    assert (pool.power_w, pool.charging, pool.missing) == (480.0, 1, ())


def test_the_decision_is_in_the_picture() -> None:
    own = Problem(kind=ProblemKind.JOURNAL_RESET, subject="grid", since=NOW)
    taken = take_snapshot(
        NOW,
        [member("one", report(0.0, 0.0, 0.0)), member("two", report(6.0, 6.0, 6.0))],
        [GRID],
        {"grid": 20.0},
        decision(one=0.0, two=6.0),
        (own,),
    )
    assert taken.pool.waiting == 1
    assert taken.pool.available_a == STATUS.available_a
    assert taken.pool.available_w == 3000.0
    assert taken.circuits["grid"].user_limit_a == 20.0
    assert [problem.kind for problem in taken.problems] == [
        ProblemKind.JOURNAL_RESET,
        ProblemKind.OVERLOAD,
    ]


def test_only_what_is_new_has_changed() -> None:
    one, two = member("one", report(1.0, 1.0, 1.0)), member("two", report(1.0, 1.0, 1.0))
    before = take_snapshot(NOW, [one, two], [GRID], {}, decision(one=6.0, two=6.0), ())
    same = take_snapshot(NOW, [one, two], [GRID], {}, decision(one=6.0, two=6.0), ())
    assert changed_subjects(before, same) == set()
    after = take_snapshot(NOW, [one], [GRID], {"grid": 10.0}, decision(one=7.0), ())
    assert changed_subjects(before, after) == {"one", "two", "grid"}
    assert changed_subjects(before, replace(before, circuits={})) == {"grid"}
