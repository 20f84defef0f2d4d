"""The distribution's packages, fetched without installing anything or touching the machine's apt files.

`configured` reads where this machine takes its packages from. `Apt` runs apt-get with sources derived from those and
with all of apt's state in a directory of ours, so it needs no rights; the mirror, its keys, proxies and credentials
remain the machine's. `unpack` turns packages into a tree that can be compiled against or run from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from console import CIError, run, say
from machine import Distribution, Machine

FLOATING_SUITES: Final = frozenset({"stable", "oldstable", "testing", "unstable", "sid", "devel"})
"""Names under which a mirror also offers a release."""

C_LIBRARY: Final = frozenset({"libc6", "libc6-dev", "libc-bin", "libc-dev-bin", "linux-libc-dev"})
"""Packages never unpacked: the C library has to be the one that belongs to the machine's own program loader."""

_ONE_LINE: Final = re.compile(r"(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)")
_OPTION: Final = re.compile(r"([^\s=+-][^\s=]*?)([+-]?)=(\S+)")
_OPTION_FIELDS: Final = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
_OPTION_SUFFIXES: Final = {"": "", "+": "-Add", "-": "-Remove"}
_TO_INSTALL: Final = re.compile(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ", re.MULTILINE)
_FALSE: Final = frozenset({"no", "false", "without", "off", "disable", "0"})


@dataclass(frozen=True)
class Source:
    """One entry of apt's source configuration; both file formats become this."""

    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    """Every other field as deb822 writes it, such as `("Signed-By", "/path")`; a key in line keeps its line breaks."""

    def to_stanza(self) -> str:
        """Write the entry in deb822 form, the only one that can hold a key in line."""
        own = (("Types", self.types), ("URIs", self.uris), ("Suites", self.suites), ("Components", self.components))
        lines = [f"{name}: {' '.join(values)}" for name, values in own if values]
        return "\n".join([*lines, *(f"{name}: {value}" for name, value in self.options)]) + "\n"


def parse_list(text: str) -> list[Source]:
    """Read the one-line format of `sources.list`; media that would have to be inserted are left out."""
    sources = []
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match and not match[3].startswith("cdrom:"):
            options = tuple(_option_field(*option) for option in _OPTION.findall(match[2] or ""))
            sources.append(Source((match[1],), (match[3],), (match[4],), tuple(match[5].split()), options))
    return sources


def _option_field(name: str, operator: str, value: str) -> tuple[str, str]:
    """Translate an option: `arch+=a,b` becomes `Architectures-Add: a b` (field names ignore case)."""
    return _OPTION_FIELDS.get(name, name.title()) + _OPTION_SUFFIXES[operator], value.replace(",", " ")


def parse_deb822(text: str) -> list[Source]:
    """Read the stanzas of a `.sources` file; disabled ones are left out."""
    sources = []
    for fields in _stanzas(text):
        if fields.pop("enabled", "yes").strip().lower() not in _FALSE:
            types, uris, suites, components = (
                tuple(fields.pop(name, "").split()) for name in ("types", "uris", "suites", "components")
            )
            sources.append(Source(types, uris, suites, components, tuple((k.title(), v) for k, v in fields.items())))
    return sources


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif line[0] in " \t" and fields:
            fields[name] += f"\n{line}"
        elif line[0] != "#":
            label, _, value = line.partition(":")
            name = label.strip().lower()
            fields[name] = value.strip()


def configured(machine: Machine) -> list[Source]:
    """Read every source this machine's apt is configured with."""
    directory = machine.root / "etc/apt"
    sources: list[Source] = []
    for path in [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]:
        parse = {".list": parse_list, ".sources": parse_deb822}.get(path.suffix)
        if parse and path.is_file():
            sources += parse(path.read_text())
    return sources


def of_release(sources: Iterable[Source], distribution: Distribution) -> list[Source]:
    """Select what offers binary packages of the installed release, with its updates and security fixes."""
    chosen = []
    for source in sources:
        suites = tuple(suite for suite in source.suites if _release(suite) in distribution.codenames | FLOATING_SUITES)
        if suites and "deb" in source.types and "main" in source.components:
            chosen.append(replace(source, types=("deb",), suites=suites))
    return list(dict.fromkeys(chosen))


def for_source_code(sources: Iterable[Source], distribution: Distribution, suites: Sequence[str]) -> list[Source]:
    """Derive where source packages of other releases are: the same mirrors and keys with the suite exchanged.

    A mirror is taken for the distribution's when it offers the installed release itself, not only its updates. One that
    is somebody else's and does not know the new suite costs a failed look-up and nothing more.
    """
    known = distribution.codenames | FLOATING_SUITES
    mirrors = (source for source in sources if known.intersection(source.suites) and "main" in source.components)
    return list(dict.fromkeys(replace(source, types=("deb-src",), suites=tuple(suites)) for source in mirrors))


def _release(suite: str) -> str:
    """Name the release a suite belongs to: `bookworm` for `bookworm-security` and for `bookworm/updates`."""
    return re.split("[-/]", suite, maxsplit=1)[0]


@dataclass(frozen=True)
class Apt:
    """Apt-get on a few sources with its lists, cache and configuration in `state`; one process at a time."""

    machine: Machine
    state: Path

    @classmethod
    def on(cls, machine: Machine, name: str, sources: Sequence[Source]) -> Apt:
        """Configure apt-get for these sources and fetch their package lists.

        Raises:
            CIError: there is no apt-get, there are no sources, or not one of them answers.
        """
        if machine.which("apt-get") is None or machine.which("dpkg-deb") is None:
            raise CIError("this system has no apt-get, so there are no distribution packages to fetch")
        if not sources:
            raise CIError(
                f"{machine.root / 'etc/apt'} names no source that has this release's packages; add its mirror"
            )
        apt = cls(machine, machine.cache / "apt" / name)
        apt._configure(sources)
        apt._update()
        return apt

    def _configure(self, sources: Sequence[Source]) -> None:
        for directory in ("sources.list.d", "lists/partial", "cache/archives/partial"):
            (self.state / directory).mkdir(parents=True, exist_ok=True)
        stanzas = "\n".join(source.to_stanza() for source in sources)
        (self.state / "sources.list.d/hawkapi.sources").write_text(stanzas)
        (self.state / "apt.conf").write_text(self._settings())

    def _settings(self) -> str:
        """Apt's own settings, read after the machine's (`-c`), so that they win.

        The machine's hooks for updates are cleared: images for containers ship one that empties the machine's own
        package cache. As root, apt would give up its rights for downloads, and then not be able to write below a home.
        """
        return (
            "#clear APT::Update;\n"
            'Dir::Etc::SourceList "/dev/null";\n'
            f'Dir::Etc::SourceParts "{self.state / "sources.list.d"}";\n'
            f'Dir::State::Lists "{self.state / "lists"}";\n'
            f'Dir::Cache "{self.state / "cache"}";\n'
            'APT::Sandbox::User "root";\n'
            'Acquire::Languages "none";\n'
            'Acquire::Retries "2";\nAcquire::http::Timeout "20";\nAcquire::https::Timeout "20";\n'
        )

    def _update(self) -> None:
        """Fetch the lists; a source that fails is reported, and is an error only if no other one answered."""
        try:
            complaint = self._get("update")
        except CIError as exc:
            complaint = str(exc)
        bad = [line.strip() for line in complaint.splitlines() if line.strip().startswith(("E:", "W:"))]
        if not any(re.search("_(Packages|Sources)", path.name) for path in (self.state / "lists").iterdir()):
            raise CIError("no package source answered; check the network and etc/apt\n" + ("\n".join(bad) or complaint))
        if bad:
            say("   " + "\n   ".join(bad))

    def _get(self, *words: str, cwd: Path | None = None) -> str:
        command: list[str | Path] = ["apt-get", "-c", self.state / "apt.conf", *words]
        return run(command, cwd=cwd, env={**self.machine.env, "LC_ALL": "C"}).stdout

    def source(self, package: str, into: Path) -> list[Path]:
        """Download the files of a source package (apt checks their hashes against the signed lists)."""
        into.mkdir(parents=True, exist_ok=True)
        self._get("source", "--download-only", "--only-source", package, cwd=into)
        return sorted(into.iterdir())

    def lacking(self, packages: Sequence[str]) -> list[str]:
        """List, as `name=version`, what apt would install for these packages, which are listed in any case."""
        plan = self._get("-s", "install", "--no-install-recommends", *packages)
        specs = {name: name for name in packages}
        specs |= {name: f"{name}={version}" for name, version in _TO_INSTALL.findall(plan)}
        return sorted(spec for name, spec in specs.items() if name not in C_LIBRARY)

    def download(self, specs: Sequence[str], into: Path) -> list[Path]:
        """Download binary packages given as `name=version` or `name`."""
        into.mkdir(parents=True, exist_ok=True)
        self._get("download", *specs, cwd=into)
        return sorted(into.glob("*.deb"))


def unpack(packages: Iterable[Path], tree: Path, machine: Machine) -> None:
    """Unpack binary packages into one tree, running none of their scripts, and mend its symbolic links."""
    tree.mkdir(parents=True, exist_ok=True)
    for package in packages:
        run(["dpkg-deb", "-x", package, tree], env=machine.env)
    relink(tree, machine.root)


def relink(tree: Path, system: Path = Path("/")) -> None:
    """Point each symbolic link to its target in the tree, or to the machine's copy of what the tree does not hold.

    Packages expect to be unpacked at the root: their links may be absolute, or lead to a file of a package that is
    installed on the machine and so was not fetched.
    """
    for directory, folders, files in os.walk(tree):
        for link in (Path(directory, name) for name in [*folders, *files]):
            if link.is_symlink():
                _relink_one(link, tree, system)


def _relink_one(link: Path, tree: Path, system: Path) -> None:
    place = Path("/") / link.relative_to(tree).parent / link.readlink()
    target = Path(os.path.normpath(place)).relative_to("/")
    if os.path.lexists(tree / target):
        better = os.path.relpath(tree / target, link.parent)
    elif (system / target).exists():
        better = str(system / target)
    else:
        return
    if better != str(link.readlink()):
        link.unlink()
        link.symlink_to(better)


def library_directories(tree: Path) -> list[Path]:
    """List the directories of a tree in which the loader and the linker would look for libraries."""
    bases = [tree / "usr/lib", tree / "lib"]
    directories = [*(path for base in bases for path in sorted(base.glob("*-linux-*"))), *bases]
    return [path for path in directories if path.is_dir()]
