"""Forms and files to upload, as a browser sends them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Fields = Mapping[str, str | Sequence[str]]
    File = bytes | tuple[str, bytes] | tuple[str, bytes, str]

_BOUNDARY = "----of-meantime-testing"
_TYPE = "application/octet-stream"


def encoded(form: Fields | None, files: Mapping[str, File] | None) -> tuple[bytes, str]:
    """The body, and its content type: with files, each field is a part of its own."""
    if not files:
        from urllib.parse import urlencode  # noqa: PLC0415  # an upload does not need it

        return urlencode(list(_fields(form))).encode(), "application/x-www-form-urlencoded"
    parts = [(f'name="{_quoted(name)}"', value.encode()) for name, value in _fields(form)]
    for name, file in files.items():
        filename, content, kind = _file(name, file)
        parts.append((f'name="{_quoted(name)}"; filename="{_quoted(filename)}"\r\nContent-Type: {kind}', content))
    body = b"".join(
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (_BOUNDARY.encode(), head.encode(), content)
        for head, content in parts
    )
    return b"%b--%b--\r\n" % (body, _BOUNDARY.encode()), f"multipart/form-data; boundary={_BOUNDARY}"


def _fields(form: Fields | None) -> Iterator[tuple[str, str]]:
    for name, value in (form or {}).items():
        for each in (value,) if isinstance(value, str) else value:
            yield name, each


def _file(name: str, file: File) -> tuple[str, bytes, str]:
    """Its name, content and type."""
    if isinstance(file, bytes):
        return name, file, _TYPE
    if len(file) == 2:  # noqa: PLR2004  # a name and a content
        return (*file, _TYPE)
    return file


def _quoted(text: str) -> str:
    """https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
