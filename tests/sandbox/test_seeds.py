from sojourn.sandbox.seeds import rng, seed, share


def test_the_same_names_always_give_the_same_number() -> None:
    assert seed("medtronic", 1) == 16586143853771014434 == seed("medtronic", "1")
    assert rng("a").random() == rng("a").random() != rng("b").random()


def test_names_do_not_run_into_each_other() -> None:
    assert seed("ab", "c") != seed("a", "bc")


def test_shares_are_spread_evenly() -> None:
    shares = [share("user", n) for n in range(1000)]
    assert 0 <= min(shares) < 0.01 < 0.99 < max(shares) < 1
    assert 0.45 < sum(shares) / 1000 < 0.55
