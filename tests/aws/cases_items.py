"""Every way to write items of DynamoDB."""

from __future__ import annotations

from typing import Any

from .cases import Case, Refused, Write
from .helpers import Clients, item, key, make_table

_NEW = "attribute_not_exists(pk)"
_THERE = "attribute_exists(pk)"


def put(number: int, **more: Any) -> Write:
    return lambda c: c.dynamodb.put_item(TableName="shop", Item=item(number), **more)


def update(expression: str, number: int = 1, **values: Any) -> Write:
    """UpdateItem; ``:name`` values by keyword, further parameters in capitals."""
    more = {name: value for name, value in values.items() if name[0].isupper()}
    given = {f":{name}": value for name, value in values.items() if name not in more}
    if given:
        more["ExpressionAttributeValues"] = given
    return lambda c: c.dynamodb.update_item(
        TableName="shop", Key=key(number), UpdateExpression=expression, **more
    )


def delete(number: int, **more: Any) -> Write:
    return lambda c: c.dynamodb.delete_item(TableName="shop", Key=key(number), **more)


def nested(c: Clients) -> None:
    """An item with something in it to change in depth."""
    c.dynamodb.put_item(
        TableName="shop",
        Item=item(
            1,
            tags={"SS": ["a", "b"]},
            sizes={"NS": ["1", "2.5"]},
            hashes={"BS": [b"\0", b"\xff"]},
            colours={"L": [{"S": "black"}, {"S": "red"}]},
            artist={"M": {"name": {"S": "Ada"}, "years": {"L": [{"N": "3"}]}}},
        ),
    )


def transact(*parts: dict[str, Any]) -> Write:
    return lambda c: c.dynamodb.transact_write_items(TransactItems=list(parts))


def in_transaction(kind: str, **more: Any) -> dict[str, Any]:
    return {kind: {"TableName": "shop", **more}}


def statement(text: str, **more: Any) -> Write:
    return lambda c: c.dynamodb.execute_statement(Statement=text, **more)


def batch(*requests: dict[str, Any]) -> Write:
    return lambda c: c.dynamodb.batch_write_item(RequestItems={"shop": list(requests)})


_ONE = {"N": "1"}
_SET = "UPDATE shop SET a = 'x' WHERE pk = 'P#1' AND sk = 'PROFILE'"
_DELETE = "DELETE FROM shop WHERE pk = 'P#1' AND sk = 'PROFILE'"
_INSERT = "INSERT INTO shop VALUE {'pk': 'P#70', 'sk': 'PROFILE', 'a': 'x'}"
_SAY_PARTIQL = ("dynamodb: ExecuteStatement shop",)

ITEMS: dict[str, Case] = {
    "put, new": Case(put(99)),
    "put over another": Case(put(1)),
    "put, returning the old": Case(put(1, ReturnValues="ALL_OLD")),
    "put, condition holds": Case(put(99, ConditionExpression=_NEW)),
    "put, old form of a condition": Case(put(99, Expected={"pk": {"Exists": False}})),
    "put of every type": Case(
        lambda c: c.dynamodb.put_item(
            TableName="shop",
            Item=item(
                5,
                text={"S": "naïve 🦊"},
                empty={"S": ""},
                digits={"N": "-1.5E-20"},
                bytes={"B": b"\0\xff"},
                true={"BOOL": True},
                nothing={"NULL": True},
                texts={"SS": ["b", "a"]},
                numbers={"NS": ["2", "1"]},
                hashes={"BS": [b"b", b"a"]},
                list={"L": [{"N": "1"}, {"L": [{"M": {}}]}]},
                map={"M": {"a b": {"M": {"c": {"BOOL": False}}}}},
            ),
        )
    ),
    "put, table by ARN": Case(
        lambda c: c.dynamodb.put_item(
            TableName="arn:aws:dynamodb:eu-west-2:123456789012:table/shop", Item=item(99)
        )
    ),
    "update: SET": Case(update("SET a = :a", a={"S": "x"})),
    "update: SET of several": Case(update("SET a = :a, b = :b, c = n", a=_ONE, b=_ONE)),
    "update: SET, arithmetic": Case(update("SET n = n + :one", one=_ONE)),
    "update: SET, subtraction": Case(update("SET n = :one - n", one={"N": "10"})),
    "update: SET, if_not_exists": Case(
        update("SET a = if_not_exists(a, :a), n = if_not_exists(n, :a) + :a", a={"N": "7"})
    ),
    "update: SET, list_append": Case(
        update("SET colours = list_append(:l, colours)", l={"L": [{"S": "green"}]}), prepare=nested
    ),
    "update: SET of a list's member": Case(
        update("SET colours[1] = :a, colours[9] = :a", a={"S": "blue"}), prepare=nested
    ),
    "update: SET in depth": Case(
        update("SET artist.#n = :a, artist.years[0] = :y", a={"S": "Bo"}, y={"N": "4"},
               ExpressionAttributeNames={"#n": "name"}),
        prepare=nested,
    ),
    "update: REMOVE": Case(update("REMOVE n, tags")),
    "update: REMOVE in depth": Case(update("REMOVE artist.years, colours[0]"), prepare=nested),
    "update: ADD to a number": Case(update("ADD n :one", one=_ONE)),
    "update: ADD of a new number": Case(update("ADD hits :one", one=_ONE)),
    "update: ADD to a set": Case(update("ADD tags :t", t={"SS": ["c"]})),
    "update: ADD to a set of numbers": Case(update("ADD sizes :t", t={"NS": ["9"]}), prepare=nested),
    "update: ADD to a set of bytes": Case(update("ADD hashes :t", t={"BS": [b"x"]}), prepare=nested),
    "update: DELETE from a set": Case(update("DELETE tags :t", t={"SS": ["a"]})),
    "update: DELETE of a whole set": Case(update("DELETE tags :t", t={"SS": ["a", "b"]})),
    "update: all clauses": Case(
        update("SET a = :one REMOVE colours ADD n :one DELETE tags :t", one=_ONE, t={"SS": ["a"]}),
        prepare=nested,
    ),
    "update of an item that is not there": Case(update("SET a = :a", 77, a=_ONE)),
    "update, condition holds": Case(update("SET a = :a", a=_ONE, ConditionExpression=_THERE)),
    **{
        f"update, returning {values}": Case(update("SET n = :a", a={"N": "8"}, ReturnValues=values))
        for values in ("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
    },
    "update in the old form": Case(
        lambda c: c.dynamodb.update_item(
            TableName="shop",
            Key=key(1),
            AttributeUpdates={
                "n": {"Action": "ADD", "Value": _ONE},
                "a": {"Action": "PUT", "Value": {"S": "x"}},
                "tags": {"Action": "DELETE"},
            },
        )
    ),
    "delete": Case(delete(2)),
    "delete, returning the old": Case(delete(2, ReturnValues="ALL_OLD")),
    "delete, condition holds": Case(delete(2, ConditionExpression=_THERE)),
    "batch": Case(
        batch({"PutRequest": {"Item": item(50)}}, {"PutRequest": {"Item": item(1)}},
              {"DeleteRequest": {"Key": key(0)}})
    ),
    "batch over two tables": Case(
        lambda c: c.dynamodb.batch_write_item(
            RequestItems={
                "shop": [{"DeleteRequest": {"Key": key(0)}}],
                "other": [{"PutRequest": {"Item": item(1)}}],
            }
        ),
        prepare=lambda c: make_table(c.dynamodb, "other"),
    ),
    "transaction": Case(
        transact(
            in_transaction("Put", Item=item(60)),
            in_transaction("Delete", Key=key(1)),
            in_transaction("Update", Key=key(2), UpdateExpression="REMOVE n"),
            in_transaction("ConditionCheck", Key=key(3), ConditionExpression=_THERE),
        )
    ),
    "transaction with a token": Case(
        lambda c: c.dynamodb.transact_write_items(
            TransactItems=[in_transaction("Put", Item=item(60))], ClientRequestToken="once"
        )
    ),
    "PartiQL: INSERT": Case(statement(_INSERT), _SAY_PARTIQL),
    "PartiQL: UPDATE": Case(statement(_SET), _SAY_PARTIQL),
    "PartiQL: UPDATE with parameters": Case(
        statement("UPDATE shop SET a = ? WHERE pk = ? AND sk = ?",
                  Parameters=[{"S": "x"}, {"S": "P#1"}, {"S": "PROFILE"}]),
        _SAY_PARTIQL,
    ),
    "PartiQL: UPDATE, REMOVE": Case(
        statement("UPDATE shop REMOVE n WHERE pk = 'P#1' AND sk = 'PROFILE'"), _SAY_PARTIQL
    ),
    "PartiQL: DELETE": Case(statement(_DELETE), _SAY_PARTIQL),
    "PartiQL: batch": Case(
        lambda c: c.dynamodb.batch_execute_statement(
            Statements=[{"Statement": text} for text in (_INSERT, _SET)]
        ),
        ("dynamodb: BatchExecuteStatement shop",),
    ),
    "PartiQL: transaction": Case(
        lambda c: c.dynamodb.execute_transaction(
            TransactStatements=[{"Statement": text} for text in (_INSERT, _SET)]
        ),
        ("dynamodb: ExecuteTransaction shop",),
    ),
}  # fmt: skip


_HOT = {"ConditionExpression": _NEW}

REFUSED_ITEMS: dict[str, Refused] = {
    "put, condition fails": Refused(put(1, **_HOT), "ConditionalCheckFailedException"),
    "update, condition fails": Refused(
        update("SET a = :a", a=_ONE, **_HOT), "ConditionalCheckFailedException"
    ),
    "delete, condition fails": Refused(
        delete(1, ConditionExpression="n > :n", ExpressionAttributeValues={":n": {"N": "9"}}),
        "ConditionalCheckFailedException",
    ),
    "put without its key": Refused(
        lambda c: c.dynamodb.put_item(TableName="shop", Item={"pk": {"S": "x"}}),
        "ValidationException",
    ),
    "put with a key of another type": Refused(
        lambda c: c.dynamodb.put_item(TableName="shop", Item={"pk": _ONE, "sk": _ONE}),
        "ValidationException",
    ),
    "put with an empty key": Refused(
        lambda c: c.dynamodb.put_item(TableName="shop", Item={**item(1), "pk": {"S": ""}}),
        "ValidationException",
    ),
    "put into a table that is not there": Refused(
        lambda c: c.dynamodb.put_item(TableName="nope", Item=item(1)), "ResourceNotFoundException"
    ),
    "item too large": Refused(
        lambda c: c.dynamodb.put_item(TableName="shop", Item=item(1, a={"S": "x" * 410_000})),
        "ValidationException",
    ),
    "update of its key": Refused(update("SET pk = :a", a={"S": "x"}), "ValidationException"),
    "update that does not parse": Refused(update("SET SET a = :a", a=_ONE), "ValidationException"),
    "update of a path that is not there": Refused(
        update("SET n = :a, a.b.c = :a", a=_ONE), "ValidationException"
    ),
    "update, arithmetic with a string": Refused(
        update("SET a = :a, n = n + :s", a=_ONE, s={"S": "x"}), "ValidationException"
    ),
    "transaction, condition of its last part fails": Refused(
        transact(
            in_transaction("Put", Item=item(60)),
            in_transaction("Update", Key=key(2), UpdateExpression="REMOVE n"),
            in_transaction("Put", Item=item(1), **_HOT),
        ),
        "TransactionCanceledException",
    ),
    "transaction, check fails": Refused(
        transact(
            in_transaction("Delete", Key=key(2)),
            in_transaction("ConditionCheck", Key=key(1), ConditionExpression=_NEW),
        ),
        "TransactionCanceledException",
    ),
    "transaction with a key twice": Refused(
        transact(in_transaction("Put", Item=item(60)), in_transaction("Delete", Key=key(60))),
        "ValidationException",
    ),
    "transaction of more than 100": Refused(
        transact(*(in_transaction("Put", Item=item(n)) for n in range(101))),
        "ValidationException",
    ),
}
"""Refused requests: conditions, cancelled transactions, faults of the request."""
