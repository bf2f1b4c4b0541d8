"""Fills in forms as a user does, and reads what they show."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigFlowResult,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResult
from pytest_homeassistant_custom_component.common import MockConfigEntry


async def async_answer(
    hass: HomeAssistant, result: ConfigFlowResult, answer: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in a form of a site."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], answer)


async def async_answer_part(
    hass: HomeAssistant, result: SubentryFlowResult, answer: dict[str, Any]
) -> SubentryFlowResult:
    """Fill in a form of something that belongs to a site."""
    return await hass.config_entries.subentries.async_configure(result["flow_id"], answer)


async def async_reconfigure(
    hass: HomeAssistant, site: MockConfigEntry, subentry_id: str
) -> SubentryFlowResult:
    """Open the form of something that belongs to a site."""
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, site.subentries[subentry_id].subentry_type),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id},
    )


def suggested(result: FlowResult[Any, Any]) -> dict[str, Any]:
    """Return what a form shows in its fields."""
    assert result["data_schema"] is not None
    return {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


def default(result: FlowResult[Any, Any], field: str) -> Any:
    """Return what is taken for a field that is left alone."""
    assert result["data_schema"] is not None
    return next(key.default() for key in result["data_schema"].schema if key == field)


def options(result: FlowResult[Any, Any], field: str) -> list[str]:
    """Return what can be chosen in a field."""
    assert result["data_schema"] is not None
    return [
        option if isinstance(option, str) else option["value"]
        for option in result["data_schema"].schema[field].config["options"]
    ]


def placeholders(result: FlowResult[Any, Any]) -> dict[str, str]:
    """Return what a form puts into its text."""
    found = result["description_placeholders"]
    assert found is not None
    return dict(found)
