"""An HTTP API that doubles numbers and closes what was idle for too long: `keep_alive_api.py PORT SECONDS`."""

from __future__ import annotations

import sys

from aiohttp import web


async def double(request: web.Request) -> web.Response:
    return web.json_response(2 * int(request.match_info["number"]))


if __name__ == "__main__":
    port, idle_timeout = sys.argv[1:]
    api = web.Application()
    api.router.add_route("*", "/double/{number}", double)
    web.run_app(api, host="127.0.0.1", port=int(port), keepalive_timeout=float(idle_timeout), print=None)
