"""What each package says of itself on an index."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(ROOT.glob("packages/*"))


def project(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_package_has_the_licence_of_the_project(package: Path) -> None:
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_package_has_an_address_for_each_purpose(package: Path) -> None:
    urls = project(package)["urls"]

    assert list(urls) == ["Homepage", "Documentation", "Changelog", "Source", "Issues"]
    for label, path in {"Changelog": "CHANGELOG.md", "Source": ""}.items():
        assert urls[label].rstrip("/").endswith(f"packages/{package.name}/{path}".rstrip("/"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_package_with_a_driver_is_for_asyncio(package: Path) -> None:
    has_driver = (package / "src" / package.name.replace("-", "_") / "aio").is_dir()
    classifiers = project(package)["classifiers"]

    assert ("Framework :: AsyncIO" in classifiers) >= has_driver


def test_keywords_of_packages_differ() -> None:
    keywords = {package.name: tuple(project(package)["keywords"]) for package in PACKAGES}

    assert len(set(keywords.values())) == len(PACKAGES)
