"""Own helpers in another file, as people write them."""

from fake_services import AsyncClient, Session, dynamodb, requests, s3


def load(key):
    """One object."""
    return s3.get_object(Bucket="photos", Key=key)["Body"]


def customer(number):
    response = requests.get(f"https://crm.example/customers/{number}")
    response.raise_for_status()
    return response.json()


class Repository:
    """A table."""

    def __init__(self, table, client=dynamodb):
        self._table = table
        self._client = client
        self.seen = 0

    def find(self, key):
        self.seen += 1
        answer = self._client.get_item(TableName=self._table, Key=key)
        return answer.get("Item")

    def save(self, item):
        self._client.put_item(TableName=self._table, Item=item)


class Orders(Repository):
    def __init__(self):
        super().__init__("orders")

    def total(self, key):
        return self.find(key)["id"]


class Pages:
    """Goes through a table, a page at a time; keeps the token."""

    def __init__(self):
        self.token = None
        self.done = False

    def next_page(self):
        given = {"ExclusiveStartKey": self.token} if self.token else {}
        page = dynamodb.query(TableName="orders", **given)
        self.token = page.get("LastEvaluatedKey")
        self.done = self.token is None
        return page["Items"]


class API:
    def __init__(self):
        self.session = Session()

    def login(self):
        answer = self.session.post("https://shop.example/login").json()
        self.session.headers["Authorization"] = answer["token"]

    def get(self, path):
        return self.session.get(f"https://shop.example{path}").json()


def pages_of(bucket):
    token = None
    while True:
        given = {"ContinuationToken": token} if token else {}
        page = s3.list_objects_v2(Bucket=bucket, **given)
        yield from page["Contents"]
        token = page.get("NextContinuationToken")
        if not token:
            break


http = AsyncClient()


async def fetch(path):
    response = await http.get(f"https://api.example{path}")
    return response.json()
