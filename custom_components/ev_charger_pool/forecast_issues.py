"""Repairs: what is wrong with the forecasts of a site, and what to do about it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .forecast_source import AnySource
from .forecasts import ForecastProblemKind

PATIENCE: Final = timedelta(minutes=30)
"""Integrations that are still starting, or lose the net for a while, come back by themselves."""


class ForecastIssue(StrEnum):
    """Keys of the texts under `issues` in the translations."""

    FAILED = "forecast_failed"
    ENDS_EARLY = "forecast_ends_early"
    ZONE_DOUBTFUL = "forecast_zone_doubtful"
    SEVERAL = "forecast_several"
    IMPLAUSIBLE = "forecast_implausible"
    ROWS = "forecast_rows"


_ISSUES: Final = {
    ForecastProblemKind.ENDS_EARLY: ForecastIssue.ENDS_EARLY,
    ForecastProblemKind.ZONE_DOUBTFUL: ForecastIssue.ZONE_DOUBTFUL,
    ForecastProblemKind.SEVERAL: ForecastIssue.SEVERAL,
    ForecastProblemKind.IMPLAUSIBLE: ForecastIssue.IMPLAUSIBLE,
}
"""The others are rows that could not be used, whatever the reason."""


class ForecastIssues:
    """Keeps the issues of a site in step with its forecasts."""

    def __init__(self, hass: HomeAssistant, entry_id: str, site: str) -> None:
        """Show nothing yet.

        Args:
            hass: Home Assistant.
            entry_id: The site.
            site: What it is called.
        """
        self._hass = hass
        self._entry_id = entry_id
        self._site = site
        self._shown: dict[str, dict[str, str]] = {}

    @callback
    def async_sync(self, sources: Iterable[AnySource], now: datetime) -> None:
        """Show what is wrong now, and take back what is healed.

        Args:
            sources: The forecasts of the site.
            now: The time, aware.
        """
        wanted: dict[str, tuple[ForecastIssue, dict[str, str]]] = {}
        for source in sources:
            for issue, detail in _issues(self._hass, source, now).items():
                placeholders = {"site": self._site, "entity": source.name, "detail": detail}
                wanted[f"{self._entry_id}_{issue}_{source.name}"] = (issue, placeholders)
        for issue_id in self._shown.keys() - wanted.keys():
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        for issue_id, (issue, placeholders) in wanted.items():
            if self._shown.get(issue_id) != placeholders:
                ir.async_create_issue(
                    self._hass,
                    DOMAIN,
                    issue_id,
                    is_fixable=False,
                    severity=ir.IssueSeverity.WARNING,
                    translation_key=issue.value,
                    translation_placeholders=placeholders,
                )
        self._shown = {issue_id: placeholders for issue_id, (_, placeholders) in wanted.items()}

    @callback
    def async_clear(self) -> None:
        """Take everything back."""
        for issue_id in self._shown:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        self._shown = {}


def _issues(hass: HomeAssistant, source: AnySource, now: datetime) -> dict[ForecastIssue, str]:
    """Return what is to be shown of a source, with the figure or the text that goes with it."""
    found: dict[ForecastIssue, str] = {}
    since = source.failing_since
    if source.error is not None and since is not None and now - since >= PATIENCE:
        found[ForecastIssue.FAILED] = _text(hass, source.error)
    rows: list[str] = []
    for problem in source.problems(now):
        if (issue := _ISSUES.get(problem.kind)) is not None:
            found[issue] = problem.sample
        else:
            kind = problem.kind.value.replace("_", " ")
            rows.append(f"{problem.count} x {kind} ({problem.sample})")
    if rows:
        found[ForecastIssue.ROWS] = ", ".join(rows)
    return found


def _text(hass: HomeAssistant, error: HomeAssistantError) -> str:
    """Return what an error says in the language of the home; by itself it speaks English."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{error.translation_key}.message")
    return str(error) if text is None else text.format(**(error.translation_placeholders or {}))
