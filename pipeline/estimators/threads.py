"""One thread for many small fits: more are slower on a busy machine, and the order of a sum then depends on them."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, linear algebra and trees run on one thread each."""
    import sklearn.ensemble  # noqa: F401  its pool of threads must be loaded to be limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
