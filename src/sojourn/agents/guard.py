"""Which addresses agents may have: an answer from the network must not lead into this machine's."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import SOCK_STREAM, gaierror
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

METADATA: Final = frozenset(
    map(
        ip_address,
        ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
)
"""Where clouds serve credentials to whoever asks from inside."""
NAT64: Final = ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """An address that must not be connected to; the message says which rule and how to allow it."""


async def system(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system resolves it."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
    except (gaierror, UnicodeError) as error:
        raise OSError(f"{host} cannot be resolved: {error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Says which addresses may be connected to, once a host's name has become addresses."""

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = system) -> None:
        """``allow_private`` lets private and loopback addresses through, and nothing else."""
        self._allow_private = allow_private
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host if all of them are allowed; raises :class:`Forbidden`.

        The caller connects to these addresses and does not resolve again: a name that changes its
        mind between check and use gains nothing.
        """
        found = await self._resolve(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for text in found:
            self.check(text, host)
        return found

    def check(self, text: str, host: str) -> None:
        """Raise :class:`Forbidden` if an address is not allowed; ``host`` is what it was called."""
        address = unwrapped(ip_address(text))
        named = host if host == text else f"{host} ({text})"
        kind = forbidden(address)
        if kind:
            raise Forbidden(f"{named} is {kind} and is never connected to")
        if not (self._allow_private or address.is_global):
            raise Forbidden(
                f"{named} is private; allow_private: true in the agent's entry allows it"
            )


def forbidden(address: Address) -> str | None:
    """Return what makes an address one that nobody may connect to, or None."""
    if address in METADATA:
        return "a metadata service"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_reserved and not address.is_loopback:
        return "a reserved address"
    return None


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def checked_url(url: str) -> str:
    """Return a URL that may be an agent's; raises :class:`Forbidden` for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden(f"{url!r:.80} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Forbidden(f"{url!r:.80} must be an http:// or https:// URL with a host")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("a URL must not hold a user name or password; use auth in the entry")
    if port == 0:
        raise Forbidden(f"{url!r:.80} has port 0")
    return url


def origin(url: str) -> tuple[str, str, int]:
    """Return a URL's scheme, host and port; two URLs of one origin are served by one server."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default
