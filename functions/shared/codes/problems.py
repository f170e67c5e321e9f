"""Why a code cannot be read."""


class Unreadable(Exception):
    """The code is wrong: `type` is a stable word for programs, `detail` says in words what would be right.

    `elements` is what could be read nevertheless (AI -> value).
    """

    def __init__(self, type: str, detail: str, elements: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.type = type
        self.detail = detail
        self.elements = elements or {}
