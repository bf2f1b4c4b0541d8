"""Whoever listens is called for what it asked for, and breaks nobody else."""

import pytest

from custom_components.ev_charger_pool.listeners import Arrivals, Callbacks, SubjectCallbacks


def test_everybody_is_called_until_they_leave() -> None:
    heard: list[str] = []
    callbacks = Callbacks[[str]]()
    leave = callbacks.add(heard.append)
    callbacks.add(heard.append)
    callbacks.call("a")
    assert heard == ["a", "a"]
    leave()
    leave()
    callbacks.call("b")
    assert heard == ["a", "a", "b"]


def test_i8_a_listener_that_breaks_does_not_stop_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []

    def broken(_: str) -> None:
        raise RuntimeError("a broken listener")

    callbacks = Callbacks[[str]]()
    callbacks.add(broken)
    callbacks.add(heard.append)
    callbacks.call("a")
    assert heard == ["a"]
    assert "a broken listener" in caplog.text


def test_a_listener_may_leave_while_it_is_called() -> None:
    heard: list[str] = []
    callbacks = Callbacks[[]]()
    leave = callbacks.add(lambda: (heard.append("once"), leave()))  # type: ignore[arg-type, func-returns-value]
    callbacks.call()
    callbacks.call()
    assert heard == ["once"]


def test_subjects() -> None:
    heard: list[str] = []
    listeners = SubjectCallbacks()
    listeners.add(lambda: heard.append("one"), "one")
    leave = listeners.add(lambda: heard.append("two"), "two")
    listeners.add(lambda: heard.append("any"), None)
    listeners.call(["one", "unheard"])
    assert heard == ["one", "any"]
    heard.clear()
    leave()
    listeners.call(["two"])
    assert heard == ["any"]


def test_arrivals_tell_of_those_that_are_there_and_those_that_come() -> None:
    early: list[str] = []
    late: list[str] = []
    arrivals = Arrivals()
    arrivals.add(early.append)
    arrivals.update(["a", "b"])
    leave = arrivals.add(late.append)
    arrivals.update(["b", "c"])
    leave()
    arrivals.update(["a", "b", "c"])
    assert early == ["a", "b", "c", "a"], "who comes back is told again"
    assert late == ["a", "b", "c"]
