"""The tree of circuits."""

import math
import random

import pytest

from custom_components.ev_charger_pool.balancing.topology import (
    Topology,
    TopologyError,
    check_limits,
)
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.quantities import PerPhase, PhaseValues

FUSE = PerPhase.same(16.0)


def circuit(
    name: str,
    parent: str | None = None,
    limit_a: PhaseValues = FUSE,
    limit_w: float | None = None,
) -> Circuit:
    return Circuit(id=name, name=name, parent=parent, limit_a=limit_a, limit_w=limit_w)


HOUSE = (
    circuit("grid"),
    circuit("garage", "grid"),
    circuit("box2", "garage"),
    circuit("box1", "garage"),
    circuit("attic", "grid"),
)


def test_each_circuit_comes_after_the_one_that_feeds_it_and_before_its_siblings() -> None:
    tree = Topology.of(HOUSE)

    assert tree.ids == ("grid", "attic", "garage", "box1", "box2")
    assert tree.parents == (-1, 0, 0, 2, 2)
    assert tree.index == {"grid": 0, "attic": 1, "garage": 2, "box1": 3, "box2": 4}


def test_the_order_of_the_circuits_does_not_matter() -> None:
    circuits = list(HOUSE)
    for seed in range(20):
        random.Random(seed).shuffle(circuits)

        assert Topology.of(circuits) == Topology.of(HOUSE)


def test_ancestors_lead_from_a_circuit_to_the_grid() -> None:
    tree = Topology.of(HOUSE)

    assert tree.ancestors("box1") == ("box1", "garage", "grid")
    assert tree.ancestors("grid") == ("grid",)


def test_children_are_what_a_circuit_feeds_directly() -> None:
    tree = Topology.of(HOUSE)

    assert tree.children("grid") == ("attic", "garage")
    assert tree.children("garage") == ("box1", "box2")
    assert tree.children("box1") == ()


@pytest.mark.parametrize("ask", [Topology.ancestors, Topology.children])
def test_an_unknown_circuit_is_a_key_error(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(KeyError, match="cellar"):
        ask(Topology.of(HOUSE), "cellar")


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ([], "at least one circuit"),
        ([circuit("grid"), circuit("grid")], "two circuits have the id grid"),
        ([circuit("grid"), circuit("a", "cellar")], "a is fed by cellar, which does not exist"),
        ([circuit("grid"), circuit("other")], "grid, other have no parent"),
        ([circuit("a", "b"), circuit("b", "a")], "every circuit has a parent"),
        (
            [circuit("grid"), circuit("a", "c"), circuit("b", "a"), circuit("c", "b")],
            "feed each other in a circle: a, b, c",
        ),
        ([circuit("grid"), circuit("a", "a")], "in a circle: a;"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_reason(circuits: list[Circuit], message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        Topology.of(circuits)


def test_a_deep_tree_needs_no_recursion() -> None:
    chain = [circuit("c0")]
    chain += [circuit(f"c{n}", f"c{n - 1}") for n in range(1, 5000)]

    assert len(Topology.of(chain).ancestors("c4999")) == 5000


def test_good_limits_pass() -> None:
    check_limits([circuit("grid", limit_w=11000.0), circuit("shed", "grid", PerPhase(16, 0, 0))])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (circuit("grid", limit_a=PerPhase(16.0, -1.0, 16.0)), "amps of at least 0"),
        (circuit("grid", limit_a=PerPhase(16.0, math.nan, 16.0)), "amps of at least 0"),
        (circuit("grid", limit_a=PerPhase(16.0, math.inf, 16.0)), "amps of at least 0"),
        (circuit("grid", limit_a=PerPhase.same(0.0)), "above 0 A on some phase"),
        (circuit("grid", limit_w=0.0), "has to be above 0, not 0.0; leave it out"),
        (circuit("grid", limit_w=-5.0), "has to be above 0, not -5.0"),
        (circuit("grid", limit_w=math.nan), "has to be above 0, not nan"),
    ],
)
def test_a_limit_that_is_none_is_refused_with_its_circuit(bad: Circuit, message: str) -> None:
    with pytest.raises(TopologyError, match=message) as caught:
        check_limits([circuit("shed"), bad])
    assert "circuit grid" in str(caught.value)
