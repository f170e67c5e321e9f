"""What a run reports when it has found something that must never happen."""


class Violation(AssertionError):
    """Something that must never happen has happened. `about` names the streams or events concerned."""

    def __init__(self, rule: str, *about: object) -> None:
        super().__init__(rule, *about)
        self.rule = rule
        self.about = tuple(map(str, about))

    def __str__(self) -> str:
        return f"{self.rule}: {', '.join(self.about)}" if self.about else self.rule
