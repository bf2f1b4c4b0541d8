"""Sessions begin at plug-in, end at unplug, count their energy, and resume after a kill."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.states import CableState, ComponentState
from custom_components.ev_charger_pool.session_book import KEEP_EVERY, SessionBook

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Notes:
    """A book with what it wrote down."""

    def __init__(self, *resumed: Session) -> None:
        self.kept: list[Session] = []
        ids = count(1)
        self.book = SessionBook(resumed, self.kept.append, lambda: f"s{next(ids)}")

    def tell(
        self,
        seconds: float,
        register_wh: float | None = None,
        cable: CableState = CableState.EV_LOCKED,
        component: ComponentState = ComponentState.READY,
        transaction: str | None = None,
        token: str | None = None,
        *,
        online: bool = True,
    ) -> Session | None:
        at = NOW + timedelta(seconds=seconds)
        reading = None if register_wh is None else Reading(value=register_wh, arrived_at=at)
        return self.book.observe(
            "garage:1",
            ConnectorReport(
                connector=1,
                arrived_at=at,
                online=online,
                component_state=component,
                cable_state=cable,
                energy_wh=reading,
                transaction=transaction,
                token=token,
            ),
        )


def test_from_plug_in_to_unplug() -> None:
    notes = Notes()
    assert notes.tell(0, 1000.0, CableState.UNPLUGGED) is None
    begun = notes.tell(10, 1000.0, CableState.EV_PLUGGED)
    assert begun is not None
    assert begun.started_at == NOW + timedelta(seconds=10)
    assert notes.book.of("garage:1") == begun
    going_on = notes.tell(20, 1500.0, transaction="17", token="04A2")
    assert going_on is not None
    assert (going_on.id, going_on.energy_wh) == (begun.id, 500.0)
    assert (going_on.transaction, going_on.token) == ("17", "04A2")
    assert notes.tell(30, 1600.0, CableState.UNPLUGGED) is None
    ended = notes.kept[-1]
    assert ended.id == begun.id
    assert ended.ended_at == NOW + timedelta(seconds=30)
    assert ended.energy_wh == 600.0
    assert ended.transaction == "17", "what it was stays with it"
    another = notes.tell(40, 1600.0)
    assert another is not None
    assert another.id != begun.id
    assert another.energy_wh == 0.0


@pytest.mark.parametrize(
    "trouble",
    [
        {"component": ComponentState.ERROR},
        {"component": ComponentState.UNSPECIFIED},
        {"online": False},
        {"cable": CableState.UNSPECIFIED},
    ],
)
def test_what_is_not_known_does_not_end_a_session(trouble: dict[str, object]) -> None:
    notes = Notes()
    begun = notes.tell(0, 1000.0)
    assert begun is not None
    during = notes.tell(10, 1100.0, **trouble)  # type: ignore[arg-type]
    assert during is not None
    after = notes.tell(20, 1200.0)
    assert after is not None
    assert after.id == begun.id
    assert after.energy_wh == 200.0


def test_a_register_that_falls_takes_nothing_back() -> None:
    notes = Notes()
    session = None
    for seconds, register in enumerate([1000.0, 1500.0, 0.0, 100.0, None, 300.0]):
        session = notes.tell(seconds, register)
    assert session is not None
    assert session.energy_wh == 800.0
    assert session.register_wh == 300.0


def test_i9_an_open_session_resumes_after_a_kill() -> None:
    open_one = Session(
        id="before", member="garage:1", started_at=NOW, energy_wh=700.0, register_wh=1700.0
    )
    notes = Notes(open_one)
    assert notes.book.of("garage:1") is open_one
    resumed = notes.tell(100, 1900.0)
    assert resumed is not None
    assert resumed.id == "before"
    assert resumed.energy_wh == 900.0, "what was taken meanwhile counts"


def test_i9_a_session_whose_car_left_meanwhile_ends() -> None:
    notes = Notes(
        Session(id="before", member="garage:1", started_at=NOW, energy_wh=1.0, register_wh=10.0)
    )
    assert notes.tell(100, 30.0, CableState.UNPLUGGED) is None
    assert notes.kept[-1].id == "before"
    assert notes.kept[-1].ended_at == NOW + timedelta(seconds=100)
    assert notes.kept[-1].energy_wh == 21.0


def test_energy_is_written_down_now_and_then_and_news_at_once() -> None:
    notes = Notes()
    for seconds in range(100):
        notes.tell(seconds, 1000.0 + seconds)
    assert len(notes.kept) == 1 + 99 // KEEP_EVERY.seconds
    before = len(notes.kept)
    notes.tell(100, 1100.0, transaction="18")
    assert len(notes.kept) == before + 1
    notes.book.keep_all()
    assert notes.kept[-1].energy_wh == 100.0
    unchanged = len(notes.kept)
    notes.tell(200, 1100.0, transaction="18")
    assert len(notes.kept) == unchanged, "nothing new, nothing written"


def test_a_connector_that_is_removed_ends_its_session() -> None:
    notes = Notes()
    notes.tell(0, 1000.0)
    notes.book.forget("garage:1", NOW + timedelta(seconds=5))
    notes.book.forget("garage:1", NOW + timedelta(seconds=6))
    assert [session.ended_at for session in notes.kept[1:]] == [NOW + timedelta(seconds=5)]
    assert notes.book.of("garage:1") is None
