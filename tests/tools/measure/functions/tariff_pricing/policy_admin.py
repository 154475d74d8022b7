"""Client for the policy administration system (REST, OAuth client credentials)."""

import json
from urllib.parse import quote, urlencode

import urllib3

http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2.0, read=10.0), retries=False)


class PolicyAdminError(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body[:200]!r}")
        self.status = status


class PolicyAdmin:
    PAGE_SIZE = 60

    def __init__(self, base_url, client_id):
        self.base_url = base_url
        self.client_id = client_id
        self._token = None

    def login(self):
        answer = self._call(
            "POST",
            "/oauth/token",
            body=urlencode({"grant_type": "client_credentials", "client_id": self.client_id}),
            content_type="application/x-www-form-urlencoded",
        )
        self._token = answer["access_token"]

    def contracts(self, portfolio, cursor=None):
        query = {"limit": self.PAGE_SIZE}
        if cursor:
            query["cursor"] = cursor
        return self._call("GET", f"/portfolios/{quote(portfolio)}/contracts?{urlencode(query)}")

    def report(self, portfolio, result):
        return self._call(
            "POST", f"/portfolios/{quote(portfolio)}/runs", body=json.dumps(result), content_type="application/json"
        )

    def _call(self, method, path, body=None, content_type=None):
        headers = {"Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        r = http.request(method, self.base_url + path, body=body, headers=headers)
        if r.status >= 400:
            raise PolicyAdminError(r.status, r.data)
        return json.loads(r.data)
