"""What analysts' tools get from the contracts: dbt sources, files of Power BI, dashboards, QuickSight.

Imports `expectations`, `expectations.odcs`.
"""
