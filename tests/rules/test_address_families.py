"""Which sockets the words of network rules stand for."""

from dockarmor.rules.address_families import NAMES, PROTOCOLS, TYPES, sockets


def test_every_family_and_type_is_a_socket() -> None:
    for name, number in NAMES.items():
        assert sockets(name, None) == [(number, None)]
        for type, kind in TYPES.items():
            assert sockets(name, type) == [(number, kind)]


def test_protocols_stand_for_types_of_some_families() -> None:
    for word, (families, type) in PROTOCOLS.items():
        assert sockets(None, word) == [(NAMES[family], TYPES[type]) for family in families]
        assert sockets("netlink", word) == []


def test_no_word_is_every_family_also_those_without_a_name() -> None:
    assert [family for family, _ in sockets(None, None)] == list(range(46))
