"""What Glueline costs, measured beside what a user would take instead, in one run on one machine.

`make bench` runs all parts, `make bench BENCH=lambdas` one of them. Each prints its tables and keeps them in
`results/<part>.json`. A time never fails a bench, whatever the machine: a wrong result does.
"""
