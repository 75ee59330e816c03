"""Effects are data whose repr quotes no payload."""

from citrine_py.ocpp.effects import Handle, Send, Settled, Ticket


def test_no_repr_quotes_a_payload():
    ticket = Ticket("1", "SetVariables", "hunter2", 30)
    effects = [
        Send("call", "hunter2", "SetVariables"),
        Handle("1", "BootNotification", {"x": "hunter2"}),
        Settled(ticket, {"x": "hunter2"}),
    ]
    assert "hunter2" not in repr(effects)


def test_tickets_are_told_apart_even_if_they_look_alike():
    assert Ticket("1", "Reset", "", 30) != Ticket("1", "Reset", "", 30)
