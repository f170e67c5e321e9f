"""What a domain says no with: which rule, which field, which value, and what would be right."""

from collections.abc import Sequence


class Rejection(Exception):
    """A request that breaks a rule. Nothing was changed.

    `code` is stable and becomes the problem type; `field` names the offending input as a JSON path
    (`lines[0].sku`), `value` is what was given, `remedy` is the way out in words. `further` are more things wrong
    with the same request.
    """

    code = "rejected"
    status = 422

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        value: object = None,
        remedy: str = "",
        code: str = "",
        further: "tuple[Rejection, ...]" = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.remedy = remedy
        self.code = code or type(self).code
        self.further = further


class Invalid(Rejection):
    """The request cannot be understood: its form is wrong (400)."""

    code = "invalid-request"
    status = 400


class NotFound(Rejection):
    """What the request names does not exist (404)."""

    code = "not-found"
    status = 404


class Conflict(Rejection):
    """The request is right, but not in the present state (409)."""

    code = "conflict"
    status = 409


class PreconditionFailed(Rejection):
    """Somebody else has changed the resource since `If-Match` was read (412, RFC 9110 section 13.1.1)."""

    code = "precondition-failed"
    status = 412


class TooLarge(Rejection):
    """More than one request may carry (413)."""

    code = "too-large"
    status = 413


class UnsupportedMediaType(Rejection):
    """The body is not of the type that is accepted (415)."""

    code = "unsupported-media-type"
    status = 415


class Unprocessable(Rejection):
    """The form is right, the content breaks a rule (422)."""

    code = "unprocessable"
    status = 422


def one_refusal(problems: Sequence[Rejection], said: str = "") -> Unprocessable:
    """One refusal of a request for everything that is wrong with it: the first problem speaks, the others follow.

    `said` is put before what the first one says: how many there are, and what became of the request.
    """
    first, *others = problems
    return Unprocessable(
        f"{said} First: {first.message}" if said else first.message,
        field=first.field,
        value=first.value,
        remedy=first.remedy,
        code=first.code,
        further=tuple(others),
    )


class Forbidden(Rejection):
    """The caller's token lacks the scope (403)."""

    code = "forbidden"
    status = 403


class Unavailable(Exception):
    """Something this service depends on does not answer now: the same request may succeed later (503)."""
