"""Rows are inserted several at a time, whatever their number is."""

import apsw
import pytest

from trio_chat.storage.rows import Insertion


@pytest.mark.parametrize("count", [0, 1, 3, 4, 15, 16, 17, 37])
def test_all_rows_are_inserted_once_and_in_order(count: int) -> None:
    """Those of whole statements, and those that are left over."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE pair (one, other)")
    rows = [(number, f"row {number}") for number in range(count)]
    Insertion("pair (one, other)", width=2).run(connection, rows)
    assert connection.execute("SELECT one, other FROM pair ORDER BY rowid").fetchall() == rows
    connection.close()


def test_few_statements_insert_many_rows() -> None:
    """The interpreter is let go and taken again for each of them."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE single (one)")
    statements: list[str] = []
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"]))
    Insertion("single (one)", width=1).run(connection, [(number,) for number in range(38)])
    assert len(statements) == 2 + 1 + 2  # of sixteen rows, of four, and of one
    connection.close()
