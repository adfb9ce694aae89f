"""Checks `terraform/` with Terraform itself: format, every name and type against the provider's published schema, and
a plan of each environment, in which the promises of docs/CLOUD.md are looked for.

    python check_terraform.py CACHE     CACHE has, or gets, the provider's bindings

Ends with a list of what is broken. Proves on copies with a mistake in them that mistakes are found.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TERRAFORM = ROOT / "terraform"
ENVIRONMENTS = ("staging", "prod")
BINDINGS = "cdktn-provider-google==21.1.0"
os.chdir(HERE)

import metrics  # noqa: E402
import provider_schema  # noqa: E402
import schema_server  # noqa: E402

DECLARED = re.compile(r'^(resource|data) "(google_\w+)"', re.MULTILINE)

# Mistakes that the check must find: a file, what is written there, what a hurried hand might write, the complaint.
MISTAKES = [
    ("modules/pubsub/main.tf", "ack_deadline_seconds       =", "ack_deadline_secs          =", 'argument named "ack_deadline_secs" is not expected'),
    ("modules/ledger/main.tf", "ssl_mode        =", "require_ssl     =", 'argument named "require_ssl" is not expected'),
    ("modules/lake/main.tf", "  location                    = var.location\n", "", 'argument "location" is required'),
    ("modules/cluster/main.tf", "enable_autopilot    = true", 'enable_autopilot    = "yes"', "a bool is required"),
    ("modules/pubsub/main.tf", "  expiration_policy {", "  expiry_policy {", 'Blocks of type "expiry_policy" are not expected'),
]


class Broken(Exception):
    """A check did not pass; the text says what and where."""


def terraform(arguments: list[str], folder: Path, environment: dict) -> str:
    done = subprocess.run(["terraform", *arguments], cwd=folder, env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise Broken(f"terraform {' '.join(arguments)} in {folder.name}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_format() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", str(TERRAFORM)], text=True, capture_output=True
    )
    if done.returncode != 0:
        raise Broken(f"not as `terraform fmt -recursive terraform` writes it:\n{done.stdout}{done.stderr}")


def schema_file(cache: Path) -> Path:
    """The schemas of the types that terraform/ declares, from the bindings, once for each set of types."""
    declared = [
        match for file in sorted(TERRAFORM.rglob("*.tf")) for match in DECLARED.findall(file.read_text())
    ]
    resources = {name for kind, name in declared if kind == "resource"}
    sources = {name for kind, name in declared if kind == "data"}
    reader = (HERE / "provider_schema.py").read_bytes()
    key = hashlib.sha256(repr((BINDINGS, sorted(resources), sorted(sources))).encode() + reader).hexdigest()[:16]
    place = cache / f"google-schema-{key}.json"
    if not place.exists():
        found = provider_schema.schemas(wheel(cache), resources, sources)
        for kind, names in (("resources", resources), ("data_sources", sources)):
            unknown = names - set(found[kind])
            if unknown:
                raise Broken(f"the provider has no {kind} {sorted(unknown)}; see its documentation for the name")
        place.with_suffix(".part").write_text(json.dumps(found))
        place.with_suffix(".part").rename(place)
    return place


def wheel(cache: Path) -> Path:
    name, version = BINDINGS.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(cache.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), BINDINGS]
        done = subprocess.run(pip, text=True, capture_output=True)
        if done.returncode != 0:
            raise Broken(f"cannot get the provider's bindings {BINDINGS} from the package index:\n{done.stderr}")
    return next(cache.glob(pattern))


class Workspace:
    """A copy of terraform/ in which Terraform runs against the schema alone."""

    def __init__(self, folder: Path, attached: str):
        self.root = folder / "terraform"
        settings = folder / "terraformrc"
        settings.write_text("")
        self.environment = dict(
            os.environ,
            TF_REATTACH_PROVIDERS=attached,
            TF_CLI_CONFIG_FILE=str(settings),
            TF_IN_AUTOMATION="1",
            CHECKPOINT_DISABLE="1",
        )
        shutil.copytree(TERRAFORM, self.root, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        for name in ENVIRONMENTS:
            # A plan without a bucket for its state.
            (self.folder(name) / "override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
            terraform(["init", "-input=false", "-no-color"], self.folder(name), self.environment)

    def folder(self, name: str) -> Path:
        return self.root / "environments" / name

    def validate(self, name: str) -> None:
        terraform(["validate", "-no-color"], self.folder(name), self.environment)

    def plan(self, name: str) -> dict:
        options = ["-input=false", "-no-color", "-refresh=false", "-lock=false", "-var-file=example.tfvars"]
        terraform(["plan", *options, "-out=plan"], self.folder(name), self.environment)
        return json.loads(terraform(["show", "-json", "plan"], self.folder(name), self.environment))

    def prove(self, mistakes: list[tuple[str, str, str, str]]) -> None:
        """Makes all of these mistakes and looks for Terraform's complaint about each."""
        for file, written, mistaken, _ in mistakes:
            text = (self.root / file).read_text()
            if written not in text:
                raise Broken(f"MISTAKES names `{written}`, which {file} does not have: choose another place")
            (self.root / file).write_text(text.replace(written, mistaken, 1))
        try:
            self.validate("staging")
        except Broken as error:
            said = re.sub(r"[\s│╷╵]+", " ", str(error))
            missed = [(file, mistaken) for file, _, mistaken, complaint in mistakes if complaint not in said]
            if missed:
                raise Broken(f"these deliberate mistakes were not found: {missed}\n{error}") from error
            return
        raise Broken("no deliberate mistake was found: the check is worth nothing")


def resources(plan: dict) -> list[dict]:
    """Everything that a plan makes, out of all modules."""
    found, left = [], [plan["planned_values"]["root_module"]]
    while left:
        module = left.pop()
        found += module.get("resources", [])
        left += module.get("child_modules", [])
    return found


def check_topology(made: list[dict]) -> list[str]:
    """Topics and subscriptions are those of the declarations, and nobody loses a message to an expiry."""
    topology = json.loads((TERRAFORM / "topology" / "nba.json").read_text())
    by_type = lambda name: {r["values"]["name"]: r["values"] for r in made if r["type"] == name}
    topics, subscriptions = by_type("google_pubsub_topic"), by_type("google_pubsub_subscription")
    broken = []
    if set(topics) != {topic["name"] for topic in topology["topics"]}:
        broken.append("the topics are not those of terraform/topology/nba.json")
    wanted = {subscription["name"]: subscription for subscription in topology["subscriptions"]}
    archives = {f"{name}.archive" for name in topics if name.endswith(".dead-letters")}
    if set(subscriptions) != set(wanted) | archives:
        broken.append("the subscriptions are not those of terraform/topology/nba.json and one archive a dead-letter topic")
    for name, made_one in subscriptions.items():
        if made_one["expiration_policy"] != [{"ttl": ""}]:
            broken.append(f"subscription {name} expires")
        policy = (wanted.get(name) or {}).get("dead_letter_topic")
        if bool(policy) != bool(made_one["dead_letter_policy"]):
            broken.append(f"subscription {name}: dead-letter policy {made_one['dead_letter_policy']}, wanted {policy}")
        if name in archives and not (made_one["bigquery_config"] or [{}])[0].get("write_metadata"):
            broken.append(f"subscription {name} keeps nothing")
    return broken


def check_rights(made: list[dict]) -> list[str]:
    """Google's agent can set messages aside, nobody has a basic role, and nothing but the website is public."""
    broken = []
    agent = "@gcp-sa-pubsub.iam.gserviceaccount.com"
    granted = {
        (r["values"]["role"], r["values"].get("topic") or r["values"].get("subscription")): r["values"]["members"]
        for r in made
        if r["type"] in ("google_pubsub_topic_iam_binding", "google_pubsub_subscription_iam_binding")
    }
    holds = lambda role, name: any(agent in member for member in granted.get((role, name), []))
    for values in (r["values"] for r in made if r["type"] == "google_pubsub_subscription"):
        for policy in values["dead_letter_policy"]:
            dead_letters = policy["dead_letter_topic"].split("/")[-2]
            if not holds("roles/pubsub.publisher", dead_letters):
                broken.append(f"Pub/Sub's agent may not publish on {dead_letters}")
            if not holds("roles/pubsub.subscriber", values["name"]):
                broken.append(f"Pub/Sub's agent may not read {values['name']}")
    for values in (r["values"] for r in made):
        role = values.get("role") or ""
        if role in ("roles/owner", "roles/editor", "roles/viewer") or role.endswith("Admin") or role.endswith(".admin"):
            broken.append(f"{role} for {values.get('member') or values.get('members')}: name what it is for")
        for member in (values.get("members") or []) + [values.get("member") or ""]:
            if member in ("allUsers", "allAuthenticatedUsers"):
                broken.append(f"{role} for {member}")
    return broken


def check_protection(made: list[dict], environment: str) -> list[str]:
    """What holds data refuses to be deleted in prod."""
    broken = []
    for r in made:
        values, place = r["values"], f"{environment}: {r['address']}"
        if environment == "prod" and r["type"] in ("google_pubsub_topic", "google_pubsub_subscription", "google_storage_bucket", "google_bigquery_dataset"):
            if values["deletion_policy"] != "PREVENT":
                broken.append(f"{place}: deletion_policy {values['deletion_policy']}")
        if environment == "prod" and r["type"] in ("google_sql_database_instance", "google_container_cluster", "google_bigquery_table", "google_secret_manager_secret"):
            if values["deletion_protection"] is not True:
                broken.append(f"{place}: deletion_protection {values['deletion_protection']}")
        if r["type"] == "google_sql_database_instance":
            settings = values["settings"][0]
            if settings["ip_configuration"][0]["ipv4_enabled"] or settings["ip_configuration"][0]["ssl_mode"] != "ENCRYPTED_ONLY":
                broken.append(f"{place}: reachable from outside, or without encryption")
            if not settings["backup_configuration"][0]["point_in_time_recovery_enabled"]:
                broken.append(f"{place}: cannot be taken back in time")
    return broken


def check_queries(made: list[dict]) -> list[str]:
    """Every query of an alert or of the dashboard asks for what there is."""
    queries = []
    for r in made:
        for condition in r["values"].get("conditions") or []:
            queries += [one["query"] for one in condition["condition_prometheus_query_language"] or []]
        if r["type"] == "google_monitoring_dashboard":
            tiles = json.loads(r["values"]["dashboard_json"])["mosaicLayout"]["tiles"]
            drawn = [one for tile in tiles for one in tile["widget"]["xyChart"]["dataSets"]]
            queries += [one["timeSeriesQuery"]["prometheusQuery"] for one in drawn]
    names = metrics.told()
    return [complaint for query in queries for complaint in metrics.complaints(query, names)] or (
        [] if queries else ["no query at all"]
    )


def main() -> None:
    cache = Path(sys.argv[1])
    check_format()
    schemas = schema_file(cache)
    with tempfile.TemporaryDirectory(prefix="tidegate-terraform-") as folder:
        servers, attached = schema_server.serve(schemas, Path(folder))
        workspace = Workspace(Path(folder), attached)
        for environment in ENVIRONMENTS:
            workspace.validate(environment)
            plan = workspace.plan(environment)
            made = resources(plan)
            broken = check_topology(made) + check_rights(made) + check_protection(made, environment) + check_queries(made)
            if schema_server.A_PASSWORD in json.dumps(plan):
                broken.append("the password is in the plan, and would be in the state")
            if broken:
                raise Broken(f"{environment}:\n" + "\n".join(broken))
            kinds = Counter(r["type"] for r in made)
            print(f"{environment}: {len(made)} resources of {len(kinds)} types are planned")
        workspace.prove(MISTAKES)
        print(f"{len(MISTAKES)} deliberate mistakes were found")
        for server in servers:
            server.stop(None)


if __name__ == "__main__":
    try:
        main()
    except (Broken, provider_schema.Unreadable) as error:
        sys.exit(f"terraform/: {error}")
