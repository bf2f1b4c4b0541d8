"""Whatever a station may send: a clear refusal or a lost field, counted, and the rest goes on."""

import json
from typing import Any

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport
from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    OcppCharger,
    Restrictions,
)
from custom_components.ev_charger_pool.chargers.ocpp.framing import Call, FrameError, parse
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from tests.chargers.ocpp.build import Connect, Setup, config, ready
from tests.chargers.ocpp.conftest import ConnectRaw
from tests.chargers.ocpp.stations import RawStation


def counters(charger: OcppCharger) -> dict[str, int]:
    found = charger.diagnostics()["counters"]
    assert isinstance(found, dict)
    return found


async def raw(central: CentralSystem, connect_raw: ConnectRaw) -> tuple[OcppCharger, RawStation]:
    charger = central.claim(config())
    return charger, await connect_raw()


async def lives(station: RawStation) -> None:
    """The connection still works."""
    answer = await station.ask('[2,"beat","Heartbeat",{}]')
    assert answer[:2] == [3, "beat"]


@pytest.mark.parametrize(
    ("text", "unique_id", "code"),
    [
        ("", "-1", "FormationViolation"),
        ("hello", "-1", "FormationViolation"),
        ("{}", "-1", "FormationViolation"),
        ("[]", "-1", "FormationViolation"),
        ("null", "-1", "FormationViolation"),
        ("[2]", "-1", "FormationViolation"),
        ('[2,"7"]', "7", "FormationViolation"),
        ('[2,"7","Heartbeat"]', "7", "FormationViolation"),
        ('[2,"7","Heartbeat",{},{}]', "7", "FormationViolation"),
        ('[2,"7","Heartbeat",[]]', "7", "FormationViolation"),
        ('[2,"7",9,{}]', "7", "FormationViolation"),
        ('[2,7,"Heartbeat",{}]', "-1", "FormationViolation"),
        ('[2,"","Heartbeat",{}]', "-1", "FormationViolation"),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', "-1", "FormationViolation"),
        ('[9,"7","Heartbeat",{}]', "-1", "FormationViolation"),
        ('["2","7","Heartbeat",{}]', "-1", "FormationViolation"),
        ("[" * 30_000, "-1", "FormationViolation"),
        ("9" * 5_000, "-1", "FormationViolation"),
        ('[2,"7","Heartbeat",{"x":', "7", "FormationViolation"),
        ('[2,"7","Nonsense",{}]', "7", "NotImplemented"),
        ('[2,"7","RemoteStopTransaction",{"transactionId":1}]', "7", "NotImplemented"),
        ('[2,"7","",{}]', "7", "NotImplemented"),
    ],
)
async def test_what_is_no_call_of_ours_is_refused_and_counted(
    central: CentralSystem, connect_raw: ConnectRaw, text: str, unique_id: str, code: str
) -> None:
    charger, station = await raw(central, connect_raw)
    answer = await station.ask(text)
    assert answer[0] == 4
    assert answer[1:3] == [unique_id, code]
    assert answer[3] != ""
    assert counters(charger)["bad_messages"] == 1
    assert counters(charger)["unknown_actions"] == (1 if code == "NotImplemented" else 0)
    await lives(station)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("StatusNotification", {}, "ProtocolError"),
        ("StatusNotification", {"connectorId": "1"}, "TypeConstraintViolation"),
        ("StatusNotification", {"connectorId": True}, "TypeConstraintViolation"),
        ("StatusNotification", {"connectorId": 1.5}, "TypeConstraintViolation"),
        ("StatusNotification", {"connectorId": -1}, "PropertyConstraintViolation"),
        ("StatusNotification", {"connectorId": 10**12}, "PropertyConstraintViolation"),
        ("MeterValues", {"meterValue": []}, "ProtocolError"),
        ("StartTransaction", {"connectorId": 0, "idTag": "A"}, "PropertyConstraintViolation"),
        ("StopTransaction", {"meterStop": 1}, "ProtocolError"),
        ("StopTransaction", {"transactionId": 2**40}, "PropertyConstraintViolation"),
    ],
)
async def test_a_message_without_its_point_is_refused(
    central: CentralSystem, connect_raw: ConnectRaw, action: str, payload: Any, code: str
) -> None:
    charger, station = await raw(central, connect_raw)
    answer = await station.ask(json.dumps([2, "7", action, payload]))
    assert answer[:3] == [4, "7", code]
    assert counters(charger)["bad_messages"] == 1
    await lives(station)


async def test_a_binary_frame_is_refused(central: CentralSystem, connect_raw: ConnectRaw) -> None:
    charger, station = await raw(central, connect_raw)
    await station.socket.send_bytes(b'[2,"7","Heartbeat",{}]')
    answer = await station.answer()
    assert answer[:3] == [4, "-1", "FormationViolation"]
    assert counters(charger)["bad_messages"] == 1
    await lives(station)


async def test_an_oversized_message_costs_only_itself(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    text = json.dumps([2, "big", "DataTransfer", {"vendorId": "x", "data": "y" * 70_000}])
    answer = await station.ask(text)
    assert answer[:3] == [4, "big", "FormationViolation"]
    assert counters(charger)["oversized"] == 1
    await lives(station)


async def test_a_far_too_large_message_ends_the_connection_and_it_may_come_back(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    await station.send("x" * 1_100_000)
    while (message := await station.socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 1009
    again = await connect_raw()
    await lives(again)
    assert counters(charger)["bad_messages"] == 1
    assert counters(charger)["connections"] == 2


@pytest.mark.parametrize("restrictions", [Restrictions(message_burst=20, messages_per_s=100.0)])
async def test_a_flood_has_to_wait_and_nothing_is_lost(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    for number in range(60):
        await station.send(json.dumps([2, str(number), "Heartbeat", {}]))
    answers: list[str] = []
    while len(answers) < 60:
        frame = await station.answer()
        if frame[0] == 3:
            answers.append(frame[1])
    assert answers == [str(number) for number in range(60)]
    assert counters(charger)["throttled"] >= 20


async def test_answers_to_nothing_are_counted(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    await station.send('[3,"none",{}]')
    await station.send('[4,"none","GenericError","",{}]')
    await lives(station)
    assert counters(charger)["unexpected_answers"] == 2


async def test_fields_of_wrong_type_cost_only_themselves(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    boot = {
        "chargePointVendor": ["x"],
        "chargePointModel": "M" * 900,
        "chargePointSerialNumber": 55,
        "firmwareVersion": {"a": 1},
    }
    answer = await station.ask(json.dumps([2, "1", "BootNotification", boot]))
    assert answer[2]["status"] == "Accepted"
    assert charger.identity.manufacturer is None
    assert charger.identity.model == "M" * 50
    assert charger.identity.serial == "55"
    assert counters(charger)["bad_fields"] == 4
    assert counters(charger)["bad_messages"] == 0


async def test_an_unknown_status_costs_only_itself(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    for status in ("Occupied", 7, None, ""):
        payload = {"connectorId": 1, "errorCode": "NoError", "status": status}
        answer = await station.ask(json.dumps([2, "1", "StatusNotification", payload]))
        assert answer == [3, "1", {}]
    assert counters(charger)["bad_fields"] >= 4
    await lives(station)


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "",
        5,
        None,
        {},
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
async def test_a_bad_time_costs_only_itself(
    central: CentralSystem, connect_raw: ConnectRaw, time: object
) -> None:
    charger, station = await raw(central, connect_raw)
    reports: dict[int, ConnectorReport] = {}
    charger.subscribe(lambda report: reports.update({report.connector: report}))
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": time}
    assert (await station.ask(json.dumps([2, "1", "StatusNotification", status])))[0] == 3
    values = {
        "connectorId": 1,
        "meterValue": [
            {
                "timestamp": time,
                "sampledValue": [
                    {"measurand": "Current.Import", "unit": "A", "phase": "L1", "value": "6.5"}
                ],
            }
        ],
    }
    assert (await station.ask(json.dumps([2, "2", "MeterValues", values])))[0] == 3
    reading = reports[1].current_a
    assert reading is not None
    assert reading.value.l1 == 6.5
    assert reading.measured_at is None
    assert counters(charger)["bad_fields"] == (0 if time is None else 2)


@pytest.mark.parametrize(
    "bad",
    [
        {"value": "NaN"},
        {"value": "inf"},
        {"value": "1e999"},
        {"value": "six"},
        {"value": ""},
        {"value": None},
        {"value": []},
        {"value": True},
        {},
        {"value": "16000"},
        {"value": "-16000"},
        {"value": "7", "unit": "kA"},
        {"value": "7", "unit": "V"},
        {"value": "7", "unit": 5},
        {"value": "7", "phase": "L4"},
        {"value": "7", "measurand": "Currant"},
        {"value": "9" * 5_000},
    ],
)
async def test_a_bad_sample_costs_only_itself(
    central: CentralSystem, connect_raw: ConnectRaw, bad: dict[str, object]
) -> None:
    charger, station = await raw(central, connect_raw)
    reports: dict[int, ConnectorReport] = {}
    charger.subscribe(lambda report: reports.update({report.connector: report}))
    await station.ask('[2,"1","StatusNotification",{"connectorId":1,"status":"Charging"}]')
    usual = {"measurand": "Current.Import", "unit": "A", "phase": "L1"}
    values = {
        "connectorId": 1,
        "meterValue": [
            {
                "sampledValue": [
                    {**usual, **bad},
                    {**usual, "phase": "L2", "value": "6.5"},
                    {"measurand": "Voltage", "unit": "V", "phase": "L1", "value": "231"},
                ]
            }
        ],
    }
    assert await station.ask(json.dumps([2, "2", "MeterValues", values])) == [3, "2", {}]
    assert reports[1].current_a is not None
    assert reports[1].current_a.value == PerPhase(None, 6.5, None)
    assert reports[1].voltage_v is not None
    assert reports[1].voltage_v.value.l1 == 231.0
    assert counters(charger)["bad_fields"] >= 1
    assert counters(charger)["bad_messages"] == 0


async def test_samples_of_another_shape_cost_only_themselves(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    shapes: tuple[Any, ...] = (
        None,
        5,
        "x",
        [],
        [5],
        [[]],
        [{}],
        [{"sampledValue": 5}],
        [{"sampledValue": [1]}],
    )
    for values in shapes:
        payload = {"connectorId": 1, "meterValue": values}
        assert await station.ask(json.dumps([2, "2", "MeterValues", payload])) == [3, "2", {}]
    assert counters(charger)["bad_fields"] == 6
    await lives(station)


async def test_a_register_in_the_wrong_unit_is_held_back(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup())
    reports: dict[int, ConnectorReport] = {}
    charger.subscribe(lambda report: reports.update({report.connector: report}))
    transaction = await station.begin(1, meter_wh=10_000)
    register = "Energy.Active.Import.Register"
    for value in ("10100", "10200000", "-5", "10150"):
        await station.measure(1, transaction, {"measurand": register, "value": value, "unit": "Wh"})
        reading = reports[1].energy_wh
        assert reading is not None
        assert reading.value == (10_150.0 if value == "10150" else 10_100.0)
    assert counters(charger)["bad_fields"] == 2


async def test_an_answer_of_the_wrong_shape_is_a_refusal(
    central: CentralSystem, connect_raw: ConnectRaw
) -> None:
    charger, station = await raw(central, connect_raw)
    await station.send(
        '[2,"1","BootNotification",{"chargePointVendor":"a","chargePointModel":"b"}]'
    )
    seen = set()
    for _ in range(12):
        frame = await station.answer()
        if frame[0] == 2:
            seen.add(frame[2])
            odd: Any = {
                "configurationKey": [
                    5,
                    {"key": 1},
                    {"key": "ChargingScheduleMaxPeriods", "value": "²"},
                ],
                "status": 7,
            }
            await station.send(json.dumps([3, frame[1], odd]))
        if "TriggerMessage" in seen:
            break
    assert {"GetConfiguration", "SetChargingProfile", "ChangeConfiguration"} <= seen
    assert counters(charger)["errors"] == 0
    await lives(station)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Current.Import", "A", "L1", "Charging", "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "connectorId",
                    "meterValue",
                    "sampledValue",
                    "value",
                    "timestamp",
                    "idTag",
                    "status",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=json_values)
def test_any_json_is_a_frame_or_a_frame_error(value: object) -> None:
    try:
        frame = parse(json.dumps(value))
    except FrameError:
        return
    assert frame.unique_id


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    action=st.sampled_from(
        [
            "Authorize",
            "BootNotification",
            "DataTransfer",
            "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
            "Heartbeat",
            "MeterValues",
            "StartTransaction",
            "StatusNotification",
            "StopTransaction",
        ]
    ),
    payload=st.dictionaries(
        st.sampled_from(
            [
                "connectorId",
                "transactionId",
                "status",
                "timestamp",
                "meterValue",
                "meterStart",
                "meterStop",
                "transactionData",
                "idTag",
                "vendorId",
                "chargePointVendor",
                "errorCode",
            ]
        ),
        json_values | st.integers(0, 3),
        max_size=6,
    ),
)
async def test_any_payload_is_answered_without_a_fault(
    central: CentralSystem, connect_raw: ConnectRaw, action: str, payload: dict[str, object]
) -> None:
    if not hasattr(central, "fuzzed"):
        charger = central.claim(config(connectors=3))
        central.fuzzed = charger, await connect_raw()  # type: ignore[attr-defined]
    charger, station = central.fuzzed  # type: ignore[attr-defined]
    answer = await station.ask(json.dumps([2, "7", action, payload]))
    assert answer[:2] in ([3, "7"], [4, "7"])
    assert counters(charger)["errors"] == 0


def test_a_frame_is_read() -> None:
    assert parse('[2,"1","Heartbeat",{}]') == Call(unique_id="1", action="Heartbeat", payload={})
