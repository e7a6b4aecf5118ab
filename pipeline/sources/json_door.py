"""Deliveries of one JSON object a line, as Arrow: every line, readable or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sources.lines import Block, blocks

if TYPE_CHECKING:
    import pyarrow as pa


def batches(path: Path, name: str) -> Iterator["pa.RecordBatch"]:
    """Batches of (line, raw, broken): a line's number, its text, and why it cannot be read (null: not looked at yet).

    Blank lines are among them. A text keeps its line feed.
    """
    for block in blocks(path, name):
        yield _batch(block)


def _batch(block: Block) -> "pa.RecordBatch":
    import pyarrow as pa

    count = len(block)
    raw = pa.StringArray.from_buffers(count, pa.py_buffer(block.starts.astype(np.int32)), pa.py_buffer(block.data))
    line = pa.array(np.arange(block.first, block.first + count, dtype=np.int64))
    broken = pa.nulls(count, pa.string())
    if block.bad:
        broken = pa.array([block.bad.get(i) for i in range(count)], pa.string())
    return pa.record_batch([line, raw, broken], names=["line", "raw", "broken"])
