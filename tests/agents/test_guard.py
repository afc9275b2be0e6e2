from collections.abc import Sequence

import pytest

from sojourn.agents.guard import Forbidden, Guard, checked_url, origin, system

NEVER = [
    "169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "0.0.0.0", "::",
    "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "100.100.100.200", "168.63.129.16",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "fd12::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "192.0.2.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_connected_to(address: str) -> None:
    with pytest.raises(Forbidden, match="never connected to"):
        Guard(allow_private=True).check(address, "host")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_only_where_allowed(address: str) -> None:
    Guard(allow_private=True).check(address, "host")
    with pytest.raises(Forbidden, match=r"host \(.*\) is private; allow_private: true"):
        Guard().check(address, "host")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_free(address: str) -> None:
    Guard().check(address, "host")


async def test_one_forbidden_address_among_many_is_enough() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "169.254.169.254"]

    with pytest.raises(Forbidden, match=r"evil.example \(169.254.169.254\) is a metadata service"):
        await Guard(resolve=resolve).addresses("evil.example", 80)


async def test_a_host_without_addresses_cannot_be_reached() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return []

    with pytest.raises(OSError, match="has no address"):
        await Guard(resolve=resolve).addresses("nowhere.example", 80)


async def test_other_spellings_of_an_address_are_resolved_first() -> None:
    assert await system("127.1", 80) == ["127.0.0.1"]
    for host in ("127.1", "2130706433", "0x7f000001", "localhost"):
        with pytest.raises(Forbidden):
            await Guard().addresses(host, 80)


async def test_a_name_that_does_not_resolve_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError, match="cannot be resolved"):
        await system("no-such-host.invalid", 80)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://x/", "must be an http:// or https:// URL"),
        ("file:///etc/passwd", "must be an http:// or https:// URL"),
        ("http://", "must be an http:// or https:// URL"),
        ("https://ada:pw@x.example/", "must not hold a user name or password"),
        ("http://x:99999/", "is not a URL"),
        ("http://x:0/", "port 0"),
        ("http://[::1/", "is not a URL"),
        ("gopher", "must be an http:// or https:// URL"),
    ],
)
def test_urls_that_are_none_of_an_agents(url: str, message: str) -> None:
    with pytest.raises(Forbidden) as caught:
        checked_url(url)
    assert message in str(caught.value)
    assert "pw" not in str(caught.value)


def test_origins() -> None:
    assert checked_url("https://x.example/a") == "https://x.example/a"
    assert origin("https://X.example/a") == origin("https://x.example:443/b")
    assert origin("http://x.example") != origin("https://x.example")
    assert origin("http://x.example:81") != origin("http://x.example")
