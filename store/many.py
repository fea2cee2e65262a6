"""Many rows in one statement. On SQLite a driver's executemany is that already; on PostgreSQL it sends a statement for
each row, and the rows of one document took longer than all else. There they go as one JSON document, so that the
statement is the same however many they are, and is prepared once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Table,
    TableValuedAlias,
    and_,
    any_,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, Any]]
"""Of each the same columns; at least one row."""


def among(connection: Connection, one: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """The condition that the column is one of *values*; on PostgreSQL they are one parameter, so that the statement is
    the same however many they are.
    """
    if connection.dialect.name == "postgresql":
        return one == any_(bindparam(None, list(values), type_=postgresql.ARRAY(one.type)))
    return one.in_(values)


def insert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert *rows* into *table*."""
    if connection.dialect.name == "postgresql":
        connection.execute(_inserted(table, tuple(rows[0])), {"rows": rows})
    else:
        connection.execute(insert(table), rows)


def upsert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert *rows*, or change those that are there: no two of them with one primary key."""
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        connection.execute(_upserted(table, names), {"rows": rows})
    else:
        connection.execute(_upsert(table, names), rows)


def update_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Change those that have the primary keys of *rows*."""
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        connection.execute(_updated(table, names), {"rows": rows})
    else:
        connection.execute(_update(table, names), [{f"_{name}": value for name, value in row.items()} for row in rows])


def delete_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Delete those that have the primary keys, and nothing else, of *rows*."""
    if connection.dialect.name == "postgresql":
        connection.execute(_deleted(table, tuple(rows[0])), {"rows": rows})
    else:
        connection.execute(_delete(table), [{f"_{name}": value for name, value in row.items()} for row in rows])


def _given(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """The parameter `rows` as a table with the columns *names*."""
    document = func.json_to_recordset(bindparam("rows", type_=JSON))
    columns = (column(name, table.c[name].type) for name in names)
    return document.table_valued(*columns, name="given").render_derived(with_types=True)


@cache
def _inserted(table: Table, names: tuple[str, ...]) -> Any:
    return postgresql.insert(table).from_select(names, select(*_given(table, names).c), include_defaults=False)


@cache
def _upserted(table: Table, names: tuple[str, ...]) -> Any:
    return _or_change(_inserted(table, names), table, names)


@cache
def _upsert(table: Table, names: tuple[str, ...]) -> Any:
    return _or_change(sqlite.insert(table), table, names)


def _or_change(statement: Any, table: Table, names: Sequence[str]) -> Any:
    keys = [one.name for one in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@cache
def _updated(table: Table, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    same = and_(*(one == given.c[one.name] for one in table.primary_key))
    return update(table).where(same).values({name: given.c[name] for name in _others(table, names)})


@cache
def _update(table: Table, names: tuple[str, ...]) -> Any:
    changed = {name: bindparam(f"_{name}", type_=table.c[name].type) for name in _others(table, names)}
    return update(table).where(_this(table)).values(changed)


@cache
def _deleted(table: Table, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    return delete(table).where(and_(*(one == given.c[one.name] for one in table.primary_key)))


@cache
def _delete(table: Table) -> Any:
    return delete(table).where(_this(table))


def _this(table: Table) -> Any:
    """The row whose primary key is in the parameters."""
    return and_(*(one == bindparam(f"_{one.name}") for one in table.primary_key))


def _others(table: Table, names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in table.primary_key]
