"""Names that are imported when they are first used."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from ssh_wire import lazy

ORIGINS = {"colorsys": "rgb_to_hls rgb_to_yiq", "xml.dom": ""}


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package whose names are lazy."""
    module = ModuleType("lazy_example", "An example.")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    get, names, public = lazy.names(module.__name__, ORIGINS)
    module.__dict__.update({"__getattr__": get, "__dir__": names, "__all__": public})
    return module


def test_module_is_imported_by_the_first_use(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    lazy.names("lazy_example", ORIGINS)
    assert "colorsys" not in sys.modules
    first = package.rgb_to_hls
    assert "colorsys" in sys.modules
    assert vars(package)["rgb_to_hls"] is first  # __getattr__ is not asked again


def test_module_itself_is_an_attribute(package: ModuleType) -> None:
    assert package.dom is sys.modules["xml.dom"]


def test_names_are_listed_with_those_of_every_module(package: ModuleType) -> None:
    assert package.__all__ == ["dom", "rgb_to_hls", "rgb_to_yiq"]
    assert {"dom", "rgb_to_hls", "__doc__", "__name__"} <= set(dir(package))


def test_unknown_name_is_an_attribute_error_that_knows_the_others(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="'lazy_example' has no attribute 'rgb'") as caught:
        package.rgb  # noqa: B018 (it is looked up)
    assert caught.value.name == "rgb"
    assert caught.value.obj is package  # Python suggests the nearest name of it


def test_reference_is_an_attribute_of_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    found = lazy.load("colorsys:rgb_to_hls")
    assert found is sys.modules["colorsys"].rgb_to_hls


def test_module_is_imported_by_the_first_use_of_an_attribute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    found = lazy.module("colorsys")
    assert "colorsys" not in sys.modules
    assert getattr(found, "rgb_to_hls") is sys.modules["colorsys"].rgb_to_hls  # noqa: B009 (types)
    monkeypatch.setattr("colorsys.rgb_to_hls", None)
    assert getattr(found, "rgb_to_hls") is None  # noqa: B009 (the same)
