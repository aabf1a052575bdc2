"""A local AWS: moto's server, with the types of stack resources that it lacks made by calls of its own API.

Run with the interpreter that has moto, with a port; it prints `ready` and answers on loopback until it is stopped.
The calls go through AWS's own client library, so that a property that the service doesn't have is refused.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

REGION = "eu-central-1"


def main(port: int) -> None:
    """Serve on `port`."""
    boto3 = importlib.import_module("boto3")
    parsing = importlib.import_module("moto.cloudformation.parsing")
    models = importlib.import_module("moto.cloudformation.models")
    server = importlib.import_module("moto.moto_server.threaded_moto_server")
    base = importlib.import_module("moto.core.common_models").CloudFormationModel
    # What moto can't change stays as it was, instead of being nothing from then on.
    base.update_from_cloudformation_json = classmethod(lambda cls, original_resource, **_: original_resource)
    known = parsing.get_model_map()

    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=f"http://127.0.0.1:{port}")

    for kind, (make, remove) in lacking(client).items():
        assert kind not in known, f"moto has {kind} by now"
        known[kind] = model(base, kind, make, remove)
    apply_change_sets(models, importlib.import_module("moto.cloudformation.responses"))
    tell_full_names(importlib.import_module("moto.elbv2.models"))
    remove_networks(known, client)
    # moto's own way of changing a task definition leaves its containers empty.
    known["AWS::ECS::TaskDefinition"].update_from_cloudformation_json = classmethod(anew)
    running = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    print("ready", flush=True)
    sys.stdin.read()


def lacking(client: Callable[[str], Any]) -> dict[str, tuple[Callable[..., str], Callable[[str], object]]]:
    """By type of resource: how one is made from its properties, giving its id, and how the one of an id is removed."""

    def secret(properties: dict[str, Any]) -> str:
        rules = dict(properties["GenerateSecretString"])
        template, key = rules.pop("SecretStringTemplate", None), rules.pop("GenerateStringKey", None)
        made = client("secretsmanager").get_random_password(**rules)["RandomPassword"]
        text = f'{template[:-1]}, "{key}": "{made}"}}' if template else made
        answer = client("secretsmanager").create_secret(
            Name=properties["logical_id"], Description=properties["Description"], SecretString=text
        )
        return str(answer["ARN"])

    def alarm(properties: dict[str, Any]) -> str:
        del properties["logical_id"]
        for name in ("EvaluationPeriods", "Threshold"):
            properties[name] = int(properties[name])
        client("cloudwatch").put_metric_alarm(**properties)
        return str(properties["AlarmName"])

    def metric_filter(properties: dict[str, Any]) -> str:
        change = properties["MetricTransformations"][0]
        client("logs").put_metric_filter(
            logGroupName=properties["LogGroupName"], filterName=properties["logical_id"],
            filterPattern=properties["FilterPattern"],
            metricTransformations=[{name[0].lower() + name[1:]: value for name, value in change.items()}],
        )  # fmt: skip
        return f"{properties['LogGroupName']}|{properties['logical_id']}"

    def unfilter(name: str) -> None:
        group, _, filtered = name.partition("|")
        client("logs").delete_metric_filter(logGroupName=group, filterName=filtered)

    def subscription(properties: dict[str, Any]) -> str:
        del properties["logical_id"]
        return str(client("sns").subscribe(**properties)["SubscriptionArn"])

    def schedule(properties: dict[str, Any]) -> str:
        del properties["logical_id"]
        target = properties["Target"]
        network = target["EcsParameters"]["NetworkConfiguration"]
        network["awsvpcConfiguration"] = network.pop("AwsvpcConfiguration")
        client("scheduler").create_schedule(**properties)
        return str(properties["Name"])

    return {
        "AWS::SecretsManager::Secret": (
            secret, lambda name: client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        ),
        "AWS::CloudWatch::Alarm": (alarm, lambda name: client("cloudwatch").delete_alarms(AlarmNames=[name])),
        "AWS::Logs::MetricFilter": (metric_filter, unfilter),
        "AWS::SNS::Subscription": (subscription, lambda name: client("sns").unsubscribe(SubscriptionArn=name)),
        "AWS::Scheduler::Schedule": (schedule, lambda name: client("scheduler").delete_schedule(Name=name)),
    }  # fmt: skip


def anew(cls: Any, /, *, original_resource: Any, new_resource_name: str, **rest: Any) -> Any:
    """A change that makes the thing another time."""
    return cls.create_from_cloudformation_json(new_resource_name, *rest.values())


def model(base: Any, kind: str, make: Callable[..., str], remove: Callable[[str], object]) -> Any:
    """A class of moto's for resources of the type `kind`."""

    def create(cls: Any, /, name: str, document: dict[str, Any], account: str, region: str, **rest: Any) -> Any:
        made = cls()
        made.properties = document["Properties"]
        made.physical_resource_id = make({**document["Properties"], "logical_id": name})
        return made

    def update(cls: Any, /, *, original_resource: Any, new_resource_name: str, **rest: Any) -> Any:
        if rest["cloudformation_json"]["Properties"] == original_resource.properties:
            return original_resource
        remove(original_resource.physical_resource_id)
        return cls.create_from_cloudformation_json(new_resource_name, *rest.values())

    def delete(cls: Any, /, name: str, document: dict[str, Any], account: str, region: str) -> None:
        remove(name)

    return type(kind.replace("::", ""), (base,), {
        "cloudformation_name_type": staticmethod(lambda: ""),
        "cloudformation_type": staticmethod(lambda: kind),
        "has_cfn_attr": classmethod(lambda cls, name: False),
        "create_from_cloudformation_json": classmethod(create),
        "update_from_cloudformation_json": classmethod(update),
        "delete_from_cloudformation_json": classmethod(delete),
        "is_created": lambda self: True,
    })  # fmt: skip


def apply_change_sets(models: Any, responses: Any) -> None:
    """Have change sets do what making and updating a stack directly does: of those alone moto's account is whole."""

    def execute(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.change_sets[change_set_name]
        stack, rest = change_set.stack, {"role_arn": change_set.role_arn, "tags": change_set.tags}
        if change_set.change_set_type == "CREATE":
            del self.stacks[stack.stack_id]
            # With the defaults too: else the same values, sent again in full, would count as others.
            declared = change_set.template_dict["Parameters"]
            values = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
            self.create_stack(stack.name, change_set.template, values | change_set.parameters, **rest)
        else:
            stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
            stack.update(change_set.template, parameters=change_set.parameters, **rest)
            self.exports.update({export.name: export for export in stack.exports})

    models.CloudFormationBackend.execute_change_set = execute
    # AWS accepts a change set without a change, and says of it that it failed; moto refuses it before that.
    responses.CloudFormationResponse._validate_different_update = lambda *_: None


def remove_networks(known: dict[str, Any], client: Callable[[str], Any]) -> None:
    """Have a network's gateway and routes removed with their stack; moto keeps them, and so the network."""

    def detach(cls: Any, /, *_: Any, **__: Any) -> None:
        for gateway in client("ec2").describe_internet_gateways()["InternetGateways"]:
            for attached in gateway["Attachments"]:
                client("ec2").detach_internet_gateway(
                    InternetGatewayId=gateway["InternetGatewayId"], VpcId=attached["VpcId"]
                )

    def remove_gateway(cls: Any, /, name: str, *_: Any) -> None:
        client("ec2").delete_internet_gateway(InternetGatewayId=name)

    def remove_routes(cls: Any, /, name: str, *_: Any) -> None:
        client("ec2").delete_route_table(RouteTableId=name)

    known["AWS::EC2::VPCGatewayAttachment"].delete_from_cloudformation_json = classmethod(detach)
    known["AWS::EC2::InternetGateway"].delete_from_cloudformation_json = classmethod(remove_gateway)
    known["AWS::EC2::RouteTable"].delete_from_cloudformation_json = classmethod(remove_routes)


def tell_full_names(balancers: Any) -> None:
    """Have balancers and target groups tell their full names, which alarms need."""

    def teach(kind: Any, wanted: str, *, known: Callable[..., Any] | None) -> None:
        def attribute(self: Any, name: str) -> Any:
            if name != wanted:
                assert known is not None, f"{kind.__name__}.{name}"
                return known(self, name)
            return self.arn.rpartition(":")[2].removeprefix("loadbalancer/")

        has = kind.has_cfn_attr
        kind.has_cfn_attr = classmethod(lambda cls, name: name == wanted or has(name))
        kind.get_cfn_attribute = attribute

    teach(balancers.FakeLoadBalancer, "LoadBalancerFullName", known=balancers.FakeLoadBalancer.get_cfn_attribute)
    teach(balancers.FakeTargetGroup, "TargetGroupFullName", known=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
