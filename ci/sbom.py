"""The bill of materials of a release: CycloneDX 1.6 as JSON, made from the files that are released.

It says what is in the files (name, licence, hashes from METADATA and RECORD), what they need (nothing; extras are
optional components) and what is compiled into them (mypyc's runtime library). Equal files give equal bytes: the serial
number is derived from the hashes and the time is the one the sdist carries.

SPEC: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import argparse
import base64
import datetime
import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import tools
from console import CIError, exit_with, run
from dist_set import DistSet
from project import PACKAGE
from sdist import SdistFile
from wheel_file import WheelFile

SCHEMA: Final = "bom-1.6.SNAPSHOT.schema.json"
ASSETS: Final = f"{PACKAGE}/_html_pages/files"
LINE_LIMIT: Final = 300
REQUIREMENT: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")

Component = dict[str, Any]


def build_sbom(dists: DistSet) -> dict[str, Any]:
    """Describe the files of a release.

    Raises:
        CIError: there is no wheel, or the sdist does not say what compiles the package.
    """
    wheels = list(dists.wheels.values())
    if not wheels:
        raise CIError(f"{dists.directory} holds no wheel to describe; run: nox -s wheels")
    distributions = [*(_wheel_component(wheel) for wheel in wheels), _file_component(dists.sdist.path)]
    needed = _requirement_components(wheels[0])
    if any(wheel.native_files for wheel in wheels):
        needed.append(_runtime_component(dists.sdist.project["tool"]["hawkapi"]["compiler"]))
    needed += _asset_components(wheels[0])
    root = _root_component(wheels[0])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(root, distributions)}",
        "version": 1,
        "metadata": {
            "timestamp": _timestamp(dists.sdist),
            "lifecycles": [{"phase": "build"}],
            "component": {**root, "components": distributions},
        },
        "components": needed,
        "dependencies": [
            {"ref": root["bom-ref"], "dependsOn": [component["bom-ref"] for component in needed]},
            *({"ref": component["bom-ref"]} for component in needed),
        ],
    }


def _root_component(wheel: WheelFile) -> Component:
    name, version = str(wheel.metadata["Name"]), str(wheel.metadata["Version"])
    return {
        "type": "framework",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "description": str(wheel.metadata["Summary"]),
        "licenses": [{"expression": str(wheel.metadata["License-Expression"])}],
        "purl": f"pkg:pypi/{name}@{version}",
    }


def _file_component(path: Path) -> Component:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"type": "file", "bom-ref": path.name, "name": path.name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _wheel_component(wheel: WheelFile) -> Component:
    component = _file_component(wheel.path)
    hashes = {row[0]: row[1] for row in wheel.record}
    natives = [
        {
            "type": "file",
            "bom-ref": f"{wheel.path.name}!/{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": _hex_digest(hashes[name])}],
        }
        for name in sorted(wheel.native_files)
    ]
    return {**component, "components": natives} if natives else component


def _hex_digest(record_hash: str) -> str:
    text = record_hash.removeprefix("sha256=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()


def _requirement_components(wheel: WheelFile) -> list[Component]:
    """One component per required project; one that only extras ask for is optional."""
    requirements: dict[str, list[str]] = {}
    for requirement in wheel.metadata.get_all("Requires-Dist", []):
        found = REQUIREMENT.match(requirement)
        if found is None:
            raise CIError(f"{wheel.path.name} requires {requirement!r}, which names no project; look at pyproject.toml")
        name = re.sub(r"[-_.]+", "-", found["name"]).lower()
        requirements.setdefault(name, []).append(requirement)
    return [_requirement_component(name, texts) for name, texts in sorted(requirements.items())]


def _requirement_component(name: str, texts: Iterable[str]) -> Component:
    lines = list(texts)
    optional = all("extra ==" in text for text in lines)
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}",
        "name": name,
        "scope": "optional" if optional else "required",
        "purl": f"pkg:pypi/{name}",
        "properties": [{"name": "python:requires-dist", "value": text} for text in lines],
    }


def _runtime_component(compiler: str) -> Component:
    name, _, version = compiler.partition("==")
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "scope": "required",
        "description": "mypyc's C runtime library, compiled into the native files of the cp312, cp313 and cp314 wheels",
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": f"pkg:pypi/{name}@{version}",
    }


def _asset_components(wheel: WheelFile) -> list[Component]:
    """One component per package that the documentation pages take files from, with those files below it."""
    manifest = wheel.contents.get(f"{ASSETS}/manifest.json")
    return [_npm_component(entry) for entry in json.loads(manifest)["packages"]] if manifest else []


def _npm_component(entry: dict[str, Any]) -> Component:
    # SPEC: the `@` of a scope is percent-encoded in a package URL (https://github.com/package-url/purl-spec).
    purl = f"pkg:npm/{entry['name'].replace('@', '%40')}@{entry['version']}"
    files = [
        {
            "type": "file",
            "bom-ref": f"{purl}#{file['path']}",
            "name": f"{ASSETS}/{file['name']}.gz",
            "hashes": [{"alg": "SHA-256", "content": file["compressed_sha256"]}],
        }
        for file in entry["files"]
    ]
    archive = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
    return {
        "type": "library",
        "bom-ref": purl,
        "name": entry["name"],
        "version": entry["version"],
        "scope": "required",
        "description": "assets of the documentation pages; the hash is that of the archive on the npm registry",
        "hashes": [{"alg": "SHA-512", "content": archive}],
        "licenses": [{"license": {"id": entry["license"]}}],
        "purl": purl,
        "components": files,
    }


def _serial(root: Component, distributions: Iterable[Component]) -> uuid.UUID:
    digests = sorted(component["hashes"][0]["content"] for component in distributions)
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([root["purl"], *digests]))


def _timestamp(sdist: SdistFile) -> str:
    return datetime.datetime.fromtimestamp(sdist.epoch, datetime.UTC).isoformat()


def check_schema(document: Path) -> str:
    """Validate a bill of materials against the CycloneDX 1.6 schema, without the network.

    Returns:
        What was found, in a few words.

    Raises:
        CIError: it is not valid, or a tool is missing.
    """
    program = tools.find("check-jsonschema")
    directory = tools.find_package("cyclonedx") / "schema" / "_res"
    # The schema refers to its neighbours by file name; without the base URI they would be looked for on the network.
    command: list[str | Path] = [
        program,
        "--base-uri",
        f"{directory.as_uri()}/",
        "--schemafile",
        directory / SCHEMA,
        document,
    ]
    try:
        run(command)
    except CIError as exc:
        lines = [line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]}…" for line in str(exc).splitlines()]
        raise CIError("\n".join(lines)) from exc
    content = json.loads(document.read_text(encoding="utf-8"))
    scopes = [component["scope"] for component in content.get("components", [])]
    return f"CycloneDX 1.6, {scopes.count('optional')} optional and {scopes.count('required')} required components"


def write_sbom(directory: Path, target: Path) -> None:
    """Write the bill of materials of the release in `directory`."""
    document = build_sbom(DistSet(directory))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Write and validate the file that the command line names."""
    parser = argparse.ArgumentParser(description="Write and validate the bill of materials of a release.")
    parser.add_argument("directory", type=Path, help="where the wheels and the sdist are")
    parser.add_argument("output", type=Path, help="the JSON file to write")
    options = parser.parse_args()
    write_sbom(options.directory, options.output)
    print(f"{options.output}: {check_schema(options.output)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))
