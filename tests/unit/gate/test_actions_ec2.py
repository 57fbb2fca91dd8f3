"""What EC2 calls take: each id its own permission, and no name that tells no ARN."""

import pytest

from ostiary.gate.actions import Unmapped
from tests.unit.gate.asking import (
    ACCOUNT,
    REGION,
    ec2_form,
    needs,
    needs_of,
    pairs,
)

HERE = f"arn:aws:ec2:{REGION}:{ACCOUNT}"


@pytest.mark.rule("M54")
@pytest.mark.parametrize(
    "operation",
    ["StopInstances", "TerminateInstances", "StartInstances", "RebootInstances"],
)
def test_every_instance_takes_its_own_permission(operation: str) -> None:
    """StopInstances with two ids needs an allow for each of the two."""
    found = needs("ec2", operation, InstanceIds=["i-0a", "i-0b"])

    assert pairs(found) == [
        (f"ec2:{operation}", f"{HERE}:instance/i-0a"),
        (f"ec2:{operation}", f"{HERE}:instance/i-0b"),
    ]
    assert {need.resource_account for need in found} == {ACCOUNT}


def test_a_repeated_id_is_asked_once() -> None:
    """The same id twice is one permission."""
    assert len(needs("ec2", "StopInstances", InstanceIds=["i-0a", "i-0a"])) == 1


@pytest.mark.parametrize(
    "operation",
    ["DescribeInstances", "DescribeVolumes", "DescribeVpcs", "DescribeTags"],
)
def test_a_list_has_no_resource_level(operation: str) -> None:
    """Describe calls are decided on `*`, ids or not: AWS has no finer level there."""
    assert pairs(needs("ec2", operation)) == [(f"ec2:{operation}", "*")]


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "value", ["*", "i-*", "i-0a:x", "i-0a/../i-0b", "", "vol-0a", "i-0A", "i-0a\n"]
)
def test_what_is_not_an_id_is_refused(value: str) -> None:
    """No text of a client becomes a wildcard, another type, or another part of an ARN."""
    with pytest.raises(Unmapped):
        needs_of("ec2", ec2_form("StopInstances", InstanceId__1=value))


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "pairs_sent",
    [
        {},
        {"InstanceId": "i-0a"},
        {"InstanceId.Foo": "i-0a"},
        {"InstanceId.1.Id": "i-0a"},
    ],
)
def test_ids_in_another_form_are_refused(pairs_sent: dict[str, str]) -> None:
    """Ids that are absent, or not a numbered list, leave the resource undecided."""
    with pytest.raises(Unmapped):
        needs_of("ec2", ec2_form("TerminateInstances", **pairs_sent))


@pytest.mark.rule("M63")
def test_run_instances_takes_every_resource_type() -> None:
    """RunInstances is decided on image, instance, network, volume, key and snapshot."""
    found = needs(
        "ec2",
        "RunInstances",
        ImageId="ami-0a",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        KeyName="work",
        SubnetId="subnet-0a",
        SecurityGroupIds=["sg-0a", "sg-0b"],
        BlockDeviceMappings=[
            {"DeviceName": "a", "Ebs": {"SnapshotId": "snap-0a"}},
            {"DeviceName": "b"},
        ],
        Placement={"GroupName": "near"},
    )

    assert {need.action for need in found} == {"ec2:RunInstances"}
    assert {need.resource for need in found} == {
        f"arn:aws:ec2:{REGION}::image/ami-0a",
        f"arn:aws:ec2:{REGION}::snapshot/snap-0a",
        f"{HERE}:instance/*",
        f"{HERE}:volume/*",
        f"{HERE}:network-interface/*",
        f"{HERE}:subnet/subnet-0a",
        f"{HERE}:security-group/sg-0a",
        f"{HERE}:security-group/sg-0b",
        f"{HERE}:key-pair/work",
        f"{HERE}:placement-group/near",
    }


@pytest.mark.threat("T65")
def test_run_instances_reads_its_network_interfaces() -> None:
    """Each interface counts; one without a subnet may come into any of them."""
    first = {"DeviceIndex": 0, "SubnetId": "subnet-0a", "Groups": ["sg-0a"]}
    common = {"ImageId": "ami-0a", "MinCount": 1, "MaxCount": 1}
    told = needs("ec2", "RunInstances", **common, NetworkInterfaces=[first])
    both = needs(
        "ec2",
        "RunInstances",
        **common,
        NetworkInterfaces=[first, {"DeviceIndex": 1, "NetworkInterfaceId": "eni-0a"}],
    )

    known = {f"{HERE}:subnet/subnet-0a", f"{HERE}:security-group/sg-0a"}
    whole = {f"{HERE}:subnet/*", f"{HERE}:security-group/*"}
    resources = {need.resource for need in told}
    assert known <= resources
    assert not whole & resources
    assert {f"{HERE}:network-interface/eni-0a", *known, *whole} <= {
        need.resource for need in both
    }


def test_an_interface_with_an_empty_list_of_groups_takes_the_default() -> None:
    """No group at all is a choice of EC2's, like a subnet that is not named."""
    request = ec2_form(
        "RunInstances",
        ImageId="ami-0a",
        **{
            "NetworkInterface.1.SubnetId": "subnet-0a",
            "NetworkInterface.1.SecurityGroupId": "",
        },
    )
    resources = {need.resource for need in needs_of("ec2", request)}

    assert f"{HERE}:security-group/*" in resources


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "further",
    [
        {"SecurityGroup.1": "default"},
        {"LaunchTemplate.LaunchTemplateId": "lt-0a"},
        {"IamInstanceProfile.Name": "admin"},
        {"Placement.HostId": "h-0a"},
        {"LicenseSpecification.1.LicenseConfigurationArn": "arn"},
    ],
)
def test_run_instances_refuses_what_it_cannot_see(further: dict[str, str]) -> None:
    """A template, a profile or a group's name decides resources that are not in the request."""
    request = ec2_form(
        "RunInstances", ImageId="ami-0a", MinCount="1", MaxCount="1", **further
    )

    with pytest.raises(Unmapped, match="cannot see"):
        needs_of("ec2", request)


def test_keys_stand_on_the_type_that_aws_gives_them_to() -> None:
    """ec2:InstanceType is a key of the instance, not of the image."""
    found = needs(
        "ec2",
        "RunInstances",
        ImageId="ami-0a",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        MetadataOptions={"HttpTokens": "required"},
    )
    by_type = {
        need.resource.split(":")[5].partition("/")[0]: need.context for need in found
    }

    assert by_type["instance"]["ec2:InstanceType"] == "t3.micro"
    assert by_type["instance"]["ec2:MetadataHttpTokens"] == "required"
    assert by_type["instance"]["ec2:InstanceMarketType"] == "on-demand"
    assert "ec2:InstanceType" not in by_type["image"]
    assert all(context["ec2:Region"] == REGION for context in by_type.values())


def test_tags_at_creation_take_create_tags_as_well() -> None:
    """Tags of the new volume are keys of the volume, and CreateTags is needed on it."""
    found = needs(
        "ec2",
        "CreateVolume",
        AvailabilityZone="us-east-1a",
        Size=8,
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "red"}]}
        ],
    )

    assert pairs(found) == [
        ("ec2:CreateVolume", f"{HERE}:volume/*"),
        ("ec2:CreateTags", f"{HERE}:volume/*"),
    ]
    assert [need.context["aws:RequestTag/team"] for need in found] == ["red", "red"]
    assert found[1].context["ec2:CreateAction"] == "CreateVolume"
    assert found[0].context["aws:TagKeys"] == ("team",)


@pytest.mark.parametrize(
    "spec",
    [
        {
            "TagSpecification.1.ResourceType": "spaceship",
            "TagSpecification.1.Tag.1.Key": "a",
        },
        {"TagSpecification.1.Tag.1.Key": "a"},
        {
            "TagSpecification.1.ResourceType": "volume",
            "TagSpecification.2.ResourceType": "volume",
        },
        {
            "TagSpecification.1.ResourceType": "volume",
            "TagSpecification.1.Tag.1.Key": "a",
            "TagSpecification.1.Tag.2.Key": "A",
        },
    ],
)
def test_tags_that_are_unclear_are_refused(spec: dict[str, str]) -> None:
    """An unknown type, one type twice, or keys that differ in case only."""
    with pytest.raises(Unmapped):
        needs_of("ec2", ec2_form("CreateVolume", AvailabilityZone="a", **spec))


def test_tagging_follows_the_prefix_of_each_id() -> None:
    """CreateTags names instances, volumes and images by their ids' prefixes."""
    found = needs(
        "ec2",
        "CreateTags",
        Resources=["i-0a", "vol-0a", "ami-0a", "tgw-attach-0a"],
        Tags=[{"Key": "a", "Value": "b"}],
    )

    assert [need.resource for need in found] == [
        f"{HERE}:instance/i-0a",
        f"{HERE}:volume/vol-0a",
        f"arn:aws:ec2:{REGION}::image/ami-0a",
        f"{HERE}:transit-gateway-attachment/tgw-attach-0a",
    ]
    assert all(need.context["aws:RequestTag/a"] == "b" for need in found)


def test_tagging_an_unknown_id_is_refused() -> None:
    """An id whose type nobody knows has no ARN."""
    with pytest.raises(Unmapped, match="prefix"):
        needs(
            "ec2", "CreateTags", Resources=["ufo-0a"], Tags=[{"Key": "a", "Value": "b"}]
        )


@pytest.mark.threat("T65")
def test_a_name_beside_an_id_is_refused() -> None:
    """An upstream may take the name where the decision took the id."""
    both = ec2_form("DeleteSecurityGroup", GroupId="sg-0a", GroupName="prod")
    named = ec2_form("DeleteKeyPair", KeyName="a", KeyPairId="key-0b")

    for request in (both, named):
        with pytest.raises(Unmapped):
            needs_of("ec2", request)


def test_a_copy_reads_in_the_region_that_it_names() -> None:
    """CopyImage is decided on the source in its own region and on the new image here."""
    found = needs(
        "ec2",
        "CopyImage",
        SourceImageId="ami-0a",
        SourceRegion="eu-west-1",
        Name="copy",
    )

    assert [need.resource for need in found] == [
        "arn:aws:ec2:eu-west-1::image/ami-0a",
        f"arn:aws:ec2:{REGION}::image/*",
        f"arn:aws:ec2:{REGION}::snapshot/*",
    ]


@pytest.mark.threat("T65")
def test_a_parameter_cannot_bring_parts_of_an_arn() -> None:
    """A region with colons in it would make the ARN say something else."""
    request = ec2_form(
        "CopyImage",
        SourceImageId="ami-0a",
        SourceRegion="us-east-1::image/ami-0b",
        Name="x",
    )

    with pytest.raises(Unmapped):
        needs_of("ec2", request)


def test_an_association_id_tells_no_resource() -> None:
    """DisassociateAddress is refused: nothing in it names the address."""
    with pytest.raises(Unmapped, match="association"):
        needs("ec2", "DisassociateAddress", AssociationId="eipassoc-0a")


def test_a_spot_instance_is_not_on_demand() -> None:
    """InstanceMarketOptions asks for a spot request, and its type is a key."""
    found = needs(
        "ec2",
        "RunInstances",
        ImageId="ami-0a",
        MinCount=1,
        MaxCount=1,
        InstanceMarketOptions={"MarketType": "spot"},
    )
    by_type = {need.resource.split(":")[5].partition("/")[0]: need for need in found}

    assert by_type["instance"].context["ec2:InstanceMarketType"] == "spot"
    assert (
        by_type["spot-instances-request"].resource == f"{HERE}:spot-instances-request/*"
    )


@pytest.mark.threat("T65")
def test_an_entry_without_its_id_is_refused() -> None:
    """An entry that lacks what decides its resource leaves it undecided."""
    request = ec2_form(
        "ModifyInstanceCreditSpecification",
        **{"InstanceCreditSpecification.1.CpuCredits": "unlimited"},
    )

    with pytest.raises(Unmapped, match="lacks"):
        needs_of("ec2", request)


@pytest.mark.threat("T150")
def test_a_tag_key_is_a_text() -> None:
    """Tags in a form that is not text are refused."""
    request = ec2_form(
        "CreateTags",
        **{"ResourceId.1": "i-0a", "Tag.1.Key.x": "a", "Tag.1.Value": "b"},
    )

    with pytest.raises(Unmapped):
        needs_of("ec2", request)
