"""A small Django site in one file: views of both kinds, forms, files, and the admin on a database.

Run as a program it makes the database.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest

settings.configure(
    SECRET_KEY="not secret",  # noqa: S106  # a test's
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="urls_of_the_site",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DJANGO_DATABASE"]}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    STATIC_URL="/static/",
    DEBUG=False,
    USE_TZ=True,
    SILENCED_SYSTEM_CHECKS=["models.W042"],
)
django.setup()


async def seen(request: HttpRequest) -> HttpResponse:
    """Return what the request says."""
    await asyncio.sleep(0)
    return JsonResponse(
        {
            "method": request.method,
            "path": request.path,
            "path_info": request.path_info,
            "url": request.build_absolute_uri(),
            "query": list(request.GET.lists()),
            "form": list(request.POST.lists()) if request.content_type != "application/json" else [],
            "files": [
                [each.name, each.size, hashlib.sha256(each.read()).hexdigest()] for each in request.FILES.values()
            ],
            "cookies": request.COOKIES,
            "client": request.META["REMOTE_ADDR"],
            "secure": request.is_secure(),
            "body_size": len(request.body) if not request.FILES and not request.POST else None,
        }
    )


def blocking(request: HttpRequest) -> HttpResponse:
    """Answer from a thread, with cookies and a header that comes from the framework."""
    response = HttpResponse(b"caf\xe9", content_type="text/plain; charset=latin-1")
    response.set_cookie("one", "1", max_age=10 if "age" in request.GET else None)
    response.set_cookie("two", "2", path="/blocking", secure=True)
    response.delete_cookie("three")
    return response


async def stream(_request: HttpRequest) -> StreamingHttpResponse:
    """Answer in chunks."""

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(10):
            yield bytes([number]) * number

    return StreamingHttpResponse(chunks(), content_type="application/octet-stream")


def file(_request: HttpRequest) -> FileResponse:
    """Answer with a file, which Django reads in a thread."""
    return FileResponse(open(__file__, "rb"), as_attachment=True, filename="site.py")  # noqa: PTH123  # it closes it


async def redirect(request: HttpRequest) -> HttpResponseRedirect:
    """Send elsewhere."""
    return HttpResponseRedirect(request.GET.get("to", "/seen"))


def fail(_request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise RuntimeError("on purpose")


async def missing(_request: HttpRequest) -> HttpResponse:
    """Find nothing."""
    raise Http404("nothing here")


def make_database() -> None:
    """Make the tables, and somebody who may log in."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415  # only once Django is set up
    from django.core.management import call_command  # noqa: PLC0415  # likewise

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("admin", "admin@example.com", "secret")


app = get_asgi_application()

if __name__ == "__main__":
    make_database()
