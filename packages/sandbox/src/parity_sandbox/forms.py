"""Documents of the control API as typed forms: what each may hold, and the sentence for what it may not."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from parity_sandbox.errors import BadDocument
from parity_sandbox.store import Collection, Document

LONGEST_SECONDS = 86_400
"""The longest time that a document may ask for."""


def _compiled(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{text!r} is no regular expression ({error})") from error
    return text


Expression = Annotated[str, AfterValidator(_compiled)]
"""A regular expression."""


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


def keep(documents: Collection, document: Document, name: str) -> Document:
    """Keep a document that has an `id`; raises BadDocument where there is one of that id."""
    if documents.get(document["id"]) is not None:
        raise BadDocument(f"There is already a {name} {document['id']!r}: remove it, or choose another id.")
    return documents.insert(document["id"], document)
