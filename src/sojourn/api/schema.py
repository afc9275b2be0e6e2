"""The OpenAPI description: problems on every route, ways to authenticate, and what it is all about."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sojourn.api.auth import CSRF_HEADER
from sojourn.api.measurements import Measurement
from sojourn.api.problems import MEDIA_TYPE, Problem
from sojourn.api.routes import CONDITIONAL

ABOUT: Final = """\
Take clients from a signed contract to production, stage by stage, on live evidence.

* A journey is named by its client, its key or its id.
* Errors are problems (RFC 9457): `code` is stable, `remedy` says what would help.
* Every POST heeds `Idempotency-Key`: a repeated request is answered as the first time.
* Changes of a journey heed `If-Match` with the journey's `ETag` (412 where it has moved on).
* Lists are paged: `next` is the `cursor` of the next page. Times are ISO 8601 with zone.
"""
KEY: Final = {"type": "http", "scheme": "bearer", "description": "A key: `sojourn key create`."}
SESSION: Final = {
    "type": "apiKey",
    "in": "cookie",
    "description": "A browser's session. Requests that change something repeat its "
    f"`csrf_token` in the header {CSRF_HEADER.title()}.",
}
PUBLIC: Final = ("/healthz", "/readyz", "/login/link")
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_REF: Final = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Let an application describe itself; the description is made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="Sojourn",
        version=app.version,
        openapi_version="3.1.0",
        description=ABOUT,
        routes=app.routes,
    )
    components = found.setdefault("components", {})
    cookie = app.state.context.options.cookie
    components["securitySchemes"] = {"key": KEY, "session": {**SESSION, "name": cookie}}
    schemas = components.setdefault("schemas", {})
    for model in (Problem, Measurement):
        schema = model.model_json_schema(ref_template=_REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    found["security"] = [{"key": []}, {"session": []}]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return found


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    problem = {"description": "A problem.", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = problem
    if path in PUBLIC:
        operation["security"] = []
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        told = "Do it once, however often it is sent."
        parameters.append(_header("Idempotency-Key", told, r"^[!-~]{1,255}$"))
    if operation.pop(f"x-{CONDITIONAL}", False):
        told = "Only in this state: the journey's ETag."
        parameters.append(_header("If-Match", told, r'^(\*|"[0-9]{1,18}")$'))


def _header(name: str, told: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": told}


def methods_at(found: dict[str, Any], path: str) -> list[str]:
    """Return the methods that a description has for a path, for the Allow header of a 405."""
    parts = path.split("/")
    methods = set()
    for template, operations in found["paths"].items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(
            w.startswith("{") or w == p for w, p in zip(wanted, parts, strict=True)
        ):
            methods |= {method.upper() for method in operations}
    return sorted(methods)
