"""A provider that knows its schema and no cloud: with it, the real `terraform validate` and `terraform plan` run where
no provider can be downloaded.

Terraform itself then says which attribute does not exist, which is missing and which has the wrong type, and evaluates
every expression. Attributes that only the real provider knows are planned as `<type>/<name>/<attribute>`, so that what
is computed from them is visible in the plan. Nothing here can create anything: there is no apply.
"""

import json
from concurrent import futures
from pathlib import Path

import grpc
import msgpack

PROTOCOL, SERVICES = grpc.protos_and_services("plugin.proto")

# The write-only arguments: the bindings do not mark them, and Terraform lets nothing else take an ephemeral value.
WRITE_ONLY = ("_wo",)

# `random`, of which the fleet uses one ephemeral resource; its bindings leave ephemeral ones out.
RANDOM_PASSWORD = {
    "attributes": {
        "length": {"type": "number", "required": True, "optional": False, "computed": False},
        "result": {"type": "string", "required": False, "optional": False, "computed": True},
        **{
            name: {"type": kind, "required": False, "optional": True, "computed": True}
            for name, kind in {
                "lower": "bool",
                "min_lower": "number",
                "min_numeric": "number",
                "min_special": "number",
                "min_upper": "number",
                "numeric": "bool",
                "override_special": "string",
                "special": "bool",
                "upper": "bool",
            }.items()
        },
    },
    "blocks": {},
}
RANDOM = {"provider": {}, "resources": {}, "data_sources": {}, "ephemeral": {"random_password": RANDOM_PASSWORD}}
EMPTY = {"attributes": {}, "blocks": {}}
A_PASSWORD = "a-password-that-no-state-may-have"


def message_of(block: dict) -> "PROTOCOL.Schema.Block":
    nesting = PROTOCOL.Schema.NestedBlock.NestingMode
    return PROTOCOL.Schema.Block(
        attributes=[
            PROTOCOL.Schema.Attribute(
                name=name,
                type=json.dumps(attribute["type"] or "dynamic").encode(),
                required=attribute["required"],
                optional=attribute["optional"],
                computed=attribute["computed"] and not name.endswith(WRITE_ONLY),
                write_only=name.endswith(WRITE_ONLY),
            )
            for name, attribute in sorted(block["attributes"].items())
        ],
        block_types=[
            PROTOCOL.Schema.NestedBlock(
                type_name=name,
                block=message_of(nested["block"]),
                nesting=nesting.Value(nested["nesting"].upper()),
                min_items=nested["min_items"],
                max_items=nested["max_items"],
            )
            for name, nested in sorted(block["blocks"].items())
        ],
    )


def schema_of(block: dict) -> "PROTOCOL.Schema":
    return PROTOCOL.Schema(block=message_of(block))


def unpack(value) -> dict | None:
    return msgpack.unpackb(value.msgpack, strict_map_key=False) if value.msgpack else None


def pack(value) -> "PROTOCOL.DynamicValue":
    return PROTOCOL.DynamicValue(msgpack=msgpack.packb(value))


class SchemaOnly(SERVICES.ProviderServicer):
    """One provider, by its schemas."""

    def __init__(self, schemas: dict):
        self.schemas = schemas
        many = lambda kind: {name: schema_of(block) for name, block in schemas.get(kind, {}).items()}
        self.answer = PROTOCOL.GetProviderSchema.Response(
            provider=schema_of(schemas["provider"].get("google", EMPTY)),
            resource_schemas=many("resources"),
            data_source_schemas=many("data_sources"),
            ephemeral_resource_schemas=many("ephemeral"),
        )

    def GetSchema(self, request, context):
        return self.answer

    def PrepareProviderConfig(self, request, context):
        return PROTOCOL.PrepareProviderConfig.Response(prepared_config=request.config)

    def ValidateResourceTypeConfig(self, request, context):
        return PROTOCOL.Validate.Response()

    ValidateDataSourceConfig = ValidateResourceTypeConfig
    ValidateEphemeralResourceConfig = ValidateResourceTypeConfig

    def Configure(self, request, context):
        return PROTOCOL.Configure.Response()

    def Stop(self, request, context):
        return PROTOCOL.Stop.Response()

    def PlanResourceChange(self, request, context):
        proposed = unpack(request.proposed_new_state)
        block = self.schemas["resources"][request.type_name]
        return PROTOCOL.PlanResourceChange.Response(planned_state=pack(filled(proposed, block, request.type_name)))

    def ReadDataSource(self, request, context):
        config = unpack(request.config)
        block = self.schemas["data_sources"][request.type_name]
        return PROTOCOL.ReadDataSource.Response(state=pack(filled(config, block, request.type_name)))

    def OpenEphemeralResource(self, request, context):
        return PROTOCOL.OpenEphemeralResource.Response(result=pack(unpack(request.config) | {"result": A_PASSWORD}))

    def CloseEphemeralResource(self, request, context):
        return PROTOCOL.CloseEphemeralResource.Response()


def filled(value: dict | None, block: dict, type_name: str) -> dict | None:
    """The planned value: what only the provider knows, by a name that says where it comes from."""
    if value is None:
        return None
    named = (value.get(key) for key in ("name", "account_id", "secret_id", "dataset_id", "role_id", "topic", "display_name"))
    title = next((name for name in named if isinstance(name, str)), "")
    for name, attribute in block["attributes"].items():
        if name.endswith(WRITE_ONLY):
            value[name] = None
        unset = value.get(name) is None and attribute["computed"]
        if unset and attribute["type"] == "string" and (not attribute["optional"] or name == "id"):
            value[name] = f"{type_name}/{title}/{name}"
    return value


def serve(schemas: Path, folder: Path) -> tuple[list[grpc.Server], str]:
    """Serves both providers; gives back the value of TF_REATTACH_PROVIDERS that makes Terraform use them."""
    servers, attached = [], {}
    for name, known in {"google": json.loads(schemas.read_text()), "random": RANDOM}.items():
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.max_send_message_length", -1)])
        SERVICES.add_ProviderServicer_to_server(SchemaOnly(known), server)
        socket = folder / f"{name}.socket"
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        servers.append(server)
        attached[f"registry.terraform.io/hashicorp/{name}"] = {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": 1,
            "Test": True,
            "Addr": {"Network": "unix", "String": str(socket)},
        }
    return servers, json.dumps(attached)
