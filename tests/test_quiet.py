"""What matters is shown at once, what is noise waits."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.quiet import AT_ONCE, CURRENT, Picture, Quiet

SECOND = timedelta(seconds=1)
QUIET = Quiet(step=0.5, share=0.1, spacing=SECOND, patience=timedelta(seconds=30))


def shown(value: float | str | None, **attributes: object) -> Picture:
    return Picture(available=True, value=value, attributes=attributes)


def test_nothing_new_is_never_written() -> None:
    assert QUIET.wait(shown(10.0), shown(10.0), timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (shown("charging"), shown("fault")),
        (shown(10.0), shown(None)),
        (shown(None), shown(10.0)),
        (shown(10.0), Picture(available=False)),
        (Picture(available=False), shown(10.0)),
        (Picture(available=True, value=False), Picture(available=True, value=True)),
        (shown("circuit", phase="l1"), shown("circuit", phase="l2")),
    ],
)
def test_states_and_faults_never_wait(old: Picture, new: Picture) -> None:
    assert QUIET.wait(old, new, timedelta(0)) == timedelta(0)


def test_a_number_that_matters_is_written_once_a_second() -> None:
    assert QUIET.wait(shown(1.0), shown(2.0), timedelta(seconds=5)) == timedelta(0)
    assert QUIET.wait(shown(1.0), shown(2.0), SECOND / 4) == SECOND * 3 / 4


def test_noise_waits_until_the_number_is_old() -> None:
    assert QUIET.wait(shown(1.0), shown(1.4), timedelta(seconds=10)) == timedelta(seconds=20)
    assert QUIET.wait(shown(1.0), shown(1.4), timedelta(seconds=40)) == timedelta(0)


def test_what_is_noise_grows_with_the_number() -> None:
    assert QUIET.wait(shown(100.0), shown(109.0), SECOND) == timedelta(seconds=29)
    assert QUIET.wait(shown(100.0), shown(110.0), SECOND) == timedelta(0)


@given(
    old=st.floats(-1e6, 1e6), new=st.floats(-1e6, 1e6), age=st.timedeltas(min_value=timedelta(0))
)
def test_every_change_is_shown_in_the_end(old: float, new: float, age: timedelta) -> None:
    wait = CURRENT.wait(shown(old), shown(new), age)
    if old == new:
        assert wait is None
    else:
        assert wait is not None
        assert timedelta(0) <= wait <= CURRENT.patience
        assert not CURRENT.wait(shown(old), shown(new), age + wait)


def test_what_programs_read_does_not_wait() -> None:
    assert AT_ONCE.wait(shown(10.0), shown(10.1), timedelta(0)) == timedelta(0)
