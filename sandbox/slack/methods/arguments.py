"""From a request's body to the arguments the table declares, or a refusal that names them."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.slack.methods.call import ApiError
from sandbox.slack.methods.row import Arg, Method
from sandbox.slack.shapes import Json

#: Bolt's clients send it with every call; it only matters to apps of a whole organisation.
_EVERYWHERE = ("team_id",)
_FALSE = ("0", "false")
_TRUE = ("1", "true")
#: Codes for nested JSON that cannot be read.
_FORMAT_CODES = {
    "blocks": "invalid_blocks_format",
    "chunks": "invalid_chunks",
    "metadata": "invalid_metadata_format",
}


async def read_body(request: web.Request) -> Json:
    """Query, form and JSON arguments in one; the body wins. Nothing is converted yet."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        found.update(_json_object(await request.text()))
    elif request.can_read_body:
        found.update(await request.post())
    return found


def take_token(request: web.Request, raw: Json) -> str:
    """The token of the header or of the `token` argument, which is removed; empty without."""
    given = raw.pop("token", "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(given)


def convert(method: Method, raw: Mapping[str, Any]) -> Json:
    """Arguments by their declared kinds. ApiError for unknown, missing and unreadable ones.

    Slack ignores unknown arguments; this workspace refuses them, so that a typing error shows.
    """
    given = {
        name: value for name, value in raw.items() if value is not None and name not in _EVERYWHERE
    }
    unknown = [name for name in given if name not in method.by_name]
    if unknown:
        raise ApiError(
            "invalid_arguments", tuple(f"[ERROR] unknown argument: {n}" for n in unknown)
        )
    for arg in method.required:
        if given.get(arg.name, "") == "":
            message = f"[ERROR] missing required field: {arg.name}"
            raise ApiError(arg.missing, (message,))
    return {name: _converted(method.by_name[name], value) for name, value in given.items()}


def _converted(arg: Arg, value: Any) -> Any:
    match arg.kind:
        case "bool":
            return _bool(arg, value)
        case "int":
            return _int(arg, value)
        case "list":
            return _nested(arg, value, list, "an array")
        case "object":
            return _nested(arg, value, dict, "an object")
    if not isinstance(value, str):
        raise _wrong(arg, "a string")
    return value


def _bool(arg: Arg, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE + _FALSE:
        raise _wrong(arg, "a boolean")
    return word in _TRUE


def _int(arg: Arg, value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise _wrong(arg, "an integer") from None


def _nested(arg: Arg, value: Any, kind: type, name: str) -> Any:
    """slack_sdk sends nested values as JSON in a JSON body, and as JSON text in a form."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ApiError(_FORMAT_CODES.get(arg.name, "invalid_arguments")) from None
    if not isinstance(value, kind):
        code = _FORMAT_CODES.get(arg.name)
        raise ApiError(code) if code else _wrong(arg, name)
    return value


def _wrong(arg: Arg, wanted: str) -> ApiError:
    return ApiError("invalid_arguments", (f"[ERROR] must be {wanted} [json-pointer:/{arg.name}]",))


def _json_object(text: str) -> Json:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return body
