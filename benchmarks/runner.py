"""Find the benchmarks, run them, and print their figures.

A benchmark is a module of this package, `benchmarks/<anything>.py`, with three names:

    NAME = "allocation"                      # how scripts/bench and the figures' history call it
    DESCRIPTION = "Time of one decision."    # one line for --list

    def run(options: Options) -> Result:     # may also be `async def`
        ...
        return Result(
            figures={"ms_1000": median_ms},        # every number worth following over time
            bars={"ms_1000": Bar.below(20.0)},     # what some of them must hold
            notes=("Python 3.14, 2 cores",),       # lines for a human reader, printed above
        )

A bar names a figure. The run is `ok` when every bar holds; a benchmark that raises is not ok. The
runner prints the notes, a table of figures, and ends each benchmark with one line of JSON:

    {"benchmark": NAME, "figures": {KEY: NUMBER}, "bars": {KEY: ["<", NUMBER]}, "ok": BOOL}

Benchmarks print nothing themselves. Comparisons are ratios inside one run, since machines differ.
`Options` holds what scripts/bench was told: `scale` below 1 asks for a quick, smaller run (fewer
sites, fewer hours) with the same keys, and `seed` makes chance repeatable.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
import enum
import importlib
import inspect
import json
import logging
import math
import pkgutil
import sys
import time
from typing import Protocol, Self, runtime_checkable

import benchmarks

_LOGGER = logging.getLogger(__name__)


class Comparison(enum.StrEnum):
    """How a figure is held against its bar."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    EQUAL = "=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a figure must hold."""

    comparison: Comparison
    value: float

    @classmethod
    def below(cls, value: float) -> Self:
        """The figure must be less than `value`."""
        return cls(comparison=Comparison.BELOW, value=value)

    @classmethod
    def at_most(cls, value: float) -> Self:
        """The figure must not be more than `value`."""
        return cls(comparison=Comparison.AT_MOST, value=value)

    @classmethod
    def above(cls, value: float) -> Self:
        """The figure must be more than `value`."""
        return cls(comparison=Comparison.ABOVE, value=value)

    @classmethod
    def at_least(cls, value: float) -> Self:
        """The figure must not be less than `value`."""
        return cls(comparison=Comparison.AT_LEAST, value=value)

    @classmethod
    def equal(cls, value: float) -> Self:
        """The figure must be exactly `value`."""
        return cls(comparison=Comparison.EQUAL, value=value)

    def holds(self, figure: float) -> bool:
        """Tell whether `figure` clears this bar; a figure that is no number never does."""
        if math.isnan(figure):
            return False
        match self.comparison:
            case Comparison.BELOW:
                return figure < self.value
            case Comparison.AT_MOST:
                return figure <= self.value
            case Comparison.ABOVE:
                return figure > self.value
            case Comparison.AT_LEAST:
                return figure >= self.value
            case Comparison.EQUAL:
                return figure == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked of every benchmark.

    Attributes:
        scale: Size of the run as a share of the full one, above 0 and at most 1.
        seed: Where every random choice starts from.
    """

    scale: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one benchmark found.

    Attributes:
        figures: Numbers by key; the keys stay the same from run to run.
        bars: What some of the figures must hold, by the figure's key.
        notes: Lines for a human reader.

    Raises:
        ValueError: If a bar names no figure.
    """

    figures: Mapping[str, float]
    bars: Mapping[str, Bar] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse bars that nothing is held against."""
        if unknown := sorted(self.bars.keys() - self.figures.keys()):
            msg = f"bars without a figure: {', '.join(unknown)}"
            raise ValueError(msg)

    @property
    def ok(self) -> bool:
        """Whether every bar holds."""
        return all(bar.holds(self.figures[key]) for key, bar in self.bars.items())

    def as_json(self, name: str) -> str:
        """Return the one line that closes the benchmark `name`."""
        figures = {
            key: _rounded(figure) if math.isfinite(figure) else None
            for key, figure in self.figures.items()
        }
        bars = {key: [bar.comparison, bar.value] for key, bar in self.bars.items()}
        return json.dumps({"benchmark": name, "figures": figures, "bars": bars, "ok": self.ok})


@runtime_checkable
class Benchmark(Protocol):
    """A module that holds one benchmark."""

    NAME: str
    DESCRIPTION: str

    def run(self, options: Options, /) -> Result | Awaitable[Result]:
        """Measure, and return the figures."""
        ...


def discover() -> dict[str, Benchmark]:
    """Return every benchmark of this package by its name, in alphabetical order.

    Raises:
        ValueError: If two modules claim the same name.
    """
    found: dict[str, Benchmark] = {}
    for info in pkgutil.iter_modules(benchmarks.__path__):
        module = importlib.import_module(f"{benchmarks.__name__}.{info.name}")
        if not isinstance(module, Benchmark):
            continue
        if module.NAME in found:
            msg = f"two benchmarks are called {module.NAME}"
            raise ValueError(msg)
        found[module.NAME] = module
    return dict(sorted(found.items()))


def measure(benchmark: Benchmark, options: Options) -> Result:
    """Run one benchmark to its result, waiting for it if it is asynchronous."""
    outcome = benchmark.run(options)
    if inspect.isawaitable(outcome):

        async def wait() -> Result:
            return await outcome

        return asyncio.run(wait())
    return outcome


def report(name: str, result: Result, seconds: float) -> None:
    """Print what a benchmark found: for people first, then its line of JSON."""
    for note in result.notes:
        print(f"  {note}")
    width = max((len(key) for key in result.figures), default=0)
    for key, figure in result.figures.items():
        line = f"  {key:<{width}}  {_rounded(figure):>12}"
        if bar := result.bars.get(key):
            verdict = "holds" if bar.holds(figure) else "FAILS"
            line += f"   {verdict} {bar.comparison} {bar.value:g}"
        print(line)
    print(f"  ({seconds:.1f} s)")
    print(result.as_json(name), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names; return 0 when every bar of every benchmark holds."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Run benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run (default: all)")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and stop")
    parser.add_argument(
        "--scale", type=_share, default=1.0, help="size of the run, above 0 and at most 1"
    )
    parser.add_argument("--seed", type=int, default=1, help="where chance starts from")
    chosen = parser.parse_args(arguments)

    known = discover()
    if chosen.list:
        width = max((len(name) for name in known), default=0)
        for name, benchmark in known.items():
            print(f"{name:<{width}}  {benchmark.DESCRIPTION}")
        return 0
    if unknown := [name for name in chosen.names if name not in known]:
        parser.error(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(known)}")

    options = Options(scale=chosen.scale, seed=chosen.seed)
    ok = True
    for name in dict.fromkeys(chosen.names or known):
        print(f"{name}: {known[name].DESCRIPTION}", flush=True)
        started = time.perf_counter()
        try:
            result = measure(known[name], options)
        except Exception:  # one broken benchmark must not keep the others from running
            _LOGGER.exception("Benchmark %s broke", name)
            print(json.dumps({"benchmark": name, "figures": {}, "bars": {}, "ok": False}))
            ok = False
            continue
        report(name, result, time.perf_counter() - started)
        ok = ok and result.ok
    return 0 if ok else 1


def _rounded(figure: float) -> float:
    """Return `figure` with six significant digits, whole numbers as such."""
    if not math.isfinite(figure) or figure == int(figure):
        return int(figure) if math.isfinite(figure) else figure
    return float(f"{figure:.6g}")


def _share(text: str) -> float:
    """Read a number above 0 and at most 1."""
    number = float(text)
    if not 0 < number <= 1:
        msg = f"{text} is not above 0 and at most 1"
        raise argparse.ArgumentTypeError(msg)
    return number


if __name__ == "__main__":
    sys.exit(main())
