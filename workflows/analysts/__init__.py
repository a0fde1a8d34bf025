"""What analysts' tools get from the contracts: sources of dbt, connections of Power BI, dashboards, QuickSight.

Imports `expectations`, `expectations.odcs`.
"""
