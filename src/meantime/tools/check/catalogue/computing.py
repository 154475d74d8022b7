"""Which calls of libraries compute for long: what holds an event loop, and what threads do not make faster."""

from __future__ import annotations

import re
from functools import cache

IMAGE = "working on an image"
COMPRESSION = "compressing"
PASSWORD = "hashing a password"  # noqa: S105  # is none
KEY = "making a key"
TABLE = "working on a table"
ALGEBRA = "linear algebra"
DOCUMENT = "reading a document"


@cache
def computes(path: str) -> str | None:
    """What a call of this path computes at length, in words for a message; None: nothing that is known."""
    return next((what for pattern, what in _PATTERNS if pattern.fullmatch(path)), None)


_PATTERNS = tuple(
    (re.compile(pattern), what)
    for pattern, what in {
        r"PIL\.Image\.(open|new|frombytes|fromarray)\(\)(\.\w+\(\))*"
        r"\.(resize|thumbnail|save|convert|filter|rotate|transform|quantize|reduce)": IMAGE,
        r"PIL\.ImageOps\.\w+|cv2\.(resize|imread|imwrite|imdecode|imencode|cvtColor|GaussianBlur)": IMAGE,
        r"(zlib|gzip|bz2|lzma|brotli|zstandard)\.(compress|decompress)": COMPRESSION,
        r"zipfile\.ZipFile\(\)\.(extractall|extract|write|writestr)|tarfile\.open\(\)\.(extractall|add)": COMPRESSION,
        r"shutil\.(make_archive|unpack_archive)": COMPRESSION,
        r"hashlib\.(pbkdf2_hmac|scrypt)|bcrypt\.(hashpw|checkpw|kdf)": PASSWORD,
        r"argon2\.PasswordHasher\(\)\.(hash|verify)|passlib\.context\.CryptContext\(\)\.(hash|verify)": PASSWORD,
        r"passlib\.hash\.\w+\.(hash|verify)|werkzeug\.security\.(generate|check)_password_hash": PASSWORD,
        r"django\.contrib\.auth\.hashers\.(make_password|check_password)": PASSWORD,
        r"cryptography\.hazmat\.primitives\.asymmetric\.(rsa|dsa|dh)\.(generate_private_key|generate_parameters)": KEY,
        r"pandas\.(read_csv|read_excel|read_parquet|read_json|read_html|merge|concat|pivot_table)": TABLE,
        r"pandas\.(DataFrame|read_\w+)\(\)(\.\w+\(\))*\.(apply|merge|groupby|to_csv|to_excel|to_parquet)": TABLE,
        r"polars\.(read_csv|read_parquet|read_json)|openpyxl\.load_workbook": TABLE,
        r"numpy\.(linalg|fft)\.\w+|scipy\.(linalg|optimize)\.\w+": ALGEBRA,
        r"pypdf\.PdfReader\(\)\.pages\.extract_text|pdfplumber\.open|bs4\.BeautifulSoup": DOCUMENT,
    }.items()
)
