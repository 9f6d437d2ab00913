"""A real S3 server in this process, whose buckets are in memory, and the environment that names it."""

from contextlib import contextmanager
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

SECRET = "not-to-be-shown"


@contextmanager
def s3_server():
    """Yield a client of a fresh server, with the environment set as its users would."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "eu-central-1",
        }.items():
            patch.setenv(name, value)
        urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()  # buckets of an earlier server of this process
        client = boto3.client("s3", endpoint_url=url, region_name="eu-central-1")
        client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        try:
            yield client
        finally:
            server.stop()


def put(client, folder, prefix, bucket="shop"):
    """Put all files of a folder below a prefix."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder).as_posix()}", Body=path.read_bytes())
