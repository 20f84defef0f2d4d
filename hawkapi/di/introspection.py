"""What a container holds, as data and as a Mermaid graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Final

from hawkapi.di._graph import Lifecycle, Provider, View
from hawkapi.di.container import Container

__all__ = ["container_edges", "container_graph", "to_mermaid"]

SHAPES: Final = {
    Lifecycle.SINGLETON: ("([", "])"),
    Lifecycle.PER_LOOP: ("{{", "}}"),
    Lifecycle.SCOPED: ("[[", "]]"),
    Lifecycle.TRANSIENT: ("((", "))"),
}
"""What a node begins and ends with in Mermaid: stadium, hexagon, subroutine, circle."""

RESERVED: Final = frozenset(
    {"call", "class", "classDef", "click", "default", "end", "graph", "href", "style", "subgraph"}
)
"""Words that Mermaid does not take as the id of a node."""


def container_graph(container: Container) -> dict[str, dict[str, Any]]:
    """Return what is registered: by name of the type, `Name[alt]` for a named provider, its lifecycle and factory.

    Types of the same name are told apart by their module. Each value has `lifecycle`, such as `"singleton"`, `factory`,
    the factory's repr, and `name`, None for an unnamed provider.
    """
    providers = container.engine.view.providers.values()
    names = _names_of(providers)
    return {
        names[provider]: {
            "lifecycle": provider.lifecycle.value,
            "factory": repr(provider.factory),
            "name": provider.key[1],
        }
        for provider in providers
    }


def container_edges(container: Container) -> list[tuple[str, str]]:
    """Return who needs whom, by the names of `container_graph`; functions that factories depend on are passed over."""
    view = container.engine.view
    names = _names_of(view.providers.values())
    return [
        (names[provider], names[needed])
        for provider in view.providers.values()
        for needed in dict.fromkeys(_needed_by(view, provider))
    ]


def to_mermaid(container: Container) -> str:
    """Return the container as a Mermaid flowchart: a node per provider, an arrow from each to what it needs.

    A singleton is a stadium, a per_loop provider a hexagon, a scoped one a subroutine, a transient one a circle.
    """
    graph = container_graph(container)
    ids = _ids_of(graph)
    lines = ["graph TD"]
    for name, entry in graph.items():
        begin, end = SHAPES[Lifecycle(entry["lifecycle"])]
        label = f"{name} ({entry['lifecycle']})".replace("&", "&amp;").replace('"', "&quot;")
        lines.append(f'    {ids[name]}{begin}"{label}"{end}')
    lines += [f"    {ids[user]} --> {ids[needed]}" for user, needed in container_edges(container)]
    return "\n".join(lines)


def _needed_by(view: View, provider: Provider) -> Iterable[Provider]:
    """Yield the registered providers that one needs, through functions too."""
    for needed in view.needed_by(provider):
        if needed.key in view.providers:
            yield needed
        else:
            yield from _needed_by(view, needed)


def _names_of(providers: Collection[Provider]) -> dict[Provider, str]:
    """Return a name for each provider, as short as is unique."""
    candidates = [[_bracketed(text, provider) for text in _texts(provider.key[0])] for provider in providers]
    names: dict[Provider, str] = {}
    used: set[str] = set()
    counts = [Counter(level) for level in zip(*candidates, strict=True)]
    for provider, texts in zip(providers, candidates, strict=True):
        name = next((text for level, text in enumerate(texts) if counts[level][text] == 1), texts[-1])
        names[provider] = _unique(name, used)
    return names


def _texts(wanted: object) -> tuple[str, str]:
    """Return the short and the long name of a type."""
    if not isinstance(wanted, type):
        return str(wanted), str(wanted)
    return wanted.__name__, f"{wanted.__module__}.{wanted.__qualname__}"


def _bracketed(text: str, provider: Provider) -> str:
    name = provider.key[1]
    return text if name is None else f"{text}[{name}]"


def _ids_of(names: Iterable[str]) -> dict[str, str]:
    used: set[str] = set()
    return {name: _unique(_id_of(name), used, "_") for name in names}


def _id_of(name: str) -> str:
    node = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "node"
    return f"{node}_" if node.lower() in RESERVED else node


def _unique(text: str, used: set[str], separator: str = " #") -> str:
    """Return a text with a number behind it if it is used already, and remember it."""
    result, number = text, 1
    while result in used:
        number += 1
        result = f"{text}{separator}{number}"
    used.add(result)
    return result
