"""Who wants to know of what, and is called when it changes."""

from collections.abc import Callable, Collection, Iterable
import logging

_LOGGER = logging.getLogger(__name__)

type Unsubscribe = Callable[[], None]


class Callbacks[**P]:
    """Functions that are called one after the other; one that raises does not stop the next."""

    def __init__(self) -> None:
        # Keyed by an object of its own, since the same function may be there twice.
        self._callbacks: dict[object, Callable[P, None]] = {}

    def add(self, callback: Callable[P, None]) -> Unsubscribe:
        """Add a function; call the answer to drop it again."""
        key = object()
        self._callbacks[key] = callback
        return lambda: _drop(self._callbacks, key)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call every function."""
        for callback in tuple(self._callbacks.values()):
            try:
                callback(*args, **kwargs)
            except Exception:
                _LOGGER.exception("A listener broke: %r", callback)


class SubjectCallbacks:
    """Functions that are called when a certain subject, or any, shows something new."""

    def __init__(self) -> None:
        self._any = Callbacks[[]]()
        self._by_subject: dict[str, Callbacks[[]]] = {}

    def add(self, callback: Callable[[], None], subject: str | None) -> Unsubscribe:
        """Add a function for a subject; None: for any."""
        if subject is None:
            return self._any.add(callback)
        return self._by_subject.setdefault(subject, Callbacks[[]]()).add(callback)

    def call(self, changed: Iterable[str]) -> None:
        """Call the functions of the changed subjects, then those for any."""
        for subject in changed:
            if (callbacks := self._by_subject.get(subject)) is not None:
                callbacks.call()
        self._any.call()


class Arrivals:
    """Functions that are called with each subject that is there, now and later."""

    def __init__(self) -> None:
        self._here: list[str] = []
        self._callbacks = Callbacks[[str]]()

    def add(self, callback: Callable[[str], None]) -> Unsubscribe:
        """Add a function, called at once for whoever is there."""
        for subject in tuple(self._here):
            callback(subject)
        return self._callbacks.add(callback)

    def update(self, present: Collection[str]) -> None:
        """Take who is there now; the functions are called with the new ones."""
        new = [subject for subject in present if subject not in self._here]
        self._here = list(present)
        for subject in new:
            self._callbacks.call(subject)


def _drop(callbacks: dict[object, Callable[..., None]], key: object) -> None:
    callbacks.pop(key, None)
