"""Rewrites a SELECT of Athena into one that DuckDB answers alike.

A statement is rewritten from the inside out. Where Athena's answer depends on types (`7 / 2`, `avg(price)`,
`cast(x as integer)`), DuckDB is asked for the types of the operands, which are rewritten already, in the FROM
clause that they stand in. What has no rule here is refused by name: another value than Athena's is never an
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from workflows.query.dialect import clauses, functions, nested
from workflows.query.dialect.aggregates import AGGREGATES
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import Time, remember_as_written, written
from workflows.query.dialect.scope import DuckDBAsWritten, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.aggregates import Aggregate

_ALLOWED: Final = (
    exp.Alias, exp.All, exp.And, exp.Any, exp.Array, exp.Between, exp.Boolean, exp.Case, exp.Column,
    exp.ColumnDef, exp.CTE, exp.CurrentDate, exp.DataType, exp.DataTypeParam, exp.Distinct, exp.Dot, exp.EQ,
    exp.Escape, exp.Except, exp.Exists, exp.Filter, exp.From, exp.Group, exp.GT, exp.GTE, exp.Having,
    exp.HexString, exp.Identifier, exp.If, exp.IgnoreNulls, exp.In, exp.Intersect, exp.Interval, exp.Is,
    exp.Join, exp.Lambda, exp.Like, exp.Limit, exp.Literal, exp.LT, exp.LTE, exp.Mul, exp.Neg, exp.NEQ,
    exp.Not, exp.Null, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Offset, exp.Or, exp.Order, exp.Ordered, exp.Paren,
    exp.RespectNulls,
    exp.Select, exp.Star, exp.Subquery, exp.Table, exp.TableAlias, exp.TableSample, exp.Tuple, exp.Union,
    exp.Unnest, exp.Values, exp.Var, exp.Where, exp.Window, exp.WindowSpec, exp.With, exp.Rollup, exp.Cube,
    exp.GroupingSets, exp.Lateral, exp.Subquery, exp.WithinGroup,
)  # fmt: skip


_SELECT: Final = frozenset(
    """
    kind distinct expressions from_ joins where group having order limit offset windows with_
    """.split()  # noqa: SIM905 -- words read better than 13 texts
)
_TABLE: Final = frozenset(
    """
    this db catalog alias sample
    """.split()  # noqa: SIM905 -- words read better than 5 texts
)


@dataclass(frozen=True, slots=True)
class Translation:
    """One statement on its way."""

    scope: Scope

    def query(self, node: exp.Expr) -> dict[str, Time]:
        """Rewrite a query in place; what is known of the times among its columns."""
        known = len(self.scope.withs)
        for cte in list(node.args["with_"].expressions if node.args.get("with_") else ()):
            times = self.query(cte.this)
            names = [column.name for column in cte.args["alias"].columns]
            self.scope.ctes[cte.alias] = dict(zip(names, times.values(), strict=False)) if names else times
            self.scope.withs.append(cte)
        try:
            return self._body(node)
        finally:
            del self.scope.withs[known:]

    def _body(self, node: exp.Expr) -> dict[str, Time]:
        if isinstance(node, exp.SetOperation):
            times = self.query(node.this)
            self.query(node.expression)
            self._clauses(node, ("order", "limit", "offset"))
            return times
        if isinstance(node, (exp.Subquery, exp.Paren)):
            times = self.query(node.this)
            self._clauses(node, ("order", "limit", "offset"))
            return times
        if isinstance(node, exp.Values):
            self.rewrite_all(node)
            return {}
        if not isinstance(node, exp.Select):
            raise QueryError(f"{node.key.upper()} is not supported here.")
        return self._select(node)

    def _select(self, node: exp.Select) -> dict[str, Time]:
        _refuse_others(node, _SELECT)
        known: dict[str, Time] = {}
        with self.scope.select(known):
            for part in (node.args.get("from_"), *(node.args.get("joins") or ())):
                if part is not None:
                    known.update(self._source(part.this))
                    self.scope.sources[-1].append(part.this)
                    self._clauses(part, ("on",))
            self._clauses(node, ("where", "group", "having", "windows"))
            times: dict[str, Time] = {}
            for number, item in enumerate(list(node.expressions)):
                new = self.expression(item)
                if isinstance(item, exp.Star) or isinstance(getattr(item, "this", None), exp.Star):
                    times |= known
                    continue
                name = new.alias_or_name or f"_col{number}"
                times[name.lower()] = self.scope.time(new)
            self._clauses(node, ("order", "limit", "offset"))
            clauses.ties(node)
        return times

    def _source(self, node: exp.Expr) -> dict[str, Time]:
        if isinstance(node, exp.Subquery):
            return self.query(node.this)
        if isinstance(node, exp.Unnest):
            self.rewrite_all(node)
            clauses.unnest(self.scope, node)
            return {}
        if isinstance(node, exp.Lateral):
            if isinstance(node.this, exp.Subquery):
                return self.query(node.this.this)
            raise QueryError("LATERAL is supported with a subquery.")
        if isinstance(node, exp.Table):
            _refuse_others(node, _TABLE)
            return {} if node.db else self.scope.ctes.get(node.name, {})
        if isinstance(node, exp.Values):
            self.rewrite_all(node)
            return {}
        raise QueryError(f"{node.key.upper()} in FROM is not supported here.")

    def _clauses(self, node: exp.Expr, names: tuple[str, ...]) -> None:
        for name in names:
            for part in _parts(node.args.get(name)):
                if isinstance(part, exp.Fetch):
                    continue
                self.rewrite_all(part) if not _is_value(part) else self.expression(part)

    # --- expressions -----------------------------------------------------------------------------------

    def rewrite_all(self, node: exp.Expr) -> None:
        """Rewrite all expressions below a node in place."""
        for child in list(node.iter_expressions()):
            self.expression(child)

    def expression(self, node: exp.Expr) -> exp.Expr:
        """Rewrite an expression; what stands in its place now."""
        if isinstance(node, (exp.Query, exp.Subquery)):
            self.query(node)
            return node
        core = _core(node)
        if isinstance(core, exp.Anonymous) and (aggregate := AGGREGATES.get(str(core.this).lower())):
            return self._aggregate(node, core, aggregate)
        if isinstance(node, exp.Anonymous) and any(isinstance(part, exp.Lambda) for part in node.expressions):
            self._with_lambdas(node)
        else:
            self.rewrite_all(node)
        rule = functions.RULES.get(type(node))
        if rule is not None:
            new = rule(self.scope, node)
        elif isinstance(node, exp.Anonymous):
            new = functions.call(self.scope, node)
        elif isinstance(node, _ALLOWED):
            return node
        else:
            raise QueryError(f"{node.key.upper()} is not supported here.")
        if new is not node:
            new.meta.setdefault("written", written(node))
            node.replace(new)
        return new

    def _with_lambdas(self, node: exp.Anonymous) -> None:
        """Arguments first: they have the types of the lambdas' variables."""
        for part in [part for part in node.expressions if not isinstance(part, exp.Lambda)]:
            self.expression(part)
        before = self.scope.variables
        for part in [part for part in node.expressions if isinstance(part, exp.Lambda)]:
            values = nested.variables(self.scope, node, part)
            self.scope.variables = {**before, **values}
            self.rewrite_all(part)
        self.scope.variables = before

    def _aggregate(self, node: exp.Expr, core: exp.Anonymous, rule: Aggregate) -> exp.Expr:
        """An aggregate with its FILTER and OVER, which stay beside the call."""
        self.rewrite_all(core)
        around = node
        while around is not core:
            for name, part in list(around.args.items()):
                if name != "this":
                    for one in _parts(part):
                        self.rewrite_all(one) if not _is_value(one) else self.expression(one)
            around = around.this

        def wrap(call: exp.Expr) -> exp.Expr:
            if node is core:
                return call
            copy = node.copy()
            _core(copy).replace(call)
            return copy

        new = rule(self.scope, core, wrap)
        node.replace(new)
        return new


def _core(node: exp.Expr) -> exp.Expr:
    """The call inside of FILTER, OVER and IGNORE NULLS."""
    while isinstance(node, (exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls)):
        node = node.this
    return node


def _parts(found: Any) -> list[exp.Expr]:
    return (
        [one for one in found if isinstance(one, exp.Expr)]
        if isinstance(found, list)
        else ([found] if isinstance(found, exp.Expr) else [])
    )


def _refuse_others(node: exp.Expr, known: frozenset[str]) -> None:
    """A clause that is passed over would be an answer to another question."""
    for name, part in node.args.items():
        if part and name not in known:
            raise QueryError(f"{name.strip('_').replace('_', ' ').upper()} is not supported here.")


def _is_value(node: exp.Expr) -> bool:
    return not isinstance(
        node, (exp.Where, exp.Group, exp.Having, exp.Order, exp.Limit, exp.Offset, exp.Window, exp.Fetch)
    )


def translate(
    statement: exp.Query, describe: Callable[[str], list[tuple[str, str]]]
) -> tuple[str, dict[str, Time]]:
    """The statement as DuckDB runs it, and what is known of its columns of time. Raises QueryError."""
    statement = statement.copy()
    remember_as_written(statement)
    clauses.name_columns(statement)
    clauses.nulls_inside(statement)
    times = Translation(Scope(describe, clauses.has_zones(statement))).query(statement)
    return statement.sql(DuckDBAsWritten), times
