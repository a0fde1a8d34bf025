"""What analysts' tools get from the contracts: sources of dbt, connections of Power BI, dashboards.

Imports `expectations`, `expectations.odcs`.
"""
