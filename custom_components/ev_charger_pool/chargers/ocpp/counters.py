"""What a station did well and badly, in numbers."""

from dataclasses import asdict, dataclass


@dataclass(slots=True, kw_only=True)
class Counters:
    """Counts since the start of Home Assistant.

    Attributes:
        connections: Connections that the station opened.
        replaced: Of these, how many took the place of one that was still open.
        messages: Messages received.
        bad_messages: Messages that could not be read or had to be refused.
        bad_fields: Fields that were ignored, the rest of their message being used.
        unknown_actions: Calls of an action that is not served here.
        oversized: Messages that were too long.
        throttled: Times that reading paused because messages came too fast.
        calls: Calls sent to the station.
        writes: Of these, charging profiles and configuration that it may have to store.
        refused_calls: Calls that it answered with an error or a refusal.
        timeouts: Calls that it did not answer in time.
        late_answers: Answers that came after that.
        unexpected_answers: Answers that belong to no call.
        errors: Faults of our own while handling its messages.
    """

    connections: int = 0
    replaced: int = 0
    messages: int = 0
    bad_messages: int = 0
    bad_fields: int = 0
    unknown_actions: int = 0
    oversized: int = 0
    throttled: int = 0
    calls: int = 0
    writes: int = 0
    refused_calls: int = 0
    timeouts: int = 0
    late_answers: int = 0
    unexpected_answers: int = 0
    errors: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)
