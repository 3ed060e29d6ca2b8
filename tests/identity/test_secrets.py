from __future__ import annotations

from ostiary.identity.secrets import hash_secret, hint, is_secret, new_secret


def test_a_secret_is_known_by_its_hash_only() -> None:
    secret = new_secret()
    stored = hash_secret(secret)

    assert secret not in stored
    assert is_secret(secret, [stored])
    assert not is_secret(f"{secret}x", [stored])


def test_one_of_several_secrets_suffices() -> None:
    hashes = [hash_secret("first"), hash_secret("second")]

    assert is_secret("first", hashes)
    assert is_secret("second", hashes)
    assert not is_secret("third", hashes)


def test_a_client_without_secrets_has_none() -> None:
    assert not is_secret("", [])


def test_equal_secrets_have_different_hashes() -> None:
    assert hash_secret("same") != hash_secret("same")


def test_secrets_are_long_and_never_equal() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 40


def test_the_hint_is_the_first_three_characters() -> None:
    assert hint("abcdef") == "abc"
