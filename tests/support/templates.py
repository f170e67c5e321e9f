"""Reads synthesized templates the way tests ask about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("TableName", "QueueName", "FunctionName", "LogGroupName", "TopicName", "Name")


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    template: Template
    logical_id: str
    kind: str
    body: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties as the template has them."""
        found: dict[str, Any] = self.body.get("Properties", {})
        return found

    @property
    def name(self) -> str:
        """Its physical name, or its logical id when it has none."""
        return next((str(self.properties[key]) for key in NAMES if key in self.properties), self.logical_id)

    def refers_to(self, name: str) -> str:
        """The physical name of what one of its properties points to."""
        return self.template.readable(self.properties[name])


@dataclass(frozen=True)
class Statement:
    """What a role allows: actions on resources, by their names."""

    sid: str
    actions: frozenset[str]
    resources: frozenset[str]


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    stack: str
    content: dict[str, Any]

    def resources(self) -> Iterator[Resource]:
        for logical_id, body in self.content["Resources"].items():
            yield Resource(self, logical_id, body["Type"].removeprefix("AWS::"), body)

    def resource(self, logical_id: str) -> Resource | None:
        body = self.content["Resources"].get(logical_id)
        return Resource(self, logical_id, body["Type"].removeprefix("AWS::"), body) if body else None

    def readable(self, reference: Any) -> str:
        """What a reference means to a person: a name, with whatever the template puts around it."""
        match reference:
            case str():
                return reference
            case {"Fn::GetAtt": [str(logical_id), "StreamArn"]}:
                return f"{self._name(logical_id)}/stream"
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
                return self._name(logical_id)
            case {"Fn::Join": [_, [*parts]]}:
                return "".join(self.readable(part) for part in parts)
            case _:
                raise ValueError(f"not a reference: {reference!r}")

    def _name(self, logical_id: str) -> str:
        found = self.resource(logical_id)
        return found.name if found else f"<{logical_id}>"

    def may(self, function: Resource) -> list[Statement]:
        """Every statement of the role of a function."""
        role = self.resource(function["Role"]["Fn::GetAtt"][0])
        if role is None:
            raise ValueError(f"{function.name} has no role in its own stack")
        return [
            Statement(
                statement["Sid"],
                frozenset(_as_list(statement["Action"])),
                frozenset(self.readable(resource) for resource in _as_list(statement["Resource"])),
            )
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]


@dataclass(frozen=True)
class Templates:
    """All templates of one target."""

    assembly: Path
    all: tuple[Template, ...]

    @staticmethod
    def read(assembly: str | Path) -> Templates:
        """The templates of a cloud assembly."""
        files = sorted(Path(assembly).glob("*.template.json"))
        return Templates(
            Path(assembly),
            tuple(
                Template(file.name.removesuffix(".template.json"), json.loads(file.read_text())) for file in files
            ),
        )

    def of_type(self, kind: str) -> list[Resource]:
        """Every resource of a type, as `SQS::Queue`, in all stacks."""
        return [found for template in self.all for found in template.resources() if found.kind == kind]

    def function(self, name: str) -> Resource:
        """The Lambda function of that name."""
        return next(function for function in self.of_type("Lambda::Function") if function.name == name)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
