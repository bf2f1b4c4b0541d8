"""Find the keys of texts in the integration's modules, without running them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
import re

from .common import INTEGRATION


@dataclass(frozen=True, slots=True)
class Use:
    """A key that the code asks a text for."""

    path: Path
    line: int
    key: str


@dataclass(frozen=True)
class Source:
    """One module, and the keys in it."""

    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """The module as a syntax tree."""
        return ast.parse(self.path.read_text(encoding="utf-8"), filename=str(self.path))

    def keywords(self, calls: str, *names: str) -> Iterator[Use]:
        """Yield constant texts given as one of `names` to calls whose name matches `calls`."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call) or not re.search(calls, _name_of(node.func)):
                continue
            for keyword in node.keywords:
                if keyword.arg in names:
                    for key in _texts(keyword.value):
                        yield Use(self.path, node.lineno, key)

    def assigned(self, name: str) -> Iterator[Use]:
        """Yield constant texts assigned to `name`, or to one of its items."""
        for node in ast.walk(self.tree):
            targets: Sequence[ast.expr]
            match node:
                case ast.Assign(targets=targets, value=value):
                    pass
                case ast.AnnAssign(target=single, value=ast.expr() as value):
                    targets = (single,)
                case _:
                    continue
            for target in targets:
                base = target.value if isinstance(target, ast.Subscript) else target
                if _name_of(base) == name:
                    for key in _texts(value):
                        yield Use(self.path, node.lineno, key)


def _name_of(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name_of(value)
        case _:
            return ""


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the constant texts that an expression can be."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case _:
            return


def sources() -> list[Source]:
    """Return every module of the integration."""
    return [Source(path) for path in sorted(INTEGRATION.rglob("*.py"))]
