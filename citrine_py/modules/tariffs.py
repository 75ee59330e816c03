"""I01-I03: which tariff applies where, and the ports of pricing over it.

Which one applies, at the beginning of a session:

1. the tariff chosen on the station's page (ChargingStation.tariff),
2. one that names the station (Tariff.stationId),
3. the tariff chosen on the location's page (Location.tariff),
4. one that names the location (Tariff.location),
5. a default one (Tariff.isDefault).

One that is not valid then, names another connector type or cannot be read is passed over.
Among several of a kind one that names the connector type goes first, then the one that became
valid last, then the one whose id comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from pydantic import ValidationError

from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.costs import Cost, PricedSession
from citrine_py.model.keys import connector_key
from citrine_py.model.rates import Rates, read
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, LOCATION
from citrine_py.model.tariffs import TARIFF, Tariff
from citrine_py.model.times import iso
from citrine_py.modules.costs import price
from citrine_py.modules.session_spans import spans
from citrine_py.modules.tariff_texts import tariff_text
from citrine_py.ports import Put, Records

log = structlog.get_logger()

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_NOT_TERMS = frozenset({"stationId", "location", "isDefault", "sendCostUpdated", "problem"})


# ---- which one -------------------------------------------------------------------------


def choose(
    levels: Iterable[Iterable[Tariff]], connector_type: str | None, at: datetime
) -> Tariff | None:
    """The tariff that applies, of readable ones in levels, the strongest first; None where
    there is none. `connector_type` None is not known."""
    for level in levels:
        fitting = [each for each in level if _fits(each, connector_type, at)]
        if fitting:
            return min(fitting, key=_order)
    return None


def _fits(tariff: Tariff, connector_type: str | None, at: datetime) -> bool:
    return (
        (tariff.connectorType is None or tariff.connectorType == connector_type)
        and (tariff.validFrom is None or tariff.validFrom <= at)
        and (tariff.validUntil is None or at < tariff.validUntil)
    )


def _order(tariff: Tariff) -> tuple[bool, timedelta, str]:
    age = _EARLIEST - (tariff.validFrom or _EARLIEST)
    return tariff.connectorType is None, age, tariff.id


# ---- the ports -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TariffPricing:
    """Implements ports_charging.Pricing and ports_charging.Tariffs, from memory."""

    records: Records
    readings: dict[str, tuple[Tariff, Rates | str]] = field(default_factory=dict)
    """By id, the record that was read last and its terms, or why it has none."""

    def running(self, transaction: PricedSession, until: datetime) -> Cost | None:
        """See ports_charging.Pricing."""
        return self._price(transaction, until)

    def final(self, transaction: PricedSession) -> Cost | None:
        """See ports_charging.Pricing."""
        return self._price(transaction, None)

    def text(
        self, station: str, *, evse_id: int | None, at: datetime, language: str | None
    ) -> str | None:
        """See ports_charging.Tariffs."""
        tariff = self.applicable(station, evse_id, None, at)
        return None if tariff is None else tariff_text(tariff, language)

    def told(self, tariff: str, language: str | None) -> str:
        """See ports_charging.Tariffs."""
        return tariff_text(self._known(tariff)[0], language)

    def preview(
        self, tariff: str, *, kwh: Decimal, minutes: Decimal, idle_minutes: Decimal, at: datetime
    ) -> Cost:
        """See ports_charging.Tariffs."""
        record, rates = self._known(tariff)
        charged = at + timedelta(minutes=float(minutes))
        left = charged + timedelta(minutes=float(idle_minutes))
        session = _Imagined(
            startedAt=at,
            endedAt=left,
            segments=(
                {"from": at, "to": charged, "state": "Charging", "energyWh": float(kwh * 1000)},
                {"from": charged, "to": left, "state": "SuspendedEV", "energyWh": 0},
            ),
        )
        return _cost(record, rates, session, None)

    # ---- which terms -------------------------------------------------------------------

    def _known(self, tariff: str) -> tuple[Tariff, Rates]:
        record = self.records.get(TARIFF, tariff)
        if record is None:
            raise NotFound("id: there is no Tariff with this id")
        rates = self.reading(record)
        if isinstance(rates, str):
            raise BadRequest(f"the tariff cannot be read: {rates}")
        return record, rates

    def applicable(
        self, station: str, evse_id: int | None, connector_id: int | None, at: datetime
    ) -> Tariff | None:
        """The tariff that applies to a session that begins there and then."""
        connector_type = self._connector_type(station, evse_id, connector_id)
        return choose(self._levels(station), connector_type, at)

    def _levels(self, station: str) -> Iterator[Iterable[Tariff]]:
        """The tariffs that may apply at a station, from the nearest on."""
        here = self.records.get(CHARGING_STATION, station)
        if here is not None:
            yield self._chosen(here.tariff)
        yield self._readable(stationId=station)
        if here is not None and here.location is not None:
            location = self.records.get(LOCATION, here.location)
            yield self._chosen(location.tariff if location is not None else None)
            yield self._readable(location=here.location)
        yield self._readable(isDefault=True)

    def _chosen(self, key: str | None) -> Iterator[Tariff]:
        tariff = self.records.get(TARIFF, key) if key is not None else None
        if tariff is not None and not isinstance(self.reading(tariff), str):
            yield tariff

    def _readable(self, **equal: Any) -> Iterator[Tariff]:
        for tariff in self.records.select(TARIFF, **equal):
            if not isinstance(self.reading(tariff), str):
                yield tariff

    def reading(self, tariff: Tariff) -> Rates | str:
        """The terms of a tariff, or why it cannot be read. A record is read once."""
        known = self.readings.get(tariff.id)
        if known is not None and known[0] is tariff:
            return known[1]
        try:
            found: Rates | str = read(tariff)
        except ValueError as error:
            found = str(error)
        self.readings[tariff.id] = (tariff, found)
        return found

    def _connector_type(
        self, station: str, evse_id: int | None, connector_id: int | None
    ) -> str | None:
        """The connector's type; where it is not said which one, that of all that it may be."""
        if evse_id is not None and connector_id is not None:
            connector = self.records.get(CONNECTOR, connector_key(station, evse_id, connector_id))
            return connector.connectorType if connector is not None else None
        where = {"station": station} if evse_id is None else {"station": station, "evseId": evse_id}
        types = {each.connectorType for each in self.records.select(CONNECTOR, **where)}
        return types.pop() if len(types) == 1 else None

    def _price(self, session: PricedSession, until: datetime | None) -> Cost | None:
        found = self._terms(session, until)
        if found is None:
            return None
        return _cost(*found, session, until)

    def _terms(self, session: PricedSession, until: datetime | None) -> tuple[Tariff, Rates] | None:
        """The terms with which it began; else those of its tariff, else of the one that applies."""
        kept = (session.costBreakdown or {}).get("tariff")
        if isinstance(kept, Mapping):
            try:
                tariff = Tariff.model_validate(kept)
                return tariff, read(tariff)
            except (ValidationError, ValueError) as error:
                log.warning("tariff.terms_lost", station=session.station, reason=str(error))
        chosen = self.records.get(TARIFF, session.tariff) if session.tariff else None
        at = session.startedAt or until or session.endedAt
        if chosen is None and session.station is not None and at is not None:
            chosen = self.applicable(session.station, session.evseId, session.connectorId, at)
        rates = self.reading(chosen) if chosen is not None else ""
        return None if chosen is None or isinstance(rates, str) else (chosen, rates)


def _cost(tariff: Tariff, rates: Rates, session: PricedSession, until: datetime | None) -> Cost:
    bill = price(rates, spans(session, until))
    return Cost(bill.total, tariff.id, bill.breakdown(frozen(tariff)))


def frozen(tariff: Tariff) -> dict[str, Any]:
    """The terms of a tariff as JSON, from which the same tariff can be read again."""
    return {
        name: _plain(value)
        for name, value in tariff
        if value is not None and name not in _NOT_TERMS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return iso(value) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class _Imagined:
    """A session that nobody has had."""

    startedAt: datetime | None  # noqa: N815 - as costs.PricedSession names it
    endedAt: datetime | None  # noqa: N815
    segments: Sequence[Mapping[str, Any]] | None
    station: str | None = None
    evseId: int | None = None  # noqa: N815
    connectorId: int | None = None  # noqa: N815
    energyWh: float | None = None  # noqa: N815
    chargingSeconds: float | None = None  # noqa: N815
    idleSeconds: float | None = None  # noqa: N815
    tariff: str | None = None
    costBreakdown: Mapping[str, Any] | None = None  # noqa: N815


# ---- tariffs that cannot be read -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TariffCheck:
    """Marks tariffs that cannot be read, so that whoever typed one sees why it does nothing."""

    records: Records
    pricing: TariffPricing

    def all(self) -> None:
        """Looks at every tariff, at the start."""
        for tariff in self.records.select(TARIFF):
            self.changed(tariff.id, None, tariff)

    def changed(self, key: str, _old: Tariff | None, new: Tariff | None) -> None:
        """A tariff was made, changed or removed in Directus."""
        if new is None:
            self.pricing.readings.pop(key, None)
            return
        found = self.pricing.reading(new)
        problem = found[:255] if isinstance(found, str) else None
        if problem is not None and problem != new.problem:
            log.warning("tariff.unreadable", tariff=key, reason=problem)
        if problem != new.problem:
            self.records.post(Put(TARIFF, key, {"problem": problem}))
