"""Problems that last become issues, and go when they are healed."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ev_charger_pool.balancing.contract import Problem, ProblemKind
from custom_components.ev_charger_pool.const import DOMAIN, ROOT_CIRCUIT
from custom_components.ev_charger_pool.repairs import CHECK_INTERVAL, async_track_problems
from tests.pool_double import (
    GARAGE,
    NOW,
    SITE,
    SUPPLY,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
)

LONG = timedelta(hours=1)


@pytest.fixture
async def pool(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory
) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch)


async def async_check(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.tick(CHECK_INTERVAL)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


def issues(issue_registry: ir.IssueRegistry) -> dict[str, ir.IssueEntry]:
    return {
        key: issue for (domain, key), issue in issue_registry.issues.items() if domain == DOMAIN
    }


@pytest.mark.parametrize("kind", list(ProblemKind))
async def test_every_kind_of_problem_that_lasts_is_shown(
    hass: HomeAssistant,
    pool: PoolDouble,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    kind: ProblemKind,
) -> None:
    end = async_track_problems(pool)  # type: ignore[arg-type]
    pool.show_problems(Problem(kind=kind, subject=ROOT_CIRCUIT, since=NOW - LONG))
    await async_check(hass, freezer)
    (issue,) = issues(issue_registry).values()
    assert issue.translation_key == kind
    assert not issue.is_fixable
    end()
    assert issues(issue_registry) == {}


async def test_a_problem_is_healed(
    hass: HomeAssistant,
    pool: PoolDouble,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    end = async_track_problems(pool)  # type: ignore[arg-type]
    offline = Problem(kind=ProblemKind.MEMBER_OFFLINE, subject=TWIN_1, since=NOW - LONG)
    stale = Problem(kind=ProblemKind.METER_STALE, subject=GARAGE, since=NOW - LONG)
    pool.show_problems(offline, stale)
    await async_check(hass, freezer)
    assert len(issues(issue_registry)) == 2
    pool.show_problems(stale)
    await async_check(hass, freezer)
    assert list(issues(issue_registry)) == [f"{SITE}_meter_stale_{GARAGE}"]
    end()


async def test_what_heals_by_itself_is_not_shown(
    hass: HomeAssistant,
    pool: PoolDouble,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    end = async_track_problems(pool)  # type: ignore[arg-type]
    pool.show_problems(
        Problem(kind=ProblemKind.MEMBER_OFFLINE, subject=TWIN_1, since=NOW - timedelta(minutes=9))
    )
    await async_check(hass, freezer)
    assert issues(issue_registry) == {}
    end()


async def test_a_charger_that_ignores_its_limit_is_shown_at_once(
    hass: HomeAssistant,
    pool: PoolDouble,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    end = async_track_problems(pool)  # type: ignore[arg-type]
    pool.show_problems(Problem(kind=ProblemKind.MEMBER_IGNORES, subject=TWIN_1, since=NOW))
    await async_check(hass, freezer)
    assert len(issues(issue_registry)) == 1
    end()


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (TWIN_1, "Twin Connector 1"),
        (SUPPLY, "Bench"),
        (GARAGE, "Garage"),
        (ROOT_CIRCUIT, "Home"),
        ("01GONE", "01GONE"),
    ],
)
async def test_an_issue_names_what_it_is_about(
    hass: HomeAssistant,
    pool: PoolDouble,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    subject: str,
    name: str,
) -> None:
    end = async_track_problems(pool)  # type: ignore[arg-type]
    pool.show_problems(
        Problem(
            kind=ProblemKind.OVERLOAD,
            subject=subject,
            since=NOW - LONG,
            figures={"load_a": 31.25, "limit_a": 25.0},
        )
    )
    await async_check(hass, freezer)
    (issue,) = issues(issue_registry).values()
    assert issue.translation_placeholders == {
        "site": "Home",
        "name": name,
        "since": "2026-11-20T11:00:00+00:00",
        "figures": "load_a 31.25, limit_a 25",
    }
    end()
