"""Glue job `certify`: see `jobs.parity.certification`."""

import sys

from jobs.parity.certification import main

if __name__ == "__main__":
    main(sys.argv)
