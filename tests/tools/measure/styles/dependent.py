"""Functions whose calls need what an earlier one gave: each style another way to write it."""

import time

from fake_services import Connection, Session, dynamodb, requests, s3, sns, sqs, stepfunctions
from services import API, Pages, Repository, customer, fetch, load, pages_of


def chain(event, context):
    first = requests.get("https://api.example/0").json()
    second = requests.get(f"https://api.example/{first['id']}").json()
    return requests.get(f"https://api.example/{second['id']}").json()


def helpers(event, context):
    one = customer(0)
    two = customer(one["id"])
    return customer(two["id"])


def nested_calls(event, context):
    return customer(customer(customer(0)["id"])["id"])


def pagination(event, context):
    found = []
    token = None
    while True:
        given = {"ExclusiveStartKey": token} if token else {}
        page = dynamodb.query(TableName="orders", **given)
        found.extend(page["Items"])
        token = page.get("LastEvaluatedKey")
        if not token:
            break
    return found


def pagination_by_condition(event, context):
    page = dynamodb.query(TableName="orders")
    found = page["Items"]
    while "LastEvaluatedKey" in page:
        page = dynamodb.query(TableName="orders", ExclusiveStartKey=page["LastEvaluatedKey"])
        found += page["Items"]
    return found


def pagination_in_parameters(event, context):
    parameters = {"TableName": "orders"}
    found = []
    while True:
        page = dynamodb.query(**parameters)
        found.extend(page["Items"])
        if "LastEvaluatedKey" not in page:
            return found
        parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def pagination_in_an_object(event, context):
    pages = Pages()
    found = []
    while not pages.done:
        found.extend(pages.next_page())
    return found


def pagination_in_a_generator(event, context):
    return [each["Key"] for each in pages_of("photos")]


def paginator(event, context):
    keys = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="photos"):
        keys += [each["Key"] for each in page["Contents"]]
    return keys


def recursion(event, context):
    def all_from(path):
        body = requests.get(f"https://api.example{path}").json()
        return [body] + (all_from(body["next"]) if body["next"] else [])

    return all_from("/0")


def linked_list(event, context):
    found = []
    key = "1"
    for _ in range(4):
        item = dynamodb.get_item(TableName="nodes", Key=key)["Item"]
        found.append(item)
        key = item["parent"]
    return found


def parent_of_parent(event, context):
    repository = Repository("nodes")
    item = repository.find("1")
    for _ in range(3):
        item = repository.find(item["parent"])
    return item


def polling(event, context):
    arn = stepfunctions.start_execution(input="{}")["executionArn"]
    while True:
        status = stepfunctions.describe_execution(executionArn=arn)["status"]
        if status != "RUNNING":
            return status
        time.sleep(0.0001)


def polling_a_few_times(event, context):
    status = None
    for _ in range(4):
        status = stepfunctions.describe_execution(executionArn="arn")["status"]
        if status == "NEVER":
            break
    return status


def retries(event, context):
    answer = None
    for _attempt in range(3):
        try:
            answer = requests.get("https://api.example/1")
            if not answer.ok or answer.url:
                raise ValueError(answer.url)
        except ValueError:
            continue
        break
    return answer


def logs_in_first(event, context):
    api = API()
    api.login()
    return api.get("/1")


def sets_a_header(event, context):
    session = Session()
    token = session.get("https://token.example/").json()["token"]
    session.headers.update({"Authorization": token})
    return session.get("https://api.example/1").json()


def write_then_read(event, context):
    dynamodb.put_item(TableName="orders", Item={"id": "1"})
    return dynamodb.get_item(TableName="orders", Key="1")


def order_of_effects(event, context):
    dynamodb.put_item(TableName="orders", Item={"id": "1"})
    sns.publish(TopicArn="orders", Message="there is an order")
    sqs.send_message(QueueUrl="bills", MessageBody="bill it")


def counter(event, context):
    for _ in range(4):
        dynamodb.update_item(TableName="counters", Key="visits")


def running_total(event, context):
    total = 0
    for key in ("1", "2", "3"):
        answer = requests.post(f"https://sum.example/{key}", json={"total": total}).json()
        total += int(answer["id"])
    return total


def appends_to_what_it_sends(event, context):
    history = []
    for question in ("1", "2", "3"):
        history.append({"role": "user", "content": question})
        answer = requests.post("https://chat.example/", json={"messages": history}).json()
        history.append({"role": "assistant", "content": answer})
    return history


class Conversation:
    def __init__(self):
        self.last = None

    def ask(self, question):
        self.last = requests.get(f"https://chat.example/{question}?after={self.last}").json()["id"]
        return self.last


def state_in_an_object(event, context):
    conversation = Conversation()
    return [conversation.ask(question) for question in ("1", "2", "3")]


_latest = None


def state_in_a_global(event, context):
    global _latest
    found = []
    for key in ("1", "2", "3"):
        body = requests.get(f"https://api.example/{key}?since={_latest}").json()
        _latest = body["id"]
        found.append(body)
    return found


def closure(event, context):
    cursor = {"at": "0"}

    def step():
        body = requests.get(f"https://api.example/{cursor['at']}").json()
        cursor["at"] = body["id"]
        return body

    return [step() for _ in range(3)]


def transaction(event, context):
    connection = Connection()
    cursor = connection.cursor()
    cursor.execute("SELECT stock FROM goods FOR UPDATE")
    cursor.execute("UPDATE goods SET stock = stock - 1")
    connection.commit()


def inserts(event, context):
    cursor = Connection().cursor()
    for row in ((1, "a"), (2, "b"), (3, "c")):
        cursor.execute("INSERT INTO orders VALUES (%s, %s)", row)


def only_if(event, context):
    permissions = requests.get("https://permissions.example/1").json()
    if permissions["id"]:
        return requests.post("https://orders.example/1", json={}).json()
    return None


def write_behind_a_guard(event, context):
    user = dynamodb.get_item(TableName="users", Key="1").get("Item")
    if not user:
        return None
    sqs.send_message(QueueUrl="bills", MessageBody="bill it")
    return user


def falls_back(event, context):
    try:
        body = requests.get("https://primary.example/1").json()
        if body:
            raise ValueError(body)
    except ValueError:
        body = requests.get("https://secondary.example/1").json()
    return body


async def awaited_chain(event, context):
    first = await fetch("/0")
    second = await fetch(f"/{first['id']}")
    return await fetch(f"/{second['id']}")


async def awaited_pages(event, context):
    path = "/0"
    found = []
    while path:
        body = await fetch(path)
        found.append(body)
        path = body["next"]
    return found


def two_that_rotate(event, context):
    before, latest = "0", "1"
    for _ in range(4):
        body = requests.get(f"https://api.example/{before}").json()
        before, latest = latest, body["id"]
    return latest


def walks_a_queue(event, context):
    left = ["/0"]
    found = []
    while left:
        body = requests.get(f"https://api.example{left.pop()}").json()
        found.append(body)
        if body["next"]:
            left.append(body["next"])
    return found


def stops_writing(event, context):
    for key in ("1", "2", "3"):
        answer = requests.post(f"https://orders.example/{key}", json={})
        if answer.status_code == 409:
            break


def reduces(event, context):
    key = "1"
    for step in (load, load, load):
        key = step(key)
    return key


def waiter(event, context):
    s3.get_waiter("object_exists").wait(Bucket="photos", Key="1")


def parts_of_an_upload(event, context):
    s3.upload_file("photo.jpg", "photos", "1")


def rows_of_a_cursor(event, context):
    cursor = Connection().cursor()
    cursor.execute("SELECT id FROM orders")
    first = cursor.fetchall()[0]
    cursor.execute("SELECT name FROM orders WHERE id = %s", first)
    return cursor.fetchall()


def messages_in_order(event, context):
    for key in ("1", "2", "3"):
        sqs.send_message(QueueUrl="https://sqs.example/orders.fifo", MessageBody=key)
