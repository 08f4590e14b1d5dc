"""Forms with files: the one sort of body here that is not JSON."""

from __future__ import annotations

import re
from email.message import Message
from email.parser import HeaderParser

import msgspec

from headrace.core.errors import Malformed

_BOUNDARY = re.compile(rb"\A(?:\r\n)?(--[0-9a-zA-Z'()+_,./:=? -]{0,69}[0-9a-zA-Z'()+_,./:=?-])[ \t]*\r\n")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a form holds; of a name that is there twice the last.

    Attributes:
        fields: texts by name.
        files: contents by name.
    """

    fields: dict[str, str]
    files: dict[str, bytes]


def read_form(body: bytes) -> Form:
    """A body of multipart/form-data (RFC 7578).

    Raises:
        Malformed: it is none.
    """
    # Quirk(humanloop): the Python client names no boundary in its header, so it is taken from the body (4.2).
    boundary = _BOUNDARY.match(body)
    if boundary is None:
        raise Malformed(message="The body is no form: it does not begin with a boundary.")
    parts = (b"\r\n" + body[boundary.start(1) :]).split(b"\r\n" + boundary[1])[1:]
    if not parts[-1].startswith(b"--"):
        raise Malformed(message="The form breaks off: its last boundary is missing.")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, content = _split(part)
        name = head.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise Malformed(message="A part of the form has no name.")
        if head.get_filename() is None:
            fields[name] = _text(name, content)
        else:
            files[name] = content
    return Form(fields=fields, files=files)


def _split(part: bytes) -> tuple[Message, bytes]:
    # The line of the boundary may end with blanks; then come the part's headers, an empty line, its content.
    head, blank, content = part.partition(b"\r\n\r\n")
    if not blank:
        raise Malformed(message="A part of the form has no end of its headers.")
    return HeaderParser().parsestr(head.decode("latin-1").lstrip(" \t").removeprefix("\r\n")), content


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Malformed(message=f"The field `{name[:40]}` of the form is no UTF-8.") from None
