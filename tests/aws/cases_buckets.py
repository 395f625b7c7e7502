"""Every way to change buckets of S3."""

from __future__ import annotations

import json
from typing import Any

from .cases import Case, Refused, Write
from .cases_objects import empty_locked_bucket, locked_bucket
from .helpers import Clients, make_bucket

QUEUE = "arn:aws:sqs:eu-west-2:123456789012:jobs"


def setting(part: str, bucket: str = "images", **more: Any) -> Write:
    return lambda c: getattr(c.s3, f"put_bucket_{part}")(Bucket=bucket, **more)


def without(part: str) -> Write:
    return lambda c: getattr(c.s3, f"delete_bucket_{part}")(Bucket="images")


def says(part: str, bucket: str = "images") -> tuple[str, ...]:
    return (f"bucket {bucket}: {part}",)


def empty_and_delete(c: Clients) -> None:
    for number in range(3):
        c.s3.delete_object(Bucket="images", Key=f"a/{number}.jpg")
    c.s3.delete_bucket(Bucket="images")


def recreate(c: Clients) -> None:
    empty_and_delete(c)
    make_bucket(c.s3)
    c.s3.put_object(Bucket="images", Key="a/1.jpg", Body=b"other")


def own_bucket(c: Clients) -> None:
    make_bucket(c.s3, "own")
    c.s3.put_object(Bucket="own", Key="a", Body=b"a")


def log_target(c: Clients) -> None:
    c.s3.put_bucket_acl(
        Bucket="versioned",
        GrantWrite="uri=http://acs.amazonaws.com/groups/s3/LogDelivery",
        GrantReadACP="uri=http://acs.amazonaws.com/groups/s3/LogDelivery",
    )


_LOGGING = {"LoggingEnabled": {"TargetBucket": "versioned", "TargetPrefix": "log/"}}
log_on = setting("logging", BucketLoggingStatus=_LOGGING)


def logged(c: Clients) -> None:
    log_target(c)
    log_on(c)


_CORS = setting(
    "cors",
    CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
)
_POLICY = setting(
    "policy",
    Policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": ["arn:aws:s3:::images/*", "arn:aws:s3:::images"],
                }
            ],
        }
    ),
)
_LIFECYCLE = setting(
    "lifecycle_configuration",
    LifecycleConfiguration={
        "Rules": [
            {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1}}
        ]
    },
)
_TAGGING = setting("tagging", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
_ENCRYPTION = setting(
    "encryption",
    ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
)
_WEBSITE = setting("website", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
_OWNERSHIP = setting(
    "ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
)
_REPLICATION = setting(
    "replication",
    "versioned",
    ReplicationConfiguration={
        "Role": "arn:aws:iam::123456789012:role/r",
        "Rules": [
            {
                "ID": "r",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {"Prefix": ""},
                "Destination": {"Bucket": "arn:aws:s3:::images"},
                "DeleteMarkerReplication": {"Status": "Disabled"},
            }
        ],
    },
)
_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}


def block(c: Clients) -> None:
    c.s3.put_public_access_block(Bucket="images", PublicAccessBlockConfiguration=_BLOCK)


_NOTIFICATION = setting(
    "notification_configuration",
    NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}]
    },
)
_INVENTORY = setting(
    "inventory_configuration",
    Id="daily",
    InventoryConfiguration={
        "Id": "daily",
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {
            "S3BucketDestination": {"Bucket": "arn:aws:s3:::versioned", "Format": "CSV"}
        },
    },
)

BUCKETS: dict[str, Case] = {
    "create": Case(lambda c: make_bucket(c.s3, "new-bucket"), says("created", "new-bucket")),
    "create and fill": Case(own_bucket, says("created", "own")),
    "create, delete and create": Case(
        lambda c: (
            make_bucket(c.s3, "own"),
            c.s3.delete_bucket(Bucket="own"),
            own_bucket(c),
        ),
        (*says("created", "own"), *says("deleted", "own")),
    ),
    "create with locks": Case(locked_bucket, says("created", "locked")),
    "delete": Case(empty_and_delete, says("deleted")),
    "delete and create": Case(recreate, (*says("deleted"), *says("created"))),
    "access list": Case(setting("acl", ACL="public-read"), says("acl")),
    "acceleration": Case(
        setting("accelerate_configuration", AccelerateConfiguration={"Status": "Enabled"}),
        says("accelerate"),
    ),
    "cross-origin rules": Case(_CORS, says("cors")),
    "cross-origin rules: deleted": Case(without("cors"), says("cors"), _CORS),
    "encryption": Case(_ENCRYPTION, says("encryption")),
    "encryption: deleted": Case(without("encryption"), says("encryption"), _ENCRYPTION),
    "inventory": Case(_INVENTORY, says("inventory")),
    "lifecycle": Case(_LIFECYCLE, says("lifecycle")),
    "lifecycle: deleted": Case(without("lifecycle"), says("lifecycle"), _LIFECYCLE),
    "notification": Case(_NOTIFICATION, says("notification")),
    "notification: an object that is told": Case(
        lambda c: c.s3.put_object(Bucket="images", Key="new", Body=b"new"), prepare=_NOTIFICATION
    ),
    "object lock": Case(
        lambda c: c.s3.put_object_lock_configuration(
            Bucket="locked",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}},
            },
        ),
        says("object-lock", "locked"),
        empty_locked_bucket,
    ),
    "ownership": Case(_OWNERSHIP, says("ownershipControls")),
    "ownership: deleted": Case(
        without("ownership_controls"), says("ownershipControls"), _OWNERSHIP
    ),
    "policy": Case(_POLICY, says("policy")),
    "policy: deleted": Case(without("policy"), says("policy"), _POLICY),
    "public access block": Case(block, says("publicAccessBlock")),
    "public access block: deleted": Case(
        lambda c: c.s3.delete_public_access_block(Bucket="images"),
        says("publicAccessBlock"),
        block,
    ),
    "replication": Case(_REPLICATION, says("replication", "versioned")),
    "replication: deleted": Case(
        lambda c: c.s3.delete_bucket_replication(Bucket="versioned"),
        says("replication", "versioned"),
        _REPLICATION,
    ),
    "tags": Case(_TAGGING, says("tagging")),
    "tags: deleted": Case(without("tagging"), says("tagging"), _TAGGING),
    "versioning: on": Case(
        setting("versioning", VersioningConfiguration={"Status": "Enabled"}), says("versioning")
    ),
    "versioning: suspended": Case(
        setting("versioning", "versioned", VersioningConfiguration={"Status": "Suspended"}),
        says("versioning", "versioned"),
    ),
    "website": Case(_WEBSITE, says("website")),
    "website: deleted": Case(without("website"), says("website"), _WEBSITE),
}

REFUSED_BUCKETS: dict[str, Refused] = {
    "create, name taken": Refused(lambda c: make_bucket(c.s3), "BucketAlreadyOwnedByYou"),
    "create, no name": Refused(lambda c: make_bucket(c.s3, "a"), "InvalidBucketName"),
    "delete, not empty": Refused(
        lambda c: c.s3.delete_bucket(Bucket="images"), "BucketNotEmpty"
    ),
    "delete, not there": Refused(lambda c: c.s3.delete_bucket(Bucket="nope"), "NoSuchBucket"),
    "logging to a bucket that is not there": Refused(
        setting(
            "logging",
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "nope", "TargetPrefix": ""}},
        ),
        "InvalidTargetBucketForLogging",
    ),
    "replication without versions": Refused(
        setting("replication", ReplicationConfiguration={
            "Role": "arn:aws:iam::123456789012:role/r",
            "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::versioned"}}],
        }),
        "InvalidRequest",
    ),
    "tags of the service": Refused(
        setting("tagging", Tagging={"TagSet": [{"Key": "aws:k", "Value": "v"}]}), "InvalidTag"
    ),
    "versioning that is none": Refused(
        setting("versioning", "nope", VersioningConfiguration={"Status": "Enabled"}),
        "NoSuchBucket",
    ),
}  # fmt: skip
