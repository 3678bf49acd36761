"""Signed calls to KMS, SQS, DynamoDB and EventBridge; settings; logging and metrics."""
