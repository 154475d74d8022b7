"""Where the Django site's views are; Django wants it to be a module."""

from __future__ import annotations

import sys

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

site = sys.modules.get("django_site") or sys.modules["__main__"]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("seen", csrf_exempt(site.seen)),
    path("seen/<path:rest>", csrf_exempt(lambda request, **_: site.seen(request))),
    path("blocking", site.blocking),
    path("with-slash/", site.blocking),
    path("stream", site.stream),
    path("file", site.file),
    path("redirect", site.redirect),
    path("fail", site.fail),
    path("missing", site.missing),
    re_path("^static/(?P<path>.*)$", serve, {"insecure": True}),
]
