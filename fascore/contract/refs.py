"""Ref: the type of every field that refers to another part of a spec."""

import re
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

NAME = re.compile(r"[a-z][a-z0-9_]*")
_REF = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)?")


class Ref(str):
    """A reference to a modality, a node, a port (`node.port`), or a column of the record (`record.label`)."""

    __slots__ = ()

    @property
    def node(self) -> str:
        """The name before the dot."""
        return self.partition(".")[0]

    @property
    def port(self) -> str:
        """The name after the dot; empty for a node's main output."""
        return self.partition(".")[2]

    @property
    def column(self) -> str | None:
        """The record's column, or None if the Ref names a node."""
        return self.port if self.node == "record" and self.port else None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls._parse, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_REF.pattern}$"}

    @classmethod
    def _parse(cls, value: str) -> "Ref":
        if not _REF.fullmatch(value):
            raise ValueError(
                f"'{value}' is not a reference: write a node ('face'), a port ('face.points'), or a column ('record.label')"
            )
        return cls(value)
