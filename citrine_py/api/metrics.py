"""The service's health and numbers for /health and /metrics, by prometheus_client.

A registry of its own, so that two services in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One value now. Samples of one name share `help` and `kind`; a counter's name is
    without `_total`, which Prometheus' format adds."""

    name: str
    value: float
    help: str
    kind: Literal["gauge", "counter"] = "gauge"
    labels: Mapping[str, str] = field(default_factory=dict)


Samples: TypeAlias = Callable[[], Iterable[Sample]]


class ServiceHealth:
    """config.Health out of two questions to the service.

    Args:
        problems: what is wrong, by part; asked at each readiness check.
        samples: what others count; asked at each scrape.
    """

    def __init__(self, problems: Callable[[], Mapping[str, str]], samples: Samples) -> None:
        self._problems = problems
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Foreign(samples))
        self._requests = Histogram(
            "citrine_api_request_duration_seconds",
            "Time from a request's head to its answer",
            ("route", "method", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def problems(self) -> Mapping[str, str]:
        """See config.Health."""
        return self._problems()

    def metrics(self) -> str:
        """See config.Health."""
        return generate_latest(self._registry).decode()

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """See config.Health."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).observe(seconds)


class _Foreign(Collector):
    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._samples():
            family = families.get(sample.name)
            if family is None:
                kind = CounterMetricFamily if sample.kind == "counter" else GaugeMetricFamily
                family = kind(sample.name, sample.help, labels=tuple(sample.labels))
                families[sample.name] = family
            family.add_metric(tuple(sample.labels.values()), sample.value)
        yield from families.values()
