"""The error tree. Every refusal has a code that callers may rely on.

ZhiyinError
├── BadInput        what was sent cannot be accepted as it is        (400)
│   ├── TooLarge    it breaks a size limit                           (413)
│   └── ManyMistakes  it has several mistakes, and all are told      (400)
├── NotAuthorised   no valid credential; never says which cause      (401)
├── Forbidden       a valid credential that may not do this          (403)
├── NotFound        no such thing for this tenant                    (404)
├── Conflict        the state it was based on has changed            (409)
├── TooOften        more calls in a short time than are allowed       (429)
├── ServiceRefused  a service we depend on said no, with its reasons  (500)
└── Unavailable     a service we need did not answer; try again      (503)

A store or network error is always ``Unavailable``; it never becomes ``NotFound``.
"""

from __future__ import annotations


class ZhiyinError(Exception):
    """A refusal with a stable ``code`` (snake_case), a sentence, and the path it is about.

    ``message`` never contains a value that a customer sent.
    """

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.path = path


class BadInput(ZhiyinError):
    """What was sent cannot be accepted as it is. ``suggestion`` is what was probably meant, or what to do."""

    def __init__(self, code: str, message: str, path: str = "", suggestion: str = "") -> None:
        super().__init__(code, message, path)
        self.suggestion = suggestion


class TooLarge(BadInput):
    """What was sent breaks a size limit, which the message names."""


class ManyMistakes(BadInput):
    """What was sent has mistakes at several places; ``mistakes`` holds all of them."""

    def __init__(self, code: str, message: str, mistakes: tuple[BadInput, ...]) -> None:
        super().__init__(code, message)
        self.mistakes = mistakes


class NotAuthorised(ZhiyinError):
    """No valid credential. One code and one sentence for every cause."""

    def __init__(self) -> None:
        super().__init__("not_authorised", "A valid credential is needed.")


class Forbidden(ZhiyinError):
    """The credential is valid and may not do this."""


class NotFound(ZhiyinError):
    """Nothing of that id exists for this tenant."""


class Conflict(ZhiyinError):
    """The state that the call was based on has changed meanwhile."""


class TooOften(ZhiyinError):
    """More calls in a short time than this credential is allowed; the same call may succeed after some seconds."""

    def __init__(self, code: str, message: str, seconds: int = 10) -> None:
        super().__init__(code, message)
        self.seconds = seconds


class Unavailable(ZhiyinError):
    """A service we depend on did not answer or throttled; the same call may succeed later."""


class ServiceRefused(ZhiyinError):
    """A cloud service answered no: ``code`` is the service's own, such as ``ConditionalCheckFailedException``.

    ``reasons`` are the codes of a cancelled transaction, one for each of its actions, ``None`` for
    an action that was not the cause.
    """

    def __init__(self, code: str, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(code, message)
        self.reasons = reasons
