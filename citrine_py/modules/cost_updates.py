"""I02: CostUpdated, so that a station can show what the charging costs while it goes on.

Every `interval` seconds each open transaction is looked at whose tariff asks for it
(sendCostUpdated), and the station is told where the cost is another than it was told last. Only
stations are told whose TariffCostCtrlr says that they show it, in the tariff's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from citrine_py.errors import DirectusError, StationError, StationOffline, StationRefused
from citrine_py.live import Live
from citrine_py.model.costs import Cost, OpenTransaction
from citrine_py.model.tariffs import TARIFF
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.ports import Clock, Jobs, Records, Stations
from citrine_py.ports_charging import OpenTransactions, Pricing

log = structlog.get_logger()

CONTROLLER = "TariffCostCtrlr"
INSTANCE = "cost"  # of Available and Enabled; the other one is tariff

_JOB = "cost updates"
_NEVER = frozenset({"NotImplemented", "NotSupported"})


@dataclass(slots=True)
class _Told:
    """What is known of a transaction: the cost that was told last, whether its station shows
    costs in this currency (None: not asked yet)."""

    cost: Decimal | None = None
    shows: bool | None = None


@dataclass(frozen=True, slots=True)
class CostUpdates:
    """Tells stations the running cost.

    Attributes:
        interval: seconds between two rounds.
        told: by station and transactionId, of open transactions only.
    """

    records: Records
    stations: Stations
    jobs: Jobs
    clock: Clock
    pricing: Pricing
    transactions: OpenTransactions
    interval: Live[float] = field(default_factory=lambda: Live(60.0))
    told: dict[tuple[str, str], _Told] = field(default_factory=dict)

    def start(self) -> None:
        """Begins to tell, until the jobs are stopped."""
        self.jobs.start(_JOB, self._run)

    async def _run(self) -> None:
        while True:
            await self.clock.sleep(self.interval.now)
            self.round()

    def round(self) -> None:
        """Looks at all open transactions once. Each station is told in a job of its own, so that
        one that does not answer holds up no other; one that is still being told is left out."""
        due: dict[str, list[OpenTransaction]] = {}
        still_open: set[tuple[str, str]] = set()
        for each in self.transactions.active():
            if each.station is None or each.transactionId is None:
                continue
            still_open.add((each.station, each.transactionId))
            if self.stations.session(each.station) is not None:
                due.setdefault(each.station, []).append(each)
        for gone in self.told.keys() - still_open:
            del self.told[gone]
        for station, transactions in due.items():
            self._tell_in_a_job(station, transactions)

    def _tell_in_a_job(self, station: str, transactions: Sequence[OpenTransaction]) -> None:
        job = f"cost update {station}"
        costs = [(each, cost) for each in transactions if (cost := self._due(each)) is not None]
        if costs and not self.jobs.running(job):
            self.jobs.start(job, lambda: self._tell(station, costs))

    def _due(self, transaction: OpenTransaction) -> Cost | None:
        """Its cost, if the station is to be told it."""
        key = (transaction.station or "", transaction.transactionId or "")
        told = self.told.setdefault(key, _Told())
        if told.shows is False:
            return None
        cost = self.pricing.running(transaction, self.clock.now())
        if cost is None or cost.total.amount == told.cost:
            return None
        tariff = self.records.get(TARIFF, cost.tariff)
        return cost if tariff is not None and tariff.sendCostUpdated else None

    async def _tell(self, station: str, costs: Iterable[tuple[OpenTransaction, Cost]]) -> None:
        for transaction, cost in costs:
            transaction_id = transaction.transactionId or ""
            told = self.told.get((station, transaction_id))
            if told is None:  # it has ended meanwhile
                continue
            try:
                if told.shows is None:
                    told.shows = await self._shows(station, cost.total.currency)
                if told.shows:
                    payload = {"totalCost": cost.total.number(), "transactionId": transaction_id}
                    await self.stations.call(station, "CostUpdated", payload)
                    told.cost = cost.total.amount
            except StationOffline:
                return
            except StationRefused as error:
                told.shows = error.code not in _NEVER
                log.warning("cost.untold", station=station, reason=str(error))
            except (StationError, DirectusError) as error:
                log.warning("cost.untold", station=station, reason=str(error))
                return

    async def _shows(self, station: str, currency: str) -> bool:
        """Whether the station's device model says that it shows costs in this currency.

        Raises:
            DirectusError: it cannot be read now.
        """
        where = {"station": station, "component": CONTROLLER, "type": "Actual"}
        found = _values(await self.records.find(VARIABLE_ATTRIBUTE, where))
        shown = found.get("currency")
        if shown is not None and shown.upper() != currency:
            log.warning("cost.other_currency", station=station, shows=shown[:20], tariff=currency)
            return False
        said = [found[name] for name in ("available", "enabled") if name in found]
        return bool(said) and all(each.casefold() == "true" for each in said)


def _values(rows: Iterable[VariableAttribute]) -> Mapping[str, str]:
    """Values by variable; of those that have instances, the one for costs, or the one without."""
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row.variableInstance or "").casefold() == INSTANCE):
        instance = (row.variableInstance or "").casefold()
        if row.variable and row.value and instance in {"", INSTANCE}:
            found[row.variable.casefold()] = row.value
    return found
