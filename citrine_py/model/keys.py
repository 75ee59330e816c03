"""Keys of records that a charger's message makes.

A key is the UUIDv5 of the record's natural key, so that handling the same
message twice, or replaying the journal, meets the same record.
"""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("6b0a3a5e-52ac-4c0e-9a57-0c1c5d3b2f10")


def derived(collection: str, *natural: str | int | None) -> str:
    """The key of the record of `collection` with this natural key; None counts as absent."""
    parts = (
        "" if part is None else str(part).replace("\\", "\\\\").replace("|", "\\|")
        for part in natural
    )
    return str(uuid5(_NAMESPACE, "|".join((collection, *parts))))


def evse_key(station: str, evse_id: int) -> str:
    """Key of an Evse record."""
    return derived("Evse", station, evse_id)


def connector_key(station: str, evse_id: int, connector_id: int) -> str:
    """Key of a Connector record."""
    return derived("Connector", station, evse_id, connector_id)


def variable_attribute_key(
    station: str,
    component: str,
    variable: str,
    *,
    component_instance: str | None = None,
    evse_id: int | None = None,
    connector_id: int | None = None,
    variable_instance: str | None = None,
    attribute_type: str = "Actual",
) -> str:
    """Key of a VariableAttribute record; names and instances are case-insensitive in OCPP."""

    def fold(text: str | None) -> str | None:
        return None if text is None else text.casefold()

    return derived(
        "VariableAttribute",
        station,
        fold(component),
        fold(component_instance),
        evse_id,
        connector_id,
        fold(variable),
        fold(variable_instance),
        attribute_type,
    )


def folded_token(id_token: str) -> str:
    """A token as it is compared: OCPP's identifiers are the same in any case."""
    return id_token.lower()


def authorization_key(id_token: str, token_type: str) -> str:
    """Key of an Authorization record; tokens are case-insensitive in OCPP. The hook in Directus
    (`citrine-hook`) makes the same for rows that people make."""
    return derived("Authorization", folded_token(id_token), token_type)


def password_key(station: str) -> str:
    """Key of the VariableAttribute that holds the station's BasicAuthPassword (A00.FR.204)."""
    return variable_attribute_key(station, "SecurityCtrlr", "BasicAuthPassword")


def dead_letter_key(collection: str, item: str) -> str:
    """Key of the DeadLetter record of the record `item` of Directus' `collection`."""
    return derived("DeadLetter", collection, item)


def reservation_key(station: str, reservation_id: int) -> str:
    """Key of a Reservation record."""
    return derived("Reservation", station, reservation_id)


def token_key(id_token: str, token_type: str) -> str:
    """What the transactions of an idToken are found by."""
    return f"{token_type}:{folded_token(id_token)}"


def transaction_key(station: str, transaction_id: str) -> str:
    """Key of a Transaction record; the id is the station's and unique only there."""
    return derived("Transaction", station, transaction_id)


def transaction_event_key(
    station: str, transaction_id: str, seq_no: int, event_type: str, timestamp: str
) -> str:
    """Key of a TransactionEvent record. seqNo alone would do if no station ever gave two
    events the same; some number all of them 0."""
    return derived("TransactionEvent", station, transaction_id, seq_no, event_type, timestamp)


def meter_value_key(owner: str, number: int) -> str:
    """Key of the set of values `number` within what `owner` names: an event's key, or station,
    EVSE and time of a MeterValues message."""
    return derived("MeterValue", owner, number)


def certificate_key(station: str, certificate_type: str, *natural: str) -> str:
    """Key of a Certificate record: `natural` is the digest of the request that the station's own
    was made of, or what tells an installed one from others (`modules.installed`)."""
    return derived("Certificate", station, certificate_type, *natural)


def job_key(station: str, action: str, request: int | str) -> str:
    """Key of a Job record that a message of ours makes. `request`: the message's requestId, or
    something fresh where it has none."""
    return derived("Job", station, action, request)


def monitoring_key(station: str, monitor_id: int) -> str:
    """Key of a VariableMonitoring record; the id is unique on the station."""
    return derived("VariableMonitoring", station, monitor_id)


def display_message_key(station: str, message_id: int) -> str:
    """Key of a DisplayMessage record; the id is unique on the station."""
    return derived("DisplayMessage", station, message_id)


def network_profile_key(station: str, slot: int) -> str:
    """Key of a NetworkProfile record. The hook in Directus (`citrine-hook`) makes the same for
    rows that people make."""
    return derived("NetworkProfile", station, slot)


def charging_profile_key(station: str, profile_id: int) -> str:
    """Key of a ChargingProfile record that a message makes; the id is unique on the station."""
    return derived("ChargingProfile", station, profile_id)


def external_limit_key(station: str, evse_id: int, source: str) -> str:
    """Key of the ChargingProfile record of a limit that `source` has set at a station."""
    return derived("ChargingProfile", station, "limit", evse_id, source)


def share_key(station: str, transaction_id: str) -> str:
    """Key of the ChargingProfile record of what one transaction may take."""
    return derived("ChargingProfile", station, "share", transaction_id)


def idle_share_key(station: str, evse_id: int) -> str:
    """Key of the ChargingProfile record of what a car that plugs in there may take at first."""
    return derived("ChargingProfile", station, "idle", evse_id)
