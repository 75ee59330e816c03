"""A CallError holds what a CALLERROR may carry."""

from citrine_py.ocpp.errors import DESCRIPTION_LIMIT, CallError


def test_a_long_description_is_cut_and_details_are_a_copy():
    details = {"a": 1}
    error = CallError("InternalError", "x" * 999, details)
    details["a"] = 2
    assert len(error.description) == DESCRIPTION_LIMIT
    assert error.details == {"a": 1}


def test_it_reads_well():
    assert str(CallError("NotSupported", "not here")) == "NotSupported: not here"
    assert str(CallError("NotSupported")) == "NotSupported"
