"""Fetch what the documentation pages consist of from npm, and write it into the package.

The npm client downloads the packages, with its own configuration, and checks them; the hash of each archive is compared
with the one the registry announces, and with the one in the manifest when that has the same version. The files are
written as gzip without time and name, beside their licences and a manifest of where each comes from. Nothing of a
package is run.

Usage: `python ci/assets.py` refreshes `hawkapi/_html_pages/files/`; another version is chosen in `PACKAGES`.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from console import CIError, exit_with, run, step
from project import PACKAGE, PROJECT

DIRECTORY: Final = PROJECT / PACKAGE / "_html_pages" / "files"
MANIFEST: Final = "manifest.json"
MAX_BYTES: Final = 3 * 1024 * 1024
"""How much all files may take on disk: every wheel carries them."""
REDOCLY: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='48' height='14'%3E%3Ctext y='11' "
    "font-size='12' font-family='sans-serif' fill='%23888'%3ERedocly%3C/text%3E%3C/svg%3E"
)
"""The word in the place of a logo on another host, which nothing in ReDoc's configuration keeps it from loading."""


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry and what is taken from it."""

    name: str
    version: str
    label: str
    """What the names of its files begin with here."""
    license: str
    """An SPDX expression."""
    files: tuple[str, ...]
    licenses: tuple[str, ...]
    """Files of the package that have to go with the others."""
    licenses_from: str = ""
    """The package that has the licence files instead, as `name@version`."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Texts that are replaced in the files; each has to be there."""

    @property
    def spec(self) -> str:
        """The package as the npm client takes it."""
        return f"{self.name}@{self.version}"

    def local_name(self, path: str) -> str:
        """Return what a file of the package is called here."""
        name = path.rpartition("/")[2]
        return name if name.startswith(self.label) else f"{self.label}.{name}"


PACKAGES: Final = (
    NpmPackage(
        "swagger-ui-dist",
        "5.35.0",
        "swagger-ui",
        "Apache-2.0",
        ("swagger-ui-bundle.js", "swagger-ui.css", "oauth2-redirect.js"),
        ("LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"),
    ),
    NpmPackage(
        "redoc",
        "3.0.1",
        "redoc",
        "MIT",
        ("bundles/redoc.standalone.js",),
        ("LICENSE",),
        replaced={
            "https://cdn.redoc.ly/redoc/logo-mini-full.svg": REDOCLY,
            "https://cdn.redoc.ly/redoc/logo-mini.svg": REDOCLY,
        },
    ),
    NpmPackage(
        "@scalar/api-reference",
        "1.72.1",
        "scalar",
        "MIT",
        ("dist/browser/standalone.js",),
        ("LICENSE",),
        # Of the same repository; the package itself refers to a page on the network.
        licenses_from="@scalar/types@0.28.1",
    ),
    # The last version that is published as one script; it asks for React by its global names.
    NpmPackage("graphiql", "3.9.0", "graphiql", "MIT", ("graphiql.min.js", "graphiql.min.css"), ("LICENSE",)),
    NpmPackage("react", "18.3.1", "react", "MIT", ("umd/react.production.min.js",), ("LICENSE",)),
    NpmPackage("react-dom", "18.3.1", "react-dom", "MIT", ("umd/react-dom.production.min.js",), ("LICENSE",)),
)


def write_assets(directory: Path, packages: tuple[NpmPackage, ...] = PACKAGES) -> int:
    """Replace a directory's contents by the assets of packages.

    Returns:
        How many bytes they take.

    Raises:
        CIError: npm fails, an archive is not the announced one, a file is missing, or there is more than `MAX_BYTES`.
    """
    known = _known_hashes(directory)
    with tempfile.TemporaryDirectory(prefix="hawkapi-assets-") as scratch:
        staged = Path(scratch, "assets")
        staged.mkdir()
        entries = [_write_package(package, staged, Path(scratch), known) for package in packages]
        text = json.dumps({"packages": entries}, indent=1) + "\n"
        (staged / MANIFEST).write_text(text, encoding="utf-8")
        size = sum(path.stat().st_size for path in staged.iterdir())
        if size > MAX_BYTES:
            raise CIError(
                f"the assets take {size} bytes, and {MAX_BYTES} are allowed; choose smaller files in PACKAGES"
            )
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(staged, directory)
    return size


def _known_hashes(directory: Path) -> dict[str, str]:
    """Return the hashes of archives that an earlier run met, by package and version."""
    manifest = directory / MANIFEST
    if not manifest.is_file():
        return {}
    entries = json.loads(manifest.read_text(encoding="utf-8"))["packages"]
    return {f"{entry['name']}@{entry['version']}": entry["integrity"] for entry in entries}


def _write_package(package: NpmPackage, staged: Path, scratch: Path, known: Mapping[str, str]) -> dict[str, Any]:
    """Write the files of a package and return its entry in the manifest."""
    with step(f"fetch {package.spec}"):
        archive, integrity = _fetch(package.spec, scratch, known)
        licenses = archive if not package.licenses_from else _fetch(package.licenses_from, scratch, known)[0]
    files = [_write_file(package, path, _member(archive, path), staged) for path in package.files]
    for path in package.licenses:
        (staged / package.local_name(path)).write_bytes(_member(licenses, path))
    return {
        "name": package.name,
        "version": package.version,
        "license": package.license,
        "license_files": [package.local_name(path) for path in package.licenses],
        "integrity": integrity,
        "files": files,
    }


def _fetch(spec: str, scratch: Path, known: Mapping[str, str]) -> tuple[Path, str]:
    """Download a package; return its archive and the archive's hash in npm's form."""
    target = Path(tempfile.mkdtemp(dir=scratch))
    run(["npm", "pack", "--silent", f"--pack-destination={target}", spec], cwd=scratch)
    archive = next(target.glob("*.tgz"), None)
    if archive is None:
        raise CIError(f"npm pack {spec} succeeded but wrote no archive; look at npm's configuration")
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    announced = run(["npm", "view", "--silent", spec, "dist.integrity"], cwd=scratch).stdout.strip()
    for wanted, origin in ((announced, "the registry announces"), (known.get(spec, found), "the manifest has")):
        if found != wanted:
            raise CIError(f"the archive of {spec} has the hash {found}, but {origin} {wanted}; find out who changed it")
    return archive, found


def _member(archive: Path, path: str) -> bytes:
    with tarfile.open(archive) as members:
        try:
            stream = members.extractfile(f"package/{path}")
        except KeyError:
            stream = None
        if stream is None:
            raise CIError(f"{archive.name} has no file {path}; look at what its version has, and change PACKAGES")
        return stream.read()


def _write_file(package: NpmPackage, path: str, published: bytes, staged: Path) -> dict[str, Any]:
    """Write a file compressed and return its entry in the manifest."""
    content = _replaced(package, path, published)
    name = package.local_name(path)
    compressed = _gzip(content)
    (staged / f"{name}.gz").write_bytes(compressed)
    return {
        "name": name,
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "compressed_sha256": hashlib.sha256(compressed).hexdigest(),
        "compressed_size": len(compressed),
        # Of the file as it is published: that is what a CDN serves.
        "sri": "sha384-" + base64.b64encode(hashlib.sha384(published).digest()).decode(),
        "is_changed": content != published,
    }


def _replaced(package: NpmPackage, path: str, content: bytes) -> bytes:
    for old, new in package.replaced.items():
        if old.encode() not in content:
            raise CIError(
                f"{path} of {package.spec} no longer has {old}; look at what it does now, and change PACKAGES"
            )
        content = content.replace(old.encode(), new.encode())
    return content


def _gzip(content: bytes) -> bytes:
    """Compress; equal content gives equal bytes with one version of zlib."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=9) as stream:
        stream.write(content)
    return buffer.getvalue()


def main() -> int:
    """Refresh the assets of the package."""
    parser = argparse.ArgumentParser(description="Fetch the assets of the documentation pages from npm.")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="where to write them")
    options = parser.parse_args()
    size = write_assets(options.directory)
    names = ", ".join(package.spec for package in PACKAGES)
    print(f"{options.directory}: {names}; {size / 1024:.0f} KiB of at most {MAX_BYTES // 1024}")
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))
