"""Every way to write objects of S3."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from .cases import Case, Refused, Write
from .helpers import Clients
from .uploads import chunked, form_post, http_chunks, presigned, signed_chunks, virtual_host

LATER = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
MEGABYTES_5 = 5 * 1024 * 1024
ONE = {"Bucket": "images", "Key": "a/1.jpg"}
OLD = {"Bucket": "versioned", "Key": "a/1.jpg"}
TAGS = {"TagSet": [{"Key": "k", "Value": "v"}]}
RETENTION = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}


def put(key: str = "new", **more: Any) -> Write:
    return lambda c: c.s3.put_object(**{"Bucket": "images", "Key": key, "Body": b"new", **more})


def copy(key: str, source: str = "images/a/2.jpg", **more: Any) -> Write:
    return lambda c: c.s3.copy_object(Bucket="images", Key=key, CopySource=source, **more)


def multipart(c: Clients, key: str = "big", **more: Any) -> None:
    at = {"Bucket": "images", "Key": key}
    upload = c.s3.create_multipart_upload(**at, **{"ACL": "private", **more})["UploadId"]
    parts = []
    for number, size in ((1, MEGABYTES_5), (2, 10)):
        told = c.s3.upload_part(
            **at, UploadId=upload, PartNumber=number, Body=bytes([number]) * size
        )
        parts.append({"PartNumber": number, "ETag": told["ETag"]})
    c.s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})


def uploads(key: str) -> tuple[str, ...]:
    return f"upload of images/{key}: begun", f"upload of images/{key}: part"


def begun(c: Clients) -> dict[str, Any]:
    at = {"Bucket": "images", "Key": "begun"}
    return {**at, "UploadId": c.s3.create_multipart_upload(**at, ACL="private")["UploadId"]}


def the_upload(c: Clients) -> dict[str, Any]:
    (upload,) = c.s3.list_multipart_uploads(Bucket="images")["Uploads"]
    return {"Bucket": "images", "Key": upload["Key"], "UploadId": upload["UploadId"]}


def copied_part(c: Clients) -> None:
    at = the_upload(c)
    part = c.s3.upload_part_copy(**at, PartNumber=1, CopySource="images/a/1.jpg")
    tag = part["CopyPartResult"]["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    c.s3.complete_multipart_upload(**at, MultipartUpload=parts)


def managed_upload(c: Clients) -> None:
    """boto3's own upload of files, in parts where they are large."""
    c.s3.upload_fileobj(io.BytesIO(b"x" * (9 * 1024 * 1024)), "images", "file",
                        ExtraArgs={"ACL": "private"})  # fmt: skip


def second_version(c: Clients) -> None:
    c.s3.put_object(**OLD, Body=b"second")


def marked_deleted(c: Clients) -> None:
    c.s3.delete_object(**OLD)


def the_old_version(c: Clients) -> dict[str, str]:
    listed = c.s3.list_object_versions(Bucket="versioned", Prefix=OLD["Key"])
    found = [each for each in listed["Versions"] if not each["IsLatest"]]
    return {**OLD, "VersionId": found[0]["VersionId"]}


def the_marker(c: Clients) -> dict[str, str]:
    listed = c.s3.list_object_versions(Bucket="versioned", Prefix=OLD["Key"])
    return {**OLD, "VersionId": listed["DeleteMarkers"][0]["VersionId"]}


def suspended(c: Clients) -> None:
    c.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Suspended"})


def empty_locked_bucket(c: Clients) -> None:
    c.s3.create_bucket(
        Bucket="locked",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-2"},
        ObjectLockEnabledForBucket=True,
    )


def locked_bucket(c: Clients) -> None:
    empty_locked_bucket(c)
    c.s3.put_object(Bucket="locked", Key="a", Body=b"a")


def locked(key: str = "a") -> dict[str, str]:
    return {"Bucket": "locked", "Key": key}


def archived(c: Clients) -> None:
    c.s3.put_object(**ONE, Body=b"cold", StorageClass="GLACIER")


OBJECTS: dict[str, Case] = {
    "put, new": Case(put()),
    "put over another": Case(put("a/1.jpg")),
    "put of nothing": Case(put(Body=b"")),
    "put, key of many characters": Case(put("ä b/+%?#&=\u2028'\"<>~.jpg")),
    "put with everything": Case(
        put(
            ContentType="image/png",
            CacheControl="max-age=60",
            ContentDisposition='attachment; filename="a.png"',
            ContentEncoding="gzip",
            ContentLanguage="cy",
            Expires=LATER,
            Metadata={"artist": "Ada", "under_score": "kept"},
            StorageClass="STANDARD_IA",
            Tagging="a=b&c=d",
            ACL="public-read",
            ServerSideEncryption="AES256",
            WebsiteRedirectLocation="/elsewhere",
        )
    ),
    "put, if there is none": Case(put(IfNoneMatch="*")),
    "put, if it matches": Case(
        lambda c: c.s3.put_object(**ONE, Body=b"x", IfMatch=c.s3.head_object(**ONE)["ETag"])
    ),
    "put with a checksum": Case(put(ChecksumAlgorithm="SHA256")),
    "put with an MD5": Case(put(ContentMD5="Iq9kXRhZy1ym2gxITx836g==")),
    "put in aws-chunked, checksum at the end": Case(chunked),
    "put in signed chunks": Case(signed_chunks),
    "put in chunks of HTTP": Case(http_chunks),
    "put, bucket in the host": Case(virtual_host),
    "put, presigned": Case(presigned("put_object", Bucket="images", Key="signed ü.jpg")),
    "delete, presigned": Case(presigned("delete_object", **ONE)),
    "form of a browser": Case(form_post("form.jpg")),
    "form of a browser, named by it": Case(form_post("up/${filename}")),
    "form of a browser, over another": Case(form_post("a/1.jpg")),
    "copy": Case(copy("a/1.jpg")),
    "copy to another bucket": Case(
        lambda c: c.s3.copy_object(Bucket="versioned", Key="a/1.jpg", CopySource="images/a/2.jpg")
    ),
    "copy of an old version": Case(
        lambda c: c.s3.copy_object(Bucket="images", Key="c", CopySource=the_old_version(c)),
        prepare=second_version,
    ),
    "copy, other metadata": Case(
        copy("a/1.jpg", "images/a/1.jpg", MetadataDirective="REPLACE", Metadata={"artist": "Bo"},
             ContentType="text/plain")
    ),
    "copy, other tags": Case(copy("c", TaggingDirective="REPLACE", Tagging="x=y")),
    "copy, other storage class": Case(
        copy("a/1.jpg", "images/a/1.jpg", StorageClass="ONEZONE_IA")
    ),
    "multipart": Case(multipart, uploads("big")),
    "multipart over another": Case(
        lambda c: multipart(c, "a/1.jpg", ContentType="a/b", Metadata={"m": "n"}, Tagging="t=u"),
        uploads("a/1.jpg"),
    ),
    "multipart by boto3": Case(managed_upload, uploads("file")),
    "multipart: begun": Case(begun, ("upload of images/begun: begun",)),
    "multipart: a part": Case(
        lambda c: c.s3.upload_part(**the_upload(c), PartNumber=1, Body=b"1"),
        ("upload of images/begun: part",),
        prepare=begun,
    ),
    "multipart: aborted": Case(
        lambda c: c.s3.abort_multipart_upload(**the_upload(c)),
        ("upload of images/begun: aborted",),
        prepare=begun,
    ),
    "multipart: copied part": Case(copied_part, uploads("begun")[1:], prepare=begun),
    "delete": Case(lambda c: c.s3.delete_object(**ONE)),
    "delete many": Case(
        lambda c: c.s3.delete_objects(
            Bucket="images",
            Delete={"Objects": [{"Key": "a/0.jpg"}, {"Key": "a/2.jpg"}, {"Key": "nope"}]},
        )
    ),
    "tags": Case(lambda c: c.s3.put_object_tagging(**ONE, Tagging=TAGS)),
    "tags: deleted": Case(lambda c: c.s3.delete_object_tagging(**ONE)),
    "access list": Case(lambda c: c.s3.put_object_acl(**ONE, ACL="public-read")),
    "access list, in headers": Case(
        lambda c: c.s3.put_object_acl(
            **ONE, GrantRead="uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
        )
    ),
    "version: new": Case(second_version),
    "version: delete marker": Case(marked_deleted),
    "version: deleted, the current": Case(
        lambda c: c.s3.delete_object(**OLD, VersionId=c.s3.head_object(**OLD)["VersionId"]),
        ("version of versioned/a/1.jpg: deleted",),
        prepare=second_version,
    ),
    "version: deleted, an old": Case(
        lambda c: c.s3.delete_object(**the_old_version(c)),
        ("version of versioned/a/1.jpg: deleted",),
        prepare=second_version,
    ),
    "version: marker deleted": Case(
        lambda c: c.s3.delete_object(**the_marker(c)),
        ("version of versioned/a/1.jpg: deleted",),
        prepare=marked_deleted,
    ),
    "version: deleted with others": Case(
        lambda c: c.s3.delete_objects(
            Bucket="versioned",
            Delete={
                "Objects": [
                    {"Key": OLD["Key"], "VersionId": the_old_version(c)["VersionId"]},
                    {"Key": "a/2.jpg"},
                ]
            },
        ),
        ("version of versioned/a/1.jpg: deleted",),
        prepare=second_version,
    ),
    "version: tags of an old": Case(
        lambda c: c.s3.put_object_tagging(**the_old_version(c), Tagging=TAGS),
        ("version of versioned/a/1.jpg: tagging",),
        prepare=second_version,
    ),
    "version: put while suspended": Case(second_version, prepare=suspended),
    "version: deleted while suspended": Case(marked_deleted, prepare=suspended),
    "lock: put": Case(
        lambda c: c.s3.put_object(
            **locked("b"),
            Body=b"b",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=LATER,
            ObjectLockLegalHoldStatus="ON",
            ChecksumAlgorithm="SHA256",
        ),
        prepare=locked_bucket,
    ),
    "lock: retention": Case(
        lambda c: c.s3.put_object_retention(**locked(), Retention=RETENTION), prepare=locked_bucket
    ),
    "lock: legal hold": Case(
        lambda c: c.s3.put_object_legal_hold(**locked(), LegalHold={"Status": "ON"}),
        prepare=locked_bucket,
    ),
    "lock: an object that is held, marked as deleted": Case(
        lambda c: (
            c.s3.put_object_legal_hold(**locked(), LegalHold={"Status": "ON"}),
            c.s3.delete_object(**locked()),
        ),
        prepare=locked_bucket,
    ),
    "restored from the archive": Case(
        lambda c: c.s3.restore_object(**ONE, RestoreRequest={"Days": 1}),
        ("object images/a/1.jpg: restore",),
        prepare=archived,
    ),
}  # fmt: skip


def held(c: Clients) -> None:
    locked_bucket(c)
    c.s3.put_object_legal_hold(**locked(), LegalHold={"Status": "ON"})


REFUSED_OBJECTS: dict[str, Refused] = {
    "put, there is one": Refused(put("a/1.jpg", IfNoneMatch="*"), "PreconditionFailed"),
    "put, another than expected": Refused(put("a/1.jpg", IfMatch='"0"'), "PreconditionFailed"),
    "put into a bucket that is not there": Refused(put(Bucket="nope"), "NoSuchBucket"),
    "put with a storage class that is none": Refused(
        put("a/1.jpg", StorageClass="NONE"), "InvalidStorageClass"
    ),
    "put with a lock, bucket without": Refused(
        put(ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER,
            ChecksumAlgorithm="SHA256"),
        "InvalidRequest",
    ),
    "copy of what is not there": Refused(copy("a/1.jpg", "images/nope"), "NoSuchKey"),
    "copy, precondition": Refused(
        lambda c: c.s3.copy_object(
            **ONE, CopySource=ONE, CopySourceIfNoneMatch=c.s3.head_object(**ONE)["ETag"]
        ),
        "PreconditionFailed",
    ),
    "multipart: completed with a part that is not there": Refused(
        lambda c: c.s3.complete_multipart_upload(
            **the_upload(c), MultipartUpload={"Parts": [{"PartNumber": 5, "ETag": '"0"'}]}
        ),
        "InvalidPart",
        begun,
    ),
    "multipart: aborted, not there": Refused(
        lambda c: c.s3.abort_multipart_upload(**ONE, UploadId="nope"), "NoSuchUpload"
    ),
    "version: deleted, held": Refused(
        lambda c: c.s3.delete_object(
            **locked(), VersionId=c.s3.head_object(**locked())["VersionId"]
        ),
        "AccessDenied",
        held,
    ),
    "tags of what is not there": Refused(
        lambda c: c.s3.put_object_tagging(Bucket="images", Key="nope", Tagging=TAGS), "NoSuchKey"
    ),
    "access list of what is not there": Refused(
        lambda c: c.s3.put_object_acl(Bucket="images", Key="nope", ACL="private"), "NoSuchKey"
    ),
}  # fmt: skip
