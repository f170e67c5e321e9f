"""Fetches documents that a carrier keeps: from its own addresses only, within bounds of time and size."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from shipping.carrier_port import CarrierUnavailable, NoDocument

LARGEST = 4_000_000
"""In bytes; a label has some tens of thousands."""
_TIMEOUT = Timeout(connect=2.0, read=6.0)
_http = PoolManager(num_pools=4, timeout=_TIMEOUT, retries=False)


def fetched(address: str, allowed: Sequence[str]) -> bytes:
    """The document at `address`, which has to begin with one of the `allowed` addresses (`https://host[:port]`).

    Raises NoDocument when it is elsewhere, is not there, or is too large: no redirect leads anywhere else either.
    Raises CarrierUnavailable when it cannot be had now.
    """
    if _origin(address) not in allowed:
        raise NoDocument(f"{_origin(address)} is not where the carrier keeps documents")
    try:
        answer = _http.request("GET", address, preload_content=False, redirect=False)
        try:
            content = answer.read(LARGEST + 1)
        finally:
            answer.release_conn()
    except HTTPError as error:
        raise CarrierUnavailable(f"document: {type(error).__name__}") from error
    if answer.status >= 500 or answer.status == 429:
        raise CarrierUnavailable(f"document: {answer.status}")
    if answer.status != 200:
        raise NoDocument(f"document: {answer.status}")
    if len(content) > LARGEST:
        raise NoDocument(f"document: more than {LARGEST} bytes")
    return content


def _origin(address: str) -> str:
    """Whom an address speaks to. A name or password in it makes it another one."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
