"""Certificates of a test: an authority of its own and what it signs, made by `openssl` in a directory of its own."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Leaf(NamedTuple):
    """A key, its certificate, and both in one file, as Kafka likes to read them."""

    key_file: Path
    cert_file: Path
    both_file: Path


class Certificates:
    """An authority. What it signs is valid for `127.0.0.1` and `localhost`, or for one other host."""

    def __init__(self, directory: Path, authority: str = "Keel test authority") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.ca_file = directory / "ca.pem"
        self._ca_key = directory / "ca.key"
        if not self.ca_file.exists():
            request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={authority}"]
            self._openssl(*request, "-keyout", self._ca_key, "-out", self.ca_file)

    def leaf(self, name: str, host: str | None = None) -> Leaf:
        """The certificate of a name, `CN=name`; the same one when asked again."""
        leaf = Leaf(*(self._directory / f"{name}.{kind}" for kind in ("key", "pem", "both")))
        if leaf.both_file.exists():
            return leaf
        request, extension = self._directory / f"{name}.csr", self._directory / f"{name}.ext"
        extension.write_text(f"subjectAltName={f'DNS:{host}' if host else 'IP:127.0.0.1,DNS:localhost'}\n")
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", leaf.key_file, "-out", request
        )
        signer = ["-CA", self.ca_file, "-CAkey", self._ca_key, "-CAcreateserial", "-extfile", extension]
        self._openssl("x509", "-req", "-in", request, "-days", "2", *signer, "-out", leaf.cert_file)
        leaf.key_file.chmod(0o600)
        leaf.both_file.write_text(leaf.key_file.read_text() + leaf.cert_file.read_text())
        leaf.both_file.chmod(0o600)
        return leaf

    @staticmethod
    def _openssl(*words: str | Path) -> None:
        subprocess.run(["openssl", *words], capture_output=True, timeout=60, check=True)
