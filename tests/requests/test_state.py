"""`State`: any name, kept in one dict."""

from __future__ import annotations

import copy
import pickle

import pytest

from hawkapi.requests import State
from hawkapi.requests.state import values_of


@pytest.mark.parametrize("name", ["x", "_x", "_values", "__values", "values", "get", "keys"])
def test_attributes_of_any_name(name: str) -> None:
    """Every name can be set, read and deleted; then it is an attribute that does not exist."""
    state = State()
    assert name not in state
    setattr(state, name, 1)
    assert name in state
    assert getattr(state, name) == state[name] == 1
    delattr(state, name)
    with pytest.raises(AttributeError, match=f"^State has no attribute '{name}'$"):
        getattr(state, name)
    with pytest.raises(AttributeError, match=f"^State has no attribute '{name}'$"):
        delattr(state, name)
    assert getattr(state, name, "default") == "default"


def test_items() -> None:
    """Names can be used as keys as well."""
    state = State({"a": 1})
    state["b"] = 2
    assert (list(state), len(state), state.b) == (["a", "b"], 2, 2)
    del state["a"]
    with pytest.raises(KeyError):
        state["a"]


def test_values_are_shared() -> None:
    """The dict is used, not copied."""
    values = {"a": 1}
    state = State(values)
    state.b = 2
    assert values == {"a": 1, "b": 2}
    assert values_of(state) is values
    assert State(values).b == 2


def test_repr_and_truth() -> None:
    """An empty state is still one."""
    assert repr(State({"a": 1})) == "State({'a': 1})"
    assert State()


def test_copies() -> None:
    """A copy goes its own way."""
    state = State({"a": 1})
    for other in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):  # noqa: S301 - our own
        other.b = 2
        assert (other.a, list(state)) == (1, ["a"])
