"""``/docs``: the OpenAPI document as one page, without scripts and without anything from elsewhere.

A node often runs where there is no internet, and a script from a content network would run with
the rights of this origin. The machine-readable document is at ``/openapi.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

STYLE = """
:root { color-scheme: light dark; --quiet: #6b7280; --line: #8884; --tint: #8881; --mark: #0f766e }
@media (prefers-color-scheme: dark) { :root { --quiet: #9ca3af; --mark: #5eead4 } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 56rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 3rem } h3 { margin: 2.2rem 0 .3rem }
h3 b { color: var(--mark); display: inline-block; min-width: 3.6rem }
p, td { color: inherit } .quiet, th { color: var(--quiet); font-weight: normal }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0;
         border-bottom: 1px solid var(--line) }
code, pre { font: 14px/1.5 ui-monospace, monospace } td:first-child { white-space: nowrap }
pre { background: var(--tint); padding: .8rem 1rem; overflow-x: auto; border-radius: 6px }
summary { cursor: pointer; color: var(--quiet); margin: .3rem 0 } a { color: var(--mark) }
"""


def page(schema: Mapping[str, Any], base: str) -> HTMLResponse:
    """The page of an OpenAPI document; examples call ``base``."""
    info = schema["info"]
    parts = [f"<h1>{escape(info['title'])} <span class=quiet>{escape(info['version'])}</span></h1>"]
    parts += [f"<p>{_prose(line)}</p>" for line in info["description"].strip().split("\n\n")]
    parts.append('<p class=quiet>For programs: <a href="/openapi.json">/openapi.json</a></p>')
    for tag in schema["tags"]:
        parts.append(f"<h2>{escape(tag['name'].capitalize())}</h2>")
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation.get("tags", ()):
                    parts += _operation(schema, path, method, operation, base)
    body = "\n".join(parts)
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
        f'<meta name=viewport content="width=device-width"><style>{STYLE}</style>{body}</html>',
        headers=HEADERS,
    )


def _operation(
    schema: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], base: str
) -> Iterator[str]:
    yield f"<h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>"
    yield f"<p>{_prose(operation.get('description') or operation.get('summary', ''))}</p>"
    parameters = [
        (f"{each['name']}", f"{each['in']}, {_type(schema, each['schema'])}", each)
        for each in operation.get("parameters", ())
    ]
    if parameters:
        yield _table(
            "parameter",
            [(name, kind, each.get("description", "")) for name, kind, each in parameters],
        )
    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if media:
        yield _table("field of the body", _fields(schema, media["schema"]))
        for example in media.get("examples", {}).values():
            text = json.dumps(example["value"], ensure_ascii=False)
            call = f"curl -s {base}{path} -d '{text}'"
            yield f"<details><summary>{escape(example['summary'])}</summary>"
            yield f"<pre>{escape(call)}</pre></details>"
    elif method == "get" and "{" not in path:
        yield f"<pre>curl -s {escape(base + path)}</pre>"
    for status, answer in operation["responses"].items():
        reference = answer.get("content", {}).get("application/json", {}).get("schema")
        if status in ("200", "202") and reference:
            yield f"<details><summary>Answer {status}</summary>"
            yield _table("field", _fields(schema, reference)) + "</details>"
            break
    refusals = [
        (status, "", answer["description"])
        for status, answer in operation["responses"].items()
        if status.startswith(("4", "5"))
    ]
    if refusals:
        yield f"<details><summary>Refusals</summary>{_table('status', refusals)}</details>"


def _fields(schema: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, type and description of an object's fields; of its nested objects one level below."""
    found = []
    for name, field in _resolved(schema, given).get("properties", {}).items():
        found.append((name, _type(schema, field), field.get("description", "")))
        inner = _object_in(schema, field)
        for below, part in inner.get("properties", {}).items():
            label = f"{name}.{below}"
            found.append((label, _type(schema, part), part.get("description", "")))
    return found


def _object_in(schema: Mapping[str, Any], field: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a field holds, if it holds one, a list of them, or one or null."""
    for each in (field, field.get("items", {}), *field.get("anyOf", ())):
        if "$ref" in each:
            return _resolved(schema, each)
    return {}


def _resolved(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in given:
        return given
    found: Any = schema
    for part in given["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def _type(schema: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return "object"
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        kinds = dict.fromkeys(_type(schema, each) for each in field["anyOf"])
        return " or ".join(kinds)
    kind = str(field.get("type", "any"))
    return f"list of {_type(schema, field['items'])}" if kind == "array" else kind


def _table(head: str, rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code><td class=quiet>{escape(kind)}<td>{_prose(words)}"
        for name, kind, words in rows
    )
    return f"<table><tr><th>{escape(head)}<th><th>{cells}</table>"


def _prose(text: str) -> str:
    """Escaped, with `code` marked."""
    parts = escape(re.sub(r"^\*", "•", text, flags=re.MULTILINE)).split("`")
    marked = "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
    return marked.replace("\n•", "<br>•")
