from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ssh_keys
from ssh_keys import certificates, signatures, trust

HEAVY = ("cryptography", "nacl", "bcrypt", "asyncio", "logging", "subprocess", "socket", "re")
README = Path(__file__).parent.parent / "README.md"


def loaded_after(code: str) -> set[str]:
    program = f"import attrs, sys; before = set(sys.modules)\n{code}\n"
    program += "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(output.stdout.decode().split())


def test_import_is_light() -> None:
    assert not loaded_after("import ssh_keys").intersection(HEAVY)


def test_key_loads_what_it_needs(ed25519: ssh_keys.PrivateKey) -> None:
    line = ed25519.public_key.to_openssh()
    loaded = loaded_after(f"import ssh_keys; ssh_keys.load_public_key({line!r})")
    assert "cryptography" in loaded
    assert not loaded.intersection({"nacl", "bcrypt"})


def test_every_file_is_on_the_map() -> None:
    assert ssh_keys.__file__ is not None
    for package in sorted(Path(ssh_keys.__file__).parent.rglob("__init__.py")):
        doc = ast.get_docstring(ast.parse(package.read_text())) or ""
        for path in package.parent.iterdir():
            is_module = path.suffix == ".py" or (path / "__init__.py").exists()
            if is_module and not path.name.startswith("_"):
                assert path.stem in doc, path


@pytest.mark.parametrize("package", [ssh_keys, certificates, signatures, trust])
def test_every_public_name_is_that_of_its_module(package: ModuleType) -> None:
    assert package.__all__
    for name in package.__all__:
        value = getattr(package, name)
        assert getattr(value, "__name__", name) in {name, "Literal", "Union"}
        assert getattr(package, name) is value


def test_hashes_of_names_load_when_a_file_has_one() -> None:
    plain = "from ssh_keys import KnownHosts as K; K.parse('web1 ssh-ed25519 AAAA').lookup('web1')"
    digest = f"{'A' * 27}="
    hashed = plain.replace("'web1 ", f"'|1|{digest}|{digest} ")

    assert "hmac" not in loaded_after(plain)
    assert "hmac" in loaded_after(hashed)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(ssh_keys, "Nothing")  # noqa: B009 (a checker refuses the plain form)


def test_examples_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = README.read_text().split("```python\n")[1:]
    assert blocks
    for block in blocks:
        exec(compile(block.split("```")[0], str(README), "exec"), {})  # noqa: S102 (our README)
