from __future__ import annotations

from watcher.outage import LAST, LEAST, WINDOW_S, Network


def heard(network: Network, hosts: range, *, reached: bool, worked_before: bool = True, at_s: float = 0.0) -> Network:
    for n in hosts:
        network.heard(f"h{n}", reached=reached, worked_before=worked_before, at_s=at_s)
    return network


def test_the_network_is_down_when_most_hosts_fail_that_worked_before() -> None:
    network = heard(Network(), range(LEAST - 1), reached=False)
    assert not network.is_down(0)
    assert heard(network, range(LEAST), reached=False).is_down(0)


def test_it_is_up_again_when_hosts_answer() -> None:
    network = heard(Network(), range(LAST), reached=False)
    assert heard(network, range(2), reached=True).is_down(0)
    assert not heard(network, range(4), reached=True).is_down(0)


def test_feeds_that_are_dead_for_good_have_no_vote() -> None:
    assert not heard(Network(), range(100), reached=False, worked_before=False).is_down(0)


def test_one_host_with_many_feeds_is_one_vote() -> None:
    assert not heard(Network(), range(1), reached=False).is_down(0)
    network = Network()
    for _ in range(50):
        heard(network, range(1), reached=False)
    assert not network.is_down(0)


def test_old_votes_do_not_count() -> None:
    assert not heard(Network(), range(LAST), reached=False).is_down(WINDOW_S + 1)
