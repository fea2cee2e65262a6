import pytest
from hypothesis import given
from hypothesis import strategies as st

from net.guard import AddressPolicy, check_url

REFUSED = (
    "127.0.0.1 127.8.9.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.10 0.0.0.0 "
    "0.1.2.3 224.0.0.1 239.1.1.1 255.255.255.255 240.0.0.1 192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1 "
    "198.19.255.255 192.88.99.1 192.0.0.8 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 "
    "64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001::1 2001:db8::1 3fff::1 5f00::1 fc00::1 fd12:3456::1 "
    "fe80::1 fe80::1%eth0 fec0::1 ff02::1 100::1 2620:4f:8000::1 nonsense 127.1 0x7f000001 "
)
PERMITTED = "8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 198.17.0.1 2606:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 "


@pytest.mark.parametrize("address", REFUSED.split())
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert AddressPolicy().why_refused(address)


@pytest.mark.parametrize("address", PERMITTED.split())
def test_a_public_address_is_permitted(address: str) -> None:
    assert AddressPolicy().why_refused(address) is None


def test_a_named_network_is_let_through_and_nothing_beside_it() -> None:
    policy = AddressPolicy.of(["127.0.0.0/8", "fd00:1::/32"])
    assert policy.why_refused("127.0.0.1") is None
    assert policy.why_refused("::ffff:127.0.0.1") is None
    assert policy.why_refused("fd00:1::5") is None
    assert policy.why_refused("::1") is not None
    assert policy.why_refused("10.0.0.1") is not None


def test_a_network_with_host_bits_is_refused_as_a_typo() -> None:
    with pytest.raises(ValueError, match="host bits"):
        AddressPolicy.of(["10.0.0.1/8"])


@given(st.ip_addresses())
def test_an_address_that_python_calls_private_is_never_permitted(address: object) -> None:
    private = address.is_private or address.is_multicast or address.is_reserved  # type: ignore[attr-defined]
    if private and getattr(address, "ipv4_mapped", None) is None:
        assert AddressPolicy().why_refused(str(address)) is not None or str(address) in ("192.0.0.9", "192.0.0.10")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://example.org/x", "https://"),
        ("example.org/rss", "https://"),
        ("/etc/passwd", "https://"),
        ("https://user:pw@example.org/", "password"),
        ("https://@example.org/", "password"),
        ("https://example.org:6379/", "6379"),
        ("https://example.org:22/", "22"),
        ("https://example.org/a b", "space"),
        ("https://example.org/\r\nX: y", "control"),
        ("https://example.org\\@evil.example/", "backslash"),
        ("https://[fe80::1%25eth0]/", "percent"),
        ("https://[::1/", "not a URL"),
        ("https://xn--/", "not a URL"),
        ("https://xn--a\u00df/", "not a URL"),
        ("https://", "host"),
        ("https://example.org/" + "a" * 3000, "longer"),
        ("https://example.org:99999/", "99999"),
    ],
)
def test_a_url_that_should_not_be_configured_is_refused_in_words(url: str, word: str) -> None:
    assert word in (check_url(url) or "nothing wrong")


@pytest.mark.parametrize(
    "url",
    ["https://example.org/rss", "http://example.org:8080/x?y=1", "https://bücher.example/", "http://[2606:4700::1]/"],
)
def test_an_ordinary_url_is_accepted(url: str) -> None:
    assert check_url(url) is None


@given(st.text())
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_url(text)
    check_url("https://" + text)
    check_url("https://xn--" + text)
