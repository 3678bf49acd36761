"""Deploy a package to an emulator the way it is deployed to AWS: zip to S3, template to CloudFormation."""

import json
from pathlib import Path
from typing import Any

from infra import emulator, gateway, processes
from infra.failures import Failure
from infra.package import Package

NAME = "zhiyin"
BUCKET = "zhiyin-packages"
CODE = "deployment.zip"
PATIENCE_SECONDS = 420
"""Of a stack that changes: the emulator takes some 12 seconds to replace each function that was called lately."""


def with_code_at(template: dict[str, Any], bucket: str, folder: str) -> dict[str, Any]:
    """The template with the functions' code and the layers there, as `aws cloudformation package` would rewrite it."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{folder}/{CODE}"
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            layer = Path(resource["Properties"]["ContentUri"]).name
            resource["Properties"]["ContentUri"] = f"s3://{bucket}/{folder}/{layer}"
    return template


def _describe(cloudformation: Any) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _delete_failed_creation(cloudformation: Any) -> None:
    """A stack whose creation was rolled back can only be deleted, in AWS as here."""
    stack = _describe(cloudformation)
    if stack and stack["StackStatus"] in {"ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"}:
        cloudformation.delete_stack(StackName=NAME)
        processes.wait_until(lambda: _describe(cloudformation) is None, PATIENCE_SECONDS)


def _reason(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return next(
        (f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed),
        "no reason given",
    )


def deploy(packaged: Package, fingerprint: str, port: int) -> dict[str, str]:
    """Create or update the stack on the emulator at `port` and wait for it; its outputs.

    Raises Failure with the first failed resource and its reason.
    """
    s3, cloudformation = emulator.client("s3", port), emulator.client("cloudformation", port)
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(packaged.zip), BUCKET, f"{fingerprint}/{CODE}")
    for layer in packaged.layers:
        s3.upload_file(str(layer), BUCKET, f"{fingerprint}/{layer.name}")
    body = with_code_at(json.loads(Path(packaged.template).read_text()), BUCKET, fingerprint)
    s3.put_object(Bucket=BUCKET, Key=f"{fingerprint}.json", Body=json.dumps(body).encode())
    _delete_failed_creation(cloudformation)
    existing = _describe(cloudformation)
    change = cloudformation.update_stack if existing else cloudformation.create_stack
    change(
        StackName=NAME,
        TemplateURL=f"http://{processes.HOST}:{port}/{BUCKET}/{fingerprint}.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    outputs = _outputs(cloudformation, "UPDATE_COMPLETE" if existing else "CREATE_COMPLETE")
    _restore_redrive(body["Resources"], cloudformation, port)
    gateway.guard(body["Resources"]["RestAPI"]["Properties"]["DefinitionBody"], outputs["RestAPIId"], NAME, port)
    return outputs


def _restore_redrive(resources: dict[str, Any], cloudformation: Any, port: int) -> None:
    """Give queues the redrive policy of the template: the emulator's CloudFormation drops it."""
    sqs = emulator.client("sqs", port)

    def url(logical: str) -> str:
        detail = cloudformation.describe_stack_resource(StackName=NAME, LogicalResourceId=logical)
        physical: str = detail["StackResourceDetail"]["PhysicalResourceId"]
        return physical

    for logical, resource in resources.items():
        redrive = resource.get("Properties", {}).get("RedrivePolicy") if resource["Type"] == "AWS::SQS::Queue" else None
        if redrive:
            target = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
            arn = sqs.get_queue_attributes(QueueUrl=url(target), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            policy = {"deadLetterTargetArn": arn, "maxReceiveCount": redrive["maxReceiveCount"]}
            sqs.set_queue_attributes(QueueUrl=url(logical), Attributes={"RedrivePolicy": json.dumps(policy)})


def _outputs(cloudformation: Any, wanted: str) -> dict[str, str]:
    def settled() -> bool:
        stack = _describe(cloudformation)
        return stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS")

    processes.wait_until(settled, PATIENCE_SECONDS, every=0.2)
    stack = _describe(cloudformation)
    if stack is None or stack["StackStatus"] != wanted:
        raise Failure(f"The stack ended as {stack['StackStatus'] if stack else 'gone'}; {_reason(cloudformation)}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
