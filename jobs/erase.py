"""Glue job `erase`: removes the rows of some keys of a dataset from everywhere, in phases, and proves it.

Reads the request (`jobs.erasure.requests`), the RAW bucket, DynamoDB and all tables that hold rows of the
dataset. Writes tombstones and marks, which stay; removes items, lines of RAW objects, rows, files and
snapshots; writes a proof.

    block                tombstones that outrank every change; marks in DynamoDB in place of the items
    remove from RAW      every version of every object in the RAW bucket
    remove from tables   the dataset's table, its changes, quarantine: rows, files of the newest snapshot
    prove                older snapshots, files that are in no snapshot; then everything is searched again
    unblock              (on its own) tombstones and marks become those of ordinary deletes

Why no row comes back, and why an erasure ends while others go on writing the keys: from `block` on, the Data
API refuses every write of the keys (`jobs.erasure.marks`), `check` quarantines their rows without payload
(`jobs.erasure.blocked_rows`), and `merge` refuses their changes. The stream's records of the marks land after
all earlier records of the keys, and before the rows are removed from RAW. After that, RAW has no row of the
keys. Once the runs that read it before have ended, changes and quarantine get no further row. Only then are
the rows removed from the tables. Only when the jobs and batches that were active at that time are done does
`prove` remove what they may have needed. `glueline erase` waits for that in between: a job that waited would
occupy a cluster, and on one machine the very Spark session that has to merge.

Safe to repeat, and to stop at any point: a phase looks for what is there, and does what is left to do. It
notes what it finds before it changes anything, so the proof counts everything that was removed, once.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from awsglue.utils import GlueArgumentError, getResolvedOptions

from expectations.odcs import load_contracts
from jobs.erasure.block import block_keys
from jobs.erasure.context import ErasureContext
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import Phase, Request
from jobs.erasure.prove import prove
from jobs.erasure.remove_from_raw import remove_from_raw
from jobs.erasure.remove_from_tables import remove_from_tables
from jobs.erasure.requests import Erasures
from jobs.erasure.unblock import unblock_keys
from jobs.lake.names import Lake
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.runtime.log import log
from jobs.runtime.options import Options
from jobs.runtime.session import spark_session

PHASES: Mapping[str, Callable[[ErasureContext], Any]] = {
    Phase.BLOCK: block_keys,
    Phase.REMOVE_FROM_RAW: remove_from_raw,
    Phase.REMOVE_FROM_TABLES: remove_from_tables,
    Phase.PROVE: prove,
    Phase.UNBLOCK: unblock_keys,
}


def main(argv: Sequence[str]) -> None:
    """Run one phase of one erasure."""
    options = Options.from_argv(argv)
    given = getResolvedOptions(list(argv), ["PHASE", "ERASURE", "TABLE_PREFIX"])
    if given["PHASE"] not in PHASES:
        raise GlueArgumentError(f"expected --PHASE to be one of {', '.join(PHASES)}, got {given['PHASE']}")
    erasures = Erasures(boto3.client("s3"), options.lake_bucket)
    request = erasures.request(given["ERASURE"])
    if request is None:
        log("erase: no request by that id; the erasure may be complete", erasure=given["ERASURE"])
        return
    PHASES[given["PHASE"]](erasure_context(options, erasures, request, given["TABLE_PREFIX"]))


def erasure_context(
    options: Options, erasures: Erasures, request: Request, table_prefix: str
) -> ErasureContext:
    """The erasure with its Spark session, clients and contract."""
    spark = spark_session()
    configure(spark, BUCKETED_JOINS)
    contract = load_contracts()[request.dataset]
    return ErasureContext(
        spark,
        Lake(options.database, options.ops_database),
        contract,
        ErasedKeys.of(contract, request.hashes),
        request,
        erasures,
        erasures.s3,
        boto3.client("dynamodb"),
        options.raw_bucket,
        contract.table_name(table_prefix),
    )


if __name__ == "__main__":
    main(sys.argv)
