"""All benchmarks, as one table: `make bench`."""

from bench import answers, journal, memory, rows, start, visible
from bench.run import main

main(
    rows.measure,
    visible.measure,
    answers.measure,
    journal.measure,
    memory.measure,
    start.measure,
)
