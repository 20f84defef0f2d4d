"""The bill of materials says what is in the files, and nothing the schema does not know."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
import sbom
import tools
from console import CIError
from dist_set import DistSet
from release_files import EPOCH, LOCAL_WHEELS, METADATA, make_release, make_sdist, make_wheel

needs_tools = pytest.mark.skipif(
    tools.look_for("check-jsonschema") is None or importlib.util.find_spec("cyclonedx") is None,
    reason="check-jsonschema and cyclonedx-python-lib are not installed here; nox -s release_check has them",
)


def test_build_sbom_names_the_release_and_its_files(tmp_path: Path) -> None:
    """The root is the framework; below it is every file with its hash, and natives with theirs."""
    release = make_release(tmp_path)
    root = sbom.build_sbom(DistSet(release))["metadata"]["component"]
    assert (root["purl"], root["licenses"]) == ("pkg:pypi/hawkapi@0.3.0", [{"expression": "MIT"}])
    hashes = {file["name"]: file["hashes"][0]["content"] for file in root["components"]}
    assert hashes == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in release.iterdir()}
    natives = {file["name"]: file.get("components", []) for file in root["components"]}
    (library,) = natives[LOCAL_WHEELS[0]]
    content = b"\x7fELF" + LOCAL_WHEELS[0].encode()
    assert library["name"] == "hawkapi__mypyc.so"
    assert library["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]
    assert natives[LOCAL_WHEELS[1]] == natives[LOCAL_WHEELS[2]] == []


def test_build_sbom_lists_extras_as_optional_and_the_runtime_as_required(tmp_path: Path) -> None:
    """A project is one component, with every requirement that names it; only mypyc's runtime is inside."""
    document = sbom.build_sbom(DistSet(make_release(tmp_path)))
    assert [(part["name"], part["scope"], part.get("version")) for part in document["components"]] == [
        ("granian", "optional", None),
        ("msgspec", "optional", None),
        ("mypy", "required", "2.4.1"),
    ]
    assert [line["value"] for line in document["components"][0]["properties"]] == [
        'granian>=2.7; extra == "standard"',
        'granian<=2.7.9,>=2.7; python_version < "3.14" and extra == "free-threaded"',
    ]
    assert document["dependencies"][0] == {
        "ref": "pkg:pypi/hawkapi@0.3.0",
        "dependsOn": ["pkg:pypi/granian", "pkg:pypi/msgspec", "pkg:pypi/mypy@2.4.1"],
    }


MANIFEST = {
    "name": "@page/viewer",
    "version": "1.2.3",
    "license": "MIT",
    "integrity": "sha512-" + base64.b64encode(bytes(64)).decode(),
    "files": [{"name": "page.viewer.js", "path": "dist/viewer.js", "compressed_sha256": "0" * 64}],
}


def test_build_sbom_lists_the_assets_of_the_documentation_pages(tmp_path: Path) -> None:
    """A package from npm is a component with its version, its licence and the files that are taken from it."""
    make_sdist(tmp_path)
    manifest = json.dumps({"packages": [MANIFEST]}).encode()
    make_wheel(tmp_path, LOCAL_WHEELS[2], files={"hawkapi/_html_pages/files/manifest.json": manifest})
    document = sbom.build_sbom(DistSet(tmp_path))
    assert document["components"][-1] == {
        "type": "library",
        "bom-ref": "pkg:npm/%40page/viewer@1.2.3",
        "name": "@page/viewer",
        "version": "1.2.3",
        "scope": "required",
        "description": "assets of the documentation pages; the hash is that of the archive on the npm registry",
        "hashes": [{"alg": "SHA-512", "content": "00" * 64}],
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": "pkg:npm/%40page/viewer@1.2.3",
        "components": [
            {
                "type": "file",
                "bom-ref": "pkg:npm/%40page/viewer@1.2.3#dist/viewer.js",
                "name": "hawkapi/_html_pages/files/page.viewer.js.gz",
                "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
            }
        ],
    }
    assert document["dependencies"][-1] == {"ref": "pkg:npm/%40page/viewer@1.2.3"}


def test_build_sbom_shows_a_required_dependency(tmp_path: Path) -> None:
    """A requirement outside an extra would be visible as such."""
    make_sdist(tmp_path)
    make_wheel(tmp_path, LOCAL_WHEELS[2], metadata=f"{METADATA}Requires-Dist: Typing_Extensions>=4\n")
    document = sbom.build_sbom(DistSet(tmp_path))
    assert ("typing-extensions", "required") in [(part["name"], part["scope"]) for part in document["components"]]


def test_build_sbom_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    """Neither the clock nor chance gets in: the time is the archive's, the serial number comes from the hashes."""
    first, second = (sbom.build_sbom(DistSet(make_release(tmp_path / name))) for name in ("a", "b"))
    assert first == second
    assert first["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    assert EPOCH == 1_700_000_000


def test_build_sbom_serial_number_changes_with_a_file(tmp_path: Path) -> None:
    """Two releases never share a serial number."""
    before = sbom.build_sbom(DistSet(make_release(tmp_path)))["serialNumber"]
    make_wheel(tmp_path, LOCAL_WHEELS[2], metadata=f"{METADATA}Keywords: other\n")
    assert sbom.build_sbom(DistSet(tmp_path))["serialNumber"] != before


def test_build_sbom_without_wheels_says_what_to_do(tmp_path: Path) -> None:
    """A directory with nothing to describe is a failure with the remedy."""
    make_sdist(tmp_path)
    with pytest.raises(CIError, match="run: nox -s wheels"):
        sbom.build_sbom(DistSet(tmp_path))


@needs_tools
def test_check_schema_accepts_what_is_written(tmp_path: Path) -> None:
    """The document is valid CycloneDX 1.6, checked without the network."""
    release = make_release(tmp_path / "dist")
    manifest = json.dumps({"packages": [MANIFEST]}).encode()
    for name in LOCAL_WHEELS:
        make_wheel(release, name, files={"hawkapi/_html_pages/files/manifest.json": manifest})
    sbom.write_sbom(release, tmp_path / "out" / "sbom.json")
    found = sbom.check_schema(tmp_path / "out" / "sbom.json")
    assert found == "CycloneDX 1.6, 2 optional and 2 required components"


@needs_tools
def test_check_schema_refuses_a_broken_document(tmp_path: Path) -> None:
    """A member the schema does not know is named."""
    document = sbom.build_sbom(DistSet(make_release(tmp_path / "dist")))
    document["metadata"]["component"]["licence"] = "MIT"
    (tmp_path / "sbom.json").write_text(json.dumps(document))
    with pytest.raises(CIError, match="licence"):
        sbom.check_schema(tmp_path / "sbom.json")
