"""Sources of packages, apt-get with a state of its own, and unpacked trees."""

from __future__ import annotations

from pathlib import Path

import pytest
from apt import (
    Apt,
    Source,
    configured,
    for_source_code,
    library_directories,
    of_release,
    parse_deb822,
    parse_list,
    relink,
)
from console import CIError
from fake_machine import FakeMachine
from machine import Distribution

MIRROR = "http://mirror.test/debian"
BOOKWORM = Distribution(("debian",), frozenset({"bookworm"}))
KEY = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----"


def source(
    *suites: str, types: tuple[str, ...] = ("deb",), components: tuple[str, ...] = ("main",), **options: str
) -> Source:
    """Describe a source on the mirror; `Signed_By` stands for `Signed-By`."""
    fields = tuple((name.replace("_", "-"), value) for name, value in options.items())
    return Source(types, (MIRROR,), suites, components, fields)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(f"deb {MIRROR} bookworm main", [source("bookworm")], id="plain"),
        pytest.param(
            f"deb-src\t{MIRROR}  bookworm main contrib # why",
            [source("bookworm", types=("deb-src",), components=("main", "contrib"))],
            id="source-tabs-comment",
        ),
        pytest.param(
            f"deb [ arch=amd64,arm64 signed-by=/k.gpg ] {MIRROR} bookworm main",
            [source("bookworm", Architectures="amd64 arm64", Signed_By="/k.gpg")],
            id="options",
        ),
        pytest.param(
            f"deb [trusted=yes arch+=i386 lang-=de] {MIRROR} bookworm main",
            [source("bookworm", Trusted="yes", Architectures_Add="i386", Languages_Remove="de")],
            id="operators",
        ),
        pytest.param(f"deb {MIRROR} ./", [source("./", components=())], id="flat"),
        pytest.param(f"# deb {MIRROR} bookworm main", [], id="disabled"),
        pytest.param("deb cdrom:[Debian 12 _Bookworm_]/ bookworm main", [], id="cdrom"),
        pytest.param("", [], id="empty"),
        pytest.param("rpm http://mirror.test x y", [], id="another-type"),
        pytest.param("deb http://mirror.test", [], id="incomplete"),
    ],
)
def test_parse_list_of_lines(line: str, expected: list[Source]) -> None:
    """A line becomes one source with its options under their deb822 names, or nothing."""
    assert parse_list(line) == expected


BASIC = f"Types: deb\nURIs: {MIRROR}\nSuites: bookworm\nComponents: main\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BASIC, [source("bookworm")], id="plain"),
        pytest.param(f"\n\n{BASIC}\n \n{BASIC}", [source("bookworm")] * 2, id="two-stanzas"),
        pytest.param(
            f"# all\nTypes: deb deb-src\nURIs: {MIRROR}\n# two\nSuites: bookworm\n  bookworm-updates\nComponents: main",
            [source("bookworm", "bookworm-updates", types=("deb", "deb-src"))],
            id="lists-over-lines-and-comments",
        ),
        pytest.param(
            f"{BASIC}signed-by: /k.gpg\n", [source("bookworm", Signed_By="/k.gpg")], id="field-names-ignore-case"
        ),
        pytest.param(f"{BASIC}Signed-By:{KEY}\n", [source("bookworm", Signed_By=KEY)], id="key-in-line"),
        pytest.param(f"{BASIC}Trusted: yes\n", [source("bookworm", Trusted="yes")], id="trusted"),
        pytest.param(f"{BASIC}Enabled: no\n\n{BASIC}Enabled: yes\n", [source("bookworm")], id="disabled-stanza"),
        pytest.param("# nothing\n", [], id="only-comments"),
    ],
)
def test_parse_deb822_of_stanzas(text: str, expected: list[Source]) -> None:
    """A stanza becomes one source, with its further fields as they are; a disabled one becomes nothing."""
    assert parse_deb822(text) == expected


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(source("bookworm", "bookworm-updates", Signed_By="/k.gpg", Trusted="yes"), id="options"),
        pytest.param(source("bookworm", Signed_By=KEY), id="key-in-line"),
        pytest.param(source("./", components=()), id="flat"),
    ],
)
def test_stanza_round_trip(entry: Source) -> None:
    """What is written for apt means the same as what was read."""
    assert parse_deb822(entry.to_stanza()) == [entry]


def test_configured_reads_both_formats(tmp_path: Path) -> None:
    """The main file and both kinds of parts count; files apt itself ignores do not."""
    fake = FakeMachine(tmp_path)
    fake.write("etc/apt/sources.list", f"deb {MIRROR} one main\n")
    fake.write("etc/apt/sources.list.d/b.list", f"deb {MIRROR} two main\n")
    fake.write("etc/apt/sources.list.d/a.sources", BASIC)
    fake.write("etc/apt/sources.list.d/a.sources.disabled", BASIC)
    assert [entry.suites for entry in configured(fake.machine)] == [("one",), ("bookworm",), ("two",)]


def test_configured_without_apt(tmp_path: Path) -> None:
    """A machine without apt's directory has no sources."""
    assert configured(FakeMachine(tmp_path).machine) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(
            source("bookworm", "bookworm-updates"), ("bookworm", "bookworm-updates"), id="release-and-updates"
        ),
        pytest.param(source("bookworm-security"), ("bookworm-security",), id="security"),
        pytest.param(source("bookworm/updates"), ("bookworm/updates",), id="old-security"),
        pytest.param(source("stable"), ("stable",), id="floating-name"),
        pytest.param(source("trixie", "bookworm"), ("bookworm",), id="another-release"),
        pytest.param(source("nodistro"), None, id="somebody-elses"),
        pytest.param(source("bookworm", components=("stable",)), None, id="somebody-elses-component"),
        pytest.param(source("bookworm", types=("deb-src",)), None, id="source-packages-only"),
    ],
)
def test_of_release_selection(entry: Source, expected: tuple[str, ...] | None) -> None:
    """Binary packages come from the installed release's suites only."""
    assert [chosen.suites for chosen in of_release([entry], BOOKWORM)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(source("bookworm", "bookworm-updates", Signed_By="/k.gpg"), True, id="mirror"),
        pytest.param(source("stable", Signed_By="/k.gpg"), True, id="floating-name"),
        pytest.param(source("bookworm-security", Signed_By="/k.gpg"), False, id="security-mirror"),
        pytest.param(source("nodistro", Signed_By="/k.gpg"), False, id="somebody-elses"),
    ],
)
def test_for_source_code_exchanges_the_suite(entry: Source, expected: bool) -> None:
    """The distribution's own mirror is kept with its key, once, and asked for sources of the other suite."""
    wanted = [source("trixie", types=("deb-src",), Signed_By="/k.gpg")] if expected else []
    assert for_source_code([entry, entry], BOOKWORM, ["trixie"]) == wanted


def open_apt(fake: FakeMachine) -> Apt:
    """Open apt on the fake machine's own release."""
    return Apt.on(fake.machine, "binary", of_release(configured(fake.machine), fake.machine.distribution))


def test_apt_keeps_its_state_in_the_cache(tmp_path: Path) -> None:
    """Configuration, lists and caches are below hawkapi's cache, and the machine's files stay as they were."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    before = {path: path.read_bytes() for path in (tmp_path / "root").rglob("*") if path.is_file()}
    apt = open_apt(fake)
    settings = (apt.state / "apt.conf").read_text()
    assert apt.state == fake.machine.cache / "apt/binary"
    assert settings.count(f'"{apt.state}/') == 3
    assert parse_deb822((apt.state / "sources.list.d/hawkapi.sources").read_text()) == parse_deb822(
        (tmp_path / "root/etc/apt/sources.list.d/debian.sources").read_text()
    )
    assert {path: path.read_bytes() for path in (tmp_path / "root").rglob("*") if path.is_file()} == before


def test_apt_downloads_what_is_lacking_except_the_c_library(tmp_path: Path) -> None:
    """The plan's packages come in their exact versions, those asked for in any case, the C library never."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    apt = open_apt(fake)
    assert apt.lacking(["libone-dev"]) == ["libone-dev", "libone1=1.1"]
    assert [path.name for path in apt.download(["libone-dev", "libone1=1.1"], tmp_path / "debs")] == [
        "libone-dev.deb",
        "libone1.deb",
    ]


def test_apt_without_answer(tmp_path: Path) -> None:
    """When no source answers, the error holds what apt said."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    (tmp_path / "home/apt-fails").write_text("")
    with pytest.raises(CIError, match=r"no package source answered(.|\n)*E: no route to the mirror"):
        open_apt(fake)


def test_apt_with_one_source_failing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failing source is reported and tolerated as long as another one answers."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    fake.program("apt-get", ': > "$(dirname "$2")/lists/mirror_Packages"; echo "E: one of two failed"; exit 100')
    open_apt(fake)
    assert "E: one of two failed" in capsys.readouterr().err


def test_apt_without_apt_get(tmp_path: Path) -> None:
    """Systems of another kind are told so."""
    with pytest.raises(CIError, match="has no apt-get"):
        Apt.on(FakeMachine(tmp_path).machine, "binary", [source("bookworm")])


def test_apt_without_sources(tmp_path: Path) -> None:
    """A machine with no source for its release is told where one belongs."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    with pytest.raises(CIError, match="etc/apt names no source"):
        Apt.on(fake.machine, "binary", [])


@pytest.mark.parametrize(
    ("link", "target", "expected"),
    [
        pytest.param("usr/lib/libz.so", "/lib/libz.so.1", "../../lib/libz.so.1", id="absolute-in-tree"),
        pytest.param("lib/libz.so", "libz.so.1", "libz.so.1", id="relative-in-tree"),
        pytest.param("usr/lib/liby.so", "liby.so.1", "{system}/usr/lib/liby.so.1", id="relative-on-machine"),
        pytest.param("usr/lib/liby.so", "/usr/lib/liby.so.1", "{system}/usr/lib/liby.so.1", id="absolute-on-machine"),
        pytest.param("usr/lib/libx.so", "libx.so.1", "libx.so.1", id="nowhere"),
        pytest.param("usr/lib/libz.so", "../../../../lib/libz.so.1", "../../lib/libz.so.1", id="above-the-root"),
    ],
)
def test_relink_of_a_link(tmp_path: Path, link: str, target: str, expected: str) -> None:
    """A link leads to its target in the tree if that has it, else to the machine's, else where it did."""
    tree, system = tmp_path / "tree", tmp_path / "system"
    for file in (tree / "lib/libz.so.1", system / "usr/lib/liby.so.1", tree / link):
        file.parent.mkdir(parents=True, exist_ok=True)
    (tree / "lib/libz.so.1").write_text("z")
    (system / "usr/lib/liby.so.1").write_text("y")
    (tree / link).symlink_to(target)
    relink(tree, system)
    assert str((tree / link).readlink()) == expected.format(system=system)


def test_library_directories_of_a_tree(tmp_path: Path) -> None:
    """The directories for this kind of machine come first, and absent ones are left out."""
    for name in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/python3"):
        (tmp_path / name).mkdir(parents=True)
    names = [str(path.relative_to(tmp_path)) for path in library_directories(tmp_path)]
    assert names == ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib"]
