"""The texts that servers answer with, taken apart: INFO, CLIENT LIST."""

from __future__ import annotations

import re
from typing import Union

from .resp import Verbatim

Text = Union[bytes, Verbatim]


def info_fields(reply: Text) -> dict[str, str]:
    """name:value lines of INFO, section titles left out."""
    lines = _decode(reply).split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def client_lines(reply: Text) -> list[dict[str, str]]:
    """CLIENT LIST: the fields of each line."""
    return [client_fields(line.encode()) for line in _decode(reply).splitlines()]


def client_fields(reply: Text) -> dict[str, str]:
    """CLIENT INFO, or one line of CLIENT LIST."""
    return dict(re.findall(r"([\w-]+)=(\S*)", _decode(reply)))


def _decode(reply: Text) -> str:
    data = reply.data if isinstance(reply, Verbatim) else reply
    return data.decode(errors="replace")
