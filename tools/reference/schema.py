"""The JSON Schema of a stack's file, for editors: the models', made exact with the catalog's own names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity.config.model_problems import OTHER_NAMESPACES
from parity.config.parameters import PerStackVariable, SensitiveVariable
from parity.config.secret import secure_schema
from parity.config.stack_models import NAMESPACE, StackConfig
from parity.documents import Document, texts

if TYPE_CHECKING:
    from parity.config.parameters import Application, Catalog

_FORMS: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "minLength": 1},
    "url": {"type": "string", "pattern": "^https?://"},
    "hostname": {"type": "string", "format": "hostname"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
}


def stack_schema(catalog: Catalog) -> str:
    """The schema as text: JSON Schema 2020-12."""
    models = StackConfig.model_json_schema(by_alias=True)
    definitions: Document = models.pop("$defs")
    properties: Document = models["properties"]
    _name_entries(properties, definitions, catalog)
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack's file: Pulumi.<stack>.yaml",
        "description": "Generated from the models of a stack's config and the catalog by `make docs`.",
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
        "$defs": definitions,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _name_entries(properties: dict[str, Any], definitions: dict[str, Any], catalog: Catalog) -> None:
    """Put the catalog's names where the models only know that there is a name."""
    applications = {application.name: _application(application, definitions) for application in catalog.applications}
    databases = {database.name: {"$ref": "#/$defs/DatabaseSettings"} for database in catalog.databases}
    releases = {application.name: {"$ref": "#/$defs/Releases"} for application in catalog.applications}
    for key, entries in (("applications", applications), ("databases", databases), ("releases", releases)):
        properties[key] = {
            "type": "object",
            "description": properties[key]["description"],
            "properties": entries,
            "required": list(entries),
            "additionalProperties": False,
        }
    definitions.pop("ApplicationSettings")


def _application(application: Application, definitions: dict[str, Any]) -> dict[str, Any]:
    base: Document = definitions["ApplicationSettings"]
    variables = {
        variable.name: _FORMS[variable.type] if isinstance(variable, PerStackVariable) else secure_schema()
        for variable in application.variables
        if isinstance(variable, PerStackVariable | SensitiveVariable)
    }
    exact = {
        "type": "object",
        "description": base["properties"]["variables"]["description"],
        "properties": variables,
        "required": list(variables),
        "additionalProperties": False,
    }
    return {**base, "title": application.name, "properties": {**base["properties"], "variables": exact}}
