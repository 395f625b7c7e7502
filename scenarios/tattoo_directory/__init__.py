"""The tattoo directory: a pack with DynamoDB, S3 and PostgreSQL in one domain."""
