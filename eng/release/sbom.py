#!/usr/bin/env python3
"""sbom.py PUBLISHED: prints what a published server is made of, as a CycloneDX 1.6 document (https://cyclonedx.org/docs/1.6/json/).

What .NET put there is told by its remoteexec.deps.json, licences by the packages themselves; what is in the console's pages by its package-lock.json.
The same folder makes the same document: it carries no time, and its serial number is made of its content.
"""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import uuid
import xml.etree.ElementTree as xml

SOURCES = pathlib.Path(__file__).resolve().parents[2]
RUNTIME_PACK = "runtimepack."


def packages_folder():
    if "NUGET_PACKAGES" in os.environ:
        return pathlib.Path(os.environ["NUGET_PACKAGES"])
    told = subprocess.run(["dotnet", "nuget", "locals", "global-packages", "--list"], check=True, capture_output=True, text=True).stdout
    return pathlib.Path(told.split(": ", 1)[1].strip())


def licences_of(nuspec):
    """The licences that a NuGet package declares."""
    for element in xml.parse(nuspec).getroot().iter():
        tag = element.tag.rsplit("}", 1)[-1]
        text = (element.text or "").strip()
        if tag == "license" and element.get("type") == "expression":
            return [{"expression": text}]
        if tag == "license":
            return [{"license": {"name": f"see {text} in the package"}}]
        if tag == "licenseUrl" and "aka.ms/deprecateLicenseUrl" not in text:
            return [{"license": {"name": "see its address", "url": text}}]
    return []


def hash_of(integrity):
    algorithm, value = integrity.split("-", 1)
    return {"alg": {"sha512": "SHA-512", "sha256": "SHA-256", "sha1": "SHA-1"}[algorithm], "content": base64.b64decode(value).hex()}


def nuget_component(name, version, library, packages):
    name = name.removeprefix(RUNTIME_PACK)
    purl = f"pkg:nuget/{name}@{version}"
    component = {"type": "framework" if library["type"] == "runtimepack" else "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if library.get("sha512"):
        component["hashes"] = [hash_of(library["sha512"])]
    licences = licences_of(packages / name.lower() / version / f"{name.lower()}.nuspec")
    if licences:
        component["licenses"] = licences
    return component


def npm_component(path, package):
    name = path.removeprefix("node_modules/")
    purl = f"pkg:npm/{urllib.parse.quote(name)}@{package['version']}"
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": package["version"], "purl": purl,
        "hashes": [hash_of(package["integrity"])],
        "licenses": [{"expression": package["license"]}],
    }


def main(published):
    graph = json.loads((published / "remoteexec.deps.json").read_text())
    target = graph["targets"][graph["runtimeTarget"]["name"]]
    libraries = graph["libraries"]
    packages = packages_folder()

    references, components = {}, []
    for key, library in libraries.items():
        name, version = key.split("/")
        if library["type"] == "project":
            # The program and the parts of it that lie beside.
            references[key] = f"pkg:generic/{name}@{version}"
            if name != "remoteexec":
                components.append({"type": "library", "bom-ref": references[key], "name": name, "version": version, "purl": references[key]})
        else:
            components.append(nuget_component(name, version, library, packages))
            references[key] = components[-1]["bom-ref"]
    console = [npm_component(path, package) for path, package in json.loads((SOURCES / "src/Console/package-lock.json").read_text())["packages"].items() if path and not package.get("dev")]
    components += console

    dependencies = []
    for key, reference in references.items():
        on = [references[f"{name}/{version}"] for name, version in target[key].get("dependencies", {}).items() if f"{name}/{version}" in references]
        if key.startswith("remoteexec/"):
            on += [component["bom-ref"] for component in console]
        dependencies.append({"ref": reference, "dependsOn": sorted(set(on))})

    program = next(key for key in libraries if key.startswith("remoteexec/"))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": references[program], "name": "remoteexec", "version": program.split("/")[1], "purl": references[program],
            # What it loads that is not here: the C library and OpenSSL, for .NET, and libzstd. The launcher has a C library of its own within.
            "properties": [{"name": "remoteexec:of-the-system", "value": library} for library in ("libc.so.6", "libssl.so.3", "libzstd.so.1")]
            + [{"name": "remoteexec:within-the-launcher", "value": "libc.a of the machine it was built on"}],
        }},
        "components": sorted(components, key=lambda component: component["bom-ref"]),
        "dependencies": sorted(dependencies, key=lambda dependency: dependency["ref"]),
    }
    content = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    json.dump(document, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
