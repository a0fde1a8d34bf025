"""What the pages of the console show, made of rows and objects that were read before: nothing is read here.

Values may be those of the local engine or Athena's texts; `values` reads both.

Imports `expectations`, `jobs.intake`, `lambdas.source`, `workflows.analysts`, `workflows.operations`,
`workflows.query`.
"""
