"""The figures of benchmarks: held against bars, and printed so that a machine can follow them."""

import json
import math
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks import runner
from benchmarks.runner import Bar, Benchmark, Options, Result, measure


def a_benchmark(outcome: Result | Exception, name: str = "sample") -> Benchmark:
    """Return a benchmark with a known outcome."""

    def run(options: Options) -> Result:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return cast("Benchmark", SimpleNamespace(NAME=name, DESCRIPTION="A sample.", run=run))


@pytest.mark.parametrize(
    ("bar", "holds", "fails"),
    [
        (Bar.below(2), 1.9, 2),
        (Bar.at_most(2), 2, 2.1),
        (Bar.above(2), 2.1, 2),
        (Bar.at_least(2), 2, 1.9),
        (Bar.equal(0), 0, 1),
    ],
)
def test_bar_is_held_or_not(bar: Bar, holds: float, fails: float) -> None:
    assert bar.holds(holds)
    assert not bar.holds(fails)
    assert not bar.holds(math.nan)


def test_result_is_ok_only_when_every_bar_holds() -> None:
    figures = {"p50_ms": 3.0, "p99_ms": 120.0}
    assert Result(figures=figures, bars={"p50_ms": Bar.below(10)}).ok
    assert not Result(figures=figures, bars={"p50_ms": Bar.below(10), "p99_ms": Bar.below(100)}).ok


def test_bar_without_a_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="bars without a figure: p99_ms"):
        Result(figures={"p50_ms": 3.0}, bars={"p99_ms": Bar.below(100)})


def test_line_of_json_has_figures_and_bars() -> None:
    result = Result(figures={"ms": 1 / 3, "sites": 300}, bars={"ms": Bar.below(20)})
    assert json.loads(result.as_json("allocation")) == {
        "benchmark": "allocation",
        "figures": {"ms": 0.333333, "sites": 300},
        "bars": {"ms": ["<", 20]},
        "ok": True,
    }


def test_line_stays_json_when_a_figure_is_no_number() -> None:
    line = Result(figures={"ms": math.nan}, bars={"ms": Bar.below(20)}).as_json("allocation")
    assert json.loads(line)["figures"] == {"ms": None}
    assert not json.loads(line)["ok"]


def test_asynchronous_benchmark_is_waited_for() -> None:
    async def run(options: Options) -> Result:
        return Result(figures={"seed": options.seed})

    benchmark = cast("Benchmark", SimpleNamespace(NAME="later", DESCRIPTION="", run=run))
    assert measure(benchmark, Options(seed=7)).figures == {"seed": 7}


def test_broken_benchmark_does_not_stop_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = a_benchmark(ZeroDivisionError("nothing there"), "broken")
    sound = a_benchmark(Result(figures={"ms": 1.0}), "sound")
    monkeypatch.setattr(runner, "discover", lambda: {"broken": broken, "sound": sound})

    assert runner.main([]) == 1

    lines = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")
    ]
    assert [(line["benchmark"], line["ok"]) for line in lines] == [
        ("broken", False),
        ("sound", True),
    ]


def test_last_line_of_a_benchmark_is_its_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = Result(figures={"ms": 1.0}, bars={"ms": Bar.below(2)}, notes=("on 2 cores",))
    monkeypatch.setattr(runner, "discover", lambda: {"sample": a_benchmark(result)})

    assert runner.main(["sample"]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed[-1])["benchmark"] == "sample"
    assert any("on 2 cores" in line for line in printed)


def test_unknown_name_is_told_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "discover", lambda: {"sample": a_benchmark(Result(figures={}))})

    with pytest.raises(SystemExit):
        runner.main(["alocation"])

    assert "no benchmark called alocation; there are: sample" in capsys.readouterr().err


@pytest.mark.parametrize("scale", ["0", "1.5", "-1"])
def test_scale_outside_its_range_is_refused(scale: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runner.main(["--scale", scale])
    assert "is not above 0 and at most 1" in capsys.readouterr().err


def test_every_benchmark_can_be_found_and_says_what_it_measures() -> None:
    for name, benchmark in runner.discover().items():
        assert name == benchmark.NAME
        assert benchmark.DESCRIPTION
