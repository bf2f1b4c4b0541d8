"""The sensor of connectors that can switch between one phase and three."""

from collections.abc import Mapping

from homeassistant.const import EntityCategory

from .entity import is_decided
from .sensor_kinds import CountDescription
from .snapshot import MemberView, SiteSnapshot


def _attributes(view: MemberView, _: SiteSnapshot) -> Mapping[str, object]:
    status = view.status
    if status is None:
        return {}
    return {
        "counted_on": sorted(status.used_phases),
        "switches_last_hour": status.switches_last_hour,
        "not_switched_because": status.phase_veto,
    }


SWITCHED_PHASES: CountDescription[MemberView] = CountDescription(
    key="switched_phases",
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda view: view.status.phases if view.status else None,
    attributes_fn=_attributes,
    available_fn=is_decided,
)
