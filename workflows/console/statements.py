"""The statements about bookkeeping tables that the console and `glueline status` ask, in Athena's dialect.

`{ops}` is their database, `{since}` the time that lists go back to, `{separator}` between joined texts.
"""

from typing import Final

# In continuous mode there is a batch every few seconds, so days are summed up and batches are limited.
DAY_COUNTS: Final = """select dataset, date_trunc('day', checked_at) as day, sum(accepted) as accepted,
  sum(quarantined) as quarantined
from {ops}.batches where checked_at >= {since} group by 1, 2"""
BATCH_COUNTS: Final = """select batch_id, array_join(array_agg(distinct dataset), {separator}) as datasets,
  array_join(array_agg(distinct door), {separator}) as doors, count(*) as files, sum(rows_read) as rows_read,
  sum(accepted) as accepted, sum(quarantined) as quarantined, max(checked_at) as checked_at
from {ops}.batches where checked_at >= {since}{conditions} group by 1 order by 8 desc, 1 limit {limit}"""
_CERTIFICATE: Final = """select dataset, verified_through, issued_at, run_id, buckets, differing_buckets,
  items, rows, drop_only, outranked, repaired, ok, array_join(missing, {separator}) as missing,
  array_join(extra, {separator}) as extra, array_join(differing, {separator}) as differing,
  array_join(quarantined, {separator}) as quarantined
from """
CERTIFICATES: Final = f"""{_CERTIFICATE}{{ops}}.parity_results
where verified_through >= {{since}} order by verified_through desc limit 500"""
NEWEST_CERTIFICATES: Final = f"""{_CERTIFICATE}(
  select p.*, row_number() over (partition by dataset order by verified_through desc) as place
  from {{ops}}.parity_results p) n where place = 1"""  # noqa: S608 -- constants
QUARANTINED: Final = """select dataset, split_part(array_join(reasons, {separator}), ':', 1) as rule,
  date_trunc('day', quarantined_at) as day, count(*) as rows, count(distinct source_file) as files
from {ops}.quarantine where quarantined_at >= {since} group by 1, 2, 3"""
QUALITY: Final = """select dataset, batch_id, success, result, ran_at from {ops}.quality_results
where ran_at >= {since} order by ran_at desc limit 120"""
