"""The allocator does what the scenarios tell, which are written for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from custom_components.ev_charger_pool.balancing.allocator import allocate
from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import Demand, Priority
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase, PhaseValues
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

FOLDER = Path(__file__).parents[1] / "scenarios"


def _documents() -> Iterator[dict[str, Any]]:
    for file in sorted(FOLDER.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))


DOCUMENTS = list(_documents())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["scenario"])
def test_scenario(document: dict[str, Any]) -> None:
    assert set(document) <= {"scenario", "why", "sharing", "circuits", "cars", "grants"}
    allocation = allocate(
        [_circuit(circuit, given) for circuit, given in document["circuits"].items()],
        [_demand(member, given) for member, given in document["cars"].items()],
        {circuit: _amps(given["free_a"]) for circuit, given in document["circuits"].items()},
        free_w={
            circuit: given["free_w"]
            for circuit, given in document["circuits"].items()
            if "free_w" in given
        },
        sharing=Sharing(document.get("sharing", "min_first")),
    )
    assert {
        member: [pytest.approx(current_a), str(allocation.reasons[member])]
        for member, current_a in allocation.current_a.items()
    } == document["grants"]


def test_every_scenario_has_its_own_name() -> None:
    names = [document["scenario"] for document in DOCUMENTS]

    assert len(names) == len(set(names))


def _circuit(circuit: str, given: Mapping[str, Any]) -> Circuit:
    assert set(given) <= {"parent", "free_a", "free_w"}
    return Circuit(
        id=circuit, name=circuit, parent=given.get("parent"), limit_a=_amps(given["free_a"])
    )


def _amps(given: float | list[float]) -> PhaseValues:
    return PerPhase(*given) if isinstance(given, list) else PerPhase.same(float(given))


def _demand(member: str, given: Mapping[str, Any]) -> Demand:
    known = {"circuit", "phases", "from", "to", "step", "priority", "weight", "owed", "limited_by"}
    assert set(given) <= known
    return Demand(
        member=member,
        circuit=given.get("circuit", "grid"),
        phases=frozenset(Phase(phase) for phase in given.get("phases", ("l1", "l2", "l3"))),
        min_a=given.get("from", 6.0),
        max_a=given.get("to", 16.0),
        step_a=given.get("step", 1.0),
        limited_by=Reason(kind=ReasonKind(given.get("limited_by", "charger"))),
        priority=Priority[given.get("priority", "normal").upper()],
        weight=given.get("weight", 1.0),
        owed=given.get("owed", 0),
    )
