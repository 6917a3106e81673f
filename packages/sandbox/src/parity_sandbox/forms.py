"""Documents of the control API as typed forms: what a seed may hold, and the sentence for what it may not."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from parity_sandbox.errors import BadDocument


class Form(BaseModel):
    """A document, or a part of one: unknown fields and wrong types are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls, document: object, name: str) -> Self:
        """The form of a document from outside.

        Raises:
            BadDocument: with the place and reason of each fault; `name` is what the document is called.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            faults = (
                f"{'.'.join(str(part) for part in each['loc']) or 'the document'}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise BadDocument(f"The {name} has faults. {'; '.join(faults)}.") from error
