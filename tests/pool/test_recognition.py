"""The right car is found, and none rather than the wrong one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.ev_charger_pool.pool.recognition import (
    TOLD_AFTER,
    Evidence,
    Recognised,
    Traits,
    recognise,
)
from custom_components.ev_charger_pool.pool.sessions import Session

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def session(number: int = 1, minutes: float = 0.0, token: str | None = None) -> Session:
    return Session(
        id=f"s{number}",
        member=f"garage:{number}",
        started_at=NOW + timedelta(minutes=minutes),
        token=token,
    )


def plugged(vehicle: str, minutes: float, **traits: str) -> Traits:
    return Traits(
        vehicle=vehicle,
        is_plugged=True,
        plugged_changed_at=NOW + timedelta(minutes=minutes),
        home=traits.get("home"),
    )


def by(vehicle: str | None, evidence: Evidence) -> Recognised:
    return Recognised(vehicle=vehicle, by=evidence)


def test_nobody_knows_a_stranger() -> None:
    assert recognise([session()], [Traits(vehicle="blue")], {}, LATER) == {}


def test_what_a_user_chose_goes_first() -> None:
    blue = Traits(vehicle="blue", tags=frozenset({"04A2"}), home="garage:1")
    red = Traits(vehicle="red")
    found = recognise([session(token="04A2")], [blue, red], {"s1": "red"}, LATER)
    assert found == {"garage:1": by("red", Evidence.CHOSEN)}


def test_a_guest_that_a_user_told_of_is_no_habit() -> None:
    found = recognise([session()], [Traits(vehicle="blue", home="garage:1")], {"s1": None}, LATER)
    assert found == {"garage:1": by(None, Evidence.CHOSEN)}


def test_a_vehicle_that_is_gone_was_not_chosen() -> None:
    blue = Traits(vehicle="blue", home="garage:1")
    found = recognise([session()], [blue], {"s1": "sold"}, LATER)
    assert found == {"garage:1": by("blue", Evidence.HABIT)}


def test_its_card_tells_whatever_the_case_of_its_letters() -> None:
    blue = Traits(vehicle="blue", tags=frozenset({"04a2"}))
    red = Traits(vehicle="red", home="garage:1")
    found = recognise([session(token="04A2")], [blue, red], {}, LATER)
    assert found == {"garage:1": by("blue", Evidence.TAG)}


def test_the_card_of_two_cars_tells_nothing() -> None:
    cars = [Traits(vehicle=name, tags=frozenset({"04A2"})) for name in ("blue", "red")]
    assert recognise([session(token="04A2")], cars, {}, LATER) == {}


def test_a_car_tells_that_it_was_plugged_in_then() -> None:
    found = recognise([session()], [plugged("blue", 4), plugged("red", -300)], {}, LATER)
    assert found == {"garage:1": by("blue", Evidence.VEHICLE)}


def test_two_cars_that_say_so_at_once_are_not_told_apart_by_it() -> None:
    cars = [plugged("blue", 1), plugged("red", 2, home="garage:1")]
    assert recognise([session()], cars, {}, LATER) == {"garage:1": by("red", Evidence.HABIT)}


def test_two_sessions_that_began_at_once_are_not_told_apart_by_it() -> None:
    assert recognise([session(1), session(2, 3)], [plugged("blue", 4)], {}, LATER) == {}


def test_sessions_that_began_apart_are() -> None:
    cars = [plugged("blue", 1), plugged("red", 121)]
    found = recognise([session(1), session(2, 120)], cars, {}, NOW + timedelta(hours=3))
    assert found == {
        "garage:1": by("blue", Evidence.VEHICLE),
        "garage:2": by("red", Evidence.VEHICLE),
    }


def test_a_car_that_says_that_it_is_unplugged_is_somewhere_else() -> None:
    blue = Traits(vehicle="blue", home="garage:1", is_plugged=False)
    # Its maker may be late to tell.
    assert recognise([session()], [blue], {}, NOW + TOLD_AFTER) == {
        "garage:1": by("blue", Evidence.HABIT)
    }
    assert recognise([session()], [blue], {}, LATER) == {}


def test_a_car_is_at_one_place_only() -> None:
    blue = Traits(vehicle="blue", home="garage:1")
    assert recognise([session(1), session(2)], [blue], {"s2": "blue"}, LATER) == {
        "garage:2": by("blue", Evidence.CHOSEN)
    }
    assert recognise([session(1), session(2, 5)], [blue], {"s1": "blue", "s2": "blue"}, LATER) == {
        "garage:1": by("blue", Evidence.CHOSEN)
    }


@given(
    tokens=st.lists(st.none() | st.sampled_from(["a", "b"]), min_size=1, max_size=4),
    cars=st.lists(
        st.tuples(
            st.frozensets(st.sampled_from(["a", "b"])),
            st.none() | st.sampled_from(["garage:0", "garage:1"]),
            st.none() | st.booleans(),
            st.integers(-10, 30),
        ),
        max_size=4,
    ),
    chosen=st.dictionaries(
        st.sampled_from(["s0", "s1", "s2"]), st.none() | st.sampled_from(["car0", "car1", "gone"])
    ),
)
def test_no_car_is_at_two_places(
    tokens: list[str | None],
    cars: list[tuple[frozenset[str], str | None, bool | None, int]],
    chosen: dict[str, str | None],
) -> None:
    sessions = [session(number, number, token) for number, token in enumerate(tokens)]
    vehicles = [
        Traits(
            vehicle=f"car{number}",
            tags=tags,
            home=home,
            is_plugged=is_plugged,
            plugged_changed_at=NOW + timedelta(minutes=minutes),
        )
        for number, (tags, home, is_plugged, minutes) in enumerate(cars)
    ]
    found = recognise(sessions, vehicles, chosen, LATER)
    named = [one.vehicle for one in found.values() if one.vehicle is not None]
    assert len(named) == len(set(named))
    assert set(named) <= {traits.vehicle for traits in vehicles}
