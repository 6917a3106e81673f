"""The JSON Schema of a stack's file, for editors: the models', whatever names a project's catalog has."""

from __future__ import annotations

import json
from typing import Any

from parity.config.model_problems import OTHER_NAMESPACES
from parity.config.stack_models import NAMESPACE, StackConfig
from parity.documents import Document, texts


def stack_schema() -> str:
    """The schema as text: JSON Schema 2020-12."""
    models = StackConfig.model_json_schema(by_alias=True)
    properties: Document = models["properties"]
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack's file: Pulumi.<stack>.yaml",
        "description": "Generated from the models of a stack's config by `make docs`.",
        "type": "object",
        "properties": {
            "encryptionsalt": {"type": "string", "description": "Of the passphrase secrets provider."},
            "encryptedkey": {"type": "string", "description": "Of a cloud secrets provider."},
            "secretsprovider": {
                "type": "string",
                "description": "The secrets provider; the passphrase's is the default.",
            },
            "environment": {"description": "ESC environments that the engine merges in."},
            "config": {
                "type": "object",
                "properties": {f"{NAMESPACE}{key}": value for key, value in properties.items()},
                "patternProperties": {f"^({'|'.join(name.rstrip(':') for name in OTHER_NAMESPACES)}):": {}},
                "required": [f"{NAMESPACE}{key}" for key in texts(models["required"])],
                "additionalProperties": False,
            },
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": models["$defs"],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
