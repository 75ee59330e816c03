"""The table of messages agrees with OCPP's schemas and with what users call."""

from importlib.resources import files

import pytest

from citrine_py.ocpp import catalogue

CITRINEOS_PATHS = """
configuration: setNetworkProfile clearDisplayMessage getDisplayMessages setDisplayMessage
  publishFirmware unpublishFirmware updateFirmware reset changeAvailability triggerMessage
  dataTransfer
monitoring: setVariables getVariables setVariableMonitoring clearVariableMonitoring
  setMonitoringLevel setMonitoringBase
reporting: getBaseReport getReport getMonitoringReport getLog customerInformation
evdriver: requestStartTransaction requestStopTransaction cancelReservation reserveNow
  unlockConnector clearCache sendLocalList getLocalListVersion
smartcharging: setChargingProfile getChargingProfiles clearChargingProfile getCompositeSchedule
transactions: costUpdated getTransactionStatus
certificates: certificateSigned installCertificate getInstalledCertificateIds deleteCertificate
"""


def paths() -> set[str]:
    found = set()
    module = ""
    for word in CITRINEOS_PATHS.split():
        if word.endswith(":"):
            module = word[:-1]
        else:
            found.add(f"{module}/{word}")
    return found


def test_every_message_that_ocpp_has_a_schema_for_is_in_the_catalogue():
    schemas = files("ocpp") / "v201" / "schemas"
    names = {file.name.removesuffix("Request.json") for file in schemas.iterdir()
             if file.name.endswith("Request.json")}  # fmt: skip
    assert {action.name for action in catalogue.actions("2.0.1")} == names
    assert len(names) == 64


def test_a_csms_sends_40_messages_and_receives_25():
    assert len(catalogue.sendable("2.0.1")) == 40
    assert len(catalogue.receivable("2.0.1")) == 25


def test_the_api_paths_are_those_that_citrineos_users_call():
    assert {action.path for action in catalogue.sendable("2.0.1")} == paths()


def test_cleared_charging_limit_is_the_stations_to_send():
    action = catalogue.find("2.0.1", "ClearedChargingLimit")
    assert action is not None
    assert (action.sent, action.received, action.path) == (False, True, None)


def test_data_transfer_goes_both_ways():
    action = catalogue.find("2.0.1", "DataTransfer")
    assert action is not None
    assert (action.sender, action.sent, action.received) == ("both", True, True)


@pytest.mark.parametrize("name", ["bootNotification", "BootNotificationRequest", "Nonsense", ""])
def test_names_are_case_sensitive_and_without_request(name):
    assert catalogue.find("2.0.1", name) is None


def test_a_message_is_found_by_its_path():
    action = catalogue.by_path("2.0.1", "monitoring/setVariables")
    assert action is not None
    assert (action.name, action.block) == ("SetVariables", "B")
    assert catalogue.by_path("2.0.1", "configuration/setVariables") is None


def test_blocks_are_ocpps_letters():
    assert {action.block for action in catalogue.actions("2.0.1")} == set("ABCDEFGHIJKLMNOP")


def test_a_version_without_rows_has_no_messages():
    assert catalogue.actions("1.6") == ()
    assert catalogue.find("9", "Heartbeat") is None


def test_subprotocols_name_their_version():
    assert dict(catalogue.VERSIONS) == {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}
