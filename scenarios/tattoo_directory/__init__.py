"""The tattoo directory: a pack with DynamoDB, OpenSearch, S3 and PostgreSQL in one domain."""
