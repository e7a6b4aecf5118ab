"""What is tried again, and what is said at once."""

import errno
import socket
import ssl

import pytest

from pipeline.errors import DeliveryError, PassingError
from pipeline.sources.retrying import may_pass, patiently


class EndpointConnectionError(Exception):
    """As a library names it that is not loaded here."""


class ClientConnectorCertificateError(ConnectionError):
    """A refusal that looks like a lost connection."""


def answered(status: int) -> Exception:
    error = RuntimeError("answered")
    error.status = status  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (EOFError(), True),
        (OSError(errno.EBUSY, "slow down"), True),
        (OSError(errno.EHOSTUNREACH, "no route"), True),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (EndpointConnectionError(), True),
        (answered(503), True),
        (answered(429), True),
        (answered(403), False),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
        (PermissionError(errno.EACCES, "no"), False),
        (FileNotFoundError(), False),
        (ssl.SSLCertVerificationError("self-signed"), False),
        (ClientConnectorCertificateError(), False),
        (OSError(errno.EINVAL, "bad"), False),
        (KeyError("a defect"), False),
    ],
)
def test_which_errors_may_pass(error: Exception, expected: bool) -> None:
    assert may_pass(error) is expected


def explained(error: Exception) -> DeliveryError:
    return DeliveryError("told", value=type(error).__name__)


@pytest.mark.parametrize(
    ("error", "tries", "kind"),
    [
        (ConnectionResetError("with a secret"), 3, PassingError),
        (PermissionError("with a secret"), 1, DeliveryError),
        (PassingError("told"), 3, PassingError),
        (DeliveryError("told"), 1, DeliveryError),
    ],
)
def test_tries_and_what_is_raised_at_last(error: Exception, tries: int, kind: type[Exception]) -> None:
    made = []

    def attempt() -> None:
        made.append(1)
        raise error

    with pytest.raises(DeliveryError, match="told") as caught:
        patiently(attempt, explained, (0.0, 0.0))
    assert (len(made), type(caught.value)) == (tries, kind)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_later_try_may_succeed() -> None:
    answers = iter([ConnectionResetError(), TimeoutError(), "here"])

    def attempt() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    assert patiently(attempt, explained, (0.0, 0.0)) == "here"
