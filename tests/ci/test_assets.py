"""The assets of the documentation pages, fetched by an npm that is a shell script."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import assets
import pytest
from assets import NpmPackage, write_assets
from console import CIError
from fake_machine import write_script

PAGE = NpmPackage("@page/viewer", "1.2.3", "page", "MIT", ("dist/viewer.js",), ("LICENSE",))
NPM = """\
shelf={shelf}
for spec; do :; done
case "$1" in
  pack) cp "$shelf/$(echo "$4" | tr '/@' '__').tgz" "${{3#--pack-destination=}}/" ;;
  view) cat "$shelf/$(echo "$3" | tr '/@' '__').hash" ;;
esac
"""


def publish(shelf: Path, spec: str, files: dict[str, bytes]) -> str:
    """Put an archive of these files on the shelf of the fake registry, and return its hash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    stem = spec.replace("/", "_").replace("@", "_")
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(buffer.getvalue()).digest()).decode()
    (shelf / f"{stem}.tgz").write_bytes(buffer.getvalue())
    (shelf / f"{stem}.hash").write_text(f"{integrity}\n")
    return integrity


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the directory of a registry that an npm on PATH reads; it has version 1.2.3 of `@page/viewer`."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    write_script(tmp_path / "bin/npm", NPM.format(shelf=shelf))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    publish(shelf, PAGE.spec, {"dist/viewer.js": b"show('logo')", "LICENSE": b"MIT License"})
    return shelf


def test_write_assets(shelf: Path, tmp_path: Path) -> None:
    """Files are compressed, licences stay as they are, and the manifest says where each comes from."""
    target = tmp_path / "assets"
    size = write_assets(target, (PAGE,))
    assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "page.LICENSE", "page.viewer.js.gz"]
    assert size == sum(path.stat().st_size for path in target.iterdir())
    assert (target / "page.LICENSE").read_bytes() == b"MIT License"
    compressed = (target / "page.viewer.js.gz").read_bytes()
    assert gzip.decompress(compressed) == b"show('logo')"
    (entry,) = json.loads((target / "manifest.json").read_text())["packages"]
    assert entry == {
        "name": "@page/viewer",
        "version": "1.2.3",
        "license": "MIT",
        "license_files": ["page.LICENSE"],
        "integrity": (shelf / "_page_viewer_1.2.3.hash").read_text().strip(),
        "files": [
            {
                "name": "page.viewer.js",
                "path": "dist/viewer.js",
                "sha256": hashlib.sha256(b"show('logo')").hexdigest(),
                "size": 12,
                "compressed_sha256": hashlib.sha256(compressed).hexdigest(),
                "compressed_size": len(compressed),
                "sri": "sha384-" + base64.b64encode(hashlib.sha384(b"show('logo')").digest()).decode(),
                "is_changed": False,
            }
        ],
    }


def test_write_assets_again(shelf: Path, tmp_path: Path) -> None:
    """A second run gives the same bytes, and leaves nothing that does not belong there."""
    target = tmp_path / "assets"
    write_assets(target, (PAGE,))
    first = {path.name: path.read_bytes() for path in target.iterdir()}
    (target / "old.js.gz").write_bytes(b"")
    write_assets(target, (PAGE,))
    assert {path.name: path.read_bytes() for path in target.iterdir()} == first


def test_write_assets_with_a_text_replaced(shelf: Path, tmp_path: Path) -> None:
    """The file is the changed one; its hash for a CDN is that of the published one."""
    target = tmp_path / "assets"
    write_assets(target, (replace(PAGE, replaced={"logo": "word"}),))
    assert gzip.decompress((target / "page.viewer.js.gz").read_bytes()) == b"show('word')"
    (file,) = json.loads((target / "manifest.json").read_text())["packages"][0]["files"]
    assert (file["is_changed"], file["sha256"]) == (True, hashlib.sha256(b"show('word')").hexdigest())
    assert file["sri"] == "sha384-" + base64.b64encode(hashlib.sha384(b"show('logo')").digest()).decode()


def test_write_assets_with_the_licence_of_another_package(shelf: Path, tmp_path: Path) -> None:
    """A package without its licence text takes that of a sister."""
    publish(shelf, "@page/types@1.0.0", {"LICENSE": b"of the sister"})
    write_assets(tmp_path / "assets", (replace(PAGE, licenses_from="@page/types@1.0.0"),))
    assert (tmp_path / "assets/page.LICENSE").read_bytes() == b"of the sister"


@pytest.mark.parametrize(
    ("package", "message"),
    [
        pytest.param(replace(PAGE, version="9"), "exit code 1 from: npm pack", id="version-unknown"),
        pytest.param(replace(PAGE, files=("gone.js",)), "has no file gone.js; .* change PACKAGES", id="file-gone"),
        pytest.param(replace(PAGE, licenses=("COPYING",)), "has no file COPYING", id="licence-gone"),
        pytest.param(replace(PAGE, replaced={"absent": ""}), "no longer has absent", id="text-gone"),
    ],
)
def test_write_assets_that_cannot_be(shelf: Path, tmp_path: Path, package: NpmPackage, message: str) -> None:
    """The message says what is missing and where to change it; what was there stays."""
    target = tmp_path / "assets"
    write_assets(target, (PAGE,))
    before = sorted(target.iterdir())
    with pytest.raises(CIError, match=message):
        write_assets(target, (package,))
    assert sorted(target.iterdir()) == before


def test_write_assets_of_an_archive_that_is_not_announced(shelf: Path, tmp_path: Path) -> None:
    """What npm delivered has to be what the registry announces."""
    (shelf / "_page_viewer_1.2.3.hash").write_text("sha512-other")
    with pytest.raises(CIError, match="but the registry announces sha512-other"):
        write_assets(tmp_path / "assets", (PAGE,))


def test_write_assets_of_a_version_that_was_changed(shelf: Path, tmp_path: Path) -> None:
    """An archive that differs from the one of an earlier run is refused, whatever the registry announces."""
    write_assets(tmp_path / "assets", (PAGE,))
    publish(shelf, PAGE.spec, {"dist/viewer.js": b"steal()", "LICENSE": b"MIT License"})
    with pytest.raises(CIError, match="but the manifest has sha512-"):
        write_assets(tmp_path / "assets", (PAGE,))


def test_write_assets_that_are_too_large(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts everything in the directory."""
    monkeypatch.setattr(assets, "MAX_BYTES", 100)
    with pytest.raises(CIError, match="and 100 are allowed"):
        write_assets(tmp_path / "assets", (PAGE,))


def test_assets_of_the_package() -> None:
    """What is committed is what the script would write: these packages and versions, with their licences, whole."""
    entries = json.loads((assets.DIRECTORY / "manifest.json").read_text())["packages"]
    assert [f"{entry['name']}@{entry['version']}" for entry in entries] == [package.spec for package in assets.PACKAGES]
    expected = {"manifest.json"}
    for entry in entries:
        expected.update(entry["license_files"])
        for file in entry["files"]:
            expected.add(f"{file['name']}.gz")
            compressed = (assets.DIRECTORY / f"{file['name']}.gz").read_bytes()
            content = gzip.decompress(compressed)
            assert (len(compressed), len(content)) == (file["compressed_size"], file["size"])
            assert hashlib.sha256(compressed).hexdigest() == file["compressed_sha256"]
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            if not file["is_changed"]:
                assert file["sri"] == "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
    present = {path.name: path.stat().st_size for path in assets.DIRECTORY.iterdir()}
    assert set(present) == expected
    assert sum(present.values()) <= assets.MAX_BYTES
