"""Each way a request can fail has its one error, which names station and action."""

import pytest

from citrine_py.edge.outcome import reply_of
from citrine_py.errors import (
    StationBusy,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
)
from citrine_py.ocpp.effects import Failure, Settled, Ticket
from citrine_py.ocpp.schemas import Schemas

TICKET = Ticket("id1", "Reset", "", 30)


def test_an_answer_that_fits_is_handed_on():
    settled = Settled(TICKET, {"status": "Accepted"})
    assert reply_of(settled, "cp001", "2.0.1", Schemas()) == {"status": "Accepted"}


@pytest.mark.parametrize(
    ("failure", "error", "says"),
    [
        (Failure("busy"), StationBusy, "too many calls wait for cp001 already"),
        (Failure("unsent"), StationOffline, "cp001 disconnected before Reset was sent"),
        (Failure("lost"), StationSilent, "cp001 disconnected before it answered Reset"),
        (Failure("silent"), StationSilent, "cp001 did not answer Reset within 30 s"),
        (Failure("refused", "NotSupported", "no"), StationRefused, "NotSupported: no"),
        (Failure("malformed", "", "odd"), StationIncoherent, "answer to Reset is malformed: odd"),
    ],
)
def test_a_failure_is_its_own_error(failure, error, says):
    with pytest.raises(error, match=says):
        reply_of(Settled(TICKET, failure=failure), "cp001", "2.0.1", Schemas())


def test_an_answer_that_breaks_the_schema_is_incoherent_and_not_quoted():
    settled = Settled(TICKET, {"status": "hunter2"})
    with pytest.raises(StationIncoherent, match="status: not one of") as error:
        reply_of(settled, "cp001", "2.0.1", Schemas())
    assert "hunter2" not in str(error.value)
