"""Benchmarks of Glueline and its alternatives, measured in one run on one machine.

`make bench` runs all parts, `make bench BENCH=lambdas` one of them. Each prints its tables and writes them to
`results/<part>.json`. A wrong result fails a benchmark; a slow one does not.
"""
