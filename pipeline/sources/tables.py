"""What is said of one vendor's table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VendorTable:
    """One vendor's table: its columns, as words, and which table of schema ingest it becomes.

    is_used: whether it says anything that counts here; of one that does not, every row is counted as not ours.
    tsv_header: the columns of its TSV files, which have no header.
    """

    vendor: str
    source: str
    table: str
    becomes: str
    required: str
    optional: str = ""
    is_used: bool = True
    tsv_header: str = ""

    @property
    def name(self) -> str:
        """The table's name in schemas door and ingest, and as a folder."""
        return f"{self.vendor}__{self.table}"


def unused(vendor: str, source: str, becomes: str, tables: str) -> tuple[VendorTable, ...]:
    """Tables that are read and counted, no more."""
    return tuple(VendorTable(vendor, source, table, becomes, "", is_used=False) for table in tables.split())
