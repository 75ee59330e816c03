"""A01, B: boots, variables, reports, network profiles, and vendors' own messages.

No I/O.
"""

from __future__ import annotations

import orjson

from citrine_py.ocpp.errors import CallError
from citrine_py.simulator.core import OK, Answers, Core, rejected
from citrine_py.simulator.deeds import Deed, HangUp, Payload, Tell
from citrine_py.simulator.device_model import Variable, in_parts
from citrine_py.simulator.inventory import BYTES_PER_MESSAGE, ITEMS_PER_MESSAGE


class Provisioning:
    """The settings of one station.

    Attributes:
        password: the one in force, None without Basic authentication.
        network_profiles: what SetNetworkProfile has set, by slot.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.password = core.config.password
        self.network_profiles: dict[int, Payload] = {}
        self._reports_begun = 0
        if self.password is not None:
            core.variable("SecurityCtrlr", "BasicAuthPassword").value = self.password

    @property
    def answers(self) -> Answers:
        return {
            "GetVariables": self._get_variables,
            "SetVariables": self._set_variables,
            "GetBaseReport": self._get_base_report,
            "GetReport": self._get_report,
            "SetNetworkProfile": self._set_network_profile,
            "DataTransfer": self._data_transfer,
        }

    def boot_notification(self, reason: str) -> Payload:
        plate = self._core.config.plate
        return {
            "reason": reason,
            "chargingStation": {
                "model": plate.model,
                "vendorName": plate.vendor,
                "serialNumber": plate.serial,
                "firmwareVersion": self._core.firmware,
            },
        }

    @property
    def stored_password(self) -> str:
        """The one it will use from its next reboot on at the latest; empty for none."""
        return self._core.variable("SecurityCtrlr", "BasicAuthPassword").value

    def restarted(self) -> None:
        """It was off: settings that take a reboot are in force now."""
        if self.stored_password:
            self.password = self.stored_password

    def _get_variables(self, asked: Payload) -> Payload:
        self._limit("GetVariables", asked, asked["getVariableData"])
        return {"getVariableResult": [self._core.model.read(it) for it in asked["getVariableData"]]}

    def _set_variables(self, asked: Payload) -> Payload | None:
        self._limit("SetVariables", asked, asked["setVariableData"])
        results: list[Payload] = []
        lost = False
        for each in asked["setVariableData"]:
            if self._core.config.habits.basic_auth == "refused" and _is_password(each):
                results.append(_refused_password(each))
                continue
            result, changed = self._core.model.set(each)
            if changed is not None and _is_password(each):
                lost = not self._new_password(changed, result)
            results.append(result)
        return None if lost else {"setVariableResult": results}

    def _new_password(self, variable: Variable, result: Payload) -> bool:
        """A station that signs in with a password shows the new one at once (A01); whether it
        answers."""
        habit = self._core.config.habits.basic_auth
        if habit == "reboot":
            result["attributeStatus"] = "RebootRequired"
            return True
        signs_in = self.password is not None
        self.password = variable.value
        if habit == "unanswered" or signs_in:
            self._core.do(HangUp(rudely=habit == "unanswered"))
        return habit != "unanswered"

    def _get_base_report(self, asked: Payload) -> Payload:
        report = self._core.model.base_report(asked["reportBase"])
        return self._report(asked["requestId"], report)

    def _get_report(self, asked: Payload) -> Payload:
        wanted = asked.get("componentVariable", [])
        self._limit("GetReport", asked, wanted)
        report = self._core.model.custom_report(asked.get("componentCriteria", []), wanted)
        return self._report(asked["requestId"], report)

    def _report(self, request_id: int, report: list[Payload]) -> Payload:
        habit = self._core.config.habits.report
        if habit == "refused":
            return rejected("Unspecified")
        if not report:
            return {"status": "EmptyResultSet"}
        size = self._core.config.report_items
        told = in_parts(report, size, request_id, self._core.now())
        self._reports_begun += 1
        deeds: list[Deed] = [Tell("NotifyReport", part) for part in told]
        if habit == "interrupted" and self._reports_begun == 1:
            deeds = [*deeds[: len(deeds) // 2], HangUp(rudely=True)]
        elif habit == "endless":
            deeds = deeds[:-1]
        elif habit == "shuffled":
            deeds = [*reversed(deeds), *deeds[:2]]
        for deed in deeds:
            self._core.do(deed)
        return dict(OK)

    def _set_network_profile(self, asked: Payload) -> Payload:
        """Only into a slot it has, and never down in security."""
        slots = self._core.variable("OCPPCommCtrlr", "NetworkConfigurationPriority").choices or ""
        data = asked["connectionData"]
        if str(asked["configurationSlot"]) not in slots.split(","):
            return rejected("InvalidConfSlot")
        if data["securityProfile"] < self._core.config.security_profile:
            return rejected("NoSecurityDowngrade")
        self.network_profiles[asked["configurationSlot"]] = data
        return dict(OK)

    def _data_transfer(self, asked: Payload) -> Payload:
        if asked["vendorId"] != self._core.config.plate.vendor:
            return {"status": "UnknownVendorId"}
        if asked.get("messageId") != "Echo":
            return {"status": "UnknownMessageId"}
        answer = dict(OK)
        if "data" in asked:
            answer["data"] = asked["data"]
        return answer

    def _limit(self, message: str, asked: Payload, items: list[Payload]) -> None:
        number = self._core.model.number
        most = number("DeviceDataCtrlr", "ItemsPerMessage", message, ITEMS_PER_MESSAGE)
        size = number("DeviceDataCtrlr", "BytesPerMessage", message, BYTES_PER_MESSAGE)
        if len(items) > most:
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")
        if len(orjson.dumps(asked)) > size:
            raise CallError("FormatViolation", f"more than {size} bytes")


def _is_password(asked: Payload) -> bool:
    names: tuple[str, str] = (asked["component"]["name"], asked["variable"]["name"])
    return [name.casefold() for name in names] == ["securityctrlr", "basicauthpassword"]


def _refused_password(asked: Payload) -> Payload:
    return {
        "component": asked["component"],
        "variable": asked["variable"],
        "attributeStatus": "Rejected",
    }
