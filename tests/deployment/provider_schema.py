"""The published schema of Terraform's Google provider, read from its generated bindings on the package index.

The bindings carry, for every resource type, each attribute's name, type, whether it is required, optional or
computed, and each nested block. `schemas` gives that back as plain dictionaries:

    {"attributes": {name: {"type": ..., "required": bool, "optional": bool, "computed": bool}},
     "blocks": {name: {"nesting": "single" | "list" | "set", "max_items": 0 | 1, "min_items": 0 | 1, "block": {...}}}}

where a type is what Terraform's wire protocol calls it: "string", ["list", "string"], ... `null` stands for a list of
objects that only the provider fills in; nothing here reads those.
"""

import io
import re
import tarfile
import zipfile
from pathlib import Path

# One line above each attribute of the generated code.
FLAGS = re.compile(r"// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\s")
# One entry of what a structure is written out as.
ENTRY = re.compile(
    r"(?:^|[\s{])\"?(?P<name>[a-z_0-9]+)\"?: \{\s*value: (?P<value>[^\n]*),\s*isBlock: (?P<block>true|false),"
    r"\s*type: \"(?P<type>\w+)\",\s*storageClassType: \"(?P<storage>\w+)\","
)
SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "string"}
COLLECTIONS = {
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "booleanList": ["list", "bool"],
    "stringMap": ["map", "string"],
    "numberMap": ["map", "number"],
    "booleanMap": ["map", "bool"],
}
GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
}


class Unreadable(Exception):
    """The bindings are not written as this program expects."""


def schemas(wheel: Path, resources: set[str], data_sources: set[str]) -> dict:
    """The schemas of these types (`google_...`) and of the provider's own configuration."""
    with zipfile.ZipFile(wheel) as archive:
        inner = [name for name in archive.namelist() if name.endswith(".jsii.tgz")]
        if len(inner) != 1:
            raise Unreadable(f"{wheel}: expected one package of bindings in it, found {inner}")
        packed = archive.read(inner[0])
    wanted = {folder(name): ("resources", name) for name in resources}
    wanted |= {"data-" + folder(name, google="google-"): ("data_sources", name) for name in data_sources}
    wanted["provider"] = ("provider", "google")
    found = {"resources": {}, "data_sources": {}, "provider": {}}
    for place, code, declarations in files_of(packed, set(wanted)):
        kind, name = wanted[place]
        found[kind][name] = Bindings(name, code, declarations).schema()
    return found


def folder(name: str, google: str = "") -> str:
    """The folder of a type's bindings: `google_sql_user` is in `sql-user`."""
    return google + name.removeprefix("google_").replace("_", "-")


def files_of(packed: bytes, places: set[str]):
    """The code and the declarations of each of these folders that is there."""
    texts: dict[str, dict[str, str]] = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            parts = member.name.split("/")
            if len(parts) >= 4 and parts[1] == "lib" and parts[2] in places and member.isfile():
                texts.setdefault(parts[2], {})[parts[-1]] = archive.extractfile(member).read().decode()
    for place, files in texts.items():
        of = lambda ending: "\n".join(text for name, text in sorted(files.items()) if name.endswith(ending))
        yield place, of(".js"), of(".d.ts")


class Bindings:
    """One resource type's generated code."""

    def __init__(self, name: str, code: str, declarations: str):
        self.name = name
        self.functions = self.split(code, r"^function (\w+)ToHclTerraform\(struct\) \{$")
        self.classes = self.split(code, r"^class (\w+) extends cdktn\.\w+ \{$")
        self.fields = {
            interface: dict(re.findall(r"readonly (\w+)(\??: [^;]+);", text))
            for interface, text in self.split(declarations, r"^export interface (\w+)\b[^\n]*\{$").items()
        }

    @staticmethod
    def split(text: str, head: str) -> dict[str, str]:
        """The top-level items whose first line is `head`, by name."""
        starts = list(re.finditer(head, text, re.MULTILINE))
        ends = [text.find("\n}", start.end()) for start in starts]
        return {start[1]: text[start.end() : end] for start, end in zip(starts, ends)}

    def schema(self) -> dict:
        resources = [text for text in self.classes.values() if "synthesizeHclAttributes()" in text]
        configs = [fields for name, fields in self.fields.items() if name.endswith("Config")]
        if len(resources) != 1 or not configs:
            raise Unreadable(f"{self.name}: {len(resources)} classes with attributes, {len(configs)} configurations")
        text = resources[0]
        written = text[text.index("synthesizeHclAttributes()") :]
        return self.block(written, text, self.config_of(text))

    def config_of(self, text: str) -> dict[str, str]:
        """The configuration whose fields the resource's attributes are."""
        names = set(re.findall(r"config\.(\w+)", text))
        return max(
            (fields for name, fields in self.fields.items() if name.endswith("Config")),
            key=lambda fields: len(names & set(fields)),
        )

    def block(self, written: str, body: str, fields: dict[str, str]) -> dict:
        """A block: `written` has what may be configured, `body` has the flags, `fields` the declared types."""
        flags = {name: (computed, optional, required) for name, computed, optional, required in FLAGS.findall(body)}
        entries = {entry["name"]: entry for entry in ENTRY.finditer(written)}
        attributes, blocks = {}, {}
        for name, entry in entries.items():
            computed, optional, required = (flag == "true" for flag in flags.get(name, ("false", "true", "false")))
            declared = fields.get(camel(name), "?: ")
            if entry["block"] == "true":
                blocks[name] = self.nested(entry, declared, required)
            else:
                attributes[name] = {
                    "type": self.type_of(entry),
                    "required": required,
                    "optional": optional or not required,
                    "computed": computed,
                }
        for name in set(flags) - set(entries):
            getter = re.search(rf"\bthis\.(\w+)\('{name}'\)", body)
            known = GETTERS.get(getter[1]) if getter else None
            attributes[name] = {"type": known, "required": False, "optional": False, "computed": True}
        return {"attributes": attributes, "blocks": blocks}

    def nested(self, entry: re.Match, declared: str, required: bool) -> dict:
        function = re.search(r"(\w+)ToHclTerraform", entry["value"].replace("cdktn.", ""))
        name = function[1] if function else ""
        title = name[:1].upper() + name[1:]
        if name not in self.functions:
            raise Unreadable(f"{self.name}: block `{entry['name']}` is written by `{entry['value']}`, which is not there")
        body = self.classes.get(title + "OutputReference", "")
        nesting = {"struct": "single", "list": "list", "set": "set"}[entry["type"]]
        many = "[]" in declared or entry["type"] == "set"
        return {
            "nesting": nesting,
            "max_items": 0 if many or nesting == "single" else 1,
            "min_items": 1 if required and nesting != "single" else 0,
            "block": self.block(self.functions[name], body, self.fields.get(title, {})),
        }

    def type_of(self, entry: re.Match):
        kind, storage = entry["type"], entry["storage"]
        if kind == "simple":
            return SIMPLE[storage]
        if storage in COLLECTIONS:
            return [kind, COLLECTIONS[storage][1]]
        if storage.endswith("MapList") or storage.endswith("ListList"):
            return ["list", ["map", "string"]]
        # A list of objects that is written as an attribute.
        return None


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
