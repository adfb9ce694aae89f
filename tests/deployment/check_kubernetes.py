"""Checks `k8s/`: every overlay and every component builds, every object is what its schema allows, and every pod is
hardened, may end in its own time and names no setting that is not there.

Schemas: those of Kubernetes from `kubernetes-validate` (strict: an unknown field is an error), KEDA's from its models,
and for the two kinds of Google's and the secret driver's that no package has, the parts that are used here, below.
"""

import copy
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import jsonschema
import kubernetes_validate
import metrics
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

ROOT = Path(__file__).resolve().parent.parent.parent
K8S = ROOT / "k8s"
KUBERNETES = "1.35"
OVERLAYS = ("dev", "staging", "staging/backfill", "prod", "prod/backfill")
# Components that no overlay has switched on, each built upon prod.
COMPONENTS = ("hpa", "day", "traces")
# What is to be filled in; none may be left in what is built.
PLACEHOLDERS = re.compile(r"\b(PROJECT|BUCKET|NAME|DATE)\b")

# Connections to the ledger that are no process's.
JOBS_AT_A_TIME = 2
FOR_PEOPLE = 20

text = {"type": "string", "minLength": 1}


def closed(required: dict, **optional) -> dict:
    return {"type": "object", "properties": required | optional, "required": list(required), "additionalProperties": False}


GOOGLE_AND_SECRETS = {
    "PodMonitoring": closed(
        {
            "selector": closed({"matchLabels": {"type": "object"}}),
            "endpoints": {
                "type": "array",
                "minItems": 1,
                "items": closed({"port": text, "path": text, "interval": {"type": "string", "pattern": "^[0-9]+s$"}}),
            },
        },
        targetLabels=closed({}, fromPod={"type": "array", "items": closed({"from": text}, to=text)}),
    ),
    "SecretProviderClass": closed({"provider": {"enum": ["gke"]}, "parameters": closed({"secrets": text})}),
}


class Broken(Exception):
    """A check did not pass; the text says what and where."""


def build(folder: Path) -> list[dict]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], text=True, capture_output=True)
    if done.returncode != 0:
        raise Broken(f"{folder}: kubectl kustomize: {done.stderr}")
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def build_with(component: str) -> list[dict]:
    """Prod with another component in place of keda."""
    with tempfile.TemporaryDirectory(prefix="tidegate-k8s-") as folder:
        copied = Path(folder) / "k8s"
        shutil.copytree(K8S, copied)
        overlay = copied / "overlays/prod"
        settings = yaml.safe_load((overlay / "kustomization.yaml").read_text())
        settings["components"] = [f"../../components/{component}", "environment"]
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(settings))
        return build(overlay)


def strict(schema: dict) -> dict:
    """The same schema, in which fields that it does not name are errors."""
    schema = copy.deepcopy(schema)
    for part in [schema, *schema.get("$defs", {}).values()]:
        if "properties" in part:
            part["additionalProperties"] = False
    return schema


def validate(one: dict) -> None:
    kind, group = one["kind"], one["apiVersion"].split("/")[0]
    try:
        if group == "keda.sh":
            jsonschema.validate(one, strict(getattr(keda, kind).model_json_schema(by_alias=True)))
        elif kind in GOOGLE_AND_SECRETS:
            jsonschema.validate(one["spec"], GOOGLE_AND_SECRETS[kind])
        else:
            kubernetes_validate.validate(one, KUBERNETES, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        place = ".".join(str(step) for step in error.path)
        raise Broken(f"{kind} {one['metadata']['name']}: {place}: {error.message}") from error


def pods(objects: list[dict]) -> list[tuple[str, dict]]:
    found = []
    for one in objects:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if isinstance(spec.get("template"), dict):
            found.append((f"{one['kind']} {one['metadata']['name']}", spec["template"]["spec"]))
    return found


def check_pod(name: str, pod: dict, names: dict[str, set[str]]) -> list[str]:
    """A pod may do nothing to its machine, and everything that it names is there."""
    broken = []
    expect = lambda holds, complaint: None if holds else broken.append(f"{name}: {complaint}")
    security = pod.get("securityContext", {})
    expect(security.get("runAsNonRoot") is True, "may run as root")
    expect(security.get("seccompProfile") == {"type": "RuntimeDefault"}, "no seccomp profile")
    expect(pod.get("automountServiceAccountToken") is False, "has a token of Kubernetes")
    expect(pod.get("terminationGracePeriodSeconds", 0) >= 60, "is killed before it can end")
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        expect(own.get("readOnlyRootFilesystem") is True, "may write to its image")
        expect(own.get("allowPrivilegeEscalation") is False, "may gain rights")
        expect(own.get("capabilities", {}).get("drop") == ["ALL"], "keeps capabilities")
        resources = container.get("resources", {})
        memory = [resources.get(part, {}).get("memory") for part in ("requests", "limits")]
        expect(None not in memory and memory[0] == memory[1], f"memory {memory}: asks for less than it may take")
        expect("cpu" in resources.get("limits", {}), "no limit of cores: it would size itself by the machine's")
    for volume in pod.get("volumes", []):
        if "configMap" in volume:
            expect(volume["configMap"]["name"] in names["ConfigMap"], f"no ConfigMap {volume['configMap']['name']}")
    account, priority = pod.get("serviceAccountName"), pod.get("priorityClassName")
    if names["ServiceAccount"]:
        expect(account in names["ServiceAccount"], f"no ServiceAccount {account}")
        expect(priority in names["PriorityClass"], f"no PriorityClass {priority}")
    return broken


def check_overlay(objects: list[dict]) -> list[str]:
    kinds = ("ConfigMap", "ServiceAccount", "PriorityClass", "Deployment")
    names = {kind: {one["metadata"]["name"] for one in objects if one["kind"] == kind} for kind in kinds}
    told = metrics.told()
    broken = [complaint for name, pod in pods(objects) for complaint in check_pod(name, pod, names)]
    left = PLACEHOLDERS.findall(yaml.safe_dump(objects))
    if left:
        broken.append(f"placeholders are left: {sorted(set(left))}")
    selectors = [one["spec"]["selector"]["matchLabels"] for one in objects if one["kind"] == "PodDisruptionBudget"]
    for one in (one for one in objects if one["kind"] == "Deployment"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        container = one["spec"]["template"]["spec"]["containers"][0]
        name = one["metadata"]["name"]
        if sum(selector.items() <= labels.items() for selector in selectors) != 1:
            broken.append(f"{name}: not exactly one PodDisruptionBudget")
        if {"startupProbe", "readinessProbe", "livenessProbe"} - set(container):
            broken.append(f"{name}: a probe is missing")
    for one in (one for one in objects if one["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")):
        target = one["spec"]["scaleTargetRef"]["name"]
        if target not in names["Deployment"]:
            broken.append(f"{one['metadata']['name']}: scales {target}, which is not there")
        queries = [trigger["metadata"]["query"] for trigger in one["spec"].get("triggers", [])]
        queries += [metric["external"]["metric"]["name"].split("|")[1] for metric in one["spec"].get("metrics", [])]
        broken += [complaint for query in queries for complaint in metrics.complaints(query, told)]
    policies = [one["spec"] for one in objects if one["kind"] == "NetworkPolicy"]
    everything = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if policies and everything not in policies:
        broken.append("no NetworkPolicy shuts everything that is not named")
    return broken


def check_connections(environment: str, objects: list[dict]) -> list[str]:
    """The ledger takes the connections of every process that there may be, in the middle of a roll-out besides."""
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"]["maxReplicaCount"] for one in objects if one["kind"] == "ScaledObject"}
    processes = JOBS_AT_A_TIME
    for one in (one for one in objects if one["kind"] == "Deployment"):
        replicas = scaled.get(one["metadata"]["name"], one["spec"].get("replicas", 1))
        surge = one["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        processes += replicas + (-(-replicas * int(surge[:-1]) // 100) if isinstance(surge, str) else surge)
    home = next(one for one in objects if one["kind"] == "ConfigMap")["data"]["tidegate.toml"]
    each = tomllib.loads(home)["ledger"]["connections_max"]
    terraform = (ROOT / "terraform/environments" / environment / "main.tf").read_text()
    taken = int(re.search(r"ledger_connections_max\s*= (\d+)", terraform)[1])
    if processes * each + FOR_PEOPLE > taken:
        return [f"{processes} processes with {each} connections each, and {FOR_PEOPLE} for people, are more than the {taken} that the ledger takes"]
    return []


def prove(objects: list[dict]) -> None:
    """Mistakes in what was built are found."""

    def mistaken(kind: str, change) -> list[dict]:
        changed = copy.deepcopy(objects)
        change(next(one for one in changed if one["kind"] == kind)["spec"])
        return changed

    def complains(of: list[dict]) -> bool:
        try:
            for one in of:
                validate(one)
        except Broken:
            return True
        return bool(check_overlay(of))

    container = lambda spec: spec["template"]["spec"]["containers"][0]
    mistakes = {
        "a field that Kubernetes does not have": ("Deployment", lambda spec: spec.update(replica=2)),
        "a field that KEDA does not have": ("ScaledObject", lambda spec: spec.update(minReplicas=1)),
        "a probe of the wrong shape": ("Deployment", lambda spec: container(spec)["livenessProbe"].update(httpGet="/live")),
        "a writable image": ("Deployment", lambda spec: container(spec)["securityContext"].pop("readOnlyRootFilesystem")),
        "a target that is not there": ("ScaledObject", lambda spec: spec["scaleTargetRef"].update(name="nobody")),
        "a metric that nobody tells": ("ScaledObject", lambda spec: spec["triggers"][0]["metadata"].update(query="sum(tidegate_units)")),
        "a budget for nobody": ("PodDisruptionBudget", lambda spec: spec["selector"]["matchLabels"].update(no="body")),
    }
    for name, (kind, change) in mistakes.items():
        if not complains(mistaken(kind, change)):
            raise Broken(f"the check does not find {name}: it is worth nothing")
    print(f"{len(mistakes)} deliberate mistakes were found")


def main() -> None:
    built = {overlay: build(K8S / "overlays" / overlay) for overlay in OVERLAYS}
    built |= {f"prod with {component}": build_with(component) for component in COMPONENTS}
    for name, objects in built.items():
        try:
            for one in objects:
                validate(one)
        except Broken as error:
            raise Broken(f"{name}: {error}") from error
        broken = check_overlay(objects)
        if name in ("staging", "prod"):
            broken += check_connections(name, objects)
        if broken:
            raise Broken(f"{name}:\n" + "\n".join(broken))
        print(f"{name}: {len(objects)} objects")
    prove(built["prod"])


if __name__ == "__main__":
    try:
        main()
    except Broken as error:
        sys.exit(f"k8s/: {error}")
