"""Reads nested plain data field by field, with an error that names the place."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum


class ProfileError(ValueError):
    """A profile is wrong; the message names the file, the place and what is expected there."""


class MappingReader:
    """Takes the fields out of one mapping and complains about those that nobody asked for."""

    def __init__(self, data: object, path: str) -> None:
        """Begin.

        Args:
            data: What should be a mapping with text keys.
            path: Where it is, for messages.

        Raises:
            ProfileError: It is no mapping.
        """
        if not isinstance(data, Mapping):
            message = f"{path}: a mapping is expected, not {data!r}"
            raise ProfileError(message)
        self.path = path
        self._data = data
        self._asked: set[object] = set()

    def _take(self, key: str) -> object:
        self._asked.add(key)
        return self._data.get(key)

    def fail(self, key: str, expected: str) -> ProfileError:
        """Return the error for a field that is not as it should be."""
        return ProfileError(f"{self.path}.{key}: {expected}, not {self._data.get(key)!r}")

    def has(self, key: str) -> bool:
        """Whether the field is there."""
        return self._data.get(key) is not None

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.fail(key, "a text is expected")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where there is none."""
        return self.text(key) if self.has(key) else None

    def flag(self, key: str) -> bool:
        """Return yes or no; no where nothing is said."""
        value = self._take(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.fail(key, "true or false is expected")
        return value

    def number(self, key: str) -> float:
        """Return a number that must be there."""
        return self._number(key, self._take(key))

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(key, "a number is expected")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        """Return a number, or None where there is none."""
        return self.number(key) if self.has(key) else None

    def integer(self, key: str) -> int:
        """Return a whole number that must be there, 0 or more."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.fail(key, "a whole number of 0 or more is expected")
        return value

    def optional_integer(self, key: str) -> int | None:
        """Return a whole number, or None where there is none."""
        return self.integer(key) if self.has(key) else None

    def seconds(self, key: str) -> timedelta:
        """Return a duration in seconds that must be there."""
        value = self.number(key)
        if value < 0:
            raise self.fail(key, "seconds of 0 or more are expected")
        return timedelta(seconds=value)

    def optional_seconds(self, key: str) -> timedelta | None:
        """Return a duration in seconds, or None where there is none."""
        return self.seconds(key) if self.has(key) else None

    def choice[E: Enum](self, key: str, kind: type[E]) -> E:
        """Return a member of an enumeration that must be there."""
        value = self._take(key)
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise self.fail(key, f"one of {known} is expected") from None

    def optional_choice[E: Enum](self, key: str, kind: type[E]) -> E | None:
        """Return a member of an enumeration, or None where there is none."""
        return self.choice(key, kind) if self.has(key) else None

    def items(self, key: str) -> Sequence[object]:
        """Return a list; empty where there is none."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.fail(key, "a list is expected")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where there is none."""
        values = self.items(key)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) != len(values):
            raise self.fail(key, "a list of texts is expected")
        return texts

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers; empty where there is none."""
        values = self.items(key)
        numbers = tuple(
            value for value in values if isinstance(value, int) and not isinstance(value, bool)
        )
        if len(numbers) != len(values):
            raise self.fail(key, "a list of whole numbers is expected")
        return numbers

    def pair(self, key: str) -> tuple[float, float] | None:
        """Return a lowest and a highest number, or None where there are none."""
        values = self.items(key)
        if not values:
            return None
        low, high = self._pair(key, values)
        return low, high

    def _pair(self, key: str, values: object) -> tuple[float, float]:
        if not isinstance(values, list) or len(values) != 2:  # noqa: PLR2004 - a pair has two
            raise self.fail(key, "a pair [lowest, highest] is expected")
        low, high = (self._number(key, value) for value in values)
        if low > high:
            raise self.fail(key, "the lower number comes first")
        return low, high

    def ranges(self, key: str) -> tuple[tuple[int, int], ...]:
        """Return a list of pairs of whole numbers; empty where there is none."""
        pairs = (self._pair(key, value) for value in self.items(key))
        return tuple((int(low), int(high)) for low, high in pairs)

    def bit_ranges(self, key: str) -> dict[str, tuple[int, int]]:
        """Return named pairs of bit numbers; empty where there are none."""
        return {
            str(name): (int(low), int(high))
            for name, value in self._mapping(key).items()
            for low, high in [self._pair(key, value)]
        }

    def _mapping(self, key: str) -> Mapping[object, object]:
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.fail(key, "a mapping is expected")
        return value

    def integer_keys[T](self, key: str, convert: Callable[[object, str], T]) -> dict[int, T]:
        """Return a mapping from whole numbers; empty where there is none.

        Args:
            key: The field.
            convert: Makes a value of the plain one and of the path for messages.
        """
        result: dict[int, T] = {}
        for raw, value in self._mapping(key).items():
            if isinstance(raw, bool) or not isinstance(raw, int):
                raise self.fail(key, "whole numbers are expected as keys")
            result[raw] = convert(value, f"{self.path}.{key}.{raw}")
        return result

    def named_numbers(self, key: str) -> dict[str, float]:
        """Return a mapping from names to numbers; empty where there is none."""
        return {str(name): self._number(key, value) for name, value in self._mapping(key).items()}

    def named[T](self, key: str, convert: Callable[[str, MappingReader], T]) -> dict[str, T]:
        """Return a mapping from names to what is made of the mapping under each."""
        return {
            str(name): convert(str(name), MappingReader(value, f"{self.path}.{key}.{name}"))
            for name, value in self._mapping(key).items()
        }

    def child[T](self, key: str, convert: Callable[[MappingReader], T]) -> T | None:
        """Return what is made of a mapping below, or None where there is none."""
        value = self._take(key)
        if value is None:
            return None
        return self._convert(value, f"{self.path}.{key}", convert)

    def children[T](self, key: str, convert: Callable[[MappingReader], T]) -> tuple[T, ...]:
        """Return what is made of each mapping in a list."""
        return tuple(
            self._convert(value, f"{self.path}.{key}[{index}]", convert)
            for index, value in enumerate(self.items(key))
        )

    @staticmethod
    def _convert[T](value: object, path: str, convert: Callable[[MappingReader], T]) -> T:
        reader = MappingReader(value, path)
        result = convert(reader)
        reader.finish()
        return result

    def finish(self) -> None:
        """Complain about fields that nobody asked for.

        Raises:
            ProfileError: There are some: a misspelt key would otherwise pass unseen.
        """
        unknown = sorted(str(key) for key in self._data if key not in self._asked)
        if unknown:
            message = f"{self.path}: unknown {', '.join(unknown)}"
            raise ProfileError(message)
