"""What is tried again: a place that does not answer may answer later; one that says no says it at once.

The libraries behind the places raise errors of their own kinds. They are known here by what Python makes of them,
by the status of an HTTP answer, and by their names, so that no library is loaded for a place that is not in use.
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import LandmarkError, PassingError

Result = TypeVar("Result")
Explain = Callable[[Exception], LandmarkError]

WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_FINAL_NAMES = ("Certificate", "SSLError", "SSLCert", "Authentication", "BadHostKey", "NoCredentials")
_PASSING = (ConnectionError, TimeoutError, EOFError)
_PASSING_NAMES = frozenset(
    (
        "ClientConnectionError",
        "ClientPayloadError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "FSTimeoutError",
        "HTTPClientError",
        "IncompleteRead",
        "NoValidConnectionsError",
        "ResponseParserError",
        "ServerDisconnectedError",
        "SSHException",
    )
)
_ABSENT_STATUS = (404, 410)
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_PASSING_NUMBERS = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EREMOTEIO}
)


def patiently(
    attempt: Callable[[], Result], explain: Explain, waits_seconds: tuple[float, ...] | None = None
) -> Result:
    """What `attempt` gives, tried again after each wait while it fails by what may pass.

    Raises what `explain` makes of any other error, and PassingError with its words where the last try failed too; an
    error that `explain` makes a PassingError of may pass.
    What is raised has no context: the libraries' own errors may hold addresses and keys.
    """
    for seconds in (*(WAITS_SECONDS if waits_seconds is None else waits_seconds), None):
        try:
            return attempt()
        except LandmarkError as error:
            told, passes = error, isinstance(error, PassingError)
        except Exception as error:
            told = explain(error)
            passes = isinstance(told, PassingError) or may_pass(error)
        if not passes:
            break
        if seconds is not None:
            time.sleep(seconds)
    if passes and not isinstance(told, PassingError):
        told = PassingError(told.what, where=told.where, value=told.value, fix=told.fix)
    told.__context__ = None
    raise told.with_traceback(None) from None


def cause_of(error: Exception) -> Exception:
    """What is behind an error: over HTTP, fsspec calls a file absent whatever went wrong."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    is_of_web = type(cause).__module__.startswith("aiohttp") or isinstance(cause, TimeoutError)
    return cause if is_of_web and getattr(cause, "status", None) not in _ABSENT_STATUS else error


def may_pass(error: Exception) -> bool:
    """True for an error that may be gone a moment later."""
    error = cause_of(error)
    names = [kind.__name__ for kind in type(error).__mro__]
    if isinstance(error, _FINAL) or any(final in name for name in names for final in _FINAL_NAMES):
        return False
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status in _PASSING_STATUS
    number = getattr(error, "errno", None)
    if isinstance(getattr(error, "os_error", error), socket.gaierror):
        return number == socket.EAI_AGAIN
    return isinstance(error, _PASSING) or number in _PASSING_NUMBERS or not _PASSING_NAMES.isdisjoint(names)
