"""One mark stands for a secret everywhere, and the engine's own is known."""

import ast

from pulumi.runtime import rpc

from parity import masked
from parity.config.secret import Secret
from parity.drift.values import shown
from parity.evaluate.resource import SecretInput
from parity.evaluate.wire import from_wire
from parity.preview.parse import plain
from support.paths import ROOT


def test_the_engine_s_mark_is_the_sdk_s():
    assert (rpc._special_sig_key, rpc._special_secret_sig) == (masked.SIGNATURE, masked.SECRET)


def test_a_secret_is_shown_the_same_wherever_it_is_shown():
    sealed = {masked.SIGNATURE: masked.SECRET, "ciphertext": "v1:canary"}
    opened = {masked.SIGNATURE: masked.SECRET, "value": "canary"}
    assert {str(Secret("canary")), str(from_wire(opened)), shown(SecretInput("canary")), plain(sealed)} == {masked.MASK}


def test_the_mark_is_written_in_one_module():
    source = ROOT / "packages" / "parity" / "src" / "parity"
    wrong = [
        f"{path.relative_to(source)}:{node.lineno}"
        for path in sorted(source.rglob("*.py"))
        if path.name != "masked.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in {masked.MASK, masked.SIGNATURE, masked.SECRET}
    ]
    assert wrong == []
