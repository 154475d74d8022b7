"""Which calls of libraries are known to compute for long."""

from __future__ import annotations

import pytest

from meantime.tools.check.catalogue.computing import computes


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("PIL.Image.open().thumbnail", "working on an image"),
        ("PIL.Image.open().convert().save", "working on an image"),
        ("PIL.ImageOps.fit", "working on an image"),
        ("zlib.compress", "compressing"),
        ("zipfile.ZipFile().extractall", "compressing"),
        ("hashlib.pbkdf2_hmac", "hashing a password"),
        ("passlib.hash.bcrypt.verify", "hashing a password"),
        ("pandas.read_csv", "working on a table"),
        ("pandas.read_csv().groupby", "working on a table"),
        ("numpy.linalg.solve", "linear algebra"),
        ("pdfplumber.open", "reading a document"),
        ("cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key", "making a key"),
    ],
)
def test_computes(path, what):
    assert computes(path) == what


@pytest.mark.parametrize(
    "path",
    [
        "PIL.Image.open",
        "gzip.open",
        "hashlib.sha256",
        "pandas.DataFrame",
        "numpy.array",
        "json.loads",
        "app.zlib.compress",
    ],
)
def test_does_not_compute_for_long(path):
    assert computes(path) is None
