"""What a store of imports promises, whichever it is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import ServiceRefused, Unavailable
from chalicelib.store.imports import DynamoImports, ImportRow, ImportStore, LinesRow, MemoryImports
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def imports(stores: Stores) -> ImportStore:
    return DynamoImports(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryImports()


def row(tenant: str, version: int = 1, content: bytes = b"job") -> ImportRow:
    return ImportRow(tenant, "i_1", version, content, rows.AT, rows.EXPIRES)


def lines(tenant: str, last_line: int, import_id: str = "i_1") -> LinesRow:
    return LinesRow(tenant, import_id, last_line, b"lines to %d" % last_line, rows.EXPIRES)


def test_create__twice__the_first_stays(imports: ImportStore, tenant: str) -> None:
    """An import is made once; another tenant's is another."""
    assert imports.create(row(tenant))
    assert not imports.create(row(tenant, content=b"other"))
    assert imports.load(tenant, "i_1") == row(tenant)
    assert imports.load(tenant, "i_2") is None and imports.load(tenant + "x", "i_1") is None


def test_advance__from_the_version_read__replaces_it_with_its_lines(imports: ImportStore, tenant: str) -> None:
    """A checkpoint and the lines it counts are written together."""
    imports.create(row(tenant))
    assert imports.advance(row(tenant, 2, b"further"), lines(tenant, 900))
    assert imports.advance(row(tenant, 3, b"at the end"), None)
    assert imports.load(tenant, "i_1") == row(tenant, 3, b"at the end")
    assert list(imports.refused(tenant, "i_1", after=0, limit=9)) == [lines(tenant, 900)]


def test_advance__somebody_was_faster__nothing_is_written(imports: ImportStore, tenant: str) -> None:
    """Of two checkpoints from one place the second is refused whole, its lines too."""
    imports.create(row(tenant))
    assert imports.advance(row(tenant, 2, b"first"), None)
    assert not imports.advance(row(tenant, 2, b"second"), lines(tenant, 900))
    assert imports.load(tenant, "i_1") == row(tenant, 2, b"first")
    assert list(imports.refused(tenant, "i_1", after=0, limit=9)) == []


def test_refused__many_rows__come_in_order_after_a_line(imports: ImportStore, tenant: str) -> None:
    """Rows are found by their last lines, as numbers; another import's are not among them."""
    imports.create(row(tenant))
    for version, last in enumerate((9, 10, 100, 2_000), start=2):
        assert imports.advance(row(tenant, version), lines(tenant, last))
    imports.create(replace(row(tenant), import_id="i_10"))
    imports.advance(replace(row(tenant, 2), import_id="i_10"), lines(tenant, 50, "i_10"))
    assert [one.last_line for one in imports.refused(tenant, "i_1", after=9, limit=2)] == [10, 100]
    assert [one.last_line for one in imports.refused(tenant, "i_1", after=100, limit=9)] == [2_000]


def test_advance__answer_lost_and_sent_again__is_the_success_it_was(dynamodb: Stores, tenant: str) -> None:
    """P6: a checkpoint that was applied without our knowing is not taken for somebody else's."""
    assert dynamodb.api is not None
    real = dynamodb.api.call

    def twice(operation: str, body: dict) -> dict:
        if operation == "TransactWriteItems":
            real(operation, body)
        return real(operation, body)

    imports = DynamoImports(twice, dynamodb.tables["TABLE_HISTORY"])
    imports.create(row(tenant))
    assert imports.advance(row(tenant, 2, b"mine"), lines(tenant, 900))


@pytest.mark.parametrize(
    ("code", "reasons", "raised"),
    [
        ("TransactionCanceledException", ("TransactionConflict",), Unavailable),
        ("TransactionCanceledException", ("ConditionalCheckFailed", "ThrottlingError"), Unavailable),
        ("AccessDeniedException", (), ServiceRefused),
    ],
)
def test_advance__refused_for_another_reason__is_not_taken_for_somebody_else(
    code: str, reasons: tuple[str, ...], raised: type[Exception], tenant: str
) -> None:
    """Only a failed condition means that somebody went on; all else is to be tried again, or told."""

    def refuse(_operation: str, _body: dict) -> dict:
        raise ServiceRefused(code, "No.", reasons)

    with pytest.raises(raised):
        DynamoImports(refuse, "history").advance(row(tenant, 2), None)
